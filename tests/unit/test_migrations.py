"""A ledger of every released schema opens with the newest program, and keeps what is in it."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect

from bot.ledger import chain, engine
from bot.ledger.codec import application_to_text
from bot.ledger.records import Event, Notice, NoticeKind, NoticeState
from bot.ledger.tables import metadata
from bot.life import State
from tests.ledger_kit import STEP, application, open_ledger

_MESSAGE = (
    "INSERT INTO messages (id, serial, message_id, received_at, digest, name, sender, subject, outcome, reason, recorded_at)"
    " VALUES ('M-20210730-0001', 1, '<a@x>', '2021-07-30T03:00:00.000000+00:00', 'd', 'a.eml', 'a@x', 's', 'unreadable', 'r',"
    " '2021-07-30T04:00:00.000000+00:00')"
)
_REQUEST = (
    "INSERT INTO requests (id, serial, message, position, state, application, attempts, stuck_reason, created_at, updated_at)"
    " VALUES (?, ?, 'M-20210730-0001', ?, 'rejected', ?, 0, '', ?, ?)"
)
_NOTICE = "INSERT INTO notices VALUES (?, 'rejected', 1, 'm', 'a@x', ?)"


def brought_to(revision: str, path: Path) -> None:
    """Make a ledger as the program of that revision left it."""
    made = create_engine(f"sqlite:///{path}")
    with made.connect() as connection:
        config = scripts()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
    made.dispose()


def scripts() -> Config:
    """Return where alembic finds the migrations."""
    config = Config()
    config.set_main_option("script_location", str(Path(engine.__file__).parent / "migrations"))
    return config


def test_the_newest_revision_is_the_last_by_name() -> None:
    """A ledger is known to be up to date by the names of the files alone: they sort as the migrations follow each other."""
    directory = ScriptDirectory.from_config(scripts())
    assert engine.revisions() == [script.revision for script in directory.walk_revisions()][::-1]


def test_migrations_end_where_the_tables_are(tmp_path: Path) -> None:
    """A ledger made by the migrations has the columns and indexes that the program speaks of."""
    brought_to("head", tmp_path / "ledger.sqlite3")
    made = create_engine(f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    looked = inspect(made)
    for table in metadata.tables.values():
        assert {column["name"] for column in looked.get_columns(table.name)} == set(table.columns.keys())
        assert indexes_of(table.name, tmp_path / "ledger.sqlite3") == {index.name for index in table.indexes}
    made.dispose()


def indexes_of(table: str, path: Path) -> set[str]:
    """Return the indexes that a table was given; SQLAlchemy's inspection leaves those over an expression out."""
    asked = "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL"
    with closing(sqlite3.connect(path)) as database:
        return {name for (name,) in database.execute(asked, (table,))}


def test_who_was_not_told_yet_is_told_after_the_update(tmp_path: Path) -> None:
    """A ledger of 0002 keeps knowing which rejected requests nobody was told of; those that were told stay told."""
    path = tmp_path / "ledger.sqlite3"
    brought_to("0002", path)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(_MESSAGE)
        at = "2021-07-30T04:00:00.000000+00:00"
        database.execute("UPDATE messages SET arrived_at = ?", (at,))
        for number, told in enumerate((None, "sending", "sent", "nobody")):
            text = application_to_text(application())
            database.execute(_REQUEST, (f"R-{number}", number, number, text, at, at))
            if told:
                database.execute(_NOTICE, (f"R-{number}", told))
    ledger = open_ledger(tmp_path)

    async def untold() -> list[str]:
        return [request.id for request in await ledger.untold({State.REJECTED: NoticeKind.REJECTED})]

    async def settle() -> None:
        notice = Notice(
            request_id="R-1", kind=NoticeKind.REJECTED, attempt=1, message_id="m", to="a@x", state=NoticeState.SENT
        )
        await ledger.note(STEP, notice=notice)

    try:
        assert asyncio.run(untold()) == ["R-0", "R-1"]
        asyncio.run(settle())
        assert asyncio.run(untold()) == ["R-0"]
    finally:
        ledger.close()


def test_the_first_schema_is_brought_up(tmp_path: Path) -> None:
    """A ledger of 0001 with a message in it gets the columns of today and gives the message back."""
    path = tmp_path / "ledger.sqlite3"
    brought_to("0001", path)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(_MESSAGE)
    ledger = open_ledger(tmp_path)
    try:
        (message,) = asyncio.run(ledger.messages())
    finally:
        ledger.close()
    assert (message.id, message.reason) == ("M-20210730-0001", "r")
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT arrived_at = received_at, authentic FROM messages").fetchall() == [(1, None)]


def test_events_of_the_second_schema_still_verify(tmp_path: Path) -> None:
    """Events written before 0004 are of form 1: they verify after it, stay append-only, and the chain goes on behind them."""
    path = tmp_path / "ledger.sqlite3"
    config = Config()
    config.set_main_option("script_location", str(Path(engine.__file__).parent / "migrations"))
    made = create_engine(f"sqlite:///{path}")
    with made.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.commit()
    made.dispose()
    row = {
        "seq": 1, "at": "2021-07-30T13:04:00.000000+09:00", "actor_type": "bot", "actor": "bot@test", "host": "here",
        "version": "0", "config_digest": "c0ffee", "action": "test", "outcome": "done", "request": None, "reason": "",
        "details": "{}", "person_digest": hashlib.sha256().hexdigest(), "prev_hash": chain.GENESIS,
    }  # fmt: skip
    row["hash"] = chain.digest(row)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"INSERT INTO events ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)})", row)
    ledger = open_ledger(tmp_path)
    try:
        asyncio.run(ledger.note(Event(action="test", outcome="done")))
        verdict, (first, second) = asyncio.run(ledger.verify()), asyncio.run(ledger.events())
    finally:
        ledger.close()
    assert (verdict.ok, verdict.events) == (True, 2)
    assert (first.elapsed_ms is None, second.elapsed_ms is None) == (True, False)
    with closing(sqlite3.connect(path)) as database, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        database.execute("UPDATE events SET run = 'x' WHERE seq = 2")
