"""``read`` and ``cutoff``: what the bot would read and decide, with no side effect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from itertools import zip_longest
from pathlib import Path
from typing import Any

from rich.markup import escape

from bot.commands.marking import marking_table, passage_row
from bot.commands.opening import day, open_workshop
from bot.commands.output import people, print_json, table
from bot.errors import BadUsage, Problem
from bot.mail.folder import message_from_file
from bot.model import Application, Decision, Doubt, Message, Reading, ReadOutcome
from bot.rules.calendar import Calendar
from bot.rules.rulebook import Rulebook
from bot.wiring import Workshop

Decider = Callable[[Application, Reading], Decision]


def read(
    files: Sequence[Path],
    config: Path,
    overrides: Sequence[str],
    *,
    as_json: bool,
    decide: bool,
    now: datetime | None,
    explain: bool,
) -> int:
    """Read files; each stands for itself: nothing in the ledger and no other file bears on a decision."""
    workshop = open_workshop(config, overrides, quiet=True)
    decided = _decider(workshop, now) if decide else None
    reader = workshop.reader()
    readings = [reader.read_or_give_up(_message(workshop, file)) for file in files]
    results = [_row(file, reading, decided, explain=explain) for file, reading in zip(files, readings, strict=True)]
    if as_json:
        print_json(results)
    else:
        _tell(results, readings if explain else ())
    unread = any(result["outcome"] == ReadOutcome.UNREADABLE for result in results)
    return 1 if unread else 0


def cutoff(days: Sequence[str], config: Path, overrides: Sequence[str], *, as_json: bool) -> int:
    """Print the cutoff of each day; a closed day has none."""
    workshop = open_workshop(config, overrides, quiet=True)
    calendar, rulebook = workshop.calendar(), workshop.rulebook()
    try:
        rows = [_cutoff_row(day(text, "DATE"), calendar, rulebook) for text in days]
    except (ValueError, OverflowError) as error:
        raise BadUsage([Problem(path="DATE", text=str(error))]) from None
    if as_json:
        print_json(rows)
    else:
        cells = [(row["date"], row["cutoff"] or "-", row["reason"]) for row in rows]
        people().print(table("締切 / cutoff", ["telework day", "received by", "closed because"], cells))
    return 0


def _cutoff_row(asked: date, calendar: Calendar, rulebook: Rulebook) -> dict[str, Any]:
    closed = calendar.why_closed(asked)
    return {
        "date": asked, "open": closed is None, "cutoff": None if closed else rulebook.cutoff_for(asked), "reason": closed or "",
    }  # fmt: skip


def _decider(workshop: Workshop, now: datetime | None) -> Decider:
    """Return what decides an application as of ``now`` with an empty history."""
    judge = workshop.judge()
    moment = now or workshop.clock.now()
    moment = moment if moment.utcoffset() is not None else moment.replace(tzinfo=workshop.config.zone)

    def decide(application: Application, reading: Reading) -> Decision:
        return judge.rulebook.decide(application, judge.context_of(reading, moment))

    return decide


def _message(workshop: Workshop, file: Path) -> Message:
    limit = int(workshop.config.settings.mailbox.max_message_mb * 2**20)
    try:
        return message_from_file(file, max_bytes=limit, zone=workshop.config.zone)
    except OSError as error:
        raise BadUsage([Problem(path=str(file), text=f"can't be read ({error.strerror})")]) from None


def _row(file: Path, reading: Reading, decided: Decider | None, *, explain: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "file": str(file),
        "outcome": reading.outcome,
        "reason": reading.reason,
        "received_at": reading.identity.received_at,
        "arrived_at": reading.arrived_at,
        "authentic": reading.authentic,
        "applications": [],
        "passages": [passage_row(passage) for passage in reading.passages] if explain else [],
    }
    for application in reading.applications:
        item = application_row(application)
        if explain:
            item["origins"] = [
                {"field": one.field, "source": one.source, "why": one.why} for one in application.origins
            ]
        if decided:
            item["decision"] = decision_row(decided(application, reading))
        row["applications"].append(item)
    return row


def application_row(application: Application) -> dict[str, Any]:
    """Return an application as ``read --json`` has it (DESIGN.md, Command line)."""
    return {
        "kind": application.kind,
        "receipt_no": application.receipt_no,
        "applied_at": application.applied_at,
        "employee_no": application.employee_no,
        "name": application.name,
        "department": application.department,
        "dates": list(application.dates),
        "place": application.place,
        "zones": list(application.zones),
        "terminal": application.terminal,
        "approval": application.approval,
        "urgent_reason": application.urgent_reason,
        "refers_to": application.refers_to,
        "doubts": [doubt_row(doubt) for doubt in application.doubts],
    }


def doubt_row(doubt: Doubt) -> dict[str, str]:
    """Return a doubt: the field, what was read, and why it is not clear."""
    return {"field": doubt.field, "read": doubt.read, "text": doubt.text, "text_en": doubt.text_en}


def decision_row(decision: Decision) -> dict[str, Any]:
    """Return a decision as ``read --json`` has it."""
    return {
        "outcome": decision.outcome,
        "granted": list(decision.granted),
        "violations": [
            {
                "code": item.code,
                "severity": item.severity,
                "text": item.text,
                "text_en": item.text_en,
                "dates": list(item.dates),
                "hint": item.hint,
            }
            for item in decision.violations
        ],
    }


def _tell(results: Sequence[dict[str, Any]], explained: Sequence[Reading]) -> None:
    screen = people()
    for result, reading in zip_longest(results, explained):
        screen.print(
            f"[bold]{escape(result['file'])}[/bold]  {result['outcome']}  {escape(result['reason'])}", markup=True
        )
        for item in result["applications"]:
            rows = [(key, _cell(value)) for key, value in item.items() if value not in (None, [], "")]
            screen.print(table("", ["", ""], rows))
        if reading is not None:
            screen.print(marking_table(reading.passages))


def _cell(value: object) -> str:
    if isinstance(value, list):
        return "\n".join(_cell(item) for item in value)
    if isinstance(value, dict):
        return "  ".join(_cell(item) for item in value.values())
    return str(value)
