"""A login that can't be closed after its end: tried in every pass, told to the operators once, and again when it is closed."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import Collection
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from bot.console.memory import Fault, MemoryConsole
from bot.console.port import Ability
from bot.errors import Transient
from bot.life import State
from bot.operation.digest import make_digest, versions
from bot.operation.report import Report
from tests.acts_kit import in_ledger, one
from tests.house import ZONE, House, text_of
from tests.scenario.test_switching import KATO, THURSDAY, TUESDAY, WEDNESDAY, issued

OPERATORS = "telework-operators@city.example.jp"


def tries(house: House, console: MemoryConsole, at: datetime, *, fails: bool) -> Report:
    """Make a pass at this time in which the console closes nothing, or does."""
    house.clock.set(at)
    if fails:
        console.fail_next(Fault(verb="disable", error=Transient("not now")))
    return asyncio.run(house.run(console))


def told(house: House, kind: str) -> list[str]:
    """Return the texts of the alerts of this kind."""
    files = [file for file in house.files("outbox") if f".{kind}." in file.name]
    mails = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]
    assert all(mail["To"] == OPERATORS for mail in mails)
    return [text_of(mail) for mail in mails]


def left_open(house: House) -> Collection[str]:
    """Return what the digest says is open."""
    now, late = house.clock.now(), timedelta(hours=2)
    used = versions("1", "")
    return in_ledger(house, lambda ledger: make_digest(ledger, now.date(), now, used, late=late)).left_open


@pytest.mark.parametrize("by_bot", [False, True], ids=["at its last end", "and in the evening before"])
def test_it_is_told_once_and_again_when_it_is_closed(tmp_path: Path, *, by_bot: bool) -> None:
    """Nothing in the first two hours, then one alert however often it fails, then that it is solved; again for each time."""
    console = MemoryConsole(without={Ability.WINDOW} if by_bot else ())
    house = issued(tmp_path, console, TUESDAY, THURSDAY)
    for day in (TUESDAY, THURSDAY) if by_bot else (THURSDAY,):
        before = len(told(house, "overdue"))
        end = datetime.combine(day, time(22), ZONE)
        tries(house, console, end - timedelta(hours=1), fails=False)
        assert len(tries(house, console, end, fails=True).problems) == 1
        assert len(told(house, "overdue")) == before
        for hours in (2, 3):
            report = tries(house, console, end + timedelta(hours=hours), fails=True)
            assert any("should have been closed" in problem for problem in report.problems)
            assert len(told(house, "overdue")) == before + 1
            assert list(left_open(house)) == [one(house).id]
        assert f"tw{KATO}" in told(house, "overdue")[-1]
        assert len(told(house, "solved")) == before
        assert tries(house, console, end + timedelta(hours=4), fails=False).problems == []
        tries(house, console, end + timedelta(hours=5), fails=False)
        assert len(told(house, "solved")) == before + 1
        assert left_open(house) == ()
    assert one(house).state is State.REVOKED


def test_without_operators_the_report_tells(tmp_path: Path) -> None:
    """Nobody to mail to: each pass still says it and ends with 1."""
    console = MemoryConsole()
    house = issued(tmp_path, console, TUESDAY, alerts={"mail_to": []})
    report = tries(house, console, datetime.combine(WEDNESDAY, time(9), ZONE), fails=True)
    assert any("should have been closed" in problem for problem in report.problems)
    assert (report.exit_status, told(house, "overdue")) == (1, [])


def test_already_gone_is_as_good_as_disabled(tmp_path: Path) -> None:
    """Somebody removed it by hand: the request ends, and nobody is alarmed."""
    console = MemoryConsole()
    house = issued(tmp_path, console, TUESDAY)
    console.accounts.clear()
    assert tries(house, console, datetime.combine(WEDNESDAY, time(9), ZONE), fails=False).problems == []
    assert one(house).state is State.REVOKED
