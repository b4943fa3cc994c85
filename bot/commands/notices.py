"""``notices``: what was not sent, and what operators do about it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from bot.commands.acts import act_on
from bot.commands.opening import open_workshop, with_ledger
from bot.commands.output import people, print_json, say, table
from bot.errors import BadUsage, Problem
from bot.ledger.ledger import Ledger
from bot.ledger.records import Notice
from bot.operation.acts import Acts
from bot.wiring import Workshop


def show(config: Path, overrides: Sequence[str], *, as_json: bool) -> int:
    """List the notices that were not sent and that nobody has closed; 1 where there are any."""
    rows = with_ledger(open_workshop(config, overrides, quiet=as_json), unsent_rows)
    if as_json:
        print_json(rows)
    elif rows:
        people().print(unsent_table(rows))
    else:
        say("every notice was sent")
    return 1 if rows else 0


def retry(
    names: Sequence[str], config: Path, overrides: Sequence[str], *, by: str, reason: str, as_json: bool, failed: bool
) -> int:
    """Send what was not sent once more, now; ``failed`` adds everything that was not."""
    workshop = open_workshop(config, overrides, quiet=as_json)
    every = _all(workshop) if failed else []
    if not names and not failed:
        raise BadUsage([Problem(path="ID", text="name requests, or say --failed for all whose notices were not sent")])
    return act_on(workshop, [*names, *every], by=by, reason=reason, as_json=as_json, verb=Acts.retry_notices)


def close(names: Sequence[str], config: Path, overrides: Sequence[str], *, by: str, reason: str, as_json: bool) -> int:
    """Close what was not sent: they were told otherwise, or need not be."""
    workshop = open_workshop(config, overrides, quiet=as_json)
    return act_on(workshop, names, by=by, reason=reason, as_json=as_json, verb=Acts.close_notices, onward=False)


async def unsent_rows(ledger: Ledger) -> list[dict[str, Any]]:
    """Return what was not sent, with why."""
    return [
        {
            "id": notice.request_id, "request_state": state, "notice": notice.kind, "state": notice.state,
            "to": notice.to, "attempt": notice.attempt, "reason": await _why(ledger, notice),
        }
        for notice, state in await ledger.unsent()
    ]  # fmt: skip


def unsent_table(rows: Sequence[dict[str, Any]]) -> Table:
    """Return it for people."""
    names = ["id", "request_state", "notice", "state", "to", "reason"]
    title = "送れていない通知 / notices not sent: notices retry, or notices close"
    return table(
        title, ["id", "request", "notice", "", "to", "why"], [tuple(str(row[name]) for name in names) for row in rows]
    )


async def _why(ledger: Ledger, notice: Notice) -> str:
    """Return what the record says of the last attempt."""
    of_this = [
        stored.event.reason
        for stored in await ledger.timeline(notice.request_id)
        if stored.event.details.get("message_id") == notice.message_id and stored.event.outcome == "failed"
    ]
    return of_this[-1] if of_this else ""


def _all(workshop: Workshop) -> list[str]:
    rows = with_ledger(workshop, unsent_rows)
    return list(dict.fromkeys(str(row["id"]) for row in rows))
