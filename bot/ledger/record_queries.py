"""What auditors ask of the record: copies of it, heads checked against it, requests and events by number and time."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, Select, func, select

from bot.ledger import chain, tables
from bot.ledger.export import Exported, export_events
from bot.ledger.heads import Checked, Head, check
from bot.ledger.keys import PublicKey
from bot.ledger.notice_queries import NoticeQueries
from bot.ledger.records import Request, StoredEvent, Verdict
from bot.ledger.selection import Wanted

_EVERYTHING = Wanted()
_BATCH = 500  # ids in one question


class RecordQueries(NoticeQueries):
    """Questions of auditors."""

    async def verify(self, head: str | None = None) -> Verdict:
        """Recompute the chain (see :func:`bot.ledger.chain.verify`); changes nothing."""
        return await self._read(lambda connection: chain.verify(connection, head))

    async def verify_heads(
        self, heads: Sequence[tuple[int, Head]], keys: Sequence[PublicKey]
    ) -> tuple[Verdict, list[Checked]]:
        """Recompute the chain, and check heads against it where it holds (see :func:`bot.ledger.heads.check`)."""

        def work(connection: Connection) -> tuple[Verdict, list[Checked]]:
            verdict = chain.verify(connection, None)
            return check(connection, heads, keys, verdict) if verdict.ok else (verdict, [])

        return await self._read(work)

    async def export(
        self, path: Path, wanted: Wanted = _EVERYTHING, *, encoding: str | None = None,
        tell: Callable[[], None] = lambda: None,
    ) -> Exported:  # fmt: skip
        """Write events to ``path`` (see :func:`bot.ledger.export.export_events`)."""
        return await self._read(
            lambda connection: export_events(
                connection, path, wanted=wanted, zone=self._zone, encoding=encoding, tell=tell
            )
        )

    async def named(self, request_ids: Collection[str]) -> dict[str, Request]:
        """Return the requests with these ids."""
        found: dict[str, Request] = {}
        wanted = sorted(request_ids)
        for start in range(0, len(wanted), _BATCH):
            where = tables.requests.c.id.in_(wanted[start : start + _BATCH])
            found |= {one.id: one for one in await self._read(partial(self._requests_where, where))}
        return found

    async def timelines(self, request_ids: Collection[str]) -> dict[str, tuple[StoredEvent, ...]]:
        """Return the events of these requests in order, by request."""
        lines: dict[str, list[StoredEvent]] = {name: [] for name in request_ids}
        wanted, columns = sorted(request_ids), tables.events.c
        for start in range(0, len(wanted), _BATCH):
            batch = wanted[start : start + _BATCH]
            query = select(tables.events).where(columns.request.in_(batch)).order_by(columns.request, columns.seq)
            for one in await self._read(partial(_stored, query)):
                lines[one.event.request_id or ""].append(one)
        return {name: tuple(line) for name, line in lines.items()}

    async def between(self, first: datetime, end: datetime) -> tuple[StoredEvent, ...]:
        """Return the events of the time from ``first`` up to, not including, ``end``, in their order."""
        # Times carry offsets: text finds the days, with one to spare on both sides, and moments decide.
        day, spare = func.substr(tables.events.c.at, 1, 10), timedelta(days=1)
        near = (day >= (first - spare).date().isoformat(), day <= (end + spare).date().isoformat())
        query = select(tables.events).where(*near).order_by(tables.events.c.seq)
        return tuple(one for one in await self._read(partial(_stored, query)) if first <= one.at < end)

    def _requests_where(self, where: ColumnElement[bool], connection: Connection) -> tuple[Request, ...]:
        return self._requests(connection, where)


def _stored(query: Select[tuple[object, ...]], connection: Connection) -> list[StoredEvent]:
    return [chain.stored(row, json.loads) for row in connection.execute(query)]
