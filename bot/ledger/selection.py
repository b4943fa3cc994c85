"""Which events are asked for, and their rows, one after the other: a million of them need no more room than one batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from bot.ledger.tables import events, requests

#: What came of an act, as events say it.
OUTCOMES = ("intended", "done", "failed", "unknown")
_BATCH = 2_000


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which events: of these days (both included, in the city's time), employee, actor, outcome; ``None`` is any."""

    since: date | None = None
    until: date | None = None
    employee_no: str | None = None
    actor: str | None = None
    outcome: str | None = None

    @property
    def whole(self) -> bool:
        """Nothing is left out: the chain can be verified from it."""
        return self == Wanted()


def rows(connection: Connection, wanted: Wanted, zone: tzinfo) -> Iterator[Mapping[str, Any]]:
    """Yield the events asked for in their order, each with its request's employee, receipt number and login ID."""
    of_request = (requests.c.employee_no, requests.c.receipt_no, requests.c.login_id)
    query = (
        select(events, *of_request)
        .select_from(events.outerjoin(requests, requests.c.id == events.c.request))
        .where(*_where(wanted))
        .order_by(events.c.seq)
    )
    first = _midnight(wanted.since, zone) if wanted.since else None
    end = _midnight(wanted.until + timedelta(days=1), zone) if wanted.until else None
    with connection.execute(query, execution_options={"stream_results": True, "yield_per": _BATCH}) as found:
        for row in found.mappings():
            if first or end:
                at = datetime.fromisoformat(row["at"])
                if (first and at < first) or (end and at >= end):
                    continue
            yield dict(row)


def _where(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.employee_no is not None:
        yield requests.c.employee_no == wanted.employee_no
    if wanted.actor is not None:
        yield events.c.actor == wanted.actor
    if wanted.outcome is not None:
        yield events.c.outcome == wanted.outcome
    # Times carry offsets: text compares days at best, and with a day to spare; the caller compares moments.
    day = func.substr(events.c.at, 1, 10)
    if wanted.since:
        yield day >= (wanted.since - timedelta(days=1)).isoformat()
    if wanted.until:
        yield day <= (wanted.until + timedelta(days=1)).isoformat()


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)
