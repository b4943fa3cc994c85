"""The ledger: what the bot knows, each step and its audit event in one transaction."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, Engine

from bot.clock import Clock
from bot.errors import Conflict, LedgerBroken, NoneFree
from bot.ledger import chain, corrections, joining, seals, tables, writing
from bot.ledger.attempts import begin_attempts, forget_attempts, known_attempts, name_of
from bot.ledger.backup import Copier
from bot.ledger.codec import time_to_text
from bot.ledger.copying import copier_of
from bot.ledger.engine import compact, forget, open_engine
from bot.ledger.queries import Queries
from bot.ledger.records import (
    AccountRecord,
    Changes,
    Event,
    MessageRecord,
    Notice,
    Recorded,
    Request,
    Run,
    StoredEvent,
)
from bot.life import State
from bot.model import Application, Decision, Message, Reading, ReadOutcome, Window
from bot.secret import Secret

T = TypeVar("T")
#: The outcome of an event that stands before its act.
INTENDED = "intended"


class Ledger(Queries):
    """One database. Methods are coroutines that do their work in a thread; each is one transaction.

    Raises ``LedgerBusy`` while another program holds the database, ``Unusable`` when it can't be read or written.
    """

    def __init__(self, engine: Engine, *, clock: Clock, run: Run) -> None:
        super().__init__(engine, clock=clock)
        self._run = run
        self._opened = time.monotonic()

    @classmethod
    def open(cls, url: str, *, base: Path, clock: Clock, run: Run, password: Secret | None = None) -> Self:
        """Open the ledger at ``url``, making it if it is missing; a relative SQLite path starts at ``base``."""
        return cls(open_engine(url, base, password), clock=clock, run=run)

    async def record(
        self, message: Message, reading: Reading, *, join_days: int = 31, systems: Collection[str] = ()
    ) -> Recorded:
        """Record a message and every application in it, once: the same identity again gives what is there.

        One that could not be read, and now can, is no repetition, unless an operator has dismissed it. A notice with only
        a number and the answers under that number, at most ``join_days`` apart, become one request (see
        :func:`bot.ledger.joining.partner`). With it the attempts at reading the message are forgotten.
        """

        def work(connection: Connection) -> Recorded:
            forget_attempts(connection, [name_of(message.locator)])
            known = self._known(connection, reading) or self._unread(connection, message, reading)
            if known and not _readable_at_last(known, reading):
                return Recorded(message=known, requests=self._of_message(connection, known.id), new=False)
            now = self._clock.now()
            if known:
                name = known.id
                writing.reread_message(connection, name, reading)
            else:
                name = writing.insert_message(connection, message, reading, now)
            joined = 0
            for position, application in enumerate(reading.applications):
                earlier = self._same_number(connection, application.receipt_no, now - timedelta(days=join_days))
                if request := joining.partner(application, reading, earlier, systems=systems):
                    event = joining.join(connection, request, application, message=name, position=position, now=now)
                    joined += 1
                else:
                    made = writing.insert_request(connection, name, position, application, now)
                    event = _recorded(application, reading, name, position, made)
                self._append(connection, event)
            self._append(connection, _read(name, reading, again=known is not None))
            recorded = self._known(connection, reading)
            if recorded is None:
                raise LedgerBroken(0, f"message {name} was written and is not there")
            return Recorded(message=recorded, requests=self._of_message(connection, name), new=True, joined=joined)

        return await self._write(work)

    async def reading_attempts(self, waiting: Sequence[str]) -> Mapping[str, int]:
        """Return how often the reading of each message in the inbox was begun and did not end; what is gone is forgotten."""
        known = dict(await self._read(known_attempts)) if waiting else {}
        found = {locator: known.pop(name) for locator in waiting if (name := name_of(locator)) in known}
        if known:
            await self._write(lambda connection: forget_attempts(connection, known))
        return found

    async def begin_reading(self, locators: Collection[str]) -> None:
        """Put on record that these messages are about to be read."""
        await self._write(lambda connection: begin_attempts(connection, locators))

    async def forget_reading(self, locators: Collection[str]) -> None:
        """Forget the attempts at these messages."""
        names = [name_of(locator) for locator in locators]
        await self._write(lambda connection: forget_attempts(connection, names))

    async def advance(
        self,
        request_id: str,
        *,
        expect: State | Request,
        to: State,
        event: Event,
        changes: Changes = Changes(),  # noqa: B008 - frozen
        account: AccountRecord | None = None,
        notice: Notice | None = None,
    ) -> Request:
        """Take a request from ``expect`` to ``to`` with its event, and put the account and notice that go with it.

        ``expect`` is its state, or all of it as the act was decided on. Raises ``Conflict`` when it is no longer so, ``LedgerBroken``
        when the step is not one of its life; ``RowAltered`` where a row is not what the chain says: before an act, any row that
        the act follows from, else those that are written.
        """

        named = replace(event, request_id=event.request_id or request_id, after=to)

        def work(connection: Connection) -> Request:
            _must_follow(connection, named, account)
            request = self._one(connection, request_id)
            if expect not in (request, request.state):
                raise Conflict(_changed(request, expect))
            writing.move(connection, request, to, changes, self._clock.now())
            self._put(connection, account, notice)
            self._append(connection, replace(named, before=request.state))
            return self._one(connection, request_id)

        return await self._write(work)

    async def correct(
        self, request: Request, application: Application, decision: Decision, *, to: State, event: Event
    ) -> Request:
        """Put the reading of a request right, with its event, and return what it is then.

        A held one goes to ``to`` with what is true; a rejected one stays, and a new one of the same message goes there, as does
        the first one of a message without an id (:func:`bot.ledger.corrections.draft_of_message`). Raises ``Conflict`` when the
        request is not as it was decided on, ``RowAltered`` where a row is not what the chain says.
        """

        def work(connection: Connection) -> Request:
            now = self._clock.now()
            if request.id:
                known = self._one(connection, request.id)
                if known != request:
                    raise Conflict(_changed(known, request))
                seals.must_agree(connection, request.id)
            if request.state is State.HELD:
                corrections.put_right(connection, request, application, decision, to, now)
                named = replace(event, request_id=request.id, before=request.state, after=to)
                self._append(connection, named)
                return self._one(connection, request.id)
            draft = replace(request, application=application, state=State.RECEIVED)
            first = (request.first_application or request.application) if request.id else None
            name = corrections.make_anew(connection, draft, first, now)
            made = self._one(connection, name)
            self._append(connection, corrections.recorded(draft, name, made.position))
            if request.id:
                self._append(
                    connection, replace(event, request_id=request.id, details={**event.details, "became": name})
                )
            writing.move(connection, made, to, Changes(decision=decision), now)
            self._append(connection, replace(event, request_id=name, before=State.RECEIVED, after=to))
            return self._one(connection, name)

        return await self._write(work)

    async def note(
        self, event: Event, *, account: AccountRecord | None = None, notice: Notice | None = None
    ) -> StoredEvent:
        """Add an event that moves no request, with the account and notice that go with it; raises as :meth:`advance`."""
        owner = notice.request_id if notice else account.request_id if account else None
        event = replace(event, request_id=event.request_id or owner)

        def work(connection: Connection) -> None:
            _must_follow(connection, event, account)
            self._put(connection, account, notice)
            self._append(connection, event)

        return (await self._recorded(work))[1][-1]

    async def change(self, work: Callable[[Connection], None], *events: Event) -> None:
        """Make a change of another module of this room and add the events that go with it."""

        def both(connection: Connection) -> None:
            work(connection)
            for event in events:
                self._append(connection, event)

        await self._write(both)

    @property
    def actor(self) -> str:
        """In whose name it is opened."""
        return self._run.actor

    async def assign(self, request: Request, ids: Sequence[str], window: Window) -> Request:
        """Have a request hold a login ID of the pool, on record, and return it with that ID; the one it has where it has one.

        From now until the request is over nobody else gets it: its password goes out today, and must work on all of its days.

        Raises ``NoneFree`` when every ID is held by somebody else, or was today.
        """

        def work(connection: Connection) -> Request:
            known = self._one(connection, request.id)
            if known.login_id is not None:
                return known
            employee_no = request.application.employee_no or ""
            free = self._free(connection, ids, employee_no)
            if free is None:
                raise NoneFree(len(ids))
            now = self._clock.now()
            writing.assign(connection, free, request.id, now)
            writing.move(connection, known, known.state, Changes(login_id=free, window=window), now)
            self._append(
                connection,
                Event(
                    action="login.assign", outcome="done", request_id=request.id, details={"login_id": free},
                    person={"employee_no": employee_no},
                ),
            )  # fmt: skip
            return self._one(connection, request.id)

        return await self._write(work)

    async def dismiss_message(self, name: str, event: Event) -> None:
        """Close a message that can't be read, with its event; what it is on record as stays.

        Raises ``Conflict`` where it can be read by now, or is closed.
        """

        def work(connection: Connection) -> None:
            writing.dismiss_message(connection, name, self._clock.now())
            self._append(connection, event)

        await self._write(work)

    @property
    def copier(self) -> Copier:
        """What copies it to a file, as it is when that begins, while others write."""
        return copier_of(self._engine)

    async def purge(self, step: Callable[[Connection], Event | None]) -> None:
        """Do one step of a purge (bot/ledger/purge.py) with the event that says of whom, where there was anything to do.

        What it removes is overwritten, not only marked as free.
        """

        def work(connection: Connection) -> None:
            forget(connection)
            if event := step(connection):
                self._append(connection, event)

        await self._write(work)

    async def compact(self) -> None:
        """Give back the room of what was removed, so that no copy of it is left in the files.

        Raises ``Transient`` while another program reads the ledger: call it again.
        """
        await asyncio.to_thread(compact, self._engine)

    async def _write(self, work: Callable[[Connection], T]) -> T:
        return (await self._recorded(work))[0]

    async def _recorded(self, work: Callable[[Connection], T]) -> tuple[T, list[StoredEvent]]:
        """Do the work in one transaction; its events follow at its end, with the seals of the rows as it leaves them."""

        def whole(connection: Connection) -> tuple[T, list[StoredEvent]]:
            book = seals.begin(connection)
            done = work(connection)
            for request in book.unnamed():
                self._append(connection, Event(action=seals.WRITTEN, outcome="done", request_id=request))
            rows = seals.entries(connection, book)
            return done, [self._chain(connection, *pair) for pair in zip(book.pending, rows, strict=True)]

        return await asyncio.to_thread(self._transact, whole, writes=True)

    def _same_number(self, connection: Connection, receipt_no: str | None, since: datetime) -> tuple[Request, ...]:
        if receipt_no is None:
            return ()
        columns = tables.requests.c
        where = (columns.receipt_no == receipt_no, columns.created_at >= time_to_text(since))
        return self._requests(connection, *where)

    def _append(self, connection: Connection, event: Event) -> None:
        seals.book_of(connection).pending.append(event)

    def _chain(self, connection: Connection, event: Event, rows: Mapping[str, Any]) -> StoredEvent:
        elapsed = int((time.monotonic() - self._opened) * 1000)
        return chain.append(connection, event, run=self._run, at=self._clock.now(), elapsed_ms=elapsed, rows=rows)

    def _put(self, connection: Connection, account: AccountRecord | None, notice: Notice | None) -> None:
        if account:
            writing.put_account(connection, account)
        if notice:
            writing.put_notice(connection, notice)


def _changed(request: Request, expect: State | Request) -> str:
    """Return how a request is not as it was expected."""
    before = expect.state if isinstance(expect, Request) else expect
    if request.state is before:
        return f"{request.id} was changed in the meantime, and is still {before}"
    return f"{request.id} is {request.state}, no longer {before}"


def _must_follow(connection: Connection, event: Event, account: AccountRecord | None) -> None:
    """Be sure that an act which is about to be done follows from what the chain says; raises ``RowAltered``."""
    if event.outcome == INTENDED and event.request_id is not None:
        seals.must_agree(connection, event.request_id, account.login_id if account else event.details.get("login_id"))


def _readable_at_last(known: MessageRecord, reading: Reading) -> bool:
    waits = known.outcome is ReadOutcome.UNREADABLE and known.dismissed_at is None
    return waits and reading.outcome is not ReadOutcome.UNREADABLE


def _read(message: str, reading: Reading, *, again: bool) -> Event:
    details = {
        "message": message,
        "digest": reading.identity.digest,
        "read": reading.outcome,
        "applications": len(reading.applications),
    }
    action = "message.reread" if again else "message.record"
    return Event(action=action, outcome="done", reason=reading.reason, details=details)


def _recorded(application: Application, reading: Reading, message: str, position: int, request: str) -> Event:
    return Event(
        action="request.record", outcome="done", request_id=request, after=State.RECEIVED,
        details={
            "message": message, "source": reading.identity.digest, "position": position, "kind": application.kind,
            "form": application.form, "dates": application.dates, "applied_at": application.applied_at,
            "received_at": reading.arrived_at,
        },
        person={"employee_no": application.employee_no, "receipt_no": application.receipt_no},
    )  # fmt: skip
