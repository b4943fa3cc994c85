"""The ledger: what the bot knows, each step and its audit event in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self, TypeVar

from sqlalchemy import Connection, Engine

from bot.clock import Clock
from bot.errors import LedgerBroken
from bot.ledger import chain, joining, tables, writing
from bot.ledger.codec import time_to_text
from bot.ledger.engine import compact, forget, open_engine
from bot.ledger.queries import Queries
from bot.ledger.records import AccountRecord, Changes, Event, Notice, Recorded, Request, Run, StoredEvent
from bot.life import State
from bot.model import Application, Message, Reading

T = TypeVar("T")


class Ledger(Queries):
    """One database. Methods are coroutines that do their work in a thread; each is one transaction.

    Raises ``LedgerBusy`` while another program holds the database, ``Unusable`` when it can't be read or written.
    """

    def __init__(self, engine: Engine, *, clock: Clock, run: Run) -> None:
        super().__init__(engine, clock=clock)
        self._run = run

    @classmethod
    def open(cls, url: str, *, base: Path, clock: Clock, run: Run) -> Self:
        """Open the ledger at ``url``, making it if it is missing; a relative SQLite path starts at ``base``."""
        return cls(open_engine(url, base), clock=clock, run=run)

    async def record(self, message: Message, reading: Reading, *, join_days: int = 31) -> Recorded:
        """Record a message and every application in it, once: the same identity again gives what is there.

        A notice with only a number and the answers under that number, at most ``join_days`` apart, become one request.
        """

        def work(connection: Connection) -> Recorded:
            if known := self._known(connection, reading):
                return Recorded(message=known, requests=self._of_message(connection, known.id), new=False)
            now = self._clock.now()
            name = writing.insert_message(connection, message, reading, now)
            joined = 0
            for position, application in enumerate(reading.applications):
                earlier = self._same_number(connection, application.receipt_no, now - timedelta(days=join_days))
                if request := joining.partner(application, reading, earlier):
                    event = joining.join(connection, request, application, message=name, position=position, now=now)
                    joined += 1
                else:
                    event = _recorded(
                        application, name, position,
                        writing.insert_request(connection, name, position, application, now),
                    )  # fmt: skip
                self._append(connection, event)
            self._append(
                connection,
                Event(
                    action="message.record",
                    outcome="done",
                    reason=reading.reason,
                    details={
                        "message": name,
                        "digest": reading.identity.digest,
                        "read": reading.outcome,
                        "applications": len(reading.applications),
                    },
                ),
            )
            recorded = self._known(connection, reading)
            if recorded is None:
                raise LedgerBroken(0, f"message {name} was written and is not there")
            return Recorded(message=recorded, requests=self._of_message(connection, name), new=True, joined=joined)

        return await self._write(work)

    async def advance(
        self,
        request_id: str,
        *,
        expect: State,
        to: State,
        event: Event,
        changes: Changes = Changes(),  # noqa: B008 - frozen
        account: AccountRecord | None = None,
        notice: Notice | None = None,
    ) -> Request:
        """Take a request from ``expect`` to ``to`` with its event, and put the account and notice that go with it.

        Raises ``LedgerBroken`` when the request is not in ``expect``, or the step is not one of its life.
        """

        def work(connection: Connection) -> Request:
            request = self._one(connection, request_id)
            if request.state is not expect:
                raise LedgerBroken(0, f"{request_id} is {request.state}, not {expect}")
            writing.move(connection, request, to, changes, self._clock.now())
            self._put(connection, account, notice)
            self._append(connection, event)
            return self._one(connection, request_id)

        return await self._write(work)

    async def note(
        self, event: Event, *, account: AccountRecord | None = None, notice: Notice | None = None
    ) -> StoredEvent:
        """Add an event that moves no request, with the account and notice that go with it."""

        def work(connection: Connection) -> StoredEvent:
            self._put(connection, account, notice)
            return self._append(connection, event)

        return await self._write(work)

    async def purge(self, step: Callable[[Connection], T]) -> T:
        """Do one step of a purge (bot/ledger/purge.py); what it removes is overwritten, not only marked as free."""

        def work(connection: Connection) -> T:
            forget(connection)
            return step(connection)

        return await self._write(work)

    async def compact(self) -> None:
        """Give back the room of what was removed, so that no copy of it is left in the files.

        Raises ``Transient`` while another program reads the ledger: call it again.
        """
        await asyncio.to_thread(compact, self._engine)

    async def _write(self, work: Callable[[Connection], T]) -> T:
        return await asyncio.to_thread(self._transact, work, writes=True)

    def _same_number(self, connection: Connection, receipt_no: str | None, since: datetime) -> tuple[Request, ...]:
        if receipt_no is None:
            return ()
        columns = tables.requests.c
        where = (columns.receipt_no == receipt_no, columns.created_at >= time_to_text(since))
        return self._requests(connection, *where)

    def _append(self, connection: Connection, event: Event) -> StoredEvent:
        return chain.append(connection, event, run=self._run, at=self._clock.now())

    def _put(self, connection: Connection, account: AccountRecord | None, notice: Notice | None) -> None:
        if account:
            writing.put_account(connection, account)
        if notice:
            writing.put_notice(connection, notice)


def _recorded(application: Application, message: str, position: int, request: str) -> Event:
    return Event(
        action="request.record", outcome="done", request_id=request,
        details={"message": message, "position": position, "kind": application.kind, "form": application.form},
        person={"employee_no": application.employee_no, "receipt_no": application.receipt_no},
    )  # fmt: skip
