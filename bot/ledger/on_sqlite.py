"""A ledger in a file: how it is opened and made durable, and what SQLite's errors mean."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from bot.errors import BotError, Conflict, LedgerBroken, LedgerBusy, LedgerUnusable, Transient
from bot.ledger import tables
from bot.ledger.process_lock import held
from bot.private import close_to_others, make_folder

#: Under this name a connection knows which file it has open.
_FILE = "file"
#: What was to be added was there already.
_TAKEN = frozenset({sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY})
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    # A committed intent must survive a power cut, not only a crash.
    "PRAGMA synchronous=FULL",
    # It is in the ledger's own file then, too: whoever loses or forgets the log beside it has lost nothing that was committed.
    "PRAGMA wal_autocheckpoint=1",
    "PRAGMA foreign_keys=ON",
)


def engine_for(url: URL, path: Path, seconds: int) -> Engine:
    """Return an engine on the file ``path``, made if it is missing; a writer waits ``seconds`` where ``url`` does not say otherwise."""
    create_private(path)
    patient = url if "timeout" in url.query else url.update_query_dict({"timeout": str(seconds)})
    # Opening the file and reading its schema costs as much as many a question. No thread ever waits for another's connection.
    engine = create_engine(patient.set(database=str(path)), pool_size=2, max_overflow=-1)
    event.listen(engine, "connect", _prepare)
    _listen(engine, path)
    _follow(engine, path)
    return engine


def _follow(engine: Engine, path: Path) -> None:
    """Open the file anew when another one has taken its place, such as a restored backup: a connection would go on with the old."""

    def note(_raw: object, record: ConnectionPoolEntry) -> None:
        record.info[_FILE] = path.stat().st_ino

    def compare(_raw: object, record: ConnectionPoolEntry, _given: object) -> None:
        if not path.exists() or path.stat().st_ino != record.info[_FILE]:
            raise InvalidatePoolError

    event.listen(engine, "connect", note)
    event.listen(engine, "checkout", compare)


def explained(error: DBAPIError, what: str) -> BotError:
    """Return what an error of SQLite means for the ledger ``what``."""
    text = str(error.orig)
    if getattr(error.orig, "sqlite_errorcode", 0) in _TAKEN:
        return Conflict(f"another program wrote the same to the ledger {what} first ({text})")
    if "decode to UTF-8" in text:
        return LedgerBroken(0, "a row holds text that is no UTF-8; `audit verify` names it")
    if not isinstance(error, OperationalError):
        return LedgerUnusable(f"the ledger {what} can't be used: {text}; restore it from the last backup")
    if "locked" in text or "busy" in text:
        return LedgerBusy(f"the ledger {what} is locked by another program")
    return LedgerUnusable(f"the ledger {what} can't be used: {text}; check the disk, its space and the rights")


def guards() -> dict[str, str]:
    """Return the statements of the triggers that keep events as they are, by name."""
    kept = [name for name in tables.events.columns.keys() if name not in {"person", "person_salt"}]  # noqa: SIM118 - no dict
    same = " AND ".join(f"NEW.{name} IS OLD.{name}" for name in kept)
    refuse = "BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END"
    change = f"WHEN NOT (NEW.person IS NULL AND NEW.person_salt IS NULL AND {same}) {refuse}"
    return {
        "events_are_append_only": f"CREATE TRIGGER events_are_append_only BEFORE UPDATE ON events {change}",
        "events_are_never_removed": f"CREATE TRIGGER events_are_never_removed BEFORE DELETE ON events {refuse}",
    }


def faults_of_guards(connection: Connection) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the triggers, by name: of ours that are missing or altered, and of any that are not ours."""
    found = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
    there = {str(name): " ".join(str(statement).split()) for name, statement in found}
    ours = guards()
    for name in sorted(ours.keys() | there.keys()):
        if name not in there:
            yield name, f"the trigger {name} is missing: events can be changed"
        elif there[name] != ours.get(name):
            yield name, f"the trigger {name} is {'altered' if name in ours else 'none that the bot makes'}"


@contextmanager
def any_text(connection: Connection) -> Iterator[None]:
    """Have SQLite give out text that is no UTF-8 as well, with marks that no hash is made of; nothing on a server."""
    raw = connection.connection.driver_connection
    if not isinstance(raw, sqlite3.Connection):
        yield
        return
    raw.text_factory = lambda value: value.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        raw.text_factory = str


def forget(connection: Connection) -> None:
    """Have what this transaction removes overwritten with zeros."""
    connection.exec_driver_sql("PRAGMA secure_delete=ON")


def compact(engine: Engine, what: str) -> None:
    """Write the file anew without its free pages, and empty the log beside it; raises ``Transient`` while others read."""
    with closing(engine.raw_connection()) as connection, closing(connection.cursor()) as cursor:
        try:
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            found = cursor.fetchone()
        except sqlite3.Error as error:
            raise Transient(f"the ledger {what} can't be compacted now: {error}; call it again") from error
    if found is None or found[0]:
        raise Transient(
            f"the ledger {what} is being read by another program: old text may be left in it; call it again"
        )


def create_private(path: Path) -> None:
    """Make the file readable for its owner alone before anything is in it; one that others can read is closed to them."""
    make_folder(path.parent)
    # One that is there is never opened past SQLite: to close it would let go of every lock that this process has on it
    # (sqlite.org/howtocorrupt.html, 2.2), and whoever looks from outside would clear away what is in use here.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    for side in ("", "-wal", "-shm"):
        close_to_others(path.with_name(path.name + side))


def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - whatever the driver gives
    # SQLAlchemy begins transactions itself (see _begin); the driver must not do so behind its back.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _listen(engine: Engine, path: Path) -> None:
    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        """Take the write lock at once: a transaction that reads and then writes never fails half-way for a lock."""
        if not connection.get_execution_options().get("writes"):
            connection.exec_driver_sql("BEGIN")
            return
        if lock := held.get(path):
            lock.must_be_there()
        connection.exec_driver_sql("BEGIN IMMEDIATE")
