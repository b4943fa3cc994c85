"""What the ledger knows of notices, and who is still to be told."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import and_, exists, func, literal, or_, select

from bot.ledger import tables
from bot.ledger.codec import time_to_text
from bot.ledger.reading import LedgerReader
from bot.ledger.records import STILL_TRUE, Notice, NoticeKind, NoticeState, Request
from bot.ledger.rows import notice_from
from bot.life import State

#: The series that counts how often a backup was put in place; after each, attempts begin so many numbers later: no
#: Message-ID is ever used again.
RESTORES, ATTEMPTS_APART = "restores", 100
#: The states of a notice that was certainly not sent, and that nobody has closed.
UNSENT = (NoticeState.FAILED, NoticeState.NOBODY)


class NoticeQueries(LedgerReader):
    """Questions about notices."""

    async def notices(self, request_id: str) -> tuple[Notice, ...]:
        """Return the request's notices, the first attempt of each kind first."""
        columns = tables.notices.c
        query = select(tables.notices).where(columns.request == request_id).order_by(columns.kind, columns.attempt)
        rows = await self._read(lambda connection: connection.execute(query).all())
        return tuple(notice_from(row) for row in rows)

    async def attempts_before(self) -> int:
        """Return the number after which attempts count: a restored ledger does not know how many there were since its backup."""
        query = select(tables.counters.c.value).where(tables.counters.c.series == RESTORES)
        return ATTEMPTS_APART * (await self._read(lambda connection: connection.scalar(query)) or 0)

    async def untold(self, kinds: Mapping[State, NoticeKind]) -> tuple[Request, ...]:
        """Return the requests in one of these states that have no settled notice of the kind that belongs to it."""
        # Asked by ``to_tell`` and not by ``state``: of the rejected there are many, of the untold a few.
        requests, notices = tables.requests.c, tables.notices.c
        settled = [state.value for state in NoticeState if state is not NoticeState.SENDING]
        told = [
            exists().where(notices.request == requests.id, notices.kind == kind.value, notices.state.in_(settled))
            for kind in kinds.values()
        ]
        waiting = [and_(requests.to_tell == state.value, ~done) for state, done in zip(kinds, told, strict=True)]
        where = (requests.to_tell == requests.state, or_(*waiting))
        return await self._read(lambda connection: self._requests(connection, *where))

    async def announced(self, state: State, kinds: Collection[NoticeKind]) -> tuple[Request, ...]:
        """Return the requests in this state that have a notice of one of these kinds still to be sent."""
        # Found by the notice: no index holds the requests of a state that are few. The index of those to be sent is used
        # only where the statement says so itself, not in a parameter.
        columns, sending = tables.notices.c, literal(NoticeState.SENDING.value, literal_execute=True)
        waiting = select(columns.request).where(
            columns.kind.in_([kind.value for kind in kinds]), columns.state == sending
        )
        found = await self._read(lambda connection: self._requests(connection, tables.requests.c.id.in_(waiting)))
        return tuple(request for request in found if request.state is state)

    async def told_of(self, kind: NoticeKind) -> tuple[Request, ...]:
        """Return the requests that have a notice of this kind."""
        requests, notices = tables.requests.c, tables.notices.c
        told = requests.id.in_(select(notices.request).where(notices.kind == kind.value))
        return await self._read(lambda connection: self._requests(connection, told))

    async def put_off(self, kinds: Collection[NoticeKind]) -> frozenset[str]:
        """Return the ids of issued requests of which a notice of one of these kinds could not be sent."""
        requests, notices = tables.requests.c, tables.notices.c
        failed = exists().where(
            notices.request == requests.id, notices.kind.in_([kind.value for kind in kinds]),
            notices.state == NoticeState.FAILED.value,
        )  # fmt: skip
        query = select(requests.id).where(requests.state == State.ISSUED.value, failed)
        return frozenset(await self._read(lambda connection: connection.scalars(query).all()))

    async def sending(self) -> tuple[tuple[Notice, State], ...]:
        """Return the notices whose sending was begun and has no outcome on record, each with the state of its request."""
        notices, requests = tables.notices, tables.requests
        query = (
            select(notices, requests.c.state.label("request_state"))
            .join(requests, requests.c.id == notices.c.request)
            .where(notices.c.state == NoticeState.SENDING.value)
            .order_by(notices.c.request, notices.c.kind, notices.c.attempt)
        )
        rows = await self._read(lambda connection: connection.execute(query).all())
        return tuple((notice_from(row), State(row.request_state)) for row in rows)

    async def notice(self, request_id: str, kind: str, attempt: int) -> Notice | None:
        """Return one attempt to tell something."""
        columns = tables.notices.c
        query = select(tables.notices).where(
            columns.request == request_id, columns.kind == kind, columns.attempt == attempt
        )
        row = await self._read(lambda connection: connection.execute(query).first())
        return notice_from(row) if row else None

    async def returned(self, since: datetime) -> frozenset[str]:
        """Return the Message-IDs of the notices that came back, by reports recorded from ``since`` on and not dismissed."""
        columns = tables.messages.c
        query = select(columns.bounce_of).where(
            columns.recorded_at >= time_to_text(since), columns.bounce_of > "", columns.dismissed_at.is_(None)
        )
        return frozenset(await self._read(lambda connection: connection.scalars(query).all()))

    async def told_lately(self, to: str, kinds: Collection[NoticeKind], since: datetime) -> int:
        """Return how many notices of these kinds went to one recipient, or may have, about requests changed from ``since`` on."""
        requests, notices = tables.requests.c, tables.notices.c
        query = (
            select(func.count())
            .select_from(tables.notices.join(tables.requests, requests.id == notices.request))
            .where(
                notices.recipient == to, notices.kind.in_([kind.value for kind in kinds]),
                notices.state.in_([NoticeState.SENDING.value, NoticeState.SENT.value]),
                requests.updated_at >= time_to_text(since),
            )
        )  # fmt: skip
        return await self._read(lambda connection: connection.scalar(query) or 0)

    async def unsent(self) -> tuple[tuple[Notice, State], ...]:
        """Return the notices that were certainly not sent and still tell what is true, each with the state of its request.

        A later attempt of the same kind stands in the place of an earlier one.
        """
        columns, requests, later = tables.notices.c, tables.requests.c, tables.notices.alias().c
        newer = exists().where(
            later.request == columns.request, later.kind == columns.kind, later.attempt > columns.attempt
        )
        missed = or_(
            *(
                and_(columns.kind == kind.value, requests.state.in_([state.value for state in states]))
                for kind, states in STILL_TRUE.items()
            )
        )
        query = (
            select(tables.notices, requests.state.label("request_state"))
            .join(tables.requests, requests.id == columns.request)
            .where(columns.state.in_([state.value for state in UNSENT]), missed, ~newer)
            .order_by(columns.request, columns.kind)
        )
        rows = await self._read(lambda connection: connection.execute(query).all())
        return tuple((notice_from(row), State(row.request_state)) for row in rows)

    async def bounced(self, kinds: Collection[NoticeKind]) -> tuple[Request, ...]:
        """Return delivered requests whose newest notice of one of these kinds came back, by a report that is not dismissed."""
        requests, notices, later = tables.requests.c, tables.notices.c, tables.notices.alias().c
        newer = exists().where(
            later.request == notices.request, later.kind == notices.kind, later.attempt > notices.attempt
        )
        came_back = exists().where(
            tables.messages.c.bounce_of == notices.message_id, tables.messages.c.dismissed_at.is_(None)
        )
        returned = exists().where(
            notices.request == requests.id, notices.kind.in_([kind.value for kind in kinds]),
            came_back, ~newer,
        )  # fmt: skip
        where = (requests.state == State.DELIVERED.value, returned)
        return await self._read(lambda connection: self._requests(connection, *where))
