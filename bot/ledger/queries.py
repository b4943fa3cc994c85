"""What the ledger can be asked; nothing here changes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, Select, func, literal, or_, select, true

from bot.ledger import chain, tables
from bot.ledger.codec import application_from_text, decision_from_text, time_from_text, time_to_text
from bot.ledger.login_queries import HOLDING, USABLE, LoginQueries
from bot.ledger.record_queries import RecordQueries
from bot.ledger.records import (
    PURGED,
    AccountRecord,
    MessageRecord,
    Request,
    StoredEvent,
)
from bot.ledger.rows import account_from, message_from
from bot.life import AccountRecordState, State
from bot.model import (
    CUT_TO,
    WHO_APPLIES,
    Application,
    Before,
    Decision,
    EarlierRequest,
    History,
    Identity,
    Message,
    Outcome,
    Progress,
    Reading,
    ReadOutcome,
)
from bot.text import number_key

T = TypeVar("T")
#: The outcomes of a pass that came to its end.
WHOLE = frozenset({"done", "stopped"})


class Queries(LoginQueries, RecordQueries):
    """The reading half of a ledger. Methods are coroutines that do their work in a thread, each in one transaction.

    Raises ``LedgerBusy`` while another program holds the database, ``Unusable`` when it can't be read.
    """

    async def get(self, request_id: str) -> Request:
        """Return the request; raises ``KeyError`` when there is none."""
        return await self._read(lambda connection: self._one(connection, request_id))

    async def requests(
        self, *, states: Collection[State] | None = None, since: date | None = None
    ) -> tuple[Request, ...]:
        """Return requests in the order they were recorded; ``since`` is a day in the city's time."""
        columns = tables.requests.c
        where: list[ColumnElement[bool]] = (
            [] if states is None else [columns.state.in_([state.value for state in states])]
        )
        if since:
            where += self._since(columns.created_at, columns.serial, since)
        return await self._read(lambda connection: self._requests(connection, *where))

    async def of_message(self, name: str) -> tuple[Request, ...]:
        """Return the requests that a message told of, in its order."""
        return await self._read(lambda connection: self._of_message(connection, name))

    async def message(self, name: str) -> MessageRecord:
        """Return the message; raises ``KeyError`` when there is none."""
        found = await self._messages(tables.messages.c.id == name)
        if not found:
            raise KeyError(name)
        return found[0]

    async def messages(
        self, *, outcomes: Collection[ReadOutcome] | None = None, since: date | None = None
    ) -> tuple[MessageRecord, ...]:
        """Return messages in the order they were recorded."""
        columns = tables.messages.c
        where: list[ColumnElement[bool]] = (
            [] if outcomes is None else [columns.outcome.in_([outcome.value for outcome in outcomes])]
        )
        if since:
            where += self._since(columns.recorded_at, columns.serial, since)
        return await self._messages(*where)

    async def account(self, login_id: str) -> AccountRecord | None:
        """Return what the ledger knows of this login ID."""
        query = select(tables.accounts).where(tables.accounts.c.login_id == login_id)
        row = await self._read(lambda connection: connection.execute(query).first())
        return account_from(row, self._zone) if row else None

    async def namesake(self, login_id: str) -> AccountRecord | None:
        """Return an account of ours whose login ID differs from this one only in small and capital letters."""
        column = tables.accounts.c.login_id
        query = select(tables.accounts).where(func.lower(column) == login_id.lower(), column != login_id).limit(1)
        row = await self._read(lambda connection: connection.execute(query).first())
        return account_from(row, self._zone) if row else None

    async def accounts(self, *, states: Collection[AccountRecordState] | None = None) -> tuple[AccountRecord, ...]:
        """Return all accounts that are ours."""
        query = select(tables.accounts).order_by(tables.accounts.c.login_id)
        if states is not None:
            query = query.where(tables.accounts.c.state.in_([state.value for state in states]))
        rows = await self._read(lambda connection: connection.execute(query).all())
        return tuple(account_from(row, self._zone) for row in rows)

    async def history(self, application: Application, *, before: str) -> History:
        """Return what bears on an application: its employee's granted days, earlier requests, how many have its days.

        Granted are the days of requests in a state of :data:`HOLDING`. Earlier are requests under its receipt number, or the
        one it refers to, that were recorded before ``before`` and count (see :func:`_counts`).
        """
        employee_no, days = application.employee_no or "", application.dates
        wanted = [day.isoformat() for day in days]
        requests, granted = tables.requests, tables.granted_days
        holding = requests.c.state.in_([state.value for state in HOLDING])
        joined = granted.join(requests, requests.c.id == granted.c.request)
        accounts = tables.accounts
        own = (
            select(granted.c.day, granted.c.request, requests.c.state, accounts.c.state.label("account"))
            .select_from(joined.outerjoin(accounts, accounts.c.login_id == requests.c.login_id))
            .where(granted.c.employee_no == employee_no, holding, granted.c.request != before)
        )
        per_day = (
            select(granted.c.day, func.count(granted.c.employee_no.distinct()))
            .select_from(joined)
            .where(granted.c.day.in_(wanted), holding)
            .group_by(granted.c.day)
        )

        def work(connection: Connection) -> History:
            held = [(row.day, row.request, _progress(row.state, row.account)) for row in connection.execute(own)]
            held.sort(
                key=lambda found: found[2] is not Progress.FAILED
            )  # the login that works counts, where a day has two
            return History(
                granted={date.fromisoformat(day): name for day, name, _ in held},
                progress={name: progress for _, name, progress in held},
                earlier=self._earlier(connection, application, before),
                per_day={date.fromisoformat(day): count for day, count in connection.execute(per_day)},
            )

        return await self._read(work)

    async def released_for(self, request: Request) -> tuple[date, ...]:
        """Return the days that earlier requests of the employee let go of for this one, a change, by its own events."""
        columns, events = tables.requests.c, tables.events.c
        own = select(columns.id).where(columns.employee_no == (request.application.employee_no or ""))
        released = select(events.details).where(events.request.in_(own), events.action == "request.release")
        told = await self._read(lambda connection: [json.loads(text) for text in connection.scalars(released)])
        return tuple(
            sorted(date.fromisoformat(day) for item in told if item["by"] == request.id for day in item["days"])
        )

    async def same_kind(self, request: Request) -> tuple[Before, ...]:
        """Return the employee's earlier requests of the same kind that were not rejected, and did not come from a forbidden sender."""
        columns, messages = tables.requests.c, tables.messages.c
        query = (
            select(
                columns.id,
                columns.application,
                columns.decision,
                columns.created_at,
                messages.digest,
                messages.received_at,
            )
            .select_from(tables.requests.join(tables.messages, messages.id == columns.message))
            .where(columns.employee_no == request.application.employee_no, columns.state != State.REJECTED.value)
            .where(columns.serial < _serial_of(request.id))
            .order_by(columns.serial)
        )
        own = select(messages.digest).where(messages.id == request.message_id)

        def work(connection: Connection) -> tuple[Before, ...]:
            digest = connection.scalar(own)
            rows = [row for row in connection.execute(query) if row.decision is not None]
            decided = [(row, application_from_text(row.application), decision_from_text(row.decision)) for row in rows]
            return tuple(
                Before(
                    request=row.id, application=asked, received_at=time_from_text(row.received_at, self._zone),
                    same_content=row.digest == digest, recorded_at=time_from_text(row.created_at, self._zone),
                    granted=decision.outcome is Outcome.ACCEPT,
                )
                for row, asked, decision in decided
                if asked.kind is request.kind and _counts(decision)
            )  # fmt: skip

        return await self._read(work)

    async def live(self, employee_no: str) -> tuple[Request, ...]:
        """Return the employee's requests that hold granted days: their account is or will be in use."""
        columns = tables.requests.c
        where = (columns.employee_no == employee_no, columns.state.in_([state.value for state in HOLDING]))
        return await self._read(lambda connection: self._requests(connection, *where))

    async def expected(self, today: date) -> Mapping[str, Sequence[date]]:
        """Return the employees who hold granted days from ``today`` on, each with these days in order."""
        requests, granted = tables.requests, tables.granted_days
        query = (
            select(granted.c.employee_no, granted.c.day)
            .select_from(granted.join(requests, requests.c.id == granted.c.request))
            .where(granted.c.day >= today.isoformat(), requests.c.state.in_([state.value for state in HOLDING]))
            .order_by(granted.c.day, granted.c.employee_no)
        )
        found: dict[str, list[date]] = {}
        for employee_no, day in await self._read(lambda connection: connection.execute(query).all()):
            found.setdefault(employee_no, []).append(date.fromisoformat(day))
        return found

    async def due(self, now: datetime) -> tuple[Request, ...]:
        """Return requests whose window has ended and whose account is, or may be, usable still."""
        columns = tables.requests.c
        usable = columns.state.in_([state.value for state in USABLE])
        where = (usable, columns.window_end <= time_to_text(now))
        return await self._read(lambda connection: self._requests(connection, *where))

    async def timeline(self, request_id: str) -> tuple[StoredEvent, ...]:
        """Return the request's events in order."""
        return await self._events(select(tables.events).where(tables.events.c.request == request_id))

    async def events(self, *, since_seq: int = 0, limit: int | None = None) -> tuple[StoredEvent, ...]:
        """Return events after ``since_seq`` in order."""
        return await self._events(select(tables.events).where(tables.events.c.seq > since_seq).limit(limit))

    async def since_whole_pass(self) -> tuple[StoredEvent, ...]:
        """Return the events after the last pass that came to its end, in order."""
        columns = tables.events.c
        whole = select(columns.seq).where(columns.action == "run", columns.outcome.in_(WHOLE))
        last = await self._read(lambda connection: connection.scalar(whole.order_by(columns.seq.desc()).limit(1)))
        return await self.events(since_seq=last or 0)

    async def of_action(self, action: str) -> tuple[StoredEvent, ...]:
        """Return the events of one action in order."""
        return await self._events(select(tables.events).where(tables.events.c.action == action))

    async def newest(self, action: str | None = None, outcome: str | None = None) -> StoredEvent | None:
        """Return the last event in the chain, or the last one of this action and outcome."""
        columns = tables.events.c
        wanted = {columns.action: action, columns.outcome: outcome}
        where = [column == value for column, value in wanted.items() if value is not None]
        query = select(tables.events).where(*where).order_by(columns.seq.desc()).limit(1)
        row = await self._read(lambda connection: connection.execute(query).first())
        return chain.stored(row, json.loads) if row else None

    async def ask(self, question: Callable[[Connection], T]) -> T:
        """Answer a question of another module of this room, in one transaction."""
        return await self._read(question)

    async def size(self) -> int:
        """Return the number of the last event."""
        return await self._read(lambda connection: connection.scalar(select(func.max(tables.events.c.seq))) or 0)

    def _since(self, at: ColumnElement[str], serial: ColumnElement[int], day: date) -> list[ColumnElement[bool]]:
        """Return what rows of the city's ``day`` and later fulfil; the first serial saves from walking through all before."""
        start = time_to_text(datetime.combine(day, time(), self._zone))
        return [at >= start, serial >= select(func.min(serial)).where(at >= start).scalar_subquery()]

    def _known(self, connection: Connection, reading: Reading) -> MessageRecord | None:
        columns, identity = tables.messages.c, reading.identity
        row = connection.execute(
            select(tables.messages).where(
                or_(columns.message_id == identity.message_id, columns.message_id == _purged(columns.id, identity)),
                columns.digest == identity.digest,
                _came(identity),
            )
        ).first()
        return message_from(row, self._zone) if row else None

    def _unread(self, connection: Connection, message: Message, reading: Reading) -> MessageRecord | None:
        """Return the message as it was recorded when it could not be fetched or decoded, or only its beginning was loaded."""
        columns, parts = tables.messages.c, (message.content, message.content[:CUT_TO], b"")
        known_as = (reading.identity.message_id, message.locator)
        unfetched = (Identity.of_unfetched(name, message.received_at) for name in known_as if name)
        undecoded = (Identity.of_bytes(part, message.received_at) for part in parts)
        names = {identity.message_id for identity in (*unfetched, *undecoded)}
        at = _came(replace(reading.identity, received_at=message.received_at))
        row = connection.execute(select(tables.messages).where(columns.message_id.in_(names), at)).first()
        return message_from(row, self._zone) if row else None

    def _of_message(self, connection: Connection, name: str) -> tuple[Request, ...]:
        requests, joined = tables.requests.c, tables.joined.c
        told = select(joined.request).where(joined.message == name)
        return self._requests(connection, or_(requests.message == name, requests.id.in_(told)))

    def _earlier(self, connection: Connection, application: Application, before: str) -> tuple[EarlierRequest, ...]:
        """Return the employee's requests before ``before`` under a number that the application states, the oldest first."""
        numbers = {number_key(number) for number in (application.receipt_no, application.refers_to) if number}
        if not numbers:
            return ()
        columns = tables.requests.c
        known = select(columns.id, columns.receipt_no).where(
            columns.employee_no == (application.employee_no or ""),
            columns.receipt_no.is_not(None),
            columns.state != State.REJECTED.value,
            columns.serial < _serial_of(before),
        )
        same = [name for name, number in connection.execute(known) if number_key(number) in numbers]
        return tuple(
            EarlierRequest(id=request.id, application=request.application, received_at=request.received_at)
            for request in (self._requests(connection, columns.id.in_(same)) if same else ())
            if _counts(request.decision)
        )

    def _one(self, connection: Connection, request_id: str) -> Request:
        found = self._requests(connection, tables.requests.c.id == request_id)
        if request_id in self.altered:
            raise self.altered[request_id]
        if not found:
            raise KeyError(request_id)
        return found[0]

    async def _messages(self, *where: ColumnElement[bool]) -> tuple[MessageRecord, ...]:
        query = select(tables.messages).where(*where).order_by(tables.messages.c.serial)
        rows = await self._read(lambda connection: connection.execute(query).all())
        return tuple(message_from(row, self._zone) for row in rows)

    async def _events(self, query: Select[tuple[object, ...]]) -> tuple[StoredEvent, ...]:
        ordered = query.order_by(tables.events.c.seq)
        rows = await self._read(lambda connection: connection.execute(ordered).all())
        return tuple(chain.stored(row, json.loads) for row in rows)


def _serial_of(request: str) -> ColumnElement[int]:
    """Return the serial of a request; one that is not on record yet is the newest."""
    columns = tables.requests.c
    own = select(columns.serial).where(columns.id == request).scalar_subquery()
    return func.coalesce(own, select(func.max(columns.serial) + 1).scalar_subquery(), 1)


def _came(identity: Identity) -> ColumnElement[bool]:
    """Return what a message's row fulfils as to its receipt: where no server says when it came, any time."""
    return tables.messages.c.received_at == time_to_text(identity.received_at) if identity.receipt_known else true()


def _purged(name: ColumnElement[str], identity: Identity) -> ColumnElement[str]:
    """Return what a message's Message-ID was replaced by when its person was purged; its digest still tells it."""
    return literal(f"{Identity.DROPPED if identity.dropped else ''}{PURGED}:").concat(name)


def _progress(state: str, account: str | None) -> Progress:
    """Return how far a request that holds days has come, by its state and its account's."""
    if state == State.DELIVERED.value:
        return Progress.FAILED if account == AccountRecordState.DISABLED.value else Progress.WORKS
    return Progress.FAILED if state == State.STUCK.value else Progress.COMING


def _counts(decision: Decision | None) -> bool:
    """Tell whether an earlier request bears on later ones: what somebody sent in another's name must not stop the true one.

    So it was accepted, by the rules or a person; or it waits for one, and who applies is in no doubt.
    """
    if decision is None:
        return False
    doubted = not decision.tell_applicant or any(violation.code in WHO_APPLIES for violation in decision.violations)
    return decision.outcome is Outcome.ACCEPT or (decision.outcome is Outcome.HOLD and not doubted)
