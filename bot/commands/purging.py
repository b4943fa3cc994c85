"""``ledger purge``: takes persons out of old records."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from bot.commands.opening import open_workshop, with_ledger
from bot.commands.output import Bars, people, print_json, say, table
from bot.ledger.engine import place_of
from bot.ledger.ledger import Ledger
from bot.operation.purge import Places, Purge, cutoffs
from bot.wiring import Workshop


def purge(config: Path, overrides: Sequence[str], *, dry_run: bool, as_json: bool) -> int:
    """Purge, or with ``dry_run`` say what a purge would do; raises ``AlreadyRunning`` while a pass works."""
    workshop = open_workshop(config, overrides, quiet=as_json)

    async def work(ledger: Ledger) -> tuple[Purge, dict[str, int]]:
        made = made_for(workshop, ledger)
        if dry_run:
            return made, await made.count()
        with Bars() as bars:
            return made, await made.run(bars)

    with nullcontext() if dry_run else workshop.alone():
        made, counts = with_ledger(workshop, work)
    before = made.cutoffs.texts()
    aside = [str(path) for path in _aside(workshop)]
    if as_json:
        print_json({"dry_run": dry_run, "before": before, **counts, "kept_aside": aside})
        return 0
    title = "個人情報の削除（試行） / purge, dry run" if dry_run else "個人情報の削除 / purge"
    limits = {
        "requests": "records", "messages": "records", "events": "records", "kept": "records",
        "reasons": "reasons", "mails": "mails", "evidence": "evidence", "logs": "log",
    }  # fmt: skip
    people().print(
        table(title, ["", "count", "before"], [(name, n, before[limits[name]]) for name, n in counts.items()])
    )
    if aside:
        say("replaced ledgers still hold persons; delete them once nobody needs them:\n  " + "\n  ".join(aside))
    return 0


def made_for(workshop: Workshop, ledger: Ledger) -> Purge:
    """Return the purge of this configuration, as of now."""
    config, settings = workshop.config, workshop.config.settings
    folders = [settings.mailbox.path] if settings.mailbox.kind == "folder" else []
    folders += [settings.mailbox.drops] if settings.mailbox.drops else []
    places = Places(
        mailboxes=tuple(config.path(folder) for folder in folders),
        evidence=config.path(settings.console.evidence_dir),
        log=config.path(settings.log.file) if settings.log.file else None,
    )
    before = cutoffs(settings.retention, workshop.clock.now(), log_days=settings.log.keep_days)
    return Purge(ledger=ledger, places=places, cutoffs=before)


def _aside(workshop: Workshop) -> list[Path]:
    """Return the ledgers that a restore put aside."""
    place = place_of(workshop.config.settings.ledger.url, workshop.config.base)
    return sorted(place.parent.glob(f"{place.name}.replaced-*"))
