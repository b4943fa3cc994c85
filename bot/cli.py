"""The command line: names and options only; each command's work is in bot/commands, imported when it is called."""

from __future__ import annotations

import sys
import traceback
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Annotated, NoReturn

import typer

from bot.cli_acts import acts
from bot.cli_audit import audit, reports
from bot.cli_flow import flow
from bot.cli_form import form
from bot.cli_ledger import ledger
from bot.cli_options import DEFAULT_CONFIG, AsJson, ConfigPath, Overrides, leave
from bot.cli_watch import watch
from bot.errors import BotError, TookTooLong
from bot.private import protect_process
from bot.terminal import visible

#: They start servers that run as other users and must find their files; no real person's data is in them.
_WITH_SERVERS = (["test"], ["bench"], ["demo"])

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Issues telework IDs: from the application mail to a working login, on the record.\n\n"
    "Examples:  run_bot.py demo  ·  run_bot.py check  ·  run_bot.py run --dry-run  ·  run_bot.py show R-20261120-0007",
)
config_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The settings.")
app.add_typer(acts)
app.add_typer(reports)
app.add_typer(watch)
app.add_typer(audit, name="audit")
app.add_typer(flow, name="flow")
app.add_typer(form, name="form")
app.add_typer(config_app, name="config")
app.add_typer(ledger, name="ledger")


@app.command()
def demo(
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Where the demo leaves its mails, ledger and evidence.")
    ] = None,
    mailbox: Annotated[
        str, typer.Option(help="folder; imap: a real Dovecot and Postfix (Debian, as root); exchange.")
    ] = "folder",
    console: Annotated[
        str, typer.Option(help="sandbox; meshcentral: a real third-party console (needs Node.js and npm).")
    ] = "sandbox",
    as_json: AsJson = False,
    stay: Annotated[
        bool, typer.Option("--stay", help="Leave the console open afterwards, on the first telework day.")
    ] = False,
) -> None:
    """The whole job on inbox_samples/ with an embedded mailbox and console and a fixed clock. Example: run_bot.py demo --mailbox imap"""
    from bot.commands import demo as command

    leave(command.demo(folder or Path("var/demo"), mailbox=mailbox, console=console, as_json=as_json, stay=stay))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, add_help_option=False)
def test(context: typer.Context) -> None:
    """All tests; arguments go to pytest. Example: run_bot.py test -k folder"""
    from bot.commands import testing

    leave(testing.run(list(context.args)))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def bench(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Such as reading or fuzz.")],
    as_json: AsJson = False,
) -> None:
    """A benchmark of tests/bench as JSON; further numbers go to it. Example: run_bot.py bench reading 10000 100000 --json"""
    from bot.commands import benching

    leave(benching.run(name, list(context.args), as_json=as_json))


@app.command()
def run(
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and decide; change, send and record nothing.")
    ] = False,
) -> None:
    """One pass now: poll, read, decide, issue, deliver, revoke what is due."""
    from bot.commands import passes

    leave(passes.run(config, override or [], as_json=as_json, dry_run=dry_run))


@app.command()
def serve(
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
    plan: Annotated[
        str | None, typer.Option("--plan", metavar="DATE", help="Only show what would be done on that day.")
    ] = None,
) -> None:
    """Unattended, by `schedule:` of config.yaml; SIGTERM finishes the step in hand and stops. Example: run_bot.py serve --plan 2026-11-24"""
    from bot.commands import serve as command

    if plan is not None:
        leave(command.show_plan(plan, config, override or [], as_json=as_json))
    leave(command.serve(config, override or [], as_json=as_json))


@app.command()
def read(
    files: Annotated[list[Path], typer.Argument(help="Mails (.eml), .csv, .tsv, .xlsx, .xls.")],
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
    decide: Annotated[bool, typer.Option("--decide", help="Apply the rules too.")] = False,
    now: Annotated[
        str | None, typer.Option("--now", metavar="TIME", help="Decide as of this moment (RFC 3339).")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show which line became which field, and why.")] = False,
) -> None:
    """Read mails and tables with no side effect. Example: run_bot.py read inbox_samples/*.eml --decide --now 2021-07-30T13:04+09:00"""
    from bot.commands import reading

    leave(
        reading.read(files, config, override or [], as_json=as_json, decide=decide, now=_moment(now), explain=explain)
    )


@app.command()
def cutoff(
    days: Annotated[list[str], typer.Argument(metavar="DATE...", help="Telework days, such as 2026-11-24.")],
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """The moment by which an application for DATE must be received."""
    from bot.commands import reading

    leave(reading.cutoff(days, config, override or [], as_json=as_json))


@app.command()
def requests(
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
    state: Annotated[str | None, typer.Option(help="Only this state, such as held, stuck or unreadable.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="Only what was recorded on or after this day.")
    ] = None,
) -> None:
    """The ledger: every request, and every message that could not be read."""
    from bot.commands import ledger

    leave(ledger.requests(config, override or [], as_json=as_json, state=state, since=since))


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="ID", help="Such as R-20261120-0007 or M-20261120-0003.")],
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """One request with its whole timeline."""
    from bot.commands import ledger

    leave(ledger.show(name, config, override or [], as_json=as_json))


@app.command()
def digest(
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
    of: Annotated[
        str | None, typer.Option("--date", metavar="DATE", help="The day; today where none is given.")
    ] = None,
    send: Annotated[bool, typer.Option("--send", help="Mail it to the operators (alerts.mail_to) too.")] = False,
) -> None:
    """The day for operators and auditors: counts, what waits for a person, the head of the chain."""
    from bot.commands import digest as command

    leave(command.digest(config, override or [], as_json=as_json, of=of, send=send))


@app.command()
def check(
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
    send_test: Annotated[
        bool, typer.Option("--send-test", help="Send a test alert by each way (alerts.mail_to, alerts.apprise).")
    ] = False,
) -> None:
    """Preflight: config, directory, mailbox, database, disk, browser, console, clock, alerts; changes nothing."""
    from bot.commands import checks

    leave(checks.check(config, override or [], as_json=as_json, send_test=send_test))


@config_app.command("schema")
def config_schema() -> None:
    """Print the JSON schema of config.yaml, for editors."""
    from bot.commands.output import print_json
    from bot.config import schema

    print_json(schema())


def start() -> None:
    """Be the process of a command: nothing of it is for other users, and then :func:`main`."""
    sys.excepthook = _tell_of_unforeseen
    protect_process(umask=sys.argv[1:2] not in _WITH_SERVERS)
    main()


def main() -> None:
    """Run the command line; an error becomes its sentence, its advice, and its exit status."""
    try:
        app(standalone_mode=True)
    except BotError as error:
        leave_with(error)


def leave_with(error: BotError) -> NoReturn:
    """Say what went wrong and what to do, and end the process with its exit status, whatever hangs in it."""
    from bot.commands.output import print_json, say

    if "--json" in sys.argv:
        print_json({"error": type(error).__name__, "message": str(error), "advice": error.advice})
    say(f"{type(error).__name__}: {error}\n→ {error.advice}")
    if isinstance(error, TookTooLong):
        from bot.commands.stopping import leave_what_hangs

        leave_what_hangs(error.exit_status)
    sys.exit(error.exit_status)


def _tell_of_unforeseen(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print a traceback as Python would, with nothing in it that a terminal obeys."""
    sys.stderr.write(visible("".join(traceback.format_exception(kind, error, trace))))


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not a time such as 2021-07-30T13:04:00+09:00", param_hint="--now"
        ) from None


if __name__ == "__main__":
    start()
