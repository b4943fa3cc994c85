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
from sqlalchemy import create_engine

from bot.ledger import chain, engine
from bot.ledger.records import Event
from tests.ledger_kit import open_ledger

_MESSAGE = (
    "INSERT INTO messages (id, serial, message_id, received_at, digest, name, sender, subject, outcome, reason, recorded_at)"
    " VALUES ('M-20210730-0001', 1, '<a@x>', '2021-07-30T03:00:00.000000+00:00', 'd', 'a.eml', 'a@x', 's', 'unreadable', 'r',"
    " '2021-07-30T04:00:00.000000+00:00')"
)


def test_the_first_schema_is_brought_up(tmp_path: Path) -> None:
    """A ledger of 0001 with a message in it gets the columns of today and gives the message back."""
    path = tmp_path / "ledger.sqlite3"
    config = Config()
    config.set_main_option("script_location", str(Path(engine.__file__).parent / "migrations"))
    made = create_engine(f"sqlite:///{path}")
    with made.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.commit()
    made.dispose()
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
