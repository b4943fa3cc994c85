"""A real process, a real browser, SIGKILL: the recipe must hold outside of the laboratory too."""

from __future__ import annotations

import email
import email.policy
import os
import signal
import subprocess
from collections.abc import Callable
from datetime import date, datetime

import pytest

from bot.sandbox.faults import AfterSubmit
from bot.sandbox.server import SandboxServer
from tests.house import House, text_of
from tests.scenario.faults.invariants import log_in

Start = Callable[..., subprocess.Popen[bytes]]


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill the bot and its browser at once, as a power cut would."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.parametrize("fault", [AfterSubmit.HOLD_MADE, AfterSubmit.HOLD_NOT_MADE])
def test_killed_right_after_the_submit(
    house: House, server: SandboxServer, start: Start, days: list[date], now: datetime, fault: AfterSubmit
) -> None:
    """Killed between the submit and its answer, run again: one account, one request delivered, the mailed password works."""
    house.apply("0000501", employee_no="0041120", days=days[-1:], now=now)
    server.faults.after_submit = fault
    first = start("run")
    assert server.faults.arrived.wait(60), "the submit never arrived"
    kill_group(first)
    assert house.credentials() == []
    server.faults.clear()
    assert start("run").wait(90) == 0
    assert [user.user_id for user in server.users.search("tw")] == ["tw0041120"]
    assert server.users.writes["create"] == 1
    (sent,) = house.credentials()
    assert (sent.to, sent.login_id) == ("y.maruyama@city.example.jp", "tw0041120")
    assert log_in(server, sent, days[-1]) == "/password"


def test_the_password_is_in_the_mail_alone(
    house: House, server: SandboxServer, start: Start, days: list[date], now: datetime
) -> None:
    """No byte of what is left behind holds a mailed password or the admin's: database, WAL, logs, evidence, stdout, mails."""
    house.apply("0000503", employee_no="0042875", days=days[-2:], now=now)
    house.apply("0000504", employee_no="0036421", days=days[-1:], now=now)
    server.faults.after_submit = AfterSubmit.CUT_MADE
    assert start("run", "--json").wait(120) == 0
    mailed = house.credentials()
    assert len(mailed) == 2
    canaries = [sent.password.encode() for sent in mailed] + [server.password.encode()]
    left = house.left_behind(but=["mailbox/outbox"])
    assert len(left) > 15, "evidence, ledger, logs and mails should be there"
    for file, content in left.items():
        assert not any(canary in content for canary in canaries), file
    in_mails = [file for file in house.files("outbox") for canary in canaries if canary in _decoded(file.read_bytes())]
    assert len(in_mails) == 2


def _decoded(content: bytes) -> bytes:
    return text_of(email.message_from_bytes(content, policy=email.policy.default)).encode()
