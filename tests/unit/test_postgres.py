"""A ledger on PostgreSQL holds what one in a file does, keeps the same promises."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from bot.errors import AlreadyRunning, LedgerUnusable, Transient
from bot.ledger import chain, engine, kept
from bot.ledger.backup import examine
from bot.ledger.copying import to_file
from bot.ledger.ledger import Ledger
from bot.ledger.on_postgres import SOLE, settle
from bot.ledger.records import AccountRecord, Event
from bot.ledger.sole import sole
from bot.ledger.tables import metadata
from bot.life import AccountRecordState
from bot.model import Reading
from bot.sandbox.postgres import ROLE, Postgres
from bot.secret import Secret
from tests.house import FRIDAY
from tests.ledger_kit import STEP, Server, accepted, application, message, open_ledger, raw, reading, recorded

_CUT = f"""
SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = {SOLE}
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


@pytest.fixture
def place(database: Server, tmp_path: Path) -> Path:
    """A folder that leads to a new ledger on the server."""
    database.put_into(tmp_path)
    return tmp_path


@pytest.fixture
def ledger(place: Path) -> Iterator[Ledger]:
    """A new ledger on the server."""
    with closing(open_ledger(place)) as made:
        yield made


def silent(_done: int, _total: int) -> None:
    """Tell nobody."""


def test_its_schema_is_that_of_a_file(place: Path) -> None:
    """It has the same tables, columns and indexes; text is of any length and compared by its bytes, numbers have 64 bits."""
    with raw(place) as connection:
        looked = inspect(connection)
        for table in metadata.tables.values():
            assert {column["name"] for column in looked.get_columns(table.name)} == set(table.columns.keys())
            own = {one["name"] for one in looked.get_indexes(table.name) if "duplicates_constraint" not in one}
            assert own == {index.name for index in table.indexes}
        kinds = connection.execute(
            text(
                "SELECT DISTINCT data_type, collation_name FROM information_schema.columns"
                " WHERE table_schema = current_schema() AND table_name <> 'alembic_version'"
            )
        ).all()
    assert set(map(tuple, kinds)) == {("text", "C"), ("bigint", None), ("boolean", None)}


def test_columns_of_later_revisions_are_like_the_others(place: Path, ledger: Ledger) -> None:
    """What an upgrade adds to a ledger in use is made alike, with its rows and the guard of its log as they were."""
    asyncio.run(accepted(ledger, "a"))
    with raw(place) as connection:
        connection.exec_driver_sql("ALTER TABLE events ADD COLUMN later VARCHAR(3) DEFAULT 'abc', ADD COLUMN n INTEGER")
        settle(connection)
        settle(connection)
        connection.exec_driver_sql("ALTER TABLE events ALTER COLUMN later SET DEFAULT 'much longer'")
        assert connection.exec_driver_sql("SELECT DISTINCT later FROM events").scalar() == "abc"
        with pytest.raises(DBAPIError, match="append-only"):
            connection.exec_driver_sql("UPDATE events SET later = 'x'")
    assert asyncio.run(ledger.verify()).ok


def test_two_may_open_a_new_one_at_once(postgres: Postgres, database: Server, tmp_path: Path) -> None:
    """One makes the tables, the other waits for them: both work on the same ledger."""
    postgres.sql(f"CREATE DATABASE fresh OWNER {ROLE} TEMPLATE template0")
    Server(url=postgres.url("fresh"), password=database.password).put_into(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(lambda _: open_ledger(tmp_path), range(4)))
    for one in opened:
        asyncio.run(one.note(STEP))
    assert asyncio.run(opened[0].verify()).events == 4
    for one in opened:
        one.close()
    postgres.sql("DROP DATABASE fresh")


async def test_text_sorts_by_its_bytes(ledger: Ledger) -> None:
    """Lists come in the order in which a file gives them, whatever the server's own rules say of case and marks."""
    request_id = await recorded(ledger, "a")
    names = ["tw-b", "TW-a", "tw_a", "Tw-C", "tw-É", "tw-Z"]
    for name in names:
        account = AccountRecord(
            login_id=name, employee_no="1", request_id=request_id, state=AccountRecordState.CREATING
        )
        await ledger.note(STEP, account=account)
    assert [one.login_id for one in await ledger.accounts()] == sorted(names, key=str.encode)


async def test_no_character_is_lost(folder: Path) -> None:
    """NUL, which the server's text can't hold, the mark that stands for it, and 𠮷 come back as written, and the chain holds."""
    hostile = f"a\0b𠮷{kept._MARK}0\0{kept._MARK}1{'x' * 200}"
    with closing(open_ledger(folder)) as ledger:
        read: Reading = reading(hostile, application(receipt_no=hostile))
        object.__setattr__(read, "subject", hostile)
        done = await ledger.record(message(hostile), read)
        assert (await ledger.messages())[0].subject == hostile
        assert (await ledger.messages())[0].name == f"{hostile}.eml"
        assert (await ledger.get(done.requests[0].id)).application.receipt_no == hostile
        assert not (await ledger.record(message(hostile), read)).new
        await ledger.note(Event(action="test", outcome="done", reason=hostile, details={"x": hostile}))
        assert (await ledger.newest()).event.reason == hostile  # type: ignore[union-attr] # it was just written
        assert (await ledger.verify()).ok


@pytest.mark.parametrize(
    "value", ["", "plain", "\0", f"{kept._MARK}", f"{kept._MARK}0", f"{kept._MARK}\0{kept._MARK}1"]
)
def test_what_is_written_is_read(value: str) -> None:
    """Whatever stands beside each other, reading undoes writing, and nothing written has a NUL."""
    assert "\0" not in kept.written(value)
    assert kept.read(kept.written(value)) == value


async def test_a_reader_sees_one_moment_and_changes_nothing(ledger: Ledger) -> None:
    """What others commit meanwhile does not come in between two questions of one reader, who can't write."""
    await ledger.note(STEP)
    with ledger._engine.connect() as reader, reader.begin():
        before = chain.verify(reader, None)
        await ledger.note(STEP)
        assert chain.verify(reader, None) == before
        with pytest.raises(DBAPIError, match="read-only"):
            reader.exec_driver_sql("DELETE FROM counters")
    assert await ledger.size() == 2


async def test_a_commit_is_durable_whatever_the_database_says(postgres: Postgres, place: Path) -> None:
    """A database that answers before its log is written is told to write it; one that asks for more keeps that."""
    with raw(place) as connection:
        name = connection.exec_driver_sql("SELECT current_database()").scalar()
    for given, got in (("off", "on"), ("remote_apply", "remote_apply")):
        postgres.sql(f"ALTER DATABASE {name} SET synchronous_commit = {given}")
        with closing(open_ledger(place)) as ledger, ledger._engine.connect() as connection:
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == got


async def test_limits_of_the_site_do_not_cut_it_off(postgres: Postgres, place: Path) -> None:
    """A server that ends idle sessions and long questions lets the bot hold its lock and verify its chain."""
    with raw(place) as connection:
        name = connection.exec_driver_sql("SELECT current_database()").scalar()
    for limit in ("idle_session_timeout", "statement_timeout"):
        postgres.sql(f"ALTER DATABASE {name} SET {limit} = '100ms'")
    with closing(open_ledger(place)) as ledger:
        await ledger.note(STEP)
        await asyncio.sleep(0.3)
        await ledger.note(STEP)
        await ledger.ask(lambda connection: connection.exec_driver_sql("SELECT pg_sleep(0.3)").scalar())


def test_the_log_can_not_be_emptied(place: Path) -> None:
    """What empties a whole table without asking for rows is refused like the removal of one."""
    with raw(place) as connection, pytest.raises(DBAPIError, match="append-only"):
        connection.exec_driver_sql("TRUNCATE events")


async def test_removed_text_is_given_back_when_nobody_looks(ledger: Ledger, place: Path) -> None:
    """While another program reads, compacting is put off; afterwards it is done."""
    await accepted(ledger, "a")
    hasty = open_ledger(place, options="?timeout=0.2")
    with raw(place) as other:
        other.exec_driver_sql("BEGIN")
        other.exec_driver_sql("SELECT * FROM events")
        with pytest.raises(Transient, match="call it again"):
            await hasty.compact()
        other.exec_driver_sql("COMMIT")
    await hasty.compact()
    hasty.close()
    assert (await ledger.verify()).ok


async def test_a_copy_in_a_file_is_proved_and_equal(ledger: Ledger, tmp_path: Path) -> None:
    """Every row of every table is in it as it was at one moment, NUL included; it is its owner's alone, and one file."""
    await accepted(ledger, "a\0b")
    file = tmp_path / "copy" / "copy.sqlite3"
    to_file(ledger._engine, file, silent)
    assert examine(file)[0] == await ledger.verify()
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert file.stat().st_mode & 0o077 == 0
    here = engine.open_engine(f"sqlite:///{file}", tmp_path)
    with here.connect() as one, ledger._engine.connect() as other:
        for table in metadata.sorted_tables:
            rows = [connection.execute(table.select()).all() for connection in (one, other)]
            assert sorted(map(str, rows[0])) == sorted(map(str, rows[1])), table.name
    here.dispose()


def test_only_one_is_on_it_and_who_is_told(database: Server, tmp_path: Path) -> None:
    """A second one, on whatever machine, is told which process on which host works, and since when; and comes in after it."""
    password = Secret(database.password)
    with sole(database.url, tmp_path, password, FRIDAY):
        with (
            pytest.raises(AlreadyRunning, match=rf"process {os.getpid()} on .+, since 20\d\d-.+\+09:00"),
            sole(database.url, tmp_path, password, FRIDAY),
        ):
            pytest.fail("two are in")
        with raw_of(database, tmp_path):
            pass
    with sole(database.url, tmp_path, password, FRIDAY):
        pass


def raw_of(database: Server, folder: Path) -> closing[Ledger]:
    """Open the ledger beside the one who holds it: looking is always possible."""
    database.put_into(folder)
    return closing(open_ledger(folder))


async def test_who_lost_the_server_does_not_go_on(postgres: Postgres, ledger: Ledger, place: Path) -> None:
    """A restart is told in words and ends all work of who was there: the lock against others is gone too. The next one goes on."""
    await ledger.note(STEP)
    await asyncio.to_thread(postgres.down)
    await asyncio.to_thread(postgres.up)
    with pytest.raises(LedgerUnusable, match="the server was stopped or restarted: see that it runs"):
        await ledger.note(STEP)
    for _ in range(2):
        with pytest.raises(LedgerUnusable, match="was lost in this run; the next pass goes on"):
            await ledger.note(STEP)
        assert await ledger.size() == 1, "who only looks may go on"
    with closing(open_ledger(place)) as after:
        await after.note(STEP)
        assert (await after.verify()).events == 2


async def test_who_lost_the_lock_alone_does_not_go_on(database: Server, place: Path) -> None:
    """Only the idle session that keeps others away is cut: they may be at work by now, so nothing more is written, and all is read."""
    with sole(database.url, place, Secret(database.password), FRIDAY):
        with closing(open_ledger(place)) as ledger:
            await ledger.note(STEP)
            with raw(place) as connection:
                connection.execute(text(_CUT))
            for _ in range(2):
                with pytest.raises(LedgerUnusable, match="was lost in this run; the next pass goes on"):
                    await ledger.note(STEP)
            assert await ledger.size() == 1
        with pytest.raises(LedgerUnusable, match="was lost"):
            open_ledger(place)
    with closing(open_ledger(place)) as after:
        await after.note(STEP)
