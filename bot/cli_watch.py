"""The command line of whoever looks after the bot as a program: its figures, and what a supporter needs to see."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli_options import DEFAULT_CONFIG, AsJson, ConfigPath, Overrides, leave

watch = typer.Typer(rich_markup_mode=None)
support = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="What a supporter needs to see, and no more.")
watch.add_typer(support, name="support")


@watch.command()
def metrics(
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FILE", help="Write it there, as node_exporter's textfile collector reads it."),
    ] = None,
) -> None:
    """The figures once, as Prometheus reads them; they name no person. Example: run_bot.py metrics --to telework_bot.prom"""
    from bot.commands import metrics as command

    leave(command.metrics(config, override or [], as_json=as_json, to=to))


@support.command("bundle")
def bundle(
    to: Annotated[Path, typer.Option("--to", metavar="FILE.zip", help="A new file.")],
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
    checks: Annotated[
        bool, typer.Option("--check/--no-check", help="Run `check` too: it logs in to mailbox and console once.")
    ] = True,
    by: Annotated[
        str | None,
        typer.Option("--by", metavar="WHO", help="Your name, for the record; the login name where not said."),
    ] = None,
) -> None:
    """Settings, versions, check, log, changed screen, state of the ledger: no password, nobody's name. Example: run_bot.py support bundle --to support.zip"""
    from bot.commands import supporting

    leave(supporting.bundle(config, override or [], to=to, checks=checks, as_json=as_json, by=by))
