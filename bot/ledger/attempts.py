"""How often the reading of a message was begun and did not end, known before a byte of it is looked at."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from hashlib import sha256

from sqlalchemy import Connection, delete, insert, select, update

from bot.ledger.tables import reading_attempts

_columns = reading_attempts.c


def known_attempts(connection: Connection) -> Mapping[str, int]:
    """Return every attempt that did not end, by :func:`name_of` the message."""
    return {row.message: int(row.attempts) for row in connection.execute(select(reading_attempts))}


def begin_attempts(connection: Connection, locators: Collection[str]) -> None:
    """Count one more attempt at each of these messages."""
    names = [name_of(locator) for locator in locators]
    known = set(connection.scalars(select(_columns.message).where(_columns.message.in_(names))))
    if known:
        more = {"attempts": _columns.attempts + 1}
        connection.execute(update(reading_attempts).where(_columns.message.in_(known)).values(more))
    if new := [{"message": name, "attempts": 1} for name in names if name not in known]:
        connection.execute(insert(reading_attempts), new)


def forget_attempts(connection: Connection, names: Collection[str]) -> None:
    """Forget the attempts at the messages of these names: they were read, or not even begun, or are gone."""
    connection.execute(delete(reading_attempts).where(_columns.message.in_(names)))


def name_of(locator: str) -> str:
    """Return what a message in the inbox is called here."""
    return sha256(locator.encode("utf-8", "surrogateescape")).hexdigest()
