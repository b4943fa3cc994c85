"""What is written, each inside a transaction that the caller holds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update

from bot.errors import Conflict, LedgerBroken
from bot.ledger import seals, tables
from bot.ledger.codec import application_to_text, decision_to_text, time_to_text
from bot.ledger.passages import marked_to_text
from bot.ledger.records import TOLD, AccountRecord, Changes, Notice, NoticeState, Request
from bot.ledger.rows import account_values, window_values
from bot.life import ACCOUNT_TRANSITIONS, TRANSITIONS, AccountRecordState, State
from bot.model import Application, Decision, Message, Outcome, Reading, ReadOutcome


def next_number(connection: Connection, series: str) -> int:
    """Return the next number of ``series``, from 1, without gaps among committed ones."""
    counters = tables.counters
    current = connection.scalar(select(counters.c.value).where(counters.c.series == series))
    if current is None:
        connection.execute(insert(counters).values(series=series, value=1))
        return 1
    connection.execute(update(counters).where(counters.c.series == series).values(value=current + 1))
    return int(current) + 1


def new_id(connection: Connection, letter: str, now: datetime) -> str:
    """Return a short human id such as ``R-20261120-0007``; it counts per day."""
    day = f"{letter}-{now:%Y%m%d}"
    return f"{day}-{next_number(connection, day):04d}"


def insert_message(connection: Connection, message: Message, reading: Reading, now: datetime) -> str:
    """Add a message and return its id."""
    name = new_id(connection, "M", now)
    identity = reading.identity
    values = {
        "serial": next_number(connection, "messages"), "received_at": time_to_text(identity.received_at),
        "name": message.name, "recorded_at": time_to_text(now), "brought_by": message.brought_by or None, **_read(reading),
    }  # fmt: skip
    seals.put(connection, tables.messages, {"id": name}, values)
    return name


def reread_message(connection: Connection, name: str, reading: Reading) -> None:
    """Put down what a message that could not be read turned out to be."""
    seals.put(connection, tables.messages, {"id": name}, _read(reading))


def dismiss_message(connection: Connection, name: str, now: datetime) -> None:
    """Close an unreadable message, or a report of a return; raises ``Conflict`` where it is neither by now, or closed."""
    columns = tables.messages.c
    may_be = or_(columns.outcome == ReadOutcome.UNREADABLE.value, columns.bounce_of != "")
    if (
        connection.execute(select(columns.id).where(columns.id == name, may_be, columns.dismissed_at.is_(None))).first()
        is None
    ):
        raise Conflict(f"{name} was read or dismissed in the meantime")
    seals.put(connection, tables.messages, {"id": name}, {"dismissed_at": time_to_text(now)})


def _read(reading: Reading) -> dict[str, Any]:
    """Return the columns of a message that its reading tells."""
    return {
        "message_id": reading.identity.message_id, "digest": reading.identity.digest,
        "arrived_at": time_to_text(reading.arrived_at), "authentic": reading.authentic, "bounce_of": reading.bounce_of,
        "sender": reading.sender, "subject": reading.subject, "outcome": reading.outcome.value, "reason": reading.reason,
        "passages": marked_to_text(reading.passages),
    }  # fmt: skip


def insert_request(connection: Connection, message: str, position: int, application: Application, now: datetime) -> str:
    """Add a request in state ``received`` and return its id."""
    name = new_id(connection, "R", now)
    values = {
        "serial": next_number(connection, "requests"), "message": message, "position": position,
        "state": State.RECEIVED.value, "employee_no": application.employee_no, "receipt_no": application.receipt_no,
        "application": application_to_text(application), "attempts": 0, "stuck_reason": "",
        "created_at": time_to_text(now), "updated_at": time_to_text(now),
    }  # fmt: skip
    seals.put(connection, tables.requests, {"id": name}, values)
    return name


def move(connection: Connection, request: Request, to: State, changes: Changes, now: datetime) -> None:
    """Take a request from its state to ``to`` by compare-and-set; its applicant may have to be told of it.

    Raises ``LedgerBroken`` for a step that the life of a request does not have, ``Conflict`` for a request that is no longer in
    that state: somebody else moved it since it was read.
    """
    if to is not request.state and to not in TRANSITIONS[request.state]:
        raise LedgerBroken(0, f"{request.id} can't go from {request.state} to {to}")
    columns = tables.requests.c
    values = {"state": to.value, "updated_at": time_to_text(now), **_to_tell(request.state, to), **_changed(changes)}
    seals.touch(connection, tables.requests, {"id": request.id}, values)
    same = (columns.id == request.id, columns.state == request.state.value)
    moved = connection.execute(update(tables.requests).where(*same).values(**values))
    if moved.rowcount != 1:
        raise Conflict(f"{request.id} is no longer {request.state}")
    if changes.decision is not None:
        set_granted(connection, request, changes.decision)
    if not TRANSITIONS[to]:
        end_assignment(connection, request.id, now)


def set_granted(connection: Connection, request: Request, decision: Decision) -> None:
    """Hold the days a decision grants, and let go of all others of this request; only what asks for days holds any."""
    table = tables.granted_days
    holds = request.kind.asks_for_days and decision.outcome is Outcome.ACCEPT
    days = {day.isoformat() for day in decision.granted} if holds else set()
    for day in connection.scalars(select(table.c.day).where(table.c.request == request.id)).all():
        if day not in days:
            seals.remove(connection, table, {"request": request.id, "day": day})
    for day in sorted(days):
        values = {"employee_no": request.application.employee_no or ""}
        seals.put(connection, table, {"request": request.id, "day": day}, values)


def assign(connection: Connection, login_id: str, request: str, now: datetime) -> None:
    """Note that a request holds a login ID of the pool from now on."""
    key = {"login_id": login_id, "request": request}
    seals.put(connection, tables.assignments, key, {"since": time_to_text(now), "until": None})


def end_assignment(connection: Connection, request: str, now: datetime) -> None:
    """Note that a request that is over holds no login ID of the pool any longer."""
    columns = tables.assignments.c
    held = select(columns.login_id).where(columns.request == request, columns.until.is_(None))
    for login_id in connection.scalars(held).all():
        key = {"login_id": login_id, "request": request}
        seals.put(connection, tables.assignments, key, {"until": time_to_text(now)})


def put_account(connection: Connection, account: AccountRecord) -> None:
    """Add or replace an account; raises ``LedgerBroken`` for a step that the life of an account does not have."""
    columns = tables.accounts.c
    found = connection.scalar(select(columns.state).where(columns.login_id == account.login_id))
    before = AccountRecordState(found) if found else None
    steps = {before, *ACCOUNT_TRANSITIONS[before]} if before else {AccountRecordState.CREATING}
    if account.state not in steps:
        raise LedgerBroken(0, f"account {account.login_id} can't go from {before} to {account.state}")
    seals.put(connection, tables.accounts, {"login_id": account.login_id}, account_values(account))


def must_be_unknown(connection: Connection, login_id: str) -> None:
    """Raise ``Conflict`` where an account is on record by now."""
    if connection.scalar(select(tables.accounts.c.login_id).where(tables.accounts.c.login_id == login_id)) is not None:
        raise Conflict(f"{login_id} was put on record in the meantime")


def put_notice(connection: Connection, notice: Notice) -> None:
    """Add or replace a notice; once it is settled, the state that it tells of is told, and one to be sent again is to be told."""
    key = {"request": notice.request_id, "kind": notice.kind.value, "attempt": notice.attempt}
    values = {"message_id": notice.message_id, "recipient": notice.to, "state": notice.state.value}
    seals.put(connection, tables.notices, key, values)
    told = [state.value for state, kind in TOLD.items() if kind is notice.kind]
    if not told:
        return
    request = {"id": notice.request_id}
    row = connection.execute(select(tables.requests).where(tables.requests.c.id == notice.request_id)).one()
    if notice.state is NoticeState.SENDING:
        if row.state in told and row.to_tell is None:
            seals.put(connection, tables.requests, request, {"to_tell": row.state})
    elif row.to_tell in told:
        seals.put(connection, tables.requests, request, {"to_tell": None})


def _to_tell(before: State, to: State) -> dict[str, str | None]:
    """Return the column of a request that comes to another state; one that stays keeps what it has."""
    return {} if to is before else {"to_tell": to.value if to in TOLD else None}


def _changed(changes: Changes) -> dict[str, Any]:
    values: dict[str, Any] = {
        "decision": decision_to_text(changes.decision) if changes.decision else None,
        "login_id": changes.login_id, "attempts": changes.attempts, "stuck_reason": changes.stuck_reason,
    }  # fmt: skip
    if changes.window:
        values |= window_values(changes.window)
    return {name: value for name, value in values.items() if value is not None}
