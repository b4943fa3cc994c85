"""Faults of the machine's clock: it jumps an hour, between two passes or in the middle of one."""

from __future__ import annotations

from datetime import timedelta

from bot.clock import FixedClock
from bot.sandbox.faults import AfterSubmit
from tests.scenario.faults.fault import Fault, nothing_is_left
from tests.scenario.faults.scene import FIRST, SECOND, Ran, Scene

_THIRD = "0042875"
_BACK, _FORWARD = timedelta(hours=-1), timedelta(hours=1)


def _back(scene: Scene) -> Ran:
    clock = FixedClock(scene.now)
    assert scene.run_by(clock).status == 0
    clock.set(scene.now + _BACK)
    scene.apply(_THIRD)  # received by the mail server's clock, which is right
    return scene.run_by(clock)


def _during(scene: Scene, jump: timedelta) -> Ran:
    clock = FixedClock(scene.now)
    scene.server.faults.after_submit = AfterSubmit.HOLD_MADE
    released = scene.server.faults.released

    def jumps() -> None:
        scene.await_submit()
        clock.set(scene.now + jump)
        released.set()

    ran, _ = scene.run_while(jumps, by=clock)
    mailed = [sent.to for sent in scene.house.credentials()]
    assert len(mailed) == len({FIRST, SECOND})
    return ran


def _approved(scene: Scene) -> None:
    """The clock is right again, and an operator decides what was held."""
    ran = scene.run("approve", scene.requests()[_THIRD].id, "--by", "op1", "--reason", "時計の誤りを確認")
    assert ran.status == 0, ran.said


FAULTS = (
    Fault(
        name="the clock goes back an hour between passes",
        made="the bot's clock is set back an hour after a pass; a new application comes in",
        does="holds an application that was made after the bot's present: an operator decides; says that the clock is wrong; "
        "what is on record keeps its order, which is by number",
        says=(
            "note: the clock says …, the newest event on record is of …: one of them is wrong; set the clock right, deadlines and expiry depend on it",
            "held 1",
        ),
        status=1, happens=_back, resolves=_approved,
    ),
    Fault(
        name="the clock goes back an hour in mid-create", made="the bot's clock is set back while the submit is not answered yet",
        does="finishes the pass; limits of steps and requests are counted by another clock, which nobody can set", says=("delivered 2",),
        status=0, happens=lambda scene: _during(scene, _BACK), resolves=nothing_is_left,
    ),
    Fault(
        name="the clock goes forward an hour in mid-create", made="the bot's clock is set forward while the submit is not answered yet",
        does="finishes the pass; limits of steps and requests are counted by another clock, which nobody can set", says=("delivered 2",),
        status=0, happens=lambda scene: _during(scene, _FORWARD), resolves=nothing_is_left,
    ),
)  # fmt: skip
