"""Faults of the bot's own processes: its browser killed, asked to stop, started twice."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from bot.sandbox.faults import AfterSubmit
from tests.scenario.faults.fault import Fault, nothing_is_left
from tests.scenario.faults.scene import Ran, Scene


def _browser_dies_before_submit(scene: Scene) -> Ran:
    scene.server.faults.slow = 1.5
    with scene.process("--set", "console.stop_after_failures=1") as running:
        _await_intent(scene)
        kill_browsers(running.pid)
        ran = scene.ended(running)
    scene.server.faults.clear()
    assert scene.server.users.writes["create"] <= 1
    return ran


def _browser_dies_after_submit(scene: Scene) -> Ran:
    scene.server.faults.after_submit = AfterSubmit.HOLD_MADE
    with scene.process() as running:
        scene.await_submit()
        kill_browsers(running.pid)
        scene.server.faults.clear()
        ran = scene.ended(running)
    assert scene.outcomes("account.create")[:2] == ["intended", "unknown"]
    return ran


def _terminated(scene: Scene) -> Ran:
    scene.server.faults.slow = 0.5
    with scene.process() as running:
        _await_intent(scene)
        running.terminate()
        ran = scene.ended(running)
    scene.server.faults.clear()
    assert scene.outcomes("account.create") == ["intended", "done"]
    return _stopped(scene, ran)


def _interrupted(scene: Scene) -> Ran:
    scene.server.faults.after_submit = AfterSubmit.HOLD_MADE
    with scene.process() as running:
        scene.await_submit()
        os.killpg(running.pid, signal.SIGINT)
        time.sleep(0.5)
        scene.server.faults.released.set()
        ran = scene.ended(running)
    assert scene.outcomes("account.create") == ["intended", "unknown"]
    return _stopped(scene, ran)


def _stopped(scene: Scene, ran: Ran) -> Ran:
    assert scene.states() == ["accepted", "delivered"]
    assert scene.outcomes("run") == ["intended", "stopped"]
    assert scene.server.admin.sessions.logged_in() == 0
    return ran


def _await_intent(scene: Scene) -> None:
    """Wait until the bot is about to create an account."""
    while "intended" not in scene.outcomes("account.create"):
        time.sleep(0.1)


def _two_at_once(scene: Scene) -> Ran:
    scene.server.faults.after_submit = AfterSubmit.HOLD_MADE

    def second() -> Ran:
        with scene.process() as running:
            return scene.ended(running)

    first, second_ran = scene.run_until_submit(second)
    assert first.status == 0
    return second_ran


def kill_browsers(bot: int) -> None:
    """Kill the browsers that this bot started: its children's children, by their ids."""
    # All are found before the first is killed: whose parent is gone is no descendant any more, and would live on.
    for process in browsers(bot):
        with suppress(ProcessLookupError):  # it went with its parent
            os.kill(process, signal.SIGKILL)


def browsers(bot: int) -> list[int]:
    """Return the ids of the browsers' processes that this bot started."""
    return [
        int(path.name)
        for path in Path("/proc").iterdir()
        if path.name.isdigit() and b"--headless" in _read(path, "cmdline") and _descends(int(path.name), bot)
    ]


def _descends(process: int, bot: int) -> bool:
    while process > 1:
        if process == bot:
            return True
        status = _read(Path(f"/proc/{process}"), "stat").decode(errors="replace").rpartition(")")[2].split()
        process = int(status[1]) if status else 0
    return False


def _read(process: Path, name: str) -> bytes:
    try:
        return (process / name).read_bytes()
    except OSError:
        return b""


FAULTS = (
    Fault(
        name="the browser dies in mid-create", made="SIGKILL to the browser after the intent is on record, before the submit",
        does="leaves the request for the next pass, which has a new browser",
        says=("R-…: Transient: step …: …closed",), status=4, happens=_browser_dies_before_submit, short=True,
    ),
    Fault(
        name="the browser dies after the submit", made="SIGKILL to the browser while the submit is not answered",
        does="starts a new browser, looks for the account, gives it a new password, goes on", says=("delivered 2",), status=0,
        happens=_browser_dies_after_submit, resolves=nothing_is_left,
    ),
    Fault(
        name="SIGTERM in mid-create", made="SIGTERM to the bot while it fills in the new-user form",
        does="finishes the request in hand to its mail, logs out of the console, begins nothing more; the record says `run stopped`",
        says=(
            "SIGTERM: finishing the step in hand, then stopping; once more to stop at once",
            "stopped by SIGTERM: what was in hand is finished, the next pass does the rest",
        ),
        status=1, happens=_terminated, short=True,
    ),
    Fault(
        name="Ctrl-C in mid-create", made="SIGINT to the bot and everything it started, after a submit that is never answered",
        does="the same: looks for the account, gives it a new password, mails it, and begins nothing more",
        says=("stopped by SIGINT: what was in hand is finished, the next pass does the rest",),
        status=1, happens=_interrupted,
    ),
    Fault(
        name="two bots at once", made="a second `run` while the first is in mid-create",
        does="the second one stops before it touches anything; the first goes on undisturbed",
        says=("AlreadyRunning: another run holds …ledger.sqlite3.lock", "Wait until the running process is done."), status=3,
        happens=_two_at_once, resolves=nothing_is_left, short=True,
    ),
)  # fmt: skip
