"""Copies a ledger between a server and a file, row by row: in one moment out of it, in one step into it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine, func, insert, select

from bot.errors import AlreadyRunning, LedgerBroken
from bot.ledger import chain
from bot.ledger.backup import Copier, Tell, copy
from bot.ledger.engine import is_there, must_be_newest, name_of, open_engine, reach, understood
from bot.ledger.on_postgres import others
from bot.ledger.tables import events, metadata
from bot.secret import Secret

_BATCH = 1_000
_SIDES = ("", "-wal", "-shm", "-journal")


def copier_of(engine: Engine) -> Copier:
    """Return what copies the ledger behind ``engine`` to a new file, as it is when that begins, while others write."""
    if engine.dialect.name == "sqlite":
        return partial(copy, Path(str(engine.url.database)))
    return partial(to_file, engine)


def copy_of(url: str, base: Path, password: Secret | None, to: Path) -> None:
    """Copy the ledger at ``url``, as it is, to the file ``to``; nothing where there is none. Raises ``LedgerUnusable``."""
    if not is_there(url, base, password):
        return
    with _disposed(reach(url, base, password)) as engine:
        copier_of(engine)(to, lambda _done, _total: None)


def to_file(engine: Engine, file: Path, tell: Tell) -> None:
    """Copy the ledger on a server to the new file ``file``, mode 0600; it is of one moment.

    Raises ``LedgerUnusable`` where one of both can't be used, or the ledger is not of the newest schema.
    """
    for side in _SIDES:
        file.with_name(file.name + side).unlink(missing_ok=True)
    with (
        _disposed(open_engine(f"sqlite:///{file.name}", file.parent)) as here,
        understood(engine), engine.connect() as source,
        here.connect().execution_options(writes=True) as target, target.begin(),
    ):  # fmt: skip
        must_be_newest(source, name_of(engine.url))
        _copy_rows(source, target, tell)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        # One file and no more, as of every backup.
        connection.execute("PRAGMA journal_mode=DELETE")


def into_server(file: Path, engine: Engine, *, head: str, tell: Tell) -> None:
    """Put the ledger in ``file`` in the place of the one on a server, whose last event has the hash ``head``: all of it, or nothing.

    Raises ``AlreadyRunning`` when another program has that one open or wrote to it, ``LedgerBroken`` when the chain does
    not verify there.
    """
    name = name_of(engine.url)
    with (
        _disposed(open_engine(f"sqlite:///{file.name}", file.parent)) as here, here.connect() as source,
        understood(engine), engine.connect().execution_options(writes=True) as target, target.begin(),
    ):  # fmt: skip
        must_be_newest(target, name)
        must_be_unused(target, name)
        last = target.scalar(select(events.c.hash).order_by(events.c.seq.desc()).limit(1))
        if (last or "") != head:
            raise AlreadyRunning(f"another program wrote to the ledger {name} in the meantime")
        target.exec_driver_sql("ALTER TABLE events DISABLE TRIGGER USER")
        target.exec_driver_sql(f"TRUNCATE {', '.join(table.name for table in metadata.sorted_tables)}")
        _copy_rows(source, target, tell)
        target.exec_driver_sql("ALTER TABLE events ENABLE TRIGGER USER")
        verdict = chain.verify(target, None)
        if not verdict.ok:
            raise LedgerBroken(verdict.first_bad or 0, f"{name}: {verdict.reason}")


def must_be_unused(connection: Connection, name: str) -> None:
    """Raise ``AlreadyRunning`` while another process of the bot has the ledger on a server open."""
    if found := others(connection):
        raise AlreadyRunning(f"another program has the ledger {name} open: {', '.join(found)}")


def _copy_rows(source: Connection, target: Connection, tell: Tell) -> None:
    """Copy every table, those first to which others refer."""
    counted = [source.scalar(select(func.count()).select_from(table)) or 0 for table in metadata.sorted_tables]
    total, done = sum(counted), 0
    for table in metadata.sorted_tables:
        query = select(table).order_by(*table.primary_key.columns)
        with source.execute(query, execution_options={"stream_results": True, "yield_per": _BATCH}) as rows:
            for part in rows.mappings().partitions():
                with understood(target.engine):
                    target.execute(insert(table), [dict(row) for row in part])
                done += len(part)
                tell(done, total)


@contextmanager
def _disposed(engine: Engine) -> Iterator[Engine]:
    try:
        yield engine
    finally:
        engine.dispose()
