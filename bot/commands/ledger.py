"""``requests``, ``show``: what the ledger says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import tzinfo
from pathlib import Path
from typing import Any

from bot.commands.marking import marking_table, passage_row
from bot.commands.opening import day, open_workshop, with_ledger
from bot.commands.output import people, print_json, table
from bot.commands.reading import application_row
from bot.errors import BadUsage, ConfigInvalid, Problem
from bot.ledger.ledger import Ledger
from bot.ledger.passages import marked_of
from bot.ledger.records import MessageRecord, Notice, Request, StoredEvent
from bot.life import State
from bot.model import Application, Explained, Identity, Passage, ReadOutcome
from bot.operation.unreadable import DISMISSED
from bot.rules.repetition import same_number, side_by_side

#: Who put a file into the inbox without saying so.
_SOMEBODY = "someone with access to the folder / 受信箱のフォルダーを使える人"
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
            message = await ledger.message(name)
            told = [event_row(item) for item in await ledger.timeline(name)]
            requests = [request.id for request in await ledger.of_message(name)]
            return {**message_row(message), "requests": requests, **await _of_message(ledger, message), "events": told}
        request = await ledger.get(name)
        events = [event_row(item) for item in await ledger.timeline(name)]
        notices = [_notice_row(item) for item in await ledger.notices(name)]
        marked = await _of_message(ledger, await ledger.message(request.message_id))
        same = {"same_number": await _same_number(ledger, request, workshop.config.zone)}
        return {**request_row(request), **_details(request), **same, **marked, "notices": notices, "events": events}

    workshop = open_workshop(config, overrides, quiet=as_json)
    try:
        found = with_ledger(workshop, collect)
    except KeyError:
        raise ConfigInvalid(
            [Problem(path="ID", text=f"the ledger has no {name!r}; `requests` lists what it has")]
        ) from None
    if as_json:
        print_json(found)
        return 0
    screen = people()
    events, marked = found.pop("events", []), found.pop("passages")
    left_out, read, first = found.pop("passages_left_out"), found.pop("read", None), found.pop("read_first", None)
    same = found.pop("same_number", ())
    screen.print(table(name, ["", ""], [(key, _cell(value)) for key, value in found.items()]))
    for other in same:
        screen.print(_same_number_table(other, name))
    if read:
        screen.print(_read_table(read, first))
    if marked:
        passages = [Passage(**{**item, "explained": Explained(item["explained"])}) for item in marked]
        screen.print(marking_table(passages, left_out))
    rows = [(item["at"], item["action"], item["outcome"], item["actor"], item["reason"]) for item in events]
    screen.print(table("経過 / timeline", ["at", "action", "outcome", "actor", "reason"], rows))
    return 0


async def _of_message(ledger: Ledger, message: MessageRecord) -> dict[str, Any]:
    """Return what the message of a request says beside it: who brought it, and what explains each piece of it."""
    marked = await ledger.ask(lambda connection: marked_of(connection, message.id))
    return {
        "brought_by": _brought_by(message),
        "passages": [passage_row(passage) for passage in marked.passages],
        "passages_left_out": marked.left_out,
    }


def _brought_by(message: MessageRecord) -> str | None:
    """Return who put a file into the inbox; ``None`` for a mail that came by itself."""
    if message.brought_by:
        return message.brought_by
    return _SOMEBODY if message.message_id.startswith(Identity.DROPPED) else None


async def _same_number(ledger: Ledger, request: Request, zone: tzinfo) -> list[dict[str, Any]]:
    """Return the earlier requests under the request's receipt number, each with both readings side by side."""
    history = await ledger.history(request.application, before=request.id)
    return [
        {"id": earlier.id, "pairs": [asdict(pair) for pair in side_by_side(earlier.application, request.application)]}
        for earlier in same_number(request.application, request.received_at, history.earlier, zone)
    ]


def _same_number_table(other: dict[str, Any], name: str) -> Any:  # noqa: ANN401 - a rich table, whose import is left to output.py
    """Return both readings of a receipt number for people; ≠ marks what differs."""
    rows = [("≠" if pair["differs"] else "", pair["title"], pair["earlier"], pair["later"]) for pair in other["pairs"]]
    return table("同じ受付番号の案件 / the same receipt number", ["", "", other["id"], name], rows)


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
        "read": _read_row(application),
        "read_first": _read_row(request.first_application) if request.first_application else None,
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


def _read_row(application: Application) -> dict[str, Any]:
    more = ("kana", "mail", "declaration", "hours")
    return {**application_row(application), **{name: getattr(application, name) for name in more}}


def _read_table(read: dict[str, Any], first: dict[str, Any] | None) -> Any:  # noqa: ANN401 - a rich table, whose import is left to output.py
    """Return what was read for people; where somebody put it right, what was read first beside it."""
    columns = ["項目 / field", "読み取り / read"]
    stated = [name for name in read if _cell(read[name]) or (first and _cell(first[name]))]
    rows = [[name, _cell(read[name]), *([_cell(first[name])] if first else [])] for name in stated]
    return table(
        "読み取った内容 / what was read", [*columns, *(["最初の読み取り / read first"] if first else [])], rows
    )


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
