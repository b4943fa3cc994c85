"""One mail from anybody stops nothing: it is read in a process that is killed, counted before, and kept as unreadable in the end."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from bot.console.memory import MemoryConsole
from bot.errors import Unusable
from bot.ledger.attempts import name_of
from bot.life import State
from bot.model import ReadOutcome
from bot.operation.report import Silent
from bot.operation.unreadable import read_again, unreadable
from bot.reading.isolated import Failure, Readers
from tests.acts_kit import in_ledger
from tests.hostile_kit import CASES
from tests.house import FRIDAY, ROOT, House
from tests.poison_kit import poisoned, put_poison, take_in
from tests.restore_kit import states

TUESDAY = date(2021, 8, 3)
_PATIENCE = 90


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house with two applications."""
    made = House(path=tmp_path / "house").lay_out({"console": {"settle": 0.3}, "forms": {"read_seconds": 1.5}})
    made.apply("0000100", employee_no="0041120", days=(TUESDAY,), now=FRIDAY)
    made.apply("0000900", employee_no="0046690", days=(TUESDAY,), now=FRIDAY)
    return made


def attempts(house: House) -> dict[str, int]:
    """Return the attempts on record by the names of the inbox's files, past the bot."""
    database = house.path / "ledger.sqlite3"
    if not database.exists():
        return {}
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        try:
            rows = dict(connection.execute("SELECT message, attempts FROM reading_attempts").fetchall())
        except sqlite3.OperationalError:  # it is being made
            return {}
    return {file.name: rows[name] for file in house.files("inbox") if (name := name_of(file.name)) in rows}


@pytest.mark.parametrize(
    ("poison", "failure"),
    [(b"POISON-HANGS", Failure.TIME), (b"POISON-LEAVES", Failure.ENDED), (b"POISON-BURSTS", Failure.MEMORY)],
)
def test_all_others_are_served_and_it_is_kept(house: House, poison: bytes, failure: Failure) -> None:
    """A mail that hangs, crashes or bursts its process: read last, tried twice, told and filed as unreadable, in one pass."""
    if failure is Failure.MEMORY:
        house.lay_out({"console": {"settle": 0.3}, "forms": {"read_seconds": 60, "read_memory_mb": 64}})
    put_poison(house, "0000000", poison)
    report = take_in(house)
    assert (report.messages, report.unreadable, report.delivered, report.exit_status) == (3, 1, 2, 1)
    assert states(house) == [State.DELIVERED] * 2
    (kept,) = in_ledger(house, unreadable)
    ja, _, en = failure.partition(" / ")
    assert ja in kept.reason
    assert kept.reason.endswith(f" / tried 2 times: {en}")
    assert [file.stem for file in house.files("unreadable")] == ["0000000"]
    assert (house.files("inbox"), attempts(house)) == ([], {})
    again = take_in(house)
    assert (again.messages, again.exit_status) == (0, 0)


def test_the_sparse_workbook_stops_nothing(house: House) -> None:
    """One cell at XFD1048576, which stopped the bot for good: everything else is read, and it is kept, by the true reader."""
    shutil.copyfile(CASES / "hang-sparse.eml", house.path / "mailbox" / "inbox" / "0000000.eml")
    started = time.monotonic()
    report = asyncio.run(house.run(MemoryConsole()))
    assert time.monotonic() - started < 60
    assert (report.messages, report.unreadable, report.delivered) == (3, 1, 2)
    assert asyncio.run(house.run(MemoryConsole())).messages == 0


def test_rerun_tries_it_again(house: House) -> None:
    """An operator has mended the reader: what was given up is read by `rerun --unreadable`, under its own message id."""
    mail = house.path / "mailbox" / "inbox" / "0000100.eml"
    mail.write_bytes(mail.read_bytes() + b"\r\nPOISON-LEAVES\r\n")
    assert take_in(house).unreadable == 1
    (before,) = in_ledger(house, unreadable)

    async def again() -> None:
        workshop = house.workshop()
        with workshop.recording(None) as own, workshop.recording("吉澤　勝") as ledger:
            cycle = workshop.cycle(ledger=own, mailbox=workshop.mailbox(), console=MemoryConsole())
            ((read,), _) = await read_again(ledger, cycle, "読み取りを修正", Silent())
            assert (read.id, read.after, len(read.requests)) == (before.id, ReadOutcome.APPLICATIONS, 1)

    asyncio.run(again())


@contextmanager
def bot(house: House) -> Iterator[subprocess.Popen[bytes]]:
    """Give a pass in a process of its own."""
    command = [sys.executable, "-m", "tests.poison_kit", "take-in", str(house.path)]
    with (house.path / "said").open("wb") as said, subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def killed_when(house: House, seen: Callable[[], bool]) -> None:
    """Have a pass begin, and kill the whole bot once something is so."""
    ends = time.monotonic() + _PATIENCE
    with bot(house) as process:
        while not seen():
            assert process.poll() is None, (house.path / "said").read_text(encoding="utf-8")
            assert time.monotonic() < ends, "it did not come to that"
            time.sleep(0.02)


def test_one_that_ends_the_whole_bot_is_given_up_at_the_third_pass(house: House) -> None:
    """SIGKILL to the bot while it reads the same mail twice: the third pass keeps it unread; what stood behind it is served."""
    house.lay_out({"console": {"settle": 0.3}, "forms": {"read_seconds": 60}})
    put_poison(house, "0000500", b"POISON-HANGS")
    poison, behind = "0000500.eml", {"0000100.eml": 1, "0000900.eml": 1}
    killed_when(house, lambda: attempts(house) == {poison: 1, **behind})
    put_poison(house, "0000600", b"nothing of an application, and new")
    killed_when(house, lambda: attempts(house).get(poison) == 2)
    assert attempts(house) == {poison: 2, **behind}
    with bot(house) as process:
        assert process.wait(_PATIENCE) == 1
    kept = {one.name: one.reason for one in in_ledger(house, unreadable)}
    assert kept.keys() == {poison, "0000600.eml"}
    assert Failure.BOT_ENDED.partition(" / ")[2] in kept[poison]
    assert (states(house), house.files("inbox"), attempts(house)) == ([State.DELIVERED] * 2, [], {})


def test_what_is_no_fault_of_a_message_counts_as_no_attempt(house: House) -> None:
    """The reading process can't even start: told as such, everything stays in the inbox, and no attempt is left on record."""
    workshop = replace(house.workshop(), readers=Readers(target="tests.no_such_module:Nothing"))
    ledger = workshop.ledger()
    cycle = workshop.cycle(ledger=ledger, mailbox=workshop.mailbox(), console=MemoryConsole())
    report = asyncio.run(cycle.run(Silent()))
    ledger.close()
    assert (report.exit_status, report.messages, len(house.files("inbox"))) == (Unusable.exit_status, 0, 2)
    assert any("did not start" in problem for problem in report.problems)
    assert attempts(house) == {}
    assert take_in(house).delivered == 2


def test_what_is_gone_is_forgotten(house: House) -> None:
    """A mail that somebody took away after its first attempt leaves nothing behind for another one of that name."""
    put_poison(house, "0000500", b"POISON-HANGS")
    in_ledger(house, lambda ledger: ledger.begin_reading(["0000500.eml", "gone.eml"]))
    (house.path / "mailbox" / "inbox" / "0000500.eml").unlink()
    take_in(house)
    assert in_ledger(house, lambda ledger: ledger.reading_attempts(["0000500.eml", "gone.eml"])) == {}


def test_a_batch_that_was_cut_off_makes_nothing_unreadable(house: House) -> None:
    """Every mail of a batch is on record as begun when the bot is killed: each is read by itself in the next pass, twice over."""
    names = [file.name for file in house.files("inbox")]
    in_ledger(house, lambda ledger: ledger.begin_reading(names))
    workshop = poisoned(house)
    assert workshop.reader().seconds == 1.5
    assert take_in(house).delivered == 2


def test_second_attempts_leave_time_for_the_rest(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many poisoned mails: second attempts stop when they have taken too long, and the next pass makes the others."""
    monkeypatch.setattr("bot.operation.attempts._SPENT", 0.1)
    for number in range(3):
        put_poison(house, f"000000{number}", b"POISON-HANGS")
    first = take_in(house)
    assert (first.unreadable, first.delivered, len(house.files("inbox"))) == (1, 2, 2)
    assert [take_in(house).unreadable, take_in(house).unreadable, len(house.files("inbox"))] == [1, 1, 0]
