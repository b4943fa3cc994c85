"""``audit``: what the chain says, whether it holds, and its head."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from bot.commands.ledger import event_row
from bot.commands.opening import must_say, open_workshop, with_ledger
from bot.commands.output import people, print_json, say, table
from bot.errors import BadUsage, BotError, LedgerBroken, Problem
from bot.ledger.comparison import MOST
from bot.ledger.heads import Checked, Head, add_line, head_of, read_heads
from bot.ledger.keys import Signer, new_key, public_file, read_public
from bot.ledger.ledger import Ledger
from bot.ledger.records import ActorType, Difference, Event, StoredEvent, Verdict
from bot.wiring import Workshop, user
from bot.wiring.record import signer

T = TypeVar("T")
_SHOWN = 50


def verify(
    config: Path, overrides: Sequence[str], *, as_json: bool, head: str | None, heads: Path | None, keys: Sequence[Path]
) -> int:
    """Recompute the chain, and check heads against it; exit status 5 when something does not hold."""
    if keys and heads is None:
        raise BadUsage([Problem(path="--key", text="it checks the signatures of --heads FILE: name that too")])
    known = [read_public(path) for path in keys]
    lines = read_heads(heads) if heads else []

    workshop = open_workshop(config, overrides, quiet=as_json)
    evidence = workshop.config.path(workshop.config.settings.console.evidence_dir)

    async def work(ledger: Ledger) -> tuple[Verdict, list[Checked]]:
        verdict, checked = await ledger.verify_heads(lines, known, evidence=evidence)
        if head and verdict.ok:
            verdict = await ledger.verify(head.strip().lower(), evidence=evidence)
        return verdict, checked

    verdict, checked = with_ledger(workshop, work)
    if as_json:
        print_json({**asdict(verdict), "heads": [_checked_row(one) for one in checked]})
    else:
        _tell(verdict, checked, signatures=bool(known), now=workshop.clock.now())
    return 0 if verdict.ok else LedgerBroken.exit_status


def head(config: Path, overrides: Sequence[str], *, as_json: bool, to: Path | None, by: str | None) -> int:
    """Give out the head of the chain; one that does not hold has none (exit status 5)."""
    workshop = open_workshop(config, overrides, quiet=as_json)
    key = signer(workshop.config, workshop.redactor)

    async def work(ledger: Ledger) -> Head:
        made = head_of(await sound(ledger), workshop.clock.now()).signed(key)
        await give_out(ledger, made, to)
        return made

    made = looking(workshop, by, work)
    if to:
        say(f"event {made.events}, head {made.head} → {to}")
    if as_json:
        print_json(asdict(made))
    elif not to:
        people().print(made.line, markup=False, soft_wrap=True)
    if key is None:
        say("not signed: audit.signing_key is not set (`audit key new` makes a key)")
    return 0


def key_new(to: Path, *, as_json: bool) -> int:
    """Make a key pair for signing heads."""
    made = new_key(to)
    if as_json:
        print_json({"private": str(to), "public": str(public_file(to)), "key": made.id, "pem": made.pem})
        return 0
    people().print(made.pem.strip(), markup=False)
    say(
        f"key {made.id}\nprivate half: {to} (keep it from everybody but the bot; in config.yaml: audit.signing_key: file:{to.resolve()})\n"
        f"public half:  {public_file(to)} (give it to the auditors, with the number above by another way)"
    )
    return 0


def list_events(config: Path, overrides: Sequence[str], *, as_json: bool, limit: int, by: str | None) -> int:
    """List the newest events; that somebody looked is recorded after them."""

    async def newest(ledger: Ledger) -> tuple[StoredEvent, ...]:
        last = await ledger.size()
        found = await ledger.events(since_seq=max(0, last - limit), limit=limit)
        await ledger.note(Event(action="audit.list", outcome="done", details={"events": len(found), "last": last}))
        return found

    rows = [event_row(item) for item in looking(open_workshop(config, overrides, quiet=as_json), by, newest)]
    if as_json:
        print_json(rows)
    else:
        columns = ["seq", "at", "action", "outcome", "request_id", "before", "after", "actor", "reason"]
        people().print(
            table("監査記録 / audit events", columns, [[row[name] or "" for name in columns] for row in rows])
        )
    return 0


def looking(workshop: Workshop, by: str | None, work: Callable[[Ledger], Awaitable[T]]) -> T:
    """Do ``work`` with the ledger opened in the name of the person who looks: ``by``, else the login name."""
    if by is not None:
        must_say({"--by": by})

    async def awaited(ledger: Ledger) -> T:
        return await work(ledger)

    with workshop.recording((by or user()).strip(), ActorType.AUDITOR) as ledger:
        return asyncio.run(awaited(ledger))


async def sound(ledger: Ledger) -> Verdict:
    """Return the verdict on a chain that holds; raises ``LedgerBroken`` for one that does not: its head proves nothing."""
    verdict = await ledger.verify()
    if not verdict.ok:
        raise LedgerBroken(verdict.first_bad or 0, verdict.reason)
    return verdict


async def give_out(ledger: Ledger, made: Head, to: Path | None) -> None:
    """Record that a head goes out, and add it to the file ``to`` where one is named; raises ``Unusable`` when that can't be done."""
    details = {"events": made.events, "head": made.head, "key": made.key, "file": to.name if to else None}

    async def note(outcome: str, reason: str = "") -> None:
        await ledger.note(Event(action="audit.head", outcome=outcome, reason=reason, details=details))

    if to is None:
        await note("done")
        return
    await note("intended")
    try:
        await asyncio.to_thread(add_line, made, to)
    except BotError as error:
        await note("failed", str(error))
        raise
    await note("done")


def daily_head(workshop: Workshop, verdict: Verdict) -> tuple[Head, Path | None]:
    """Return the head as it leaves the machine with the day's digest, and the file it is added to."""
    settings = workshop.config.settings.audit
    key: Signer | None = signer(workshop.config, workshop.redactor)
    made = head_of(verdict, workshop.clock.now()).signed(key)
    return made, workshop.config.path(settings.head_file) if settings.head_file else None


def _tell(verdict: Verdict, checked: Sequence[Checked], *, signatures: bool, now: datetime) -> None:
    screen = people()
    if checked:
        rows = [(str(one.line), one.head.at, str(one.head.events), one.fault or "ok", one.reason) for one in checked]
        screen.print(table("先頭の記録 / heads", ["line", "at", "events", "", "why"], rows))
        if not signatures:
            say("signatures were not checked: name the public key with --key")
    _tell_of_findings(verdict.findings)
    say(_age_of_head(verdict.head_taken, now))
    if verdict.ok:
        proved = max((one.head.events for one in checked), default=None)
        text = f", proved from outside up to event {proved}" if proved is not None else ""
        screen.print(f"OK  {verdict.events} events, head {verdict.head}{text}")
        return
    where = f" at event {verdict.first_bad}" if verdict.first_bad else ""
    kind = f" ({verdict.fault})" if verdict.fault else ""
    screen.print(f"BROKEN{where}{kind}: {verdict.reason}", markup=False)
    say(LedgerBroken.advice)


def _tell_of_findings(findings: Sequence[Difference]) -> None:
    """Show what is not as the chain says, one line each, as far as it fits the eye."""
    if findings:
        columns = ["", "table", "id", "field", "記録 / chain says", "現状 / row says"]
        rows = [
            [one.kind, one.table, one.id, one.field or "", one.chain or "", one.row or ""] for one in findings[:_SHOWN]
        ]
        people().print(table("監査記録と異なるもの / not as the chain says", columns, rows))
    if len(findings) > _SHOWN:
        say(f"{len(findings)} in all, or more; --json names up to {MOST}")


def _age_of_head(taken: str | None, now: datetime) -> str:
    """Say how old the newest proof from outside is: up to it a rewriting shows, behind it only the next head does."""
    if taken is None:
        return (
            "先頭の記録は一度も取り出されていません（audit head）。 / The head was never taken out: run `audit head`."
        )
    days = (now - datetime.fromisoformat(taken)).days
    return f"先頭の記録を最後に取り出したのは {taken}（{days}日前）です。 / The head was last taken out at {taken}, {days} days ago."


def _checked_row(one: Checked) -> dict[str, Any]:
    return {"line": one.line, **asdict(one.head), "ok": one.fault is None, "fault": one.fault, "reason": one.reason}
