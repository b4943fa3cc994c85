"""The command line of operators' acts: each with who and why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli_options import DEFAULT_CONFIG, AsJson, ConfigPath, Overrides, leave

RequestIds = Annotated[list[str], typer.Argument(metavar="ID...", help="Such as R-20261120-0007.")]
ByWhom = Annotated[str, typer.Option("--by", metavar="WHO", help="Your name: it stands in the audit chain.")]

Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]
PartName = Annotated[str, typer.Option("--part", metavar="PART", help="intake, console, delivery, or all.")]

acts = typer.Typer(rich_markup_mode=None)
worklist = typer.Typer(rich_markup_mode=None)
acts.add_typer(worklist, name="worklist")
notices = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Notices that were not sent: list, retry, close."
)
acts.add_typer(notices, name="notices")


@worklist.callback(invoke_without_command=True)
def worklist_to(
    context: typer.Context,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="A new file (.xlsx) for the clerk who issues by hand.")
    ] = None,
    by: Annotated[str, typer.Option("--by", metavar="WHO", help="Your name: it stands in the audit chain.")] = "",
    reason: Annotated[str, typer.Option(help="Why it is done by hand; it goes on the record.")] = "",
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Issue by hand while the console's screens or the bot are broken. Example: run_bot.py worklist --to W.xlsx --by 吉澤 --reason "画面変更で停止中" """
    if context.invoked_subcommand is None:
        from bot.commands import worklist as command

        leave(command.take(to, config, override or [], by=by, reason=reason, as_json=as_json))


@worklist.command("import")
def worklist_import(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The list with the results typed in.")],
    by: ByWhom,
    reason: Annotated[str, typer.Option(help="Why; it goes on the record.")],
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
    partly: Annotated[
        bool, typer.Option("--partly", help="Take the rows that are right, whatever the others.")
    ] = False,
) -> None:
    """Take the results of a list back. Example: run_bot.py worklist import W.xlsx --by 吉澤 --reason "手作業の結果" """
    from bot.commands import worklist as command

    leave(command.take_back(file, config, override or [], by=by, reason=reason, as_json=as_json, partly=partly))


@acts.command()
def approve(
    names: RequestIds,
    by: ByWhom,
    reason: Annotated[str, typer.Option(help="What was made sure of, and how; it goes on the record.")],
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
    days: Annotated[
        list[str] | None,
        typer.Option(
            "--days", metavar="DAYS", help="Only these, such as 12/7,12/8; the applicant is told of the others."
        ),
    ] = None,
    yes: Yes = False,
    preview: Annotated[bool, typer.Option("--preview", help="Only show what it would do; exit status 1.")] = False,
) -> None:
    """Let held requests pass, and issue them at once. Example: run_bot.py approve R-20261120-0007 --by 吉澤 --reason "課長に電話で確認"

    With --days it shows what follows and asks; where there is no terminal it needs --yes, and ends with 1 without it.

    Example: run_bot.py approve R-20261120-0007 --days 12/7,12/8 --by 吉澤 --reason "12/9は会議のため出勤" --yes
    """
    from bot.commands import acts as command

    how = command.Approving(days=days or (), yes=yes, only_shown=preview)
    leave(command.approve(names, config, override or [], by=by, reason=reason, as_json=as_json, how=how))


@acts.command()
def correct(
    name: Annotated[str, typer.Argument(metavar="ID", help="Such as R-20261120-0007 or M-20261120-0003.")],
    fields: Annotated[
        list[str],
        typer.Argument(
            metavar="FIELD=VALUE...",
            help="What is true, as people write it: dates=12/2,12/3 employee_no=0048213 kind=変更 place=自宅.",
        ),
    ],
    by: ByWhom,
    reason: Annotated[str, typer.Option(help="What was made sure of, and how; it goes on the record.")],
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
    yes: Yes = False,
) -> None:
    """Put right what was read of what is held, unreadable or rejected. Example: run_bot.py correct R-20261120-0007 dates=12/2,12/3 --by 吉澤 --reason "本人に確認"

    The rules run again, and it shows what follows before it asks. Where there is no terminal it needs --yes, and ends with 1
    without it. Both readings stay on record.

    Example: run_bot.py correct M-20261120-0003 employee_no=0048213 name="髙橋 みのり" dates=12/2 place=自宅 --by 吉澤 --reason "紙の申請書と照合" --yes
    """
    from bot.commands import correct as command

    leave(command.correct(name, fields, config, override or [], by=by, reason=reason, as_json=as_json, yes=yes))


@acts.command()
def intake(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A table (.csv, .tsv, .xlsx, .xls) or a mail (.eml).")],
    by: ByWhom,
    reason: Annotated[str, typer.Option(help="Where it comes from; it goes on the record.")],
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Put a file into the inbox in your name; the next pass reads it. Example: run_bot.py intake 申請一覧.csv --by 吉澤 --reason "電子申請から12/1に出力"

    Only then its 申請日時 counts for the cutoff, where its form is one of forms.known that is trusted for it.

    Example: run_bot.py intake 転送.eml --by 吉澤 --reason "課の共有アドレスに届いた申請"
    """
    from bot.commands import intake as command

    leave(command.intake(file, config, override or [], by=by, reason=reason, as_json=as_json))


@acts.command()
def reject(
    names: RequestIds,
    by: ByWhom,
    reason: Annotated[str, typer.Option(help="Why; it is mailed to the applicant and goes on the record.")],
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Refuse held requests, and tell the applicants. Example: run_bot.py reject R-20261120-0007 --by 吉澤 --reason "端末が未登録" """
    from bot.commands import acts as command

    leave(command.reject(names, config, override or [], by=by, reason=reason, as_json=as_json))


@acts.command()
def revoke(
    names: RequestIds,
    by: ByWhom,
    reason: Annotated[str, typer.Option(help="Why; it goes on the record, and is not mailed.")],
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
    at_wish: Annotated[
        bool, typer.Option("--at-wish", help="The applicant asked for it: they are told of a cancellation.")
    ] = False,
) -> None:
    """End granted requests now: disable the account, tell the applicant. Example: run_bot.py revoke R-20261120-0007 --by 吉澤 --reason "本人から電話で取消" --at-wish"""
    from bot.commands import acts as command

    leave(command.revoke(names, config, override or [], by=by, reason=reason, as_json=as_json, at_wish=at_wish))


@acts.command()
def rerun(
    by: ByWhom,
    reason: Annotated[str, typer.Option(help="What was mended; it goes on the record.")],
    names: Annotated[list[str] | None, typer.Argument(metavar="[ID...]", help="Such as R-20261120-0007.")] = None,
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
    stuck: Annotated[bool, typer.Option("--stuck", help="Everything that is stuck.")] = False,
    unreadable: Annotated[
        bool,
        typer.Option("--unreadable", help="Every message that could not be read: read it again with today's forms."),
    ] = False,
) -> None:
    """Try what is stuck once more, looking first, or read again what was unreadable. Example: run_bot.py rerun --stuck --by 吉澤 --reason "名簿のアドレスを修正" """
    from bot.commands import acts as command

    if unreadable:
        if names or stuck:
            raise typer.BadParameter("on its own: give ids or --stuck in another call", param_hint="--unreadable")
        leave(command.rerun_unreadable(config, override or [], by=by, reason=reason, as_json=as_json))
    leave(command.rerun(names or [], config, override or [], by=by, reason=reason, as_json=as_json, stuck=stuck))


@acts.command()
def dismiss(
    names: Annotated[list[str], typer.Argument(metavar="ID...", help="Such as R-20261120-0007 or M-20261120-0003.")],
    by: ByWhom,
    reason: Annotated[str, typer.Option(help="What was done instead; it goes on the record, and is not mailed.")],
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Close what is stuck, or a message that can't be read. Example: run_bot.py dismiss R-20261120-0007 M-20261120-0003 --by 吉澤 --reason "手作業で発行済み"

    An account that was made for it is disabled, and nobody is mailed.
    """
    from bot.commands import acts as command

    leave(command.dismiss(names, config, override or [], by=by, reason=reason, as_json=as_json))


@notices.command("list")
def notices_list(config: ConfigPath = DEFAULT_CONFIG, override: Overrides = None, as_json: AsJson = False) -> None:
    """What was not sent and nobody has closed, and why; exit status 1 where there is any. Example: run_bot.py notices list"""
    from bot.commands import notices as command

    leave(command.show(config, override or [], as_json=as_json))


@notices.command("retry")
def notices_retry(
    by: ByWhom,
    reason: Annotated[str, typer.Option(help="What was mended; it goes on the record.")],
    names: Annotated[list[str] | None, typer.Argument(metavar="[ID...]", help="Such as R-20261120-0007.")] = None,
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
    failed: Annotated[bool, typer.Option("--failed", help="Everything that was not sent.")] = False,
) -> None:
    """Send what was not sent, credentials with a new password. Example: run_bot.py notices retry --failed --by 吉澤 --reason "送信権限を修正" """
    from bot.commands import notices as command

    leave(command.retry(names or [], config, override or [], by=by, reason=reason, as_json=as_json, failed=failed))


@notices.command("close")
def notices_close(
    names: RequestIds,
    by: ByWhom,
    reason: Annotated[str, typer.Option(help="How they were told; it goes on the record, and is not mailed.")],
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Close what was not sent: they know it otherwise. Example: run_bot.py notices close R-20261120-0007 --by 吉澤 --reason "電話で連絡" """
    from bot.commands import notices as command

    leave(command.close(names, config, override or [], by=by, reason=reason, as_json=as_json))


@acts.command()
def handover(
    name: Annotated[str, typer.Argument(metavar="ID", help="Such as R-20261120-0007.")],
    by: ByWhom,
    to: Annotated[str, typer.Option(help="Who was given the credentials.")],
    reason: Annotated[str, typer.Option(help="How it was made sure who they are; it goes on the record.")],
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Record who handed credentials to whom. Example: run_bot.py handover R-20261120-0007 --by 赤羽 --to "中村 健" --reason 折り返し電話"""
    from bot.commands import acts as command

    leave(command.hand_over(name, config, override or [], by=by, to=to, reason=reason, as_json=as_json))


@acts.command()
def pause(
    by: ByWhom,
    reason: Annotated[str, typer.Option(help="Why; it goes on the record.")],
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
    part: PartName = "all",
) -> None:
    """Have a part stand still; a running pass finishes what it has in hand. Example: run_bot.py pause --part console --by 吉澤 --reason "更新作業" """
    from bot.commands import pausing

    leave(pausing.pause(config, override or [], part=part, by=by, reason=reason, as_json=as_json))


@acts.command()
def resume(
    by: ByWhom,
    reason: Annotated[str, typer.Option(help="What was mended; it goes on the record.")],
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
    part: PartName = "all",
) -> None:
    """Let a part go on, whatever stopped it; the next pass does. Example: run_bot.py resume --part console --by 吉澤 --reason "パスワードを再設定" """
    from bot.commands import pausing

    leave(pausing.resume(config, override or [], part=part, by=by, reason=reason, as_json=as_json))


@acts.command()
def status(config: ConfigPath = DEFAULT_CONFIG, override: Overrides = None, as_json: AsJson = False) -> None:
    """What works, what stands still since when and why, what is wrong now and what to do. Example: run_bot.py status"""
    from bot.commands import pausing

    leave(pausing.status(config, override or [], as_json=as_json))


@acts.command()
def reconcile(
    config: ConfigPath = DEFAULT_CONFIG,
    override: Overrides = None,
    as_json: AsJson = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="Disable logins of ours that are past their end, or of people who left.")
    ] = False,
    adopt: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID", help="After a restore: take the login of this stuck request for ours again; or `all`."
        ),
    ] = None,
    by: Annotated[str | None, typer.Option("--by", metavar="WHO", help="Your name, for --fix and --adopt.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why, for --fix and --adopt; it goes on the record.")] = None,
) -> None:
    """Compare ledger, console and staff directory; exit status 1 when somebody has to act. Example: run_bot.py reconcile --fix --by 吉澤 --reason "月例点検" """
    from bot.commands import reconciling

    leave(
        reconciling.reconcile(
            config, override or [], fix=fix, adopted=adopt or [], by=by, reason=reason, as_json=as_json
        )
    )
