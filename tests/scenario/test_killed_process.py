"""A real process, a real browser, SIGKILL: the recipe must hold outside of the laboratory too."""

from __future__ import annotations

import email
import email.policy
import os
import re
import signal
import subprocess
from collections.abc import Callable
from datetime import date, datetime, time

import httpx
import pytest

from bot.sandbox.faults import AfterSubmit
from bot.sandbox.server import SandboxServer
from tests.house import ZONE, House, Sent, text_of

Start = Callable[..., subprocess.Popen[bytes]]
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


def log_in(server: SandboxServer, sent: Sent, day: date) -> str:
    """Log in on the user side with a mailed login on the morning of ``day``; returns the page it leads to."""
    server.users.clock.set(datetime.combine(day, time(8, 30), ZONE))  # type: ignore[attr-defined] # the fixture's clock can be set
    with httpx.Client(base_url=server.url, follow_redirects=True) as browser:
        token = _CSRF.findall(browser.get("login").text)[0]
        answer = browser.post("login", data={"csrf": token, "user": sent.login_id, "password": sent.password})
        return answer.url.path


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


@pytest.mark.parametrize("fault", [AfterSubmit.CUT_MADE, AfterSubmit.CUT_NOT_MADE])
def test_connection_cut_after_the_submit(
    house: House, server: SandboxServer, start: Start, days: list[date], now: datetime, fault: AfterSubmit
) -> None:
    """With the connection cut after the submit, the bot looks instead of clicking again, and delivers in the same pass."""
    house.apply("0000502", employee_no="0046690", days=days[-1:], now=now)
    server.faults.after_submit = fault
    assert start("run").wait(90) == 0
    assert server.users.writes["create"] == 1
    (sent,) = house.credentials()
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


def test_two_runs_at_once(house: House, server: SandboxServer, start: Start, days: list[date], now: datetime) -> None:
    """A second run on the same ledger stops with status 3 and says why; the first goes on undisturbed."""
    house.apply("0000505", employee_no="0049004", days=days[-1:], now=now)
    server.faults.after_submit = AfterSubmit.HOLD_MADE
    first = start("run")
    assert server.faults.arrived.wait(60)
    second = start("run")
    assert second.wait(30) == 3
    assert "AlreadyRunning" in (house.path / "1.stderr").read_text(encoding="utf-8")
    server.faults.released.set()
    assert first.wait(90) == 0


def _decoded(content: bytes) -> bytes:
    return text_of(email.message_from_bytes(content, policy=email.policy.default)).encode()
