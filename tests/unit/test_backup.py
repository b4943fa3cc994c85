"""`ledger backup`: whole while others write, proved before it has its name, on the record, and no more of them than asked for."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from bot.commands.backups import backed_up
from bot.errors import BadUsage, LedgerBroken, Unusable
from bot.ledger.backup import Backup, copy, examine
from bot.ledger.ledger import Ledger
from bot.ledger.records import Event
from tests.acts_kit import in_ledger
from tests.house import ROOT, House
from tests.ledger_kit import Server

_WRITER = """
import asyncio, sys
from pathlib import Path
from bot.ledger.records import Event
from tests.ledger_kit import open_ledger
async def write():
    ledger = open_ledger(Path(sys.argv[1]))
    while True:
        await ledger.note(Event(action="test", outcome="done", details={"padding": "x" * 3000}))
        print("one more", flush=True)
asyncio.run(write())
"""


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house whose ledger has a few events."""
    return with_events(House(path=tmp_path / "house").lay_out())


def with_events(made: House) -> House:
    """Have a few events in the ledger."""

    async def write(ledger: Ledger) -> None:
        for number in range(5):
            await ledger.note(Event(action="test", outcome="done", details={"number": number}))

    in_ledger(made, write)
    return made


def back_up(house: House, to: Path, *, keep: int = 30) -> Backup:
    """Make a backup as the command does."""
    return in_ledger(house, lambda ledger: backed_up(house.workshop(), ledger, to, keep=keep))


def test_a_backup_is_the_whole_ledger_in_one_private_file(house: House, tmp_path: Path) -> None:
    """It verifies, holds its own intent as the last event, has the printed digest, and nobody else may read it."""
    made = back_up(house, tmp_path / "copies")
    verdict, revision = examine(made.file)
    assert (verdict.events, verdict.head, revision) == (made.events, made.head, made.revision)
    with closing(sqlite3.connect(made.file)) as connection:
        last = connection.execute("SELECT action, outcome FROM events ORDER BY seq DESC LIMIT 1").fetchone()
    assert last == ("ledger.backup", "intended")
    assert hashlib.sha256(made.file.read_bytes()).hexdigest() == made.sha256
    assert stat.S_IMODE(made.file.stat().st_mode) == 0o600 or os.name != "posix"
    assert [path.name for path in (tmp_path / "copies").iterdir()] == [made.file.name]


def test_what_was_made_is_on_the_record(house: House, tmp_path: Path) -> None:
    """The event after it names file, digest and head, so that an auditor can tell a backup from a forged one."""
    made = back_up(house, tmp_path / "copies")
    events = in_ledger(house, lambda ledger: ledger.of_action("ledger.backup"))
    assert [one.event.outcome for one in events] == ["intended", "done"]
    details = events[-1].event.details
    assert (details["file"], details["sha256"], details["head"]) == (made.file.name, made.sha256, made.head)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_backup_is_made_while_another_process_writes(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A writer that never pauses neither stops the backup nor is stopped by it; each copy is one moment's whole ledger."""
    house = House(path=tmp_path / "house")
    if kind == "postgresql":
        database: Server = request.getfixturevalue("database")
        database.put_into(house.path)
        with_events(house.lay_out(database.settings(tmp_path)))
    else:
        with_events(house.lay_out())
    command = [sys.executable, "-c", _WRITER, str(house.path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        try:
            assert writer.stdout.readline()
            made = [back_up(house, tmp_path / f"{number}.sqlite3") for number in range(3)]
            for _ in range(3):
                assert writer.stdout.readline()
        finally:
            writer.kill()
    assert [examine(one.file)[0].head for one in made] == [one.head for one in made]
    assert in_ledger(house, lambda ledger: ledger.verify(made[0].head)).ok


def test_only_the_newest_remain_and_nothing_else_is_touched(house: House, tmp_path: Path) -> None:
    """In a directory the newest --keep stay; what does not bear our name, or is a link, is never removed."""
    copies = tmp_path / "copies"
    copies.mkdir()
    foreign = [copies / name for name in ("ledger-20200101-000000-abc.sqlite3", "notes.txt", "ledger.sqlite3")]
    for path in foreign:
        path.write_text("not ours", encoding="utf-8")
    link = copies / "ledger-20200101-000000-00000000.sqlite3"
    link.symlink_to(foreign[0])
    made = []
    for _ in range(4):
        house.clock.set(house.clock.now() + timedelta(days=1))
        made.append(back_up(house, copies, keep=2))
    assert [one.file.exists() for one in made] == [False, False, True, True]
    assert [list(one.removed) for one in made] == [[], [], [made[0].file], [made[1].file]]
    assert all(path.exists() for path in [*foreign, link])


def test_a_file_that_exists_is_not_overwritten(house: House) -> None:
    """A single file must be new: the ledger itself, or yesterday's backup, is never overwritten by a slip."""
    with pytest.raises(BadUsage, match="exists; name a new file"):
        back_up(house, house.path / "ledger.sqlite3")
    assert in_ledger(house, lambda ledger: ledger.verify()).ok


def test_a_broken_chain_gives_no_backup_and_removes_none(house: House, tmp_path: Path) -> None:
    """A ledger that was tampered with is told, leaves no file, and pushes no good backup out of the directory."""
    good = back_up(house, tmp_path / "copies", keep=1)
    with closing(sqlite3.connect(house.path / "ledger.sqlite3")) as connection, connection:
        connection.execute("DROP TRIGGER events_are_append_only")
        connection.execute("UPDATE events SET reason = 'changed' WHERE seq = 2")
    with pytest.raises(LedgerBroken, match="its content was changed"):
        back_up(house, tmp_path / "copies", keep=1)
    assert [path.name for path in (tmp_path / "copies").iterdir()] == [good.file.name]
    events = in_ledger(house, lambda ledger: ledger.of_action("ledger.backup"))
    assert events[-1].event.outcome == "failed"


@pytest.mark.skipif(os.name != "posix" or not Path("/dev/full").exists(), reason="needs a place that is always full")
def test_a_place_that_can_t_be_written_is_told(house: House) -> None:
    """A target below something that is no directory is one plain sentence, and leaves nothing behind."""
    with pytest.raises(Unusable, match="no backup was made"):
        back_up(house, Path("/dev/full/copies"))


def test_what_is_no_ledger_is_told(tmp_path: Path) -> None:
    """Neither text nor somebody else's database passes for a ledger, nor does a ledger whose pages are damaged."""
    text, other = tmp_path / "text.sqlite3", tmp_path / "other.sqlite3"
    text.write_text("not a database " * 100, encoding="utf-8")
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE x (y)")
    for file in (text, other):
        with pytest.raises(Unusable, match="is no ledger"):
            examine(file)


def test_a_damaged_backup_is_told(house: House, tmp_path: Path) -> None:
    """A page overwritten with nothing is found, whether or not it belongs to the chain."""
    made = back_up(house, tmp_path / "one.sqlite3")
    content = bytearray(made.file.read_bytes())
    content[4096 * 3 : 4096 * 6] = bytes(4096 * 3)
    made.file.write_bytes(content)
    with pytest.raises((Unusable, LedgerBroken)):
        examine(made.file)


def test_backups_of_one_second_do_not_collide(house: House, tmp_path: Path) -> None:
    """Two backups in the same second have two names: each begins with an event of its own."""

    async def both(ledger: Ledger) -> list[Backup]:
        return [await backed_up(house.workshop(), ledger, tmp_path / "copies", keep=9) for _ in range(2)]

    first, second = in_ledger(house, both)
    assert first.file != second.file
    assert first.file.exists()


def test_a_copy_is_of_one_moment_however_much_is_written_meanwhile(house: House, tmp_path: Path) -> None:
    """Something is written between any two steps of the copy: it goes on to its end, and is the ledger as it was at the start."""
    head = in_ledger(house, fill)
    told: list[tuple[int, int]] = []

    def tell(done: int, total: int) -> None:
        told.append((done, total))
        assert len(told) < 100, "the copy begins anew at every write"
        in_ledger(house, lambda ledger: ledger.note(Event(action="test", outcome="done")))

    copy(house.path / "ledger.sqlite3", tmp_path / "copy.sqlite3", tell)
    assert len(told) > 2, "whoever waits for a large ledger sees how far the copy has come"
    assert told[-1][0] == told[-1][1]
    assert examine(tmp_path / "copy.sqlite3")[0].head == head


async def fill(ledger: Ledger) -> str:
    """Make the ledger larger than some steps of a copy, and return its head."""
    for _ in range(10):
        head = (await ledger.note(Event(action="test", outcome="done", details={"padding": "x" * 300_000}))).hash
    return head
