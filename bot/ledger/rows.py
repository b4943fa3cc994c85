"""Rows of the tables as the frozen types of records.py, and back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Row

from bot.errors import RowAltered
from bot.ledger.codec import application_from_text, decision_from_text, time_from_text, time_to_text
from bot.ledger.records import (
    AccountRecord,
    MessageRecord,
    Notice,
    NoticeKind,
    NoticeState,
    Request,
)
from bot.life import AccountRecordState, State
from bot.model import Identity, ReadOutcome, Window

P = ParamSpec("P")
T = TypeVar("T")


def _understood(
    table: str, key: str
) -> Callable[[Callable[Concatenate[Row[Any], P], T]], Callable[Concatenate[Row[Any], P], T]]:
    """Have a row that holds what no ledger writes raise ``RowAltered``."""

    def wrapped(make: Callable[Concatenate[Row[Any], P], T]) -> Callable[Concatenate[Row[Any], P], T]:
        def made(row: Row[Any], /, *given: P.args, **named: P.kwargs) -> T:
            try:
                return make(row, *given, **named)
            except (TypeError, ValueError, AttributeError) as error:
                text = f"the row holds what no ledger writes ({type(error).__name__})"
                raise RowAltered(f"{table}/{getattr(row, key)}", text) from None

        return made

    return wrapped


@_understood("messages", "id")
def message_from(row: Row[Any], zone: tzinfo) -> MessageRecord:
    """Return a row of ``messages``."""
    return MessageRecord(
        id=row.id, message_id=row.message_id, digest=row.digest, name=row.name, sender=row.sender, subject=row.subject,
        received_at=time_from_text(row.received_at, zone), recorded_at=time_from_text(row.recorded_at, zone),
        outcome=ReadOutcome(row.outcome), reason=row.reason,
        dismissed_at=time_from_text(row.dismissed_at, zone) if row.dismissed_at else None, bounce_of=row.bounce_of,
        brought_by=row.brought_by or "",
    )  # fmt: skip


@_understood("requests", "id")
def request_from(row: Row[Any], zone: tzinfo) -> Request:
    """Return a row of ``requests`` with its message's sender, and when the first message told of it."""
    return Request(
        id=row.id, message_id=row.message, position=row.position, sender=row.sender,
        dropped_file=row.mail_id.startswith(Identity.DROPPED),
        authentic=row.authentic, application=application_from_text(row.application),
        received_at=time_from_text(min(row.arrived_at, row.told_at or row.arrived_at), zone),
        created_at=time_from_text(row.created_at, zone), updated_at=time_from_text(row.updated_at, zone),
        state=State(row.state), decision=decision_from_text(row.decision) if row.decision else None,
        login_id=row.login_id, window=_window(row, zone), attempts=row.attempts, stuck_reason=row.stuck_reason,
        first_application=application_from_text(row.first_application) if row.first_application else None,
    )  # fmt: skip


@_understood("accounts", "login_id")
def account_from(row: Row[Any], zone: tzinfo) -> AccountRecord:
    """Return a row of ``accounts``."""
    return AccountRecord(
        login_id=row.login_id, employee_no=row.employee_no, request_id=row.request, state=AccountRecordState(row.state),
        window=_window(row, zone), secret_version=row.secret_version,
    )  # fmt: skip


def account_values(account: AccountRecord) -> dict[str, Any]:
    """Return the columns of an account but its key."""
    return {
        "employee_no": account.employee_no, "request": account.request_id, "state": account.state.value,
        "secret_version": account.secret_version, **window_values(account.window),
    }  # fmt: skip


@_understood("notices", "request")
def notice_from(row: Row[Any]) -> Notice:
    """Return a row of ``notices``."""
    return Notice(
        request_id=row.request, kind=NoticeKind(row.kind), attempt=row.attempt, message_id=row.message_id,
        to=row.recipient, state=NoticeState(row.state),
    )  # fmt: skip


def window_values(window: Window | None) -> dict[str, str | None]:
    """Return the columns of a window."""
    return {
        "window_start": _text(window.start) if window else None,
        "window_end": _text(window.end) if window else None,
    }


def _text(moment: datetime) -> str:
    return time_to_text(moment)


def _window(row: Row[Any], zone: tzinfo) -> Window | None:
    if row.window_start is None or row.window_end is None:
        return None
    return Window(start=time_from_text(row.window_start, zone), end=time_from_text(row.window_end, zone))
