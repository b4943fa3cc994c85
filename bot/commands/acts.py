"""``approve``, ``reject``, ``revoke``, ``rerun``, ``reconcile --adopt``, ``dismiss``, ``handover``: operators' acts; what one allows is issued at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.commands.opening import must_say, open_workshop, with_ledger
from bot.commands.output import Bars, people, print_json, say, table
from bot.commands.passes import tell_what_to_do
from bot.commands.previews import agreed, asked_days, show_previews, tell_previews
from bot.commands.stopping import stopped_by_signals
from bot.errors import AccountConflict, ActRefused, AlreadyRunning, BadUsage, BotError, Conflict, Problem
from bot.ledger.ledger import Ledger
from bot.life import State
from bot.model import ReadOutcome
from bot.operation import adopt as adopting
from bot.operation.acts import Act, Acts
from bot.operation.preview import Preview, preview
from bot.operation.unreadable import Reread, dismiss_message, read_again
from bot.wiring import Workshop

Verb = Callable[[Acts, str, str], Awaitable[Act]]


@dataclass(kw_only=True)
class _Done:
    acts: list[Act] = field(default_factory=list)
    refused: list[ActRefused | Conflict] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Approving:
    """How requests are approved: which of their days alone, and whether it is done without asking, or only shown."""

    days: Sequence[str] = ()
    yes: bool = False
    only_shown: bool = False


def approve(
    names: Sequence[str],
    config: Path,
    overrides: Sequence[str],
    *,
    by: str,
    reason: str,
    as_json: bool,
    how: Approving,
) -> int:
    """Approve held requests and issue them now; some of the days alone only when the operator has seen what follows."""
    must_say({"--by": by, "--reason": reason})
    workshop = open_workshop(config, overrides, quiet=as_json)
    days = asked_days(how.days, workshop.clock.now().date())

    async def verb(acts: Acts, request_id: str, text: str) -> Act:
        return await acts.approve(request_id, text, days=days)

    async def shown(acts: Acts, request_id: str) -> Preview:
        request, decision = await acts.approval(request_id, reason.strip(), days=days)
        return await preview(acts.ledger, request, decision, acts.clock.now())

    previews, refused = asyncio.run(_previews(workshop, names, by.strip(), shown))
    if not as_json:
        show_previews(previews)
    if how.only_shown or (days and not agreed(yes=how.yes, as_json=as_json)):
        return tell_previews(previews, refused, as_json=as_json)
    return act_on(workshop, names, by=by, reason=reason, as_json=as_json, verb=verb)


async def _previews(
    workshop: Workshop, names: Sequence[str], by: str, shown: Callable[[Acts, str], Awaitable[Preview]]
) -> tuple[dict[str, Preview], list[ActRefused]]:
    found: dict[str, Preview] = {}
    refused: list[ActRefused] = []
    with workshop.acts(by) as acts:
        for name in dict.fromkeys(names):
            try:
                found[name] = await shown(acts, name)
            except ActRefused as error:
                refused.append(error)
            except KeyError:
                refused.append(unknown(name))
    return found, refused


def reject(names: Sequence[str], config: Path, overrides: Sequence[str], *, by: str, reason: str, as_json: bool) -> int:
    """Refuse held requests and tell the applicants now."""
    return _act(names, config, overrides, by=by, reason=reason, as_json=as_json, verb=Acts.reject)


def revoke(
    names: Sequence[str],
    config: Path,
    overrides: Sequence[str],
    *,
    by: str,
    reason: str,
    as_json: bool,
    at_wish: bool,
) -> int:
    """End granted requests now and tell the applicants."""

    async def end(acts: Acts, request_id: str, text: str) -> Act:
        return await acts.revoke(request_id, text, at_wish=at_wish)

    return _act(names, config, overrides, by=by, reason=reason, as_json=as_json, verb=end)


def rerun(
    names: Sequence[str], config: Path, overrides: Sequence[str], *, by: str, reason: str, as_json: bool, stuck: bool
) -> int:
    """Try what is stuck once more, now; ``stuck`` adds everything that is."""
    if any(name.startswith("M-") for name in names):
        raise BadUsage([Problem(path="ID", text="messages are read again all together: rerun --unreadable")])
    if not names and not stuck:
        raise BadUsage([Problem(path="ID", text="name requests, or say --stuck or --unreadable for all that are")])

    async def all_stuck(ledger: Ledger) -> list[str]:
        return [one.id for one in await ledger.requests(states={State.STUCK})]

    every = with_ledger(open_workshop(config, overrides, quiet=as_json), all_stuck) if stuck else []
    return _act([*names, *every], config, overrides, by=by, reason=reason, as_json=as_json, verb=Acts.rerun)


def rerun_unreadable(config: Path, overrides: Sequence[str], *, by: str, reason: str, as_json: bool) -> int:
    """Read what was unreadable once more with the settings of today, and go on with what can be read."""
    must_say({"--by": by, "--reason": reason})
    workshop = open_workshop(config, overrides, quiet=as_json)

    async def work() -> tuple[Sequence[Reread], int]:
        with Bars() as bars:
            async with workshop.ready_cycle() as cycle:
                with workshop.recording(by.strip()) as ledger:
                    read, report = await read_again(ledger, cycle, reason.strip(), bars)
        tell_what_to_do(report)
        return read, report.exit_status

    read, status = asyncio.run(work())
    rows = [
        {"id": one.id, "before": ReadOutcome.UNREADABLE, "after": one.after, "requests": one.requests} for one in read
    ]
    if as_json:
        print_json(rows)
    elif rows:
        cells = [[*list(row.values())[:3], " ".join(one.requests)] for row, one in zip(rows, read, strict=True)]
        people().print(table("", ["id", "before", "after", "requests"], cells))
    else:
        say("no message is unreadable")
    return status


def adopt(
    names: Sequence[str], config: Path, overrides: Sequence[str], *, by: str, reason: str, as_json: bool, every: bool
) -> int:
    """Take logins that a restored ledger has forgotten for ours again; ``every`` adds all requests that are stuck on one."""

    async def in_conflict(ledger: Ledger) -> list[str]:
        found = await ledger.requests(states={State.STUCK})
        return [one.id for one in found if one.stuck_reason.startswith(AccountConflict.__name__)]

    workshop = open_workshop(config, overrides, quiet=as_json)
    found = with_ledger(workshop, in_conflict) if every else []
    account = workshop.config.settings.account

    async def verb(acts: Acts, request_id: str, text: str) -> Act:
        return await adopting.adopt(acts, account, request_id, text)

    return _act([*names, *found], config, overrides, by=by, reason=reason, as_json=as_json, verb=verb)


def dismiss(
    names: Sequence[str], config: Path, overrides: Sequence[str], *, by: str, reason: str, as_json: bool
) -> int:
    """Close what is stuck, whose account is disabled now, or a message that can't be read."""

    async def close(acts: Acts, name: str, text: str) -> Act:
        return await (dismiss_message(acts, name, text) if name.startswith("M-") else acts.dismiss(name, text))

    return _act(names, config, overrides, by=by, reason=reason, as_json=as_json, verb=close)


def hand_over(
    name: str, config: Path, overrides: Sequence[str], *, by: str, to: str, reason: str, as_json: bool
) -> int:
    """Record that the credentials of a request were handed over."""
    must_say({"--by": by, "--to": to, "--reason": reason})
    workshop = open_workshop(config, overrides, quiet=as_json)

    async def note(acts: Acts, request_id: str, text: str) -> Act:
        return await acts.hand_over(request_id, to=to.strip(), reason=text)

    done = asyncio.run(_each(workshop, [name], by.strip(), reason.strip(), note))
    return _tell(workshop, done, 0, as_json=as_json)


def _act(
    names: Sequence[str], config: Path, overrides: Sequence[str], *, by: str, reason: str, as_json: bool, verb: Verb
) -> int:
    workshop = open_workshop(config, overrides, quiet=as_json)
    return act_on(workshop, names, by=by, reason=reason, as_json=as_json, verb=verb)


def act_on(
    workshop: Workshop, names: Sequence[str], *, by: str, reason: str, as_json: bool, verb: Verb, onward: bool = True
) -> int:
    """Do an act on each of these requests, carry out at once what it allows (``onward``), and tell what came of it."""
    must_say({"--by": by, "--reason": reason})
    done = asyncio.run(_each(workshop, list(dict.fromkeys(names)), by.strip(), reason.strip(), verb))
    allowed = [act.id for act in done.acts if onward and not act.proposed and not act.id.startswith("M-")]
    status = asyncio.run(_onward(workshop, allowed)) if allowed else 0
    return _tell(workshop, done, status, as_json=as_json)


def say_proposed(names: Sequence[str], hours: int) -> None:
    """Say what waits for a second person."""
    say(f"proposed: {', '.join(names)}; it takes effect when another person gives the same command within {hours} h")


def _tell(workshop: Workshop, done: _Done, status: int, *, as_json: bool) -> int:
    rows = asyncio.run(_rows(workshop, done.acts))
    if as_json:
        print_json(rows)
    elif rows:
        people().print(
            table(
                "",
                ["id", "before", "after", ""],
                [
                    [*list(row.values())[:3], "proposed" * act.proposed]
                    for row, act in zip(rows, done.acts, strict=True)
                ],
            )
        )
    if proposed := [act.id for act in done.acts if act.proposed]:
        say_proposed(proposed, workshop.config.settings.operators.proposal_hours)
    for error in done.refused:
        say(f"! {error}")
    for advice in dict.fromkeys(error.advice for error in done.refused):
        say(f"→ {advice}")
    return status or max((error.exit_status for error in done.refused), default=0)


async def _each(workshop: Workshop, names: Sequence[str], by: str, reason: str, verb: Verb) -> _Done:
    """Do the act on each request; one that is refused, or that somebody else was quicker with, does not stop the others."""
    done = _Done()
    with workshop.acts(by) as acts:
        for name in names:
            try:
                done.acts.append(await verb(acts, name, reason))
            except (ActRefused, Conflict) as error:
                done.refused.append(error)
            except KeyError:
                done.refused.append(unknown(name))
    return done


def unknown(name: str) -> ActRefused:
    """Return the refusal of an act on what does not exist."""
    return ActRefused(f"the ledger has no {name}; `requests` lists what it has")


async def _onward(workshop: Workshop, names: Sequence[str]) -> int:
    """Issue or tell now what was decided; while a pass runs, the next one does it."""
    try:
        with Bars() as bars:
            async with workshop.ready_cycle() as cycle:
                with stopped_by_signals(cycle.stop):
                    report = await cycle.onward(names, bars)
    except AlreadyRunning:
        say("recorded; a pass is running, and the next one carries it out")
        return 0
    except BotError as error:
        say(f"recorded, and not carried out yet: {type(error).__name__}: {error}\n→ {error.advice}")
        return error.exit_status
    tell_what_to_do(report)
    return report.exit_status


async def _rows(workshop: Workshop, acts: Sequence[Act]) -> list[dict[str, Any]]:
    ledger = workshop.ledger()
    try:
        return [await _row(ledger, act) for act in acts]
    finally:
        ledger.close()


async def _row(ledger: Ledger, act: Act) -> dict[str, Any]:
    after = act.after if act.id.startswith("M-") else (await ledger.get(act.id)).state
    return {"id": act.id, "before": act.before, "after": after, "proposed": act.proposed}
