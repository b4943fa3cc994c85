"""Which messages of the inbox are on record and could not be moved out of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from bot.ledger import tables


@dataclass(frozen=True, kw_only=True)
class UnfiledMessage:
    """A message that is on record as ``message`` and lies in the inbox still."""

    #: Where it lies, and what tells it from another one in the same place (:meth:`bot.mail.port.Mailbox.stamp`).
    locator: str
    stamp: str
    message: str


def unfiled(connection: Connection) -> tuple[UnfiledMessage, ...]:
    """Return all that is kept, of messages that are on record still."""
    messages = tables.messages.c
    rows = connection.execute(select(tables.unfiled).join(tables.messages, messages.id == tables.unfiled.c.message))
    return tuple(UnfiledMessage(locator=row.locator, stamp=row.stamp, message=row.message) for row in rows)


def keep_unfiled(connection: Connection, kept: Collection[UnfiledMessage], gone: Collection[str]) -> None:
    """Add or replace messages, and forget those at the locators ``gone``."""
    columns = tables.unfiled.c
    for locator in {*gone, *(message.locator for message in kept)}:
        connection.execute(delete(tables.unfiled).where(columns.locator == locator))
    for message in kept:
        connection.execute(
            insert(tables.unfiled).values(locator=message.locator, stamp=message.stamp, message=message.message)
        )
