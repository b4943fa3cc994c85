"""Attacks on what the bot takes for granted: its clock, that its machine runs, that its sender and operators' addresses are accepted."""

from __future__ import annotations

import os
import signal
import time
from datetime import datetime, timedelta

from bot.clock import SystemClock
from bot.ledger.conditions import Part
from bot.sandbox.ports import free_port
from tests.alerts_kit import pauses
from tests.house import ZONE
from tests.scenario.faults.at_mail import mail_servers
from tests.scenario.faults.fault import Fault, nothing_is_left
from tests.scenario.faults.scene import Ran, Scene

_STOPPED = 11.0  # seconds


class _Set(SystemClock):
    """The machine's clock, set to another time."""

    def __init__(self, ahead: timedelta) -> None:
        super().__init__(ZONE)
        self._ahead = ahead

    def now(self) -> datetime:
        """Return a wrong time."""
        return super().now() + self._ahead


def _clock_off(scene: Scene, ahead: timedelta) -> Ran:
    """Make a pass by a wrong clock, with applications that are in time; nothing may be decided by it."""
    ran = scene.run_by(_Set(ahead))
    assert (scene.states(), scene.inbox()) == (["received", "received"], 0)
    assert scene.outcomes("account.create") == []
    return ran


def _stopped(scene: Scene) -> Ran:
    scene.server.faults.slow = 1.0
    with scene.process("--set", "console.step_timeout=4") as running:
        while "intended" not in scene.outcomes("account.create"):
            time.sleep(0.1)
        os.killpg(running.pid, signal.SIGSTOP)
        time.sleep(_STOPPED)
        os.killpg(running.pid, signal.SIGCONT)
        ran = scene.ended(running)
    scene.server.faults.clear()
    assert "ConsoleDrift" not in ran.said
    assert "画面が変わって" not in ran.said
    return ran


def _sender_refused(scene: Scene) -> Ran:
    with mail_servers(scene) as sink:
        sink.sender = "553 5.7.1 sender address rejected"
        ran = scene.run()
        assert (sorted(scene.states()), sink.accepted) == (["accepted", "issued"], [])
        assert {pause.part for pause in pauses(scene.house)} == {Part.DELIVERY}
        sink.sender = ""
        scene.resume()
        assert scene.run().status == 0
        assert len(sink.accepted) == 2
    return ran


def _operator_refused(scene: Scene) -> Ran:
    with mail_servers(scene) as sink:
        sink.refused = frozenset({"gone@city.example.jp"})
        ran = scene.run(
            "--set", f"console.url=http://127.0.0.1:{free_port()}/",
            "--set", "alerts.mail_to=[op1@city.example.jp, gone@city.example.jp]",
        )  # fmt: skip
        assert any("conditions" in name for name in sink.names), "the other operator is told"
        assert scene.run().status == 0
    return ran


FAULTS = (
    Fault(
        name="the clock is three days ahead", made="the bot's clock is set three days ahead of the console's and of every form's",
        does="takes the mails in, decides none, issues and disables nothing; when the clocks agree it decides by the mail server's times",
        says=("Stopped: this machine's clock is in doubt: the console's clock is -2… s from it; check NTP",), status=4,
        happens=lambda scene: _clock_off(scene, timedelta(days=3)), short=True,
    ),
    Fault(
        name="the clock is three days behind", made="the bot's clock is set three days back",
        does="the same: nothing is decided, issued or disabled by a clock in doubt",
        says=("Stopped: this machine's clock is in doubt: the console's clock is +2… s from it; check NTP",), status=4,
        happens=lambda scene: _clock_off(scene, timedelta(days=-3)), short=True,
    ),
    Fault(
        name="the machine stands still", made=f"SIGSTOP to the bot, its driver and browser for {_STOPPED:g} s in mid-create, far beyond every limit",
        does="takes no time-out of that while for a changed screen: looks again in a fresh session, or leaves it to the next pass",
        says=("the machine stood still for 1… s",), status=0, happens=_stopped,
    ),
    Fault(
        name="the mail server refuses the bot's own address", made="553 at MAIL FROM",
        does="issues one and sees that no mail at all goes out: sending and issuing stand still, the console is not blamed, nothing is stuck; "
        "then that one gets a new password, and all are sent",
        says=("R-…: SenderRefused: SMTP: localhost refuses sending as …: 553", "mailbox.address"), status=1,
        happens=_sender_refused, resolves=nothing_is_left, short=True,
    ),
    Fault(
        name="an operator's address is refused", made="550 to one of two addresses of alerts.mail_to, while the console is gone",
        does="tells the other operator, and names the address that was left out", says=("was left out of a mail: ",),
        status=4, happens=_operator_refused, resolves=nothing_is_left, short=True,
    ),
)  # fmt: skip
