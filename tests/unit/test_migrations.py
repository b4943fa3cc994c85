"""A ledger of every released schema opens with the newest program, and keeps what is in it."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from bot.ledger import engine
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
