"""Floods of mail: who may apply is read first, one address is mailed little, and a repetition changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from bot.console.memory import MemoryConsole
from bot.ledger.records import NoticeState
from bot.life import State
from bot.mail.folder import FolderMailbox
from bot.model import Message
from bot.operation.alerts.catalogue import Trouble
from bot.operation.report import Report
from tests.acts_kit import in_ledger
from tests.house import FRIDAY, PROVEN, ZONE, House

_TUESDAY, _WEDNESDAY = date(2021, 8, 3), date(2021, 8, 4)
_TAKAHASHI, _KATO, _OGAWA = "0048213", "0041120", "0046690"
_URGENT = "緊急の理由：家族が濃厚接触者となったため"


@pytest.fixture
def console() -> MemoryConsole:
    """An empty console."""
    return MemoryConsole()


def laid_out(path: Path, **changes: Mapping[str, Any]) -> House:
    """Return a house in which each batch is one mail."""
    sections: dict[str, Mapping[str, Any]] = {"console": {"settle": 0.3}, "mailbox": {"batch_seconds": 0}, **changes}
    return House(path=path / "house").lay_out(sections)


def junk(house: House, count: int) -> None:
    """Put mails of strangers into the inbox, received before everything else."""
    for number in range(count):
        at = FRIDAY - timedelta(hours=5) + timedelta(seconds=number)
        head = f"Received: from x by mx.city.example.jp; {format_datetime(at)}\nMessage-ID: <j{number}@evil.example>\n"
        content = f"{head}From: a{number}@evil.example\nSubject: offer {number}\n\nBuy now {number}.\n"
        (house.path / "mailbox" / "inbox" / f"j{number}.eml").write_text(content, encoding="ascii")


def run(house: House, console: MemoryConsole, **parts: Any) -> Report:  # noqa: ANN401 - what a house's pass takes
    """Make a pass, five minutes after the last."""
    house.clock.set(house.clock.now() + timedelta(minutes=5))
    return asyncio.run(house.run(console, **parts))


def order(house: House) -> list[str]:
    """Return what was recorded and mailed, in its order: senders of messages and employees who got credentials."""
    senders = {one.id: one.sender for one in in_ledger(house, lambda ledger: ledger.messages())}
    names = {one.id: one.application.employee_no for one in in_ledger(house, lambda ledger: ledger.requests())}
    done = []
    for stored in in_ledger(house, lambda ledger: ledger.events()):
        event = stored.event
        if event.action == "message.record":
            done.append(senders[event.details["message"]].partition("@")[2])
        elif (event.action, event.outcome) == ("notice.credentials", "done"):
            done.append(f"login of {names[event.request_id or '']}")
    return done


def notice_state(house: House, name: str) -> NoticeState:
    """Return how the one notice about a request stands."""
    (notice,) = in_ledger(house, lambda ledger: ledger.notices(name))
    return notice.state


def resent(house: House, name: str, again: str, *, change: tuple[str, str] = ("", "")) -> None:
    """Put a mail that was taken in into the inbox once more, with another Message-ID."""
    mail = (house.path / "mailbox" / "processed" / f"{name}.eml").read_bytes().decode()
    other = mail.replace(f"<{name}@", f"<{again}@")
    if change[0]:
        other = other.replace(*change)
    (house.path / "mailbox" / "inbox" / f"{again}.eml").write_bytes(other.encode())


def test_strangers_are_read_last(tmp_path: Path, console: MemoryConsole) -> None:
    """A full inbox of strangers' older mails: the application is read first, and its login is mailed before any of them is read."""
    house = laid_out(tmp_path)
    junk(house, 6)
    house.apply("0000701", employee_no=_TAKAHASHI, days=(_TUESDAY,), now=FRIDAY - timedelta(minutes=5))
    report = run(house, console)
    assert order(house) == ["apply.city.example.jp", f"login of {_TAKAHASHI}", *["evil.example"] * 6]
    assert (report.messages, report.unreadable, house.files("inbox")) == (7, 6, [])


def test_who_applies_during_a_flood_is_not_put_off_to_its_end(tmp_path: Path, console: MemoryConsole) -> None:
    """An application that comes in while strangers' mails are being read is read next, and its login mailed."""
    house = laid_out(tmp_path)
    junk(house, 6)

    class Filling(FolderMailbox):
        async def fetch(self, locator: str) -> Message:
            if locator == "j1.eml":
                house.apply("0000702", employee_no=_KATO, days=(_TUESDAY,), now=FRIDAY - timedelta(minutes=5))
            return await super().fetch(locator)

    mailbox = Filling(house.path / "mailbox", max_bytes=10**6, zone=ZONE)
    run(house, console, mailbox=mailbox)
    assert order(house) == [
        *["evil.example"] * 2, "apply.city.example.jp", f"login of {_KATO}", *["evil.example"] * 4,
    ]  # fmt: skip


def test_a_pass_that_is_asked_to_stop_leaves_the_rest_in_the_inbox(tmp_path: Path, console: MemoryConsole) -> None:
    """Stopped between two batches: what is not read stays, and the next pass takes it."""
    house = laid_out(tmp_path)
    junk(house, 4)
    workshop, ledger = house.workshop(), house.workshop().ledger()
    cycle = workshop.cycle(ledger=ledger, mailbox=workshop.mailbox(), console=console)

    class Stopping:
        def start(self, what: str, total: int) -> None:
            """Nothing."""

        def step(self) -> None:
            """Ask for the end after the first mail."""
            cycle.stop.asked_by = "SIGTERM"

    report = asyncio.run(cycle.run(Stopping()))
    ledger.close()
    assert (report.messages, len(house.files("inbox"))) == (1, 3)
    assert run(house, console).messages == 3


def test_one_address_gets_few_refusals_a_day(tmp_path: Path, console: MemoryConsole) -> None:
    """Many refused mails name one employee: a few are answered, operators are told of the others at once, and a login is mailed all the same."""
    house = laid_out(tmp_path, mailbox={}, delivery={"max_notices_per_day": 3})
    for number in range(12):
        house.apply(
            f"00008{number:02}", employee_no=_TAKAHASHI, days=(date(2021, 7, 1),), now=FRIDAY - timedelta(hours=1)
        )
    house.apply("0000899", employee_no=_OGAWA, days=(date(2021, 7, 1),), now=FRIDAY - timedelta(hours=1))
    report = run(house, console)
    told = [file.name for file in house.files("outbox") if ".rejected." in file.name]
    assert (report.rejected, len(told)) == (13, 3 + 1)
    (kept,) = [finding for finding in report.findings if finding.trouble is Trouble.NOTICES_KEPT]
    assert len(kept.subjects) == 9
    requests = in_ledger(house, lambda ledger: ledger.requests())
    assert {one.state for one in requests} == {State.REJECTED}
    assert {notice_state(house, name) for name in kept.subjects} == {NoticeState.KEPT_BACK}
    house.apply("0000900", employee_no=_TAKAHASHI, days=(_TUESDAY,), now=house.clock.now() - timedelta(minutes=1))
    again = run(house, console)
    assert (again.delivered, Trouble.NOTICES_KEPT in {finding.trouble for finding in again.findings}) == (1, False)
    house.clock.set(FRIDAY + timedelta(hours=25))
    house.apply("0000901", employee_no=_TAKAHASHI, days=(date(2021, 7, 1),), now=house.clock.now())
    run(house, console)
    assert len([file for file in house.files("outbox") if ".rejected." in file.name]) == 3 + 1 + 1


@pytest.mark.parametrize("sender", ["mallory@evil.example", "m.takahashi@city.example.jp"])
def test_what_only_calls_itself_urgent_is_told_with_the_others(
    tmp_path: Path, console: MemoryConsole, sender: str
) -> None:
    """Urgent mails from outsiders, or in somebody else's name, are held and told in one alert; a true one is told at once, alone."""
    house = laid_out(tmp_path, mailbox={})
    monday = (date(2021, 8, 2),)
    for number in range(5):
        name = f"00009{number:02}"
        house.apply(name, employee_no=_KATO, days=monday, now=FRIDAY, note=_URGENT)
        file = house.path / "mailbox" / "inbox" / f"{name}.eml"
        file.write_bytes(file.read_bytes().replace(b"noreply@apply.city.example.jp", sender.encode()))
    house.apply("0000999", employee_no=_OGAWA, days=monday, now=FRIDAY, note=_URGENT)
    report = run(house, console)
    (true,) = [
        one for one in in_ledger(house, lambda ledger: ledger.requests()) if one.decision and one.decision.urgent
    ]
    assert (report.held, true.application.employee_no) == (6, _OGAWA)
    alerts = [file.name for file in house.files("outbox") if ".alert." in file.name]
    assert [name.startswith(true.id) for name in alerts] == [True]
    grouped = [file for file in house.files("outbox") if ".conditions." in file.name]
    assert (len(grouped), len([text for text in report.problems if "urgent" in text])) == (1, 1)


def test_a_repeated_reissue_sets_no_second_password(tmp_path: Path, console: MemoryConsole) -> None:
    """The same reissue again, word for word or by its number: nothing is reset; at the same moment under another number: held."""
    house = laid_out(tmp_path, mailbox={}, forms=PROVEN, rules={"automatic_kinds": ["issue", "reissue"]})
    house.apply("0000701", employee_no=_TAKAHASHI, days=(_TUESDAY,), now=FRIDAY - timedelta(hours=1))
    run(house, console)
    house.apply("0000702", employee_no=_TAKAHASHI, days=(), now=house.clock.now(), kind="再発行")
    run(house, console)
    resets = console.writes["reset_password"]
    assert resets == 1
    resent(house, "0000702", "again")
    resent(house, "0000702", "reworded", change=("所属", "備考：至急\n所属"))
    report = run(house, console)
    assert (report.rejected, report.held, report.delivered) == (2, 0, 0)
    resent(house, "0000702", "renumbered", change=("受付番号：0000702", "受付番号：0000703"))
    report = run(house, console)
    assert (report.rejected, report.held, report.delivered) == (0, 1, 0)
    assert console.writes["reset_password"] == resets


def test_more_new_passwords_than_a_day_may_bring_are_held(tmp_path: Path, console: MemoryConsole) -> None:
    """Each asked for anew: two are set within 24 hours, the third is for a person; a day later it goes by itself again."""
    house = laid_out(tmp_path, mailbox={}, forms=PROVEN, rules={"automatic_kinds": ["issue", "reissue"]})
    house.apply("0000701", employee_no=_TAKAHASHI, days=(_TUESDAY, _WEDNESDAY), now=FRIDAY - timedelta(hours=1))
    run(house, console)
    for number in range(3):
        house.apply(f"000071{number}", employee_no=_TAKAHASHI, days=(), now=house.clock.now(), kind="再発行")
        run(house, console)
    states = [one.state for one in in_ledger(house, lambda ledger: ledger.requests())]
    assert (states, console.writes["reset_password"]) == ([*[State.DELIVERED] * 3, State.HELD], 2)
    house.clock.set(FRIDAY + timedelta(hours=26))
    house.apply("0000720", employee_no=_TAKAHASHI, days=(), now=house.clock.now(), kind="再発行")
    assert run(house, console).delivered == 1


def test_a_repeated_change_changes_nothing(tmp_path: Path, console: MemoryConsole) -> None:
    """A change that is carried out without a person is carried out once, however often its mail comes."""
    house = laid_out(tmp_path, mailbox={}, forms=PROVEN, rules={"automatic_kinds": ["issue", "change"]})
    house.apply("0000701", employee_no=_TAKAHASHI, days=(_TUESDAY,), now=FRIDAY - timedelta(hours=1))
    run(house, console)
    note = "元の受付番号：0000701"
    now = FRIDAY - timedelta(minutes=30)
    house.apply("0000702", employee_no=_TAKAHASHI, days=(_WEDNESDAY,), now=now, kind="変更", note=note)
    assert run(house, console).delivered == 1
    before = (dict(console.writes), len(house.credentials()))
    resent(house, "0000702", "again")
    report = run(house, console)
    assert (report.rejected, report.delivered) == (1, 0)
    assert (dict(console.writes), len(house.credentials())) == before
