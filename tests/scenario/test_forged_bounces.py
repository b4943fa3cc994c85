"""Reports that credentials came back: the true one closes the login, a forged one closes nothing and is told."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import date, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest

from bot.console.memory import MemoryConsole
from bot.delivery.parcels import CARRIES
from bot.ledger.records import NoticeKind
from bot.life import State
from bot.model import AccountState, ReadOutcome
from bot.operation.alerts.catalogue import Trouble
from bot.operation.report import Report
from bot.operation.unreadable import dismiss_message
from tests.acts_kit import act, in_ledger
from tests.house import FRIDAY, House
from tests.unit.test_bounces import bounce

_APPLICANTS = ("0048213", "0041120", "0046690")
_TUESDAY = date(2021, 8, 3)
_FORGED = "<R-20210730-0001.credentials.1.{}@city.example.jp>"


@pytest.fixture
def console() -> MemoryConsole:
    """An empty console."""
    return MemoryConsole()


@pytest.fixture
def house(tmp_path: Path, console: MemoryConsole) -> House:
    """A house in which one login was mailed."""
    return issued(tmp_path, console, _APPLICANTS[:1])


def issued(path: Path, console: MemoryConsole, employees: Sequence[str], **delivery: object) -> House:
    """Return a house in which each of these employees was mailed a login."""
    made = House(path=path / "house").lay_out({"console": {"settle": 0.3}, "delivery": delivery})
    for number, employee_no in enumerate(employees):
        made.apply(f"00007{number:02}", employee_no=employee_no, days=(_TUESDAY,), now=FRIDAY - timedelta(hours=2))
    assert asyncio.run(made.run(console)).delivered == len(employees)
    return made


def message_ids(house: House, kind: str = "credentials") -> list[str]:
    """Return the Message-IDs of the mails of a kind that went out."""
    files = [file for file in house.files("outbox") if f".{kind}." in file.name]
    return [str(message_from_bytes(file.read_bytes())["Message-ID"]) for file in files]


def run_with(house: House, console: MemoryConsole, *reports: bytes) -> Report:
    """Make a pass that finds these mails in the inbox, five minutes later."""
    house.clock.set(house.clock.now() + timedelta(minutes=5))
    for number, content in enumerate(reports):
        (house.path / "mailbox" / "inbox" / f"b{house.clock.now():%H%M}-{number}.eml").write_bytes(content)
    return asyncio.run(house.run(console))


def states(house: House) -> list[State]:
    """Return the states of all requests."""
    return [request.state for request in in_ledger(house, lambda ledger: ledger.requests())]


def found(report: Report) -> set[Trouble]:
    """Return what a pass found wrong."""
    return {finding.trouble for finding in report.findings}


def test_the_true_report_closes_the_login(house: House, console: MemoryConsole) -> None:
    """A report that names the mail as only the mail itself does: disabled, stuck until an operator decides, told."""
    (name,) = message_ids(house)
    report = run_with(house, console, bounce(about=name))
    assert (states(house), report.stuck, report.unreadable) == ([State.STUCK], 1, 0)
    assert console.accounts["tw0048213"].state is AccountState.DISABLED
    assert Trouble.BOUNCED in found(report)


@pytest.mark.parametrize("token", ["", "0" * 24, "f" * 24], ids=["as it was before", "guessed", "guessed again"])
def test_who_can_only_guess_the_message_id_closes_nothing(house: House, console: MemoryConsole, token: str) -> None:
    """Number, kind and attempt are easily guessed, the rest is not: nothing is disabled, the report is kept and told."""
    forged = _FORGED.format(token).replace(".@", "@")
    report = run_with(house, console, bounce(about=forged))
    assert (states(house), report.stuck, report.unreadable) == ([State.DELIVERED], 0, 1)
    assert console.accounts["tw0048213"].state is AccountState.ACTIVE
    assert Trouble.BOUNCE_DOUBTED in found(report)
    (kept,) = in_ledger(house, lambda ledger: ledger.messages(outcomes={ReadOutcome.UNREADABLE}))
    assert (kept.bounce_of, len(house.files("unreadable"))) == (None, 1)


def test_a_stranger_s_word_closes_nothing_even_with_the_right_name(house: House, console: MemoryConsole) -> None:
    """With an envelope sender it is no mail system's report: kept and told, and an operator decides."""
    (name,) = message_ids(house)
    report = run_with(house, console, bounce(about=name, head="Return-Path: <mallory@evil.example>\n"))
    assert (states(house), report.unreadable) == ([State.DELIVERED], 1)
    assert Trouble.BOUNCE_DOUBTED in found(report)


def test_a_report_that_matches_nothing_is_shown(house: House, console: MemoryConsole) -> None:
    """It changes nothing, is told once, and lies among what a person must look at, as a report of no mail of ours."""
    report = run_with(house, console, bounce(about="<somebody@else>"))
    assert (states(house), report.ignored, report.unreadable) == ([State.DELIVERED], 0, 1)
    assert Trouble.BOUNCE_UNMATCHED in found(report)
    assert [one.bounce_of for one in in_ledger(house, lambda ledger: ledger.messages())][-1] == ""
    assert Trouble.BOUNCE_UNMATCHED not in found(run_with(house, console))


def test_another_notice_that_comes_back_is_told(house: House, console: MemoryConsole) -> None:
    """A refusal that did not arrive closes nothing; operators are told that its applicant does not know."""
    house.apply("0000799", employee_no="0046690", days=(date(2021, 7, 1),), now=FRIDAY - timedelta(hours=1))
    assert run_with(house, console).rejected == 1
    (name,) = message_ids(house, "rejected")
    report = run_with(house, console, bounce(about=name))
    assert states(house) == [State.DELIVERED, State.REJECTED]
    assert Trouble.UNTOLD in found(report)


def test_of_too_many_at_once_none_is_believed(tmp_path: Path, console: MemoryConsole) -> None:
    """More than delivery.max_bounces: no login is closed, one line and one alert say so; those that an operator dismisses count no more."""
    house = issued(tmp_path, console, _APPLICANTS, max_bounces=2)
    report = run_with(house, console, *(bounce(about=name) for name in message_ids(house)))
    assert states(house) == [State.DELIVERED] * 3
    assert (report.stuck, Trouble.BOUNCES_HELD in found(report)) == (0, True)
    assert len([problem for problem in report.problems if "delivery.max_bounces" in problem]) == 1
    later = run_with(house, console)
    assert (states(house), later.conditions) == ([State.DELIVERED] * 3, ["bounces_held"])
    *_, last = in_ledger(house, lambda ledger: ledger.messages())
    act(house, lambda acts: dismiss_message(acts, last.id, "届いていた"))
    assert run_with(house, console).stuck == 2
    assert sorted(states(house)) == [State.DELIVERED, State.STUCK, State.STUCK]


def test_those_of_the_whole_day_are_counted(tmp_path: Path, console: MemoryConsole) -> None:
    """One report in each pass reaches the limit too: what was disabled in the last 24 hours counts."""
    house = issued(tmp_path, console, _APPLICANTS, max_bounces=2)
    for name in message_ids(house):
        run_with(house, console, bounce(about=name))
    assert sorted(states(house)) == [State.DELIVERED, State.STUCK, State.STUCK]


def test_what_was_recorded_before_message_ids_were_safe_closes_nothing(house: House, console: MemoryConsole) -> None:
    """An earlier program believed a report by a name that could be guessed, and left the rest to this one: told, not done."""
    old = "<R-20210730-0001.credentials.1@city.example.jp>"
    run_with(house, console, bounce(about="<somebody@else>"))
    with closing(sqlite3.connect(house.path / "ledger.sqlite3")) as database, database:
        database.execute("UPDATE notices SET message_id = ?", (old,))
        database.execute("UPDATE messages SET bounce_of = ? WHERE bounce_of = ''", (old,))
    report = run_with(house, console)
    assert (states(house), report.stuck) == ([State.DELIVERED], 0)
    assert Trouble.BOUNCES_HELD in found(report)


def test_an_attempt_keeps_its_message_id(house: House) -> None:
    """What stands on record is what the mail carries: after a crash it is looked up by that."""
    (request,) = in_ledger(house, lambda ledger: ledger.requests())
    notices = in_ledger(house, lambda ledger: ledger.notices(request.id))
    assert [one.message_id for one in notices if one.kind in CARRIES] == message_ids(house)
    intended = [one.event for one in in_ledger(house, lambda ledger: ledger.of_action("notice.credentials"))]
    assert {event.details["message_id"] for event in intended} == set(message_ids(house))
    (sent,) = [one for one in notices if one.kind is NoticeKind.CREDENTIALS]
    assert house.files("outbox")[0].name.startswith(f"{request.id}.credentials.{sent.attempt}.")
