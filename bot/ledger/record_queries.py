"""What auditors ask of the record: copies of it, heads checked against it, requests and events by number and time."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, Select, func, select

from bot.ledger import chain, comparison, tables
from bot.ledger.export import Exported, export_events
from bot.ledger.heads import Checked, Head, check
from bot.ledger.keys import PublicKey
from bot.ledger.notice_queries import NoticeQueries
from bot.ledger.records import Fault, Request, StoredEvent, Verdict
from bot.ledger.selection import Wanted

_EVERYTHING = Wanted()
_BATCH = 500  # ids in one question
_PAGE = 1_000  # events in one answer


class RecordQueries(NoticeQueries):
    """Questions of auditors."""

    async def verify(self, head: str | None = None, *, evidence: Path | None = None) -> Verdict:
        """Recompute the chain and compare the ledger with it (see :func:`bot.ledger.comparison.verify`); changes nothing."""
        return await self._read(lambda connection: comparison.verify(connection, head, evidence=evidence))

    async def verify_heads(
        self, heads: Sequence[tuple[int, Head]], keys: Sequence[PublicKey], *, evidence: Path | None = None
    ) -> tuple[Verdict, list[Checked]]:
        """Verify as :meth:`verify` does, and check heads against a chain that holds (see :func:`bot.ledger.heads.check`)."""

        def work(connection: Connection) -> tuple[Verdict, list[Checked]]:
            verdict = comparison.verify(connection, evidence=evidence)
            holds = verdict.ok or verdict.fault is Fault.DIFFERS
            return check(connection, heads, keys, verdict) if holds else (verdict, [])

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
        for batch in batches(request_ids, _BATCH):
            where = tables.requests.c.id.in_(batch)
            found |= {one.id: one for one in await self._read(partial(self._requests_where, where))}
        return found

    async def those_of_requests(self, names: Collection[str]) -> set[str]:
        """Return those names that are ids of requests; events name messages too."""
        found, column = set[str](), tables.requests.c.id
        for batch in batches(names, _BATCH):
            query = select(column).where(column.in_(batch))
            found |= set(await self._read(partial(_column, query)))
        return found

    async def timelines(self, request_ids: Collection[str]) -> dict[str, tuple[StoredEvent, ...]]:
        """Return the events of these requests in order, by request."""
        lines: dict[str, list[StoredEvent]] = {name: [] for name in request_ids}
        columns = tables.events.c
        for batch in batches(request_ids, _BATCH):
            query = select(tables.events).where(columns.request.in_(batch)).order_by(columns.request, columns.seq)
            for one in await self._read(partial(_stored, query)):
                lines[one.event.request_id or ""].append(one)
        return {name: tuple(line) for name, line in lines.items()}

    async def between(self, first: datetime, end: datetime) -> AsyncIterator[Sequence[StoredEvent]]:
        """Yield the events of the time from ``first`` up to, not including, ``end``, in their order, in pages."""
        # Times carry offsets: text finds the days, with one to spare on both sides, and moments decide.
        columns, spare = tables.events.c, timedelta(days=1)
        day = func.substr(columns.at, 1, 10)
        near = (day >= (first - spare).date().isoformat(), day <= (end + spare).date().isoformat())
        span = select(func.min(columns.seq), func.max(columns.seq)).where(*near)
        start, last = await self._read(lambda connection: connection.execute(span).one())
        while start is not None and start <= last:
            query = select(tables.events).where(columns.seq.between(start, min(start + _PAGE - 1, last)))
            page = await self._read(partial(_stored, query.order_by(columns.seq)))
            yield [one for one in page if first <= one.at < end]
            start += _PAGE

    async def last_of(self, action: str, *, before: datetime, most: int) -> Sequence[StoredEvent]:
        """Return the last events of one action before a moment, at most so many, the newest first."""
        columns = tables.events.c
        query = select(tables.events).where(columns.action == action).order_by(columns.seq.desc())

        def work(connection: Connection) -> list[StoredEvent]:
            with connection.execute(query.execution_options(yield_per=most)) as rows:
                found = (chain.stored(row, json.loads) for row in rows)
                return list(islice((one for one in found if one.at < before), most))

        return await self._read(work)

    def _requests_where(self, where: ColumnElement[bool], connection: Connection) -> tuple[Request, ...]:
        return self._requests(connection, where)


def _stored(query: Select[tuple[object, ...]], connection: Connection) -> list[StoredEvent]:
    return [chain.stored(row, json.loads) for row in connection.execute(query)]


def _column(query: Select[tuple[str]], connection: Connection) -> list[str]:
    return list(connection.scalars(query))


def batches(names: Collection[str], size: int) -> Iterator[Sequence[str]]:
    """Yield names in their order, so many at a time."""
    ordered = sorted(names)
    return (ordered[start : start + size] for start in range(0, len(ordered), size))
