"""The command line of flows: write one, prove it, accept what changed."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli_options import DEFAULT_CONFIG, AsJson, ConfigPath, Overrides, leave

flow = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None,
    help="Flows: the files that know a console's screens. docs/guides/write-a-flow.md shows how one is written.",
)  # fmt: skip
Name = Annotated[str, typer.Argument(metavar="NAME", help="The file in flows/, without .py.")]


@flow.command("new")
def new(name: Name, config: ConfigPath = DEFAULT_CONFIG, override: Overrides = None) -> None:
    """Write a flow to start from, with comments that teach. Example: run_bot.py flow new deskport"""
    from bot.commands import flows

    leave(flows.new(name, config, override or []))


@flow.command("look")
def look(
    name: Name,
    page: Annotated[
        str, typer.Argument(metavar="[PAGE]", help="Its address below console.url; the first page if none is named.")
    ] = "",
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    inside: Annotated[bool, typer.Option("--inside", help="Log in first, as the flow does.")] = False,
    clicks: Annotated[
        list[str] | None,
        typer.Option(
            "--click", metavar="NAME", help="Click the button, link or tab of this name first; may be repeated."
        ),
    ] = None,
) -> None:
    """Show what a page consists of: headings, fields and buttons by the names to use. Example: run_bot.py flow look deskport users --inside"""
    from bot.commands import flows

    leave(flows.look(name, page, config, override or [], inside=inside, clicks=clicks or []))


@flow.command("check")
def check(
    name: Name,
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
    ids: Annotated[
        str,
        typer.Option(
            "--ids", metavar="PREFIX", help="Every throw-away account begins with this; it must belong to nobody."
        ),
    ] = "zzcheck",
    stop: Annotated[
        bool, typer.Option("--stop", help="Leave the rest after the first promise that is broken: while you write.")
    ] = False,
) -> None:
    """Try every promise on the live console, with throw-away accounts. Example: run_bot.py flow check deskport --set console.url=https://vdi-test/"""
    from bot.commands import flows

    leave(flows.check(name, config, override or [], prefix=ids, as_json=as_json, stops=stop))


@flow.command("accept")
def accept(
    by: Annotated[str, typer.Option("--by", metavar="WHO", help="Your name: it stands in the audit chain.")],
    reason: Annotated[str, typer.Option(help="Why the new look is well; it goes on the record.")],
    screens: Annotated[
        list[str] | None, typer.Argument(metavar="[SCREEN...]", help="All that changed where none is named.")
    ] = None,
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Accept screens that look different and work all the same. Example: run_bot.py flow accept --by 吉澤 --reason "製品の更新を確認" """
    from bot.commands import flows

    leave(flows.accept(screens or [], config, override or [], by=by, reason=reason, as_json=as_json))
