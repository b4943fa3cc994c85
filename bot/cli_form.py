"""The command line of forms: teach one from its mails, and see what would be held."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli_options import DEFAULT_CONFIG, AsJson, ConfigPath, Overrides, leave

form = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None,
    help="Form profiles: what the mails and tables of a form may say. docs/guides/teach-a-form.md shows how one is taught.",
)  # fmt: skip
Name = Annotated[str, typer.Argument(metavar="NAME", help="The file in forms/, without .yaml.")]
Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Its mails (.eml), or its .csv, .xlsx.")]


@form.command("learn")
def learn(
    name: Name,
    files: Files,
    by: Annotated[str, typer.Option("--by", metavar="WHO", help="Your name: it stands in the audit chain.")],
    reason: Annotated[str, typer.Option(help="Why; it goes on the record.")],
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
    labels: Annotated[
        list[str] | None,
        typer.Option("--as", metavar="LABEL=FIELD", help="What a label is: a field, harmless, free_text or hold."),
    ] = None,
    sentences: Annotated[
        list[str] | None,
        typer.Option("--sentence", metavar="TEXT", help="A whole line of the form's own, {} for what changes."),
    ] = None,
    hold: Annotated[
        list[str] | None,
        typer.Option("--hold", metavar="TEXT", help="A line that is not the form's own: it stays held."),
    ] = None,
    states: Annotated[
        list[str] | None,
        typer.Option("--state", metavar="LABEL=VALUE", help="A state with which an application stands."),
    ] = None,
    options: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="FIELD:OPTION=ANSWER", help="An option, whole, such as kind:利用終了=cancel."),
    ] = None,
    senders: Annotated[
        list[str] | None,
        typer.Option("--sender", metavar="ADDRESS", help="Whom it is sent by, where that is not proven."),
    ] = None,
    trusted: Annotated[
        list[str] | None,
        typer.Option(
            "--trusted", metavar="FIELD", help="What the form system fills in itself: applied_at counts for the cutoff."
        ),
    ] = None,
) -> None:
    """Teach a form from about three of its mails; asks on a terminal. Example: run_bot.py form learn logo *.eml --by 吉澤 --reason "新しい様式" """
    from bot.commands import forms

    said = forms.Said(
        by=by, reason=reason, labels=labels or (), sentences=sentences or (), held=hold or (), states=states or (), options=options or (),
        senders=senders or (),
        trusted=trusted or (),
    )  # fmt: skip
    leave(forms.learn(name, files, config, override or [], said=said, as_json=as_json))


@form.command("check")
def check(
    name: Name,
    files: Files,
    by: Annotated[str, typer.Option("--by", metavar="WHO", help="Your name, for the audit chain.")] = "",
    reason: Annotated[str, typer.Option(help="Why; it goes on the record.")] = "",
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """What of messages would be held by a form's profile. Example: run_bot.py form check logo new-mail.eml"""
    from bot.commands import forms

    leave(forms.check(name, files, config, override or [], by=by, reason=reason, as_json=as_json))
