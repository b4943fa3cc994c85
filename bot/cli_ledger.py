"""The command line of the ledger's keeping: back it up, put a backup in place, take persons out when their time is over."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli_options import DEFAULT_CONFIG, AsJson, ConfigPath, Overrides, leave

ByWhom = Annotated[str, typer.Option("--by", metavar="WHO", help="Your name: it stands in the audit chain.")]

ledger = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None,
    help="The ledger's keeping: backup, restore, purge, holders. docs/guides/backup.md shows the drill.",
)  # fmt: skip


@ledger.command("backup")
def backup(
    to: Annotated[
        Path, typer.Option("--to", metavar="FILE|DIR", help="A new file (.sqlite3), or a directory for dated files.")
    ],
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
    keep: Annotated[
        int | None, typer.Option(min=1, help="In a directory: keep so many; retention.backups where not said.")
    ] = None,
) -> None:
    """Copy the ledger while the bot runs, and prove the copy. Example: run_bot.py ledger backup --to backups"""
    from bot.commands import backups

    leave(backups.backup(to, config, override or [], keep=keep, as_json=as_json))


@ledger.command("restore")
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup that `ledger backup` made.")],
    by: ByWhom,
    reason: Annotated[str, typer.Option(help="Why; it goes on the record.")],
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Put a backup in the place of the ledger, which is kept aside. Example: run_bot.py ledger restore backups/FILE --by 吉澤 --reason "ディスク故障" """
    from bot.commands import restoring

    leave(restoring.restore(file, config, override or [], by=by, reason=reason, as_json=as_json))


@ledger.command("purge")
def purge(
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what is old enough; change nothing.")] = False,
) -> None:
    """Take persons out of records older than retention.years, and remove old mails, evidence and log lines. Example: run_bot.py ledger purge --dry-run"""
    from bot.commands import purging

    leave(purging.purge(config, override or [], dry_run=dry_run, as_json=as_json))


@ledger.command("holders")
def holders(
    login_id: Annotated[str | None, typer.Argument(metavar="[LOGIN_ID]", help="Of this ID only.")] = None,
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Who holds, and who held, the login IDs of the pool. Example: run_bot.py ledger holders tele017"""
    from bot.commands import holders as command

    leave(command.holders(login_id, config, override or [], as_json=as_json))
