"""How the ledger is read: in threads, each question in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import tzinfo
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, func, select

from bot.clock import Clock
from bot.errors import LedgerBroken, RowAltered
from bot.ledger import tables
from bot.ledger.engine import understood
from bot.ledger.records import Request
from bot.ledger.rows import request_from

T = TypeVar("T")


def _every_request() -> Select[tuple[object, ...]]:
    """Return the question for requests, with what their messages say of them."""
    requests, messages, joined = tables.requests, tables.messages, tables.joined
    notices = messages.alias()
    told_at = (
        select(func.min(notices.c.arrived_at))
        .select_from(joined.join(notices, notices.c.id == joined.c.message))
        .where(joined.c.request == requests.c.id)
        .scalar_subquery()
    )
    columns = (messages.c.sender, messages.c.authentic, messages.c.arrived_at, messages.c.message_id.label("mail_id"))
    return select(requests, *columns, told_at.label("told_at")).join(messages, messages.c.id == requests.c.message)


#: Put into words once: that costs more than many an answer.
_EVERY_REQUEST = _every_request()


class LedgerReader:
    """What every part of a ledger's reading half stands on."""

    def __init__(self, engine: Engine, *, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        #: Requests whose rows could not be understood, by id: nothing is done for these.
        self.altered: dict[str, RowAltered] = {}

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    @property
    def _zone(self) -> tzinfo:
        zone = self._clock.now().tzinfo
        if zone is None:
            raise LedgerBroken(0, "the clock has no time zone")
        return zone

    async def _read(self, work: Callable[[Connection], T]) -> T:
        return await asyncio.to_thread(self._transact, work, writes=False)

    def _transact(self, work: Callable[[Connection], T], *, writes: bool) -> T:
        connect = self._engine.connect
        with (
            understood(self._engine),
            connect().execution_options(writes=writes) as connection,
            connection.begin(),
        ):
            return work(connection)

    def _requests(self, connection: Connection, *where: ColumnElement[bool]) -> tuple[Request, ...]:
        query = _EVERY_REQUEST.where(*where).order_by(tables.requests.c.serial)
        made = (self._request(row) for row in connection.execute(query))
        return tuple(request for request in made if request is not None)

    def _request(self, row: Row[Any]) -> Request | None:
        """Return the request of a row; one that holds what no ledger writes is kept aside, and the others are answered."""
        self.altered.pop(str(row.id), None)
        try:
            return request_from(row, self._zone)
        except RowAltered as error:
            self.altered[str(row.id)] = error
            return None
