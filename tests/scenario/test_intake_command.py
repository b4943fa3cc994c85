"""A file goes into the inbox in somebody's name: who did it is known, and only then its form is believed for the time."""

from __future__ import annotations

import asyncio
import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.clock import FixedClock
from bot.commands.intake import _put_in
from bot.console.memory import MemoryConsole
from bot.errors import BadUsage
from bot.ledger.brought import BROUGHT
from bot.ledger.records import Request
from bot.life import State
from tests.acts_kit import in_ledger
from tests.house import FRIDAY, PROVEN, House
from tests.unit.test_cli import answer

_HEADINGS = "受付番号,申請日時,職員番号,氏名,利用日,実施場所"
#: Applied for four minutes before the cutoff for Monday, and put into the inbox four minutes after it.
_ROW = "0000777,2021/07/30 12:56,0048213,髙橋　みのり,2021/08/02,自宅"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house that knows the form system's export by its columns (forms/e-application.yaml)."""
    return House(path=tmp_path / "house").lay_out({"console": {"settle": 0.3}, "forms": PROVEN})


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """An export."""
    path = tmp_path / "export.csv"
    path.write_text(f"{_HEADINGS}\n{_ROW}\n", encoding="utf-8")
    return path


def bring(house: House, file: Path, by: str = "吉澤　勝") -> Path:
    """Put a file into the inbox by name, as `intake` does."""
    return asyncio.run(_put_in(house.workshop(), file, by, "電子申請から出力"))


def drop(house: House, file: Path, at: datetime = FRIDAY) -> Path:
    """Put a file into the inbox as anybody with access to the folder can."""
    inbox = house.path / "mailbox" / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    place = inbox / file.name
    place.write_bytes(file.read_bytes())
    os.utime(place, (at.timestamp(), at.timestamp()))
    return place


def taken_in(house: House) -> Request:
    """Make a pass and return the newest request."""
    asyncio.run(house.run(MemoryConsole()))
    return in_ledger(house, lambda ledger: ledger.requests())[-1]


def brought_by(house: House, request: Request) -> str:
    """Return who brought the file of a request."""
    return in_ledger(house, lambda ledger: ledger.message(request.message_id)).brought_by


def test_a_named_person_brings_a_file_of_a_trusted_form(house: House, table: Path) -> None:
    """Its 申請日時 counts for the cutoff, and who brought it stands on the chain and with the message."""
    bring(house, table)
    request = taken_in(house)
    assert (request.state, brought_by(house, request)) == (State.DELIVERED, "吉澤　勝")
    told = in_ledger(house, lambda ledger: ledger.of_action(BROUGHT))
    assert [(item.event.outcome, item.run.actor, item.event.reason) for item in told] == [
        ("intended", "吉澤　勝", "電子申請から出力"), ("done", "吉澤　勝", "電子申請から出力"),
    ]  # fmt: skip
    assert in_ledger(house, lambda ledger: ledger.verify()).ok


def test_what_lies_there_without_a_name_is_not_believed(house: House, table: Path) -> None:
    """The same file, simply put there after the cutoff, is held: neither granted by its own time nor refused by the file's."""
    drop(house, table)
    request = taken_in(house)
    assert (request.state, brought_by(house, request)) == (State.HELD, "")
    assert request.application.applied_at is None
    assert request.decision is not None
    assert {item.code for item in request.decision.violations} == {"V06"}


def test_what_came_before_the_cutoff_is_granted(house: House, table: Path) -> None:
    """A file that lay there before the cutoff needs nobody's name: the receipt of the file is in time."""
    drop(house, table, FRIDAY - timedelta(hours=1))
    assert taken_in(house).state is State.DELIVERED


def test_no_other_form_is_believed_for_being_brought(house: House, tmp_path: Path) -> None:
    """A file that has not all columns of a known form is of nobody's form, whoever brings it."""
    table = tmp_path / "list.csv"
    table.write_text(
        "職員番号,氏名,利用日,申請日時,実施場所\n0048213,髙橋　みのり,2021/08/02,2021/07/30 12:56,自宅\n",
        encoding="utf-8",
    )
    bring(house, table)
    request = taken_in(house)
    assert (request.state, request.application.applied_at) == (State.HELD, None)


def test_nobody_is_believed_for_another_file_under_that_name(house: House, table: Path) -> None:
    """Only the very file that was brought is: changed, or put there once more later, it is somebody's with access."""
    place = bring(house, table)
    text = place.read_text(encoding="utf-8").replace("2021/08/02", "2021/08/03")
    place.write_text(text, encoding="utf-8")
    os.utime(place, (FRIDAY.timestamp(), FRIDAY.timestamp()))
    assert brought_by(house, taken_in(house)) == ""


def test_a_taken_name_gets_a_number(house: House, table: Path) -> None:
    """A file of that name that waits in the inbox is not overwritten; both are read."""
    first, second = bring(house, table), bring(house, table, "赤羽")
    assert (first.name, second.name) == ("export.csv", "export-1.csv")
    house.clock = FixedClock(FRIDAY)
    asyncio.run(house.run(MemoryConsole()))
    messages = in_ledger(house, lambda ledger: ledger.messages())
    assert {message.name: message.brought_by for message in messages} == {
        "export.csv": "吉澤　勝", "export-1.csv": "赤羽",
    }  # fmt: skip


def test_what_can_not_be_brought_is_refused(house: House, tmp_path: Path) -> None:
    """A file of another kind, or none at all, is named; nothing is put anywhere and nothing is on record."""
    other = tmp_path / "notes.pdf"
    other.write_bytes(b"%PDF")
    for file, told in ((other, "is none of"), (tmp_path / "gone.csv", "can't be read")):
        with pytest.raises(BadUsage, match=told):
            bring(house, file)
    assert in_ledger(house, lambda ledger: ledger.of_action(BROUGHT)) == ()


def test_show_says_who_brought_it(house: House, table: Path) -> None:
    """`intake` puts it there, and `show` names who did; of a file that simply lay there it says who can have."""
    words = ("--config", str(house.config))
    told = answer("intake", str(table), "--by", "吉澤", "--reason", "電子申請から出力", *words)
    assert Path(told["put"]).parent == house.path / "mailbox" / "inbox"
    asyncio.run(house.run(MemoryConsole()))
    (message,) = in_ledger(house, lambda ledger: ledger.messages())
    assert answer("show", message.id, *words)["brought_by"] == "吉澤"
    drop(house, table, FRIDAY + timedelta(minutes=2))
    asyncio.run(house.run(MemoryConsole()))
    _, message = in_ledger(house, lambda ledger: ledger.messages())
    assert answer("show", message.id, *words)["brought_by"].startswith("someone with access to the folder")
