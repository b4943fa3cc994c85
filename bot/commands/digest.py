"""``digest``: the day for operators and auditors, on the screen or by mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path

from loguru import logger

from bot import __version__
from bot.commands.audit import daily_head, give_out
from bot.commands.opening import day, open_workshop, with_ledger
from bot.commands.output import people, print_json, say, table
from bot.errors import BadUsage, LedgerBroken, Problem
from bot.ledger.ledger import Ledger
from bot.ledger.records import Event, Verdict
from bot.operation.digest import Digest, make_digest, versions
from bot.wiring import Workshop
from bot.wiring.alerts import gate


def digest(config: Path, overrides: Sequence[str], *, as_json: bool, of: str | None, send: bool) -> int:
    """Show the digest of a day (today where none is given), and mail it to the operators where asked."""
    workshop = open_workshop(config, overrides, quiet=as_json)
    asked = day(of, "--date") if of else workshop.clock.now().date()

    async def work(ledger: Ledger) -> Digest:
        made = await digest_of(workshop, ledger, asked)
        if send:
            await send_digest(workshop, ledger, made)
        return made

    made = with_ledger(workshop, work)
    if as_json:
        print_json({**asdict(made), "version": __version__})
    else:
        _tell(made)
    return 0 if made.chain_ok else LedgerBroken.exit_status


async def digest_of(workshop: Workshop, ledger: Ledger, asked: date) -> Digest:
    """Return the digest of a day as it stands now."""
    late = timedelta(hours=workshop.config.settings.account.escalate_after_hours)
    version = versions(__version__, workshop.config.digest)
    return await make_digest(ledger, asked, workshop.clock.now(), version, late=late)


async def send_digest(workshop: Workshop, ledger: Ledger, made: Digest) -> None:
    """Mail a digest to the operators, with the head of the chain where it holds; both on record.

    Raises ``BadUsage`` when nobody is named to send it to, ``Paused`` while the mail server is known to refuse the login, and what
    sending raises.
    """
    to = workshop.config.settings.alerts.mail_to
    if not to:
        raise BadUsage([Problem(path="alerts.mail_to", text="names nobody to send it to")])
    await gate(workshop.config, workshop.clock, ledger).check_mailbox()
    mail = workshop.composer().digest(to, made=asdict(made), version=__version__)
    head, file = daily_head(workshop, Verdict(ok=made.chain_ok, events=made.events, head=made.head))
    if made.chain_ok:  # the head of a chain that does not hold proves nothing
        name = f"head-{made.made_at:%Y%m%d-%H%M%S}.jsonl"
        mail.add_attachment(f"{head.line}\n".encode(), maintype="application", subtype="json", filename=name)
    mailbox, details = workshop.mailbox(), {"message_id": str(mail["Message-ID"])}
    try:
        await ledger.note(Event(action="notice.digest", outcome="intended", details=details))
        refused = await mailbox.send(mail)
        done = {**details, "head": made.head}
        left_out = f"not to {', '.join(refused)}" if refused else ""
        await ledger.note(Event(action="notice.digest", outcome="done", reason=left_out, details=done))
        if made.chain_ok and file:
            await give_out(ledger, head, file)
    finally:
        await mailbox.close()
    say(f"sent to {', '.join(address for address in to if address not in refused)}")
    for address, said in refused.items():
        logger.warning("the digest did not go to {}: {}", address, said)
        say(f"! {address} was left out: {said}; mend it, or take it out of alerts.mail_to")


def _tell(made: Digest) -> None:
    screen = people()
    counts = [("messages", made.messages), *made.requests.items(), ("on its way", made.on_its_way)]
    screen.print(table(f"日報 / digest {made.day}", ["", ""], [(name, str(number)) for name, number in counts]))
    rows = [(one.id, one.state.value, str(one.first_day or ""), one.why) for one in made.waiting]
    rows += [(name, "unreadable", "", "") for name in made.unreadable]
    rows += [(name, "left open", "", "its login is not closed") for name in made.left_open]
    screen.print(table("担当者待ち / waiting for a person", ["id", "state", "first day", "why"], rows))
    missed = [(one.id, one.notice.value, one.state.value, one.request_state.value) for one in made.unsent]
    if missed:
        screen.print(table("送れていない通知 / notices not sent (notices)", ["id", "notice", "", "request"], missed))
    lines = [(one.id, one.kind.value, one.state.value, str(one.first_day or "")) for one in made.of_the_day]
    screen.print(table("この日の案件 / requests of the day", ["id", "kind", "state", "first day"], lines))
    going = [(one.id, one.kind.value, one.state.value, str(one.first_day or "")) for one in made.undelivered]
    screen.print(table("未通知 / accepted, not delivered", ["id", "kind", "state", "first day"], going))
    wrong = [(one.ja, f"{one.since:%Y-%m-%d %H:%M}", ", ".join(one.subjects)) for one in made.lasting]
    wrong += [(f"{one.part} stands still", f"{one.since:%Y-%m-%d %H:%M}", one.cause) for one in made.still]
    screen.print(table("起きていること / what is wrong", ["", "since", ""], wrong))
    if made.compared:
        found = ", ".join(f"{kind}: {count}" for kind, count in made.compared.counts.items()) or "no difference"
        screen.print(f"reconciled {made.compared.at:%Y-%m-%d %H:%M}: {found}", markup=False)
    screen.print(f"chain {'OK' if made.chain_ok else 'BROKEN'}: {made.events} events, head {made.head}", markup=False)
