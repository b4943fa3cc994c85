"""Keeps others away from a ledger: by a lock of its server's, or for a file by the lock beside it (bot/ledger/process_lock.py)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from pathlib import Path

from sqlalchemy import Connection

from bot.errors import AlreadyRunning
from bot.ledger.engine import file_of, name_of, reach, understood
from bot.ledger.on_postgres import HELD, HERE, SOLE, holders, place_of, process_of
from bot.ledger.process_lock import ledger_lock
from bot.secret import Secret

_TAKE = f"SELECT pg_try_advisory_lock({SOLE}, {HERE})"
_HOLDER = f"""
SELECT application_name, backend_start FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE {HELD} AND datname = current_database()"""  # noqa: S608 - constants of this program


@contextmanager
def sole(url: str, base: Path, password: Secret | None, now: datetime) -> Iterator[None]:
    """Be the only one, on any machine, who works on the ledger at ``url``; it ends with the process.

    Where it is lost earlier, nothing more is written to that ledger in this process until this is over.

    Raises ``AlreadyRunning`` that says who works on it, and since when in the zone of ``now``; ``Unusable`` when a lock can't be
    made or the server can't be asked.
    """
    if (file := file_of(url, base)) is not None:
        with ledger_lock(file, now):
            yield
        return
    engine = reach(url, base, password)
    try:
        with understood(engine):
            connection = engine.connect().execution_options(bare=True)
        with connection:
            with understood(engine):
                if not connection.exec_driver_sql(_TAKE).scalar():
                    who = _holder(connection, now.tzinfo)
                    raise AlreadyRunning(f"another run holds the ledger {name_of(engine.url)}{who}")
                place = place_of(engine.url)
                holders[place] = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            try:
                yield
            finally:
                holders.pop(place, None)
                # Not given back to the pool: the lock goes with its session, also where the server has ended that already.
                connection.invalidate()
    finally:
        engine.dispose()


def _holder(connection: Connection, zone: tzinfo | None) -> str:
    """Return who holds it, in words; the server hides the sessions of other roles."""
    found = connection.exec_driver_sql(_HOLDER).first()
    if found is None or not found.application_name:
        return ""
    who = process_of(found.application_name) or found.application_name
    return f": {who}, since {found.backend_start.astimezone(zone).isoformat(timespec='seconds')}"
