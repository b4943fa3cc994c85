"""Opens the database: durability, one writer at a time, migrations, and what its errors mean."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from bot.errors import LedgerBusy, LedgerUnusable, Transient

_MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY = 30  # seconds a writer waits for another, where the address does not say ``?timeout=``
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    # A committed intent must survive a power cut, not only a crash.
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
)


def open_engine(url: str, base: Path) -> Engine:
    """Open the database at ``url`` (a relative SQLite path starts at ``base``) and bring it to the newest schema.

    Raises ``LedgerUnusable`` when it can't be opened, is no ledger, or is newer than this program.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise LedgerUnusable("ledger.url is not a database address; an example: sqlite:///var/ledger.sqlite3") from None
    if parsed.get_backend_name() != "sqlite":
        raise LedgerUnusable(
            f"ledger.url: {parsed.get_backend_name()} is not supported by this version; use sqlite:///PATH"
        )
    path = base / (parsed.database or "ledger.sqlite3")
    with understood(str(path)):
        _create_private(path)
        patient = parsed if "timeout" in parsed.query else parsed.update_query_dict({"timeout": str(_BUSY)})
        engine = create_engine(patient.set(database=str(path)), poolclass=NullPool)
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin_as_writer)
        _migrate(engine, path)
    return engine


@contextmanager
def understood(what: str) -> Iterator[None]:
    """Turn the database's errors into the house's: ``LedgerBusy`` for a lock, ``LedgerUnusable`` with what to do for the rest."""
    try:
        yield
    except OperationalError as error:
        text = str(error.orig)
        if "locked" in text or "busy" in text:
            raise LedgerBusy(f"the ledger {what} is locked by another program") from error
        raise LedgerUnusable(
            f"the ledger {what} can't be used: {text}; check the disk, its space and the rights"
        ) from error
    except DBAPIError as error:
        raise LedgerUnusable(
            f"the ledger {what} can't be used: {error.orig}; restore it from the last backup"
        ) from error
    except OSError as error:
        raise LedgerUnusable(f"the ledger {what} can't be opened: {error.strerror}") from error
    except SQLAlchemyError as error:
        raise LedgerUnusable(f"the ledger {what} can't be used: {error}") from error


def forget(connection: Connection) -> None:
    """Have what this transaction removes overwritten with zeros, where the database is a file of ours."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete=ON")


def compact(engine: Engine) -> None:
    """Write the database anew without its free pages, and empty the log beside it; raises ``Transient`` while others read.

    A database server does this by itself.
    """
    if engine.dialect.name != "sqlite":
        return
    what = str(engine.url.database)
    with understood(what), closing(engine.raw_connection()) as connection, closing(connection.cursor()) as cursor:
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


def _create_private(path: Path) -> None:
    """Make the file readable for its owner alone before anything is in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - whatever the driver gives
    # SQLAlchemy begins transactions itself (see _begin_as_writer); the driver must not do so behind its back.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin_as_writer(connection: Connection) -> None:
    """Take the write lock at once: a transaction that reads and then writes never fails half-way for a lock."""
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")


def revisions() -> list[str]:
    """Return the schema's revisions that this program knows, the newest last: each file begins with its own."""
    return sorted(file.name[:4] for file in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def _migrate(engine: Engine, path: Path) -> None:
    known = revisions()
    with engine.connect().execution_options(writes=True) as connection:
        current = _revision(connection)
        if current is not None and current not in known:
            raise LedgerUnusable(f"the ledger {path} was written by a newer version ({current}); install that version")
        if current != known[-1]:
            _upgrade(connection)
            connection.commit()


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if found is None else str(found)


def _upgrade(connection: Connection) -> None:
    from alembic import command, config  # noqa: PLC0415 - 11 MB, needed once after each new version

    settings = config.Config()
    settings.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    settings.attributes["connection"] = connection
    command.upgrade(settings, "head")
