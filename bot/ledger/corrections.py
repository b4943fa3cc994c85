"""A reading put right by a person: the request has what is true, and keeps what was read first."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, tzinfo

from sqlalchemy import Connection, func, select

from bot.errors import Conflict
from bot.ledger import seals, tables, writing
from bot.ledger.codec import application_to_text, time_from_text
from bot.ledger.records import Changes, Event, Request
from bot.life import State
from bot.model import Application, Decision, Identity, ReadOutcome

#: The action of the event that has both readings.
CORRECT = "request.correct"
#: Begins the ids of messages.
OF_MESSAGE = "M-"


def draft_of_message(connection: Connection, name: str, application: Application, zone: tzinfo) -> Request:
    """Return the request that a message without one would become with this application; it has no id yet.

    Raises ``KeyError`` for a message that does not exist.
    """
    row = connection.execute(select(tables.messages).where(tables.messages.c.id == name)).first()
    if row is None:
        raise KeyError(name)
    received = time_from_text(row.arrived_at, zone)
    return Request(
        id="", message_id=name, position=0, sender=row.sender, dropped_file=row.message_id.startswith(Identity.DROPPED),
        authentic=row.authentic, application=application, received_at=received, created_at=received, updated_at=received,
        state=State.RECEIVED,
    )  # fmt: skip


def put_right(
    connection: Connection, request: Request, application: Application, decision: Decision, to: State, now: datetime
) -> None:
    """Give a held request the application that is true and the decision on it; what was read first stays on it.

    Raises ``Conflict`` where it is no longer in the state it was decided on in.
    """
    first = request.first_application or request.application
    values = {
        "application": application_to_text(application), "first_application": application_to_text(first),
        "employee_no": application.employee_no, "receipt_no": application.receipt_no,
    }  # fmt: skip
    seals.put(connection, tables.requests, {"id": request.id}, values)
    writing.move(connection, replace(request, application=application), to, Changes(decision=decision), now)


def make_anew(connection: Connection, draft: Request, first: Application | None, now: datetime) -> str:
    """Add the request that a rejected one, or a message without one, becomes, and return its id; it is not decided yet.

    A message that had none is on record as one with applications from now on. Raises ``Conflict`` where one was made of it
    in the meantime.
    """
    requests = tables.requests.c
    of_message = requests.message == draft.message_id
    count = connection.scalar(select(func.count()).select_from(tables.requests).where(of_message)) or 0
    if first is None:
        if count:
            raise Conflict(f"{draft.message_id} became a request in the meantime")
        seals.message_must_agree(connection, draft.message_id)
        put_down = {"outcome": ReadOutcome.APPLICATIONS.value}
        seals.put(connection, tables.messages, {"id": draft.message_id}, put_down)
    last = connection.scalar(select(func.max(requests.position)).where(of_message))
    position = 0 if last is None else last + 1
    made = writing.insert_request(connection, draft.message_id, position, draft.application, now)
    if first is not None:
        # The new request follows from its message: its events say what that held.
        seals.touch(connection, tables.messages, {"id": draft.message_id}, ())
        values = {"first_application": application_to_text(first)}
        seals.put(connection, tables.requests, {"id": made}, values)
    return made


def recorded(draft: Request, made: str, position: int) -> Event:
    """Return the event that says of a new request which message it stands for, as those of the bot do."""
    application = draft.application
    return Event(
        action="request.record", outcome="done", request_id=made, after=State.RECEIVED,
        details={
            "message": draft.message_id, "position": position, "kind": application.kind, "form": application.form,
            "dates": application.dates, "applied_at": application.applied_at, "received_at": draft.received_at,
        },
        person={"employee_no": application.employee_no, "receipt_no": application.receipt_no},
    )  # fmt: skip
