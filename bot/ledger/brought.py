"""Which files somebody put into the inbox by name: known again by their content, their name there and their receipt."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from sqlalchemy import Connection, select

from bot.ledger.codec import time_to_text
from bot.ledger.records import ActorType, Event
from bot.ledger.tables import events
from bot.model import Message

#: The action of the events that say who put in what.
BROUGHT = "message.intake"
#: A file lies in the inbox for a pass or two: of so many of the newest events each is looked at.
_NEWEST = 1_000

#: Digest of the content, name in the inbox, receipt.
FileKey = tuple[str, str, str]


def key_of_file(message: Message) -> FileKey:
    """Return by what a file of the inbox is known again."""
    digest = hashlib.sha256(message.content).hexdigest()
    return digest, message.name, time_to_text(message.received_at)


def brought_event(message: Message, *, outcome: str, reason: str) -> Event:
    """Return the event that an operator puts this file into the inbox."""
    digest, name, received_at = key_of_file(message)
    details = {"digest": digest, "received_at": received_at}
    return Event(action=BROUGHT, outcome=outcome, reason=reason, details=details, person={"name": name})


def brought_files(connection: Connection) -> Mapping[FileKey, str]:
    """Return who put each file in; for :meth:`bot.ledger.queries.Queries.ask`."""
    columns = events.c
    query = (
        select(columns.details, columns.person, columns.actor)
        .where(columns.action == BROUGHT, columns.actor_type == ActorType.OPERATOR.value, columns.person.is_not(None))
        .order_by(columns.seq.desc())
        .limit(_NEWEST)
    )
    found: dict[FileKey, str] = {}
    for row in connection.execute(query):
        details, person = json.loads(row.details), json.loads(row.person)
        found.setdefault((details["digest"], person["name"], details["received_at"]), row.actor)
    return found
