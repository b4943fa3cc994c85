"""The command line of auditors: verify, heads, keys, lists, exports, the month's report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli_options import DEFAULT_CONFIG, AsJson, ConfigPath, Overrides, leave

Looking = Annotated[
    str | None,
    typer.Option("--by", metavar="WHO", help="Your name, for the record of who looked; the login name where not said."),
]

audit = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None,
    help="The audit chain: verify, heads, list, export. docs/guides/audit.md is for auditors.",
)  # fmt: skip
key = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The key that signs heads.")
audit.add_typer(key, name="key")
reports = typer.Typer()


@audit.command("verify")
def verify(
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
    head: Annotated[str | None, typer.Option(help="A head noted earlier: it must still be in the chain.")] = None,
    heads: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file of head lines: each must stand at its place.")
    ] = None,
    keys: Annotated[
        list[Path] | None,
        typer.Option("--key", metavar="PUBLIC", help="Every head must be signed with one of these keys (PEM)."),
    ] = None,
) -> None:
    """Recompute the whole chain; with heads, prove that nothing was cut off or rewritten. Example: run_bot.py audit verify --heads heads.jsonl --key key.pem.pub"""
    from bot.commands import audit as command

    leave(command.verify(config, override or [], as_json=as_json, head=head, heads=heads, keys=keys or []))


@audit.command("head")
def head(
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="Add the line to this file in place of printing it.")
    ] = None,
    by: Looking = None,
) -> None:
    """Verify the chain and give out its head as one JSON line, signed where audit.signing_key is set. Example: run_bot.py audit head --to share/heads.jsonl"""
    from bot.commands import audit as command

    leave(command.head(config, override or [], as_json=as_json, to=to, by=by))


@key.command("new")
def key_new(
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="The private key (mode 0600); must be new.")],
    as_json: AsJson = False,
) -> None:
    """Make an Ed25519 key pair; the public half is printed and lies in FILE.pub: give it to the auditors. Example: run_bot.py audit key new --to head-key.pem"""
    from bot.commands import audit as command

    leave(command.key_new(to, as_json=as_json))


@audit.command("list")
def list_events(
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = 50,
    by: Looking = None,
) -> None:
    """The newest events of the chain; that you looked is recorded."""
    from bot.commands import audit as command

    leave(command.list_events(config, override or [], as_json=as_json, limit=limit, by=by))


@audit.command("export")
def export(
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="Ends in .jsonl, .csv or .xlsx.")],
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
    encoding: Annotated[
        str | None, typer.Option(help="Of .csv: utf-8-sig (default) or cp932; what cp932 lacks is 〓 and listed.")
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="Events of this day and later.")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Events of this day and earlier.")] = None,
    employee: Annotated[str | None, typer.Option(metavar="NO", help="Events of this employee's requests.")] = None,
    actor: Annotated[str | None, typer.Option(metavar="WHO", help="What this person, or the bot, did.")] = None,
    outcome: Annotated[str | None, typer.Option(help="intended, done, failed or unknown.")] = None,
    by: Looking = None,
) -> None:
    """Write the chain, or some of it, to a file with a cover beside it. Example: run_bot.py audit export --to july.csv --since 2021-07-01 --until 2021-07-31"""
    from bot.commands import exporting

    asked = exporting.Asked(since=since, until=until, employee=employee, actor=actor, outcome=outcome)
    leave(exporting.export(to, asked, config, override or [], as_json=as_json, encoding=encoding, by=by))


@reports.command()
def report(
    month: Annotated[str, typer.Option("--month", metavar="YYYY-MM", help="Such as 2021-07.")],
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="The workbook; ends in .xlsx.")],
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
    sample: Annotated[
        int | None, typer.Option(min=1, max=1000, help="So many cases in full; audit.sample where not said.")
    ] = None,
    seed: Annotated[
        str | None, typer.Option(help="Chooses the sample: the same word, the same cases; the month where not said.")
    ] = None,
    by: Looking = None,
) -> None:
    """The auditors' standard questions about a month, as a workbook. Example: run_bot.py report --month 2021-07 --to 2021-07.xlsx"""
    from bot.commands import inspecting

    leave(inspecting.report(month, to, config, override or [], as_json=as_json, sample=sample, seed=seed, by=by))
