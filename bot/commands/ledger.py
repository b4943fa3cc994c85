"""``requests``, ``show``: what the ledger says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.commands.opening import day, open_workshop, with_ledger
from bot.commands.output import people, print_json, table
from bot.errors import BadUsage, ConfigInvalid, Problem
from bot.ledger.ledger import Ledger
from bot.ledger.records import MessageRecord, Notice, Request, StoredEvent
from bot.life import State
from bot.model import ReadOutcome
from bot.operation.unreadable import DISMISSED

_UNREADABLE = ReadOutcome.UNREADABLE.value


def requests(config: Path, overrides: Sequence[str], *, as_json: bool, state: str | None, since: str | None) -> int:
    """List requests, and messages that could not be read."""
    known = [*State, _UNREADABLE]
    if state is not None and state not in known:
        raise BadUsage([Problem(path="--state", text=f"{state!r} is no state; known: {', '.join(known)}")])
    first = day(since, "--since") if since else None

    async def collect(ledger: Ledger) -> list[dict[str, Any]]:
        wanted = None if state is None else {State(state)} if state != _UNREADABLE else set()
        rows = [request_row(item) for item in await ledger.requests(states=wanted, since=first)]
        if state in (None, _UNREADABLE):
            unread = await ledger.messages(outcomes={ReadOutcome.UNREADABLE}, since=first)
            rows += [message_row(item) for item in unread if item.dismissed_at is None]
        return rows

    rows = with_ledger(open_workshop(config, overrides, quiet=as_json), collect)
    if as_json:
        print_json(rows)
    else:
        people().print(requests_table(rows))
    return 0


def show(name: str, config: Path, overrides: Sequence[str], *, as_json: bool) -> int:
    """Show one request, or one message, with its timeline."""

    async def collect(ledger: Ledger) -> dict[str, Any]:
        if name.startswith("M-"):
            told = [event_row(item) for item in await ledger.timeline(name)]
            return {**message_row(await ledger.message(name)), "events": told}
        request = await ledger.get(name)
        events = [event_row(item) for item in await ledger.timeline(name)]
        notices = [_notice_row(item) for item in await ledger.notices(name)]
        return {**request_row(request), **_details(request), "notices": notices, "events": events}

    try:
        found = with_ledger(open_workshop(config, overrides, quiet=as_json), collect)
    except KeyError:
        raise ConfigInvalid(
            [Problem(path="ID", text=f"the ledger has no {name!r}; `requests` lists what it has")]
        ) from None
    if as_json:
        print_json(found)
        return 0
    screen = people()
    events = found.pop("events", [])
    screen.print(table(name, ["", ""], [(key, _cell(value)) for key, value in found.items()]))
    rows = [(item["at"], item["action"], item["outcome"], item["actor"], item["reason"]) for item in events]
    screen.print(table("経過 / timeline", ["at", "action", "outcome", "actor", "reason"], rows))
    return 0


def request_row(request: Request) -> dict[str, Any]:
    """Return a request as the lists show it."""
    application = request.application
    return {
        "id": request.id,
        "state": request.state,
        "kind": request.kind,
        "employee_no": application.employee_no,
        "name": application.name,
        "dates": list(request.granted or application.dates),
        "login_id": request.login_id,
        "receipt_no": application.receipt_no,
        "received_at": request.received_at,
        "reason": _reason(request),
    }


def message_row(message: MessageRecord) -> dict[str, Any]:
    """Return a message as the lists show it."""
    return {
        "id": message.id,
        "state": DISMISSED if message.dismissed_at else message.outcome,
        "kind": None,
        "employee_no": None,
        "name": message.name,
        "dates": [],
        "login_id": None,
        "receipt_no": None,
        "received_at": message.received_at,
        "reason": message.reason,
    }


def event_row(stored: StoredEvent) -> dict[str, Any]:
    """Return an audit event as the lists show it."""
    event = stored.event
    return {
        "seq": stored.seq,
        "at": stored.at,
        "action": event.action,
        "outcome": event.outcome,
        "request_id": event.request_id,
        "actor_type": stored.run.actor_type,
        "actor": stored.run.actor,
        "run": stored.run.id,
        "elapsed_ms": stored.elapsed_ms,
        "before": event.before,
        "after": event.after,
        "reason": event.reason,
        "details": dict(event.details),
        "person": dict(event.person),
        "prev_hash": stored.prev_hash,
        "hash": stored.hash,
    }


def requests_table(rows: Sequence[dict[str, Any]]) -> Any:  # noqa: ANN401 - a rich table, whose import is left to output.py
    """Return the table of requests for people."""
    return table(
        "案件 / requests",
        ["id", "state", "employee", "name", "dates", "login ID", "why"],
        [
            (
                row["id"],
                row["state"],
                row["employee_no"] or "",
                row["name"] or "",
                days_text(row["dates"]),
                row["login_id"] or "",
                row["reason"],
            )
            for row in rows
        ],
    )


def days_text(days: Sequence[Any]) -> str:
    """Return dates in short: the year once."""
    return ", ".join(str(item) if index == 0 else f"{item:%m-%d}" for index, item in enumerate(days))


def _reason(request: Request) -> str:
    if request.stuck_reason:
        return request.stuck_reason
    found = request.decision.violations if request.decision else ()
    return " ".join(dict.fromkeys(item.code for item in found))


def _details(request: Request) -> dict[str, Any]:
    application, decision = request.application, request.decision
    return {
        "message": request.message_id,
        "department": application.department,
        "place": application.place,
        "asked": list(application.dates),
        "applied_at": application.applied_at,
        "window": {"start": request.window.start, "end": request.window.end} if request.window else None,
        "violations": [
            {"code": item.code, "severity": item.severity, "text": item.text, "hint": item.hint}
            for item in decision.violations
        ]
        if decision
        else [],
        "doubts": [{"field": item.field, "read": item.read, "text": item.text} for item in application.doubts],
    }


def _notice_row(notice: Notice) -> dict[str, Any]:
    return {
        "kind": notice.kind,
        "attempt": notice.attempt,
        "to": notice.to,
        "state": notice.state,
        "message_id": notice.message_id,
    }


def _cell(value: object) -> str:
    if isinstance(value, list):
        return "\n".join(_cell(item) for item in value)
    if isinstance(value, dict):
        return "  ".join(str(item) for item in value.values())
    return "" if value is None else str(value)
