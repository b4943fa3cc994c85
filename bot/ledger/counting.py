"""What the ledger counts without reading a single request: for metrics, which are asked for every few seconds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import zip_longest

from sqlalchemy import Connection, func, select

from bot.ledger import chain, tables
from bot.ledger.codec import time_from_text, time_to_text
from bot.ledger.records import StoredEvent
from bot.life import State
from bot.model import ReadOutcome

#: So many events of passes are looked at, two for each: what was measured longer ago says nothing of today.
_NEWEST = 400


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One pass that came to its end, as its two events tell it."""

    at: datetime
    delivered: int
    #: By a clock that nobody sets; ``None`` where the program that wrote it measured nothing.
    seconds: float | None


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Numbers of one moment; nothing in them names a person."""

    #: Every state, also those that no request is in.
    requests: dict[State, int]
    #: Messages that could not be read and that nobody has dealt with.
    unreadable: int
    #: Events in the chain, and when the last one was written.
    events: int
    head_at: datetime | None
    whole_pass: Pass | None
    #: The newest pass that delivered a login and was measured.
    busy_pass: Pass | None


def delivered_since(connection: Connection, moment: datetime, zone: tzinfo | None) -> tuple[datetime, ...]:
    """Return when each request was delivered that is, and was since a moment, whenever it was recorded; with times in ``zone``."""
    requests = tables.requests.c
    query = select(requests.updated_at).where(
        requests.state == State.DELIVERED.value, requests.updated_at >= time_to_text(moment)
    )
    return tuple(time_from_text(at, zone) for at in connection.scalars(query))


def counts(connection: Connection, zone: tzinfo | None) -> Counts:
    """Return the numbers as they are in this transaction, with times in ``zone``."""
    requests, messages, events = tables.requests.c, tables.messages.c, tables.events.c
    grouped = connection.execute(select(requests.state, func.count()).group_by(requests.state))
    by_state: dict[str, int] = {row[0]: row[1] for row in grouped}
    unread = select(func.count()).where(
        messages.outcome == ReadOutcome.UNREADABLE.value, messages.dismissed_at.is_(None)
    )
    newest = connection.execute(select(events.seq, events.at).order_by(events.seq.desc()).limit(1)).first()
    passes = list(_passes(connection, zone))
    return Counts(
        requests={state: by_state.get(state.value, 0) for state in State},
        unreadable=connection.scalar(unread) or 0,
        events=newest.seq if newest else 0,
        head_at=datetime.fromisoformat(newest.at).astimezone(zone) if newest else None,
        whole_pass=next(iter(passes), None),
        busy_pass=next((one for one in passes if one.delivered and one.seconds), None),
    )


def schema_revision(connection: Connection) -> str:
    """Return which revision of the schema the ledger has."""
    return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())


def _passes(connection: Connection, zone: tzinfo | None) -> Iterator[Pass]:
    """Yield the passes that came to their end, the newest first."""
    columns = tables.events.c
    query = select(tables.events).where(columns.action == "run").order_by(columns.seq.desc()).limit(_NEWEST)
    told = [chain.stored(row, json.loads) for row in connection.execute(query)]
    for end, start in zip_longest(told, told[1:]):
        if end.event.outcome == "done":
            delivered = int(end.event.details.get("delivered", 0))
            yield Pass(at=end.at.astimezone(zone), delivered=delivered, seconds=_between(start, end))


def _between(start: StoredEvent | None, end: StoredEvent) -> float | None:
    if start is None or start.event.outcome != "intended" or start.run.id != end.run.id:
        return None
    if start.elapsed_ms is None or end.elapsed_ms is None:
        return None
    return (end.elapsed_ms - start.elapsed_ms) / 1000
