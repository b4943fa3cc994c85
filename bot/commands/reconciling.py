"""``reconcile``: where ledger, console and staff directory disagree; disables what must not work, adopts what a restore forgot."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bot.commands.acts import adopt, say_proposed
from bot.commands.opening import must_say, open_workshop
from bot.commands.output import Bars, people, print_json, say, table
from bot.commands.passes import tell_what_to_do
from bot.errors import BadUsage, Problem
from bot.operation.differences import Difference
from bot.operation.report import Report
from bot.wiring import Workshop
from bot.wiring.reconciling import ready_reconciler

#: Stands for every request that is stuck on a login issued since the backup.
ALL = "all"


def reconcile(
    config: Path, overrides: Sequence[str], *, fix: bool, adopted: Sequence[str], by: str | None, reason: str | None,
    as_json: bool,
) -> int:  # fmt: skip
    """Compare, and with ``fix`` disable; with ``adopted`` take these requests' logins for ours again, and nothing else."""
    if fix and adopted:
        raise BadUsage([Problem(path="--fix", text="one at a time: --fix, or --adopt")])
    if not fix and not adopted:
        if by is not None or reason is not None:
            raise BadUsage(
                [Problem(path="--by", text="looking needs no name: --by and --reason belong to --fix or --adopt")]
            )
        return _compared(config, overrides, None, "", as_json=as_json)
    must_say({"--by": by or "", "--reason": reason or ""})
    who, why = (by or "").strip(), (reason or "").strip()
    if adopted:
        names = [name for name in adopted if name != ALL]
        return adopt(names, config, overrides, by=who, reason=why, as_json=as_json, every=ALL in adopted)
    return _compared(config, overrides, who, why, as_json=as_json)


def _compared(config: Path, overrides: Sequence[str], by: str | None, reason: str, *, as_json: bool) -> int:
    workshop, report = open_workshop(config, overrides, quiet=as_json), Report()
    found = asyncio.run(_look(workshop, by, reason, report))
    if as_json:
        print_json([asdict(one) for one in found])
    elif found:
        people().print(_table(found))
    else:
        people().print("差異なし / no differences")
    if proposed := [one.request or one.login_id or "" for one in found if one.proposed]:
        say_proposed(proposed, workshop.config.settings.operators.proposal_hours)
    tell_what_to_do(report)
    return 1 if report.problems or any(one.needs_operator for one in found) else 0


async def _look(workshop: Workshop, by: str | None, reason: str, report: Report) -> Sequence[Difference]:
    with Bars() as bars:
        async with ready_reconciler(workshop, by, by_hand=True) as reconciler:
            found = await reconciler.look(bars)
            return await reconciler.fix(found, reason, report, bars) if by else found


def _table(found: Sequence[Difference]) -> object:
    rows = [
        (
            "fixed" if one.fixed else "proposed" if one.proposed else "",
            one.kind,
            one.login_id or "",
            one.request or "",
            f"{one.detail_ja}\n{one.detail}",
        )
        for one in found
    ]
    for advice in dict.fromkeys(one.advice for one in found if not one.fixed):
        say(f"→ {advice}")
    return table("差異 / differences", ["", "kind", "login ID", "request", ""], rows)
