"""``report``: the auditors' standard questions about a month, as a workbook, on record."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot import __version__
from bot.commands.audit import looking
from bot.commands.opening import open_workshop
from bot.commands.output import Bars, people, print_json, say, table
from bot.errors import BadUsage, BotError, LedgerBroken, Problem
from bot.ledger.ledger import Ledger
from bot.ledger.records import Event, Verdict
from bot.operation.inspection.facts import Month, Scope, Table, month_of
from bot.operation.inspection.showing import answers
from bot.operation.inspection.workbook import Written, questions, write
from bot.wiring import Workshop, user

_ACTION = "audit.report"


def report(
    month: str, to: Path, config: Path, overrides: Sequence[str], *, as_json: bool, sample: int | None, seed: str | None,
    by: str | None,
) -> int:  # fmt: skip
    """Write the workbook; exit status 1 when a table holds what should not be, 5 when the chain does not hold."""
    if to.suffix.lower() != ".xlsx":
        raise BadUsage([Problem(path="--to", text=f"{to.name}: the name must end in .xlsx")])
    workshop = open_workshop(config, overrides, quiet=as_json)
    asked, name = month_of(month, workshop.config.zone), (by or user()).strip()

    async def work(ledger: Ledger) -> Inspected:
        return await inspect(workshop, ledger, asked, to, by=name, sample=sample, seed=seed)

    found = looking(workshop, by, work)
    done, made, verdict = found.written, found.tables, found.verdict
    if as_json:
        print_json({
            "month": asked.name, "file": str(to), "sha256": done.sha256, "sheets": done.counts,
            "findings": done.findings, "audit": {"ok": verdict.ok, "events": verdict.events, "head": verdict.head},
        })  # fmt: skip
    else:
        rows = [(one.title, str(len(one.rows)), str(one.findings or "")) for one in made]
        people().print(table(f"月次報告 / report {asked.name}", ["", "rows", "findings"], rows))
        people().print(f"→ {to}\nSHA-256 {done.sha256}", markup=False, soft_wrap=True)
    if not verdict.ok:
        say(f"! the chain is BROKEN at event {verdict.first_bad}: {verdict.reason}\n→ {LedgerBroken.advice}")
        return LedgerBroken.exit_status
    return 1 if done.findings else 0


@dataclass(frozen=True, kw_only=True)
class Inspected:
    """A report as it was written: its tables, and whether the chain it was made from holds."""

    written: Written
    tables: Sequence[Table]
    verdict: Verdict


async def inspect(
    workshop: Workshop, ledger: Ledger, asked: Month, to: Path, *, by: str, sample: int | None = None,
    seed: str | None = None,
) -> Inspected:  # fmt: skip
    """Write the workbook of a month, on record before and after; raises what keeps it from being written."""
    settings = workshop.config.settings.audit
    size, word = sample or settings.sample, seed or asked.name
    details: dict[str, object] = {"file": to.name, "month": asked.name, "sample": size, "seed": word}
    await ledger.note(Event(action=_ACTION, outcome="intended", details=details))
    try:
        scope = Scope(month=asked, now=workshop.clock.now(), cutoff=workshop.rulebook().cutoff_for)
        asking = questions(scope, settings, workshop.calendar(), size=size, seed=word)
        answered = await answers(ledger, scope, asking)
        with Bars() as bars:
            bars.start("月次報告 / report", len(asking))
            done = await asyncio.to_thread(write, answered, to, by=by, version=__version__, tell=bars.step)
    except BotError as error:
        await ledger.note(Event(action=_ACTION, outcome="failed", reason=str(error), details=details))
        raise
    details |= {"sha256": done.sha256, "counts": done.counts}
    await ledger.note(Event(action=_ACTION, outcome="done", details=details))
    return Inspected(written=done, tables=answered.tables, verdict=answered.verdict)
