"""A credential mail that comes back: the account is closed until an operator decides. With a real Postfix's real bounce."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from pathlib import Path

import pytest

from bot.console.memory import MemoryConsole
from bot.ledger.records import Request
from bot.life import State
from bot.model import AccountState
from bot.operation.report import Report
from bot.sandbox.postoffice import BOT, PostOffice
from tests.house import FRIDAY, ROOT, House
from tests.postoffice_kit import on_servers


def lay_out(path: Path, office: PostOffice) -> House:
    """Return a house on the mail servers in whose directory one address leads nowhere."""
    house = on_servers(path, office, "env:BOUNCE_PASSWORD")
    staff = path / "staff.csv"
    moved = re.sub(r"m\.takahashi@city\.example\.jp", "moved_away@city.example.jp", staff.read_bytes().decode("cp932"))
    staff.write_bytes(moved.encode("cp932"))
    return house


async def one_pass(house: House, console: MemoryConsole) -> tuple[Request, Report]:
    """Make a pass and return the one request."""
    mailbox = house.workshop().mailbox()
    try:
        report = await house.run(console, mailbox=mailbox)
    finally:
        await mailbox.close()
    ledger = house.workshop().ledger()
    try:
        (request,) = await ledger.requests()
        return request, report
    finally:
        ledger.close()


async def test_credentials_that_come_back_close_the_account(
    tmp_path: Path, office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Delivered, then returned by the mail server: stuck with the reason, the account disabled, told once and not again."""
    monkeypatch.setenv("BOUNCE_PASSWORD", office.password)
    office.empty()
    house, console = lay_out(tmp_path, office), MemoryConsole()
    sample = ROOT / "inbox_samples" / "02-brackets-value-below.eml"
    office.put(BOT, "02", sample.read_bytes(), at=(FRIDAY - timedelta(minutes=30)).timestamp())
    request, _ = await one_pass(house, console)
    assert request.state is State.DELIVERED
    ends = time.monotonic() + 15
    while not office.mails(BOT) and time.monotonic() < ends:
        time.sleep(0.1)  # noqa: ASYNC251 - Postfix is another process
    request, report = await one_pass(house, console)
    assert (request.state, report.stuck) == (State.STUCK, 1)
    assert "came back" in request.stuck_reason
    assert console.accounts["tw0048213"].state is AccountState.DISABLED
    request, report = await one_pass(house, console)
    assert (request.state, report.stuck) == (State.STUCK, 0)
    assert len(office.mails(BOT, "ignored")) == 1
