"""A notice with only a number and the row of a table are one application: joined by receipt number, in either order."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.ledger import seals, tables
from bot.ledger.codec import application_to_text, time_to_text
from bot.ledger.records import Event, Request
from bot.life import State
from bot.model import Application, Doubt, Reading
from bot.text import listed

_UNDECIDED = frozenset({State.RECEIVED, State.HELD})
#: A notice may give the time without its seconds.
_SAME_TIME = timedelta(seconds=60)


def partner(
    application: Application, reading: Reading, known: Iterable[Request], *, systems: Collection[str]
) -> Request | None:
    """Return the request, of those with the same receipt number, that this application belongs to; the newest one.

    A row joins a notice that still waits; a notice joins whatever its number stands for. Both must come from the same
    sender, or the notice from a form system, one of ``systems`` (addresses or domains), and the row from a file that somebody
    put into the inbox: nobody else can speak for a form system. A mail for whose sender a trusted host does not vouch, where
    one is asked, joins nothing, and nothing joins it.
    """
    if reading.authentic is False:
        return None
    for request in sorted(known, key=lambda request: request.created_at, reverse=True):
        waits = request.application.number_only and request.state in _UNDECIDED
        fits = waits or (application.number_only and not request.application.number_only)
        if fits and request.authentic is not False and _same_source(application, reading, request, systems):
            return request
    return None


def _same_source(application: Application, reading: Reading, request: Request, systems: Collection[str]) -> bool:
    if not reading.identity.dropped and not request.dropped_file:
        return bool(reading.sender) and request.sender == reading.sender
    notice_from, row_dropped = (
        (reading.sender, request.dropped_file)
        if application.number_only
        else (request.sender, reading.identity.dropped)
    )
    return row_dropped and listed(notice_from, systems)


def join(
    connection: Connection, request: Request, application: Application, *, message: str, position: int, now: datetime
) -> Event:
    """Make the application part of the request and return the event to record.

    Where it brings the answers, the request is undecided again and stands for this message; the notice is kept with it.
    """
    brings_answers = request.application.number_only and not application.number_only
    notice = request.message_id if brings_answers else message
    values: dict[str, object] = {}
    if brings_answers:
        values = {"message": message, "position": position, "state": State.RECEIVED.value}
        values |= {"to_tell": None, "decision": None}
        merged = merge(notice=request.application, row=application)
    else:
        merged = merge(notice=application, row=request.application)
    # What is decided stays as it was decided on.
    if brings_answers or request.state is State.RECEIVED:
        values |= {"application": application_to_text(merged), "employee_no": merged.employee_no}
        values |= {"updated_at": time_to_text(now)}
        seals.put(connection, tables.requests, {"id": request.id}, values)
    seals.put(connection, tables.joined, {"message": notice, "request": request.id}, {})
    return Event(
        action="request.join", outcome="done", request_id=request.id, before=request.state,
        after=State.RECEIVED if brings_answers else request.state,
        details={"message": message, "position": position, "notice": notice, "before": request.state},
        person={"employee_no": merged.employee_no, "receipt_no": merged.receipt_no},
    )  # fmt: skip


def merge(*, notice: Application, row: Application) -> Application:
    """Return the row's application with the notice's 申請日時 where it has none; times that disagree are a doubt."""
    stated, told = row.applied_at, notice.applied_at
    if stated is None or told is None or abs(stated - told) < _SAME_TIME:
        return replace(row, applied_at=stated or told)
    doubt = Doubt(
        field="applied_at", read=f"{stated.isoformat()} / {told.isoformat()}",
        text="通知とCSVの申請日時が違います", text_en="the notice and the row of the table state different times",
    )  # fmt: skip
    return replace(row, doubts=(*row.doubts, doubt))
