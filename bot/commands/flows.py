"""``flow new``, ``flow check``, ``flow accept``: write a flow, prove it on the live console, accept screens that changed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

from bot.commands.opening import must_say, open_workshop
from bot.commands.output import people, print_json, say, table
from bot.console.flow_check import TRUSTED, FlowCheck, Result
from bot.errors import BadUsage, Problem
from bot.issuance.passwords import new_password
from bot.ledger.ledger import Ledger
from bot.ledger.records import Event
from bot.model import AccountSpec, Window
from bot.terminal import visible
from bot.wiring import Workshop

_TEMPLATE = Path(__file__).parent.parent / "console" / "flow_template.txt"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PREFIX = re.compile(r"[a-z][a-z0-9-]{2,20}")


def new(name: str, config: Path, overrides: Sequence[str]) -> int:
    """Write a flow to start from; one that exists is not touched."""
    workshop = open_workshop(config, overrides, quiet=True)
    path = workshop.config.path(workshop.config.settings.console.flows_dir) / f"{name}.py"
    if not _NAME.fullmatch(name):
        raise BadUsage([Problem(path="NAME", text=f"{name!r}: small letters, digits and _ only, such as deskport")])
    if path.exists():
        raise BadUsage([Problem(path="NAME", text=f"{path} is there already")])
    words = "".join(part.capitalize() for part in name.split("_"))
    path.parent.mkdir(parents=True, exist_ok=True)
    text = _TEMPLATE.read_text(encoding="utf-8").replace("@NAME@", name).replace("@CLASS@", f"{words}Flow")
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)  # there is nothing secret in a flow, and whoever the bot runs as must read it
    say(
        f"wrote {path}\nnext: see the console's pages with `run_bot.py flow look {name}`, mend the flow, then "
        f"`run_bot.py flow check {name} --stop`; docs/guides/write-a-flow.md shows how"
    )
    return 0


def look(
    name: str, page: str, config: Path, overrides: Sequence[str], *, inside: bool, clicks: Sequence[str] = ()
) -> int:
    """Print what a page of the console consists of, as the bot sees it; nothing is clicked but what is named, and the login."""
    workshop = open_workshop(config, [*overrides, f"console.flow={name}"], quiet=True)
    print(visible(asyncio.run(_look(workshop, page, clicks, inside=inside))))  # noqa: T201 - the outline is the result
    return 0


async def _look(workshop: Workshop, page: str, clicks: Sequence[str], *, inside: bool) -> str:
    console = workshop.console(workshop.screens(learns=False), evidence=_evidence(workshop, "look"))
    try:
        shown = await console.look(page, clicks, inside=inside)
    finally:
        await console.close()
    for evidence in console.take_evidence():
        say(f"kept {evidence.path}")
    return shown


def _evidence(workshop: Workshop, what: str) -> Path:
    folder = workshop.config.path(workshop.config.settings.console.evidence_dir)
    return folder / f"flow-{what}-{workshop.clock.now():%Y%m%d-%H%M%S}"


def check(name: str, config: Path, overrides: Sequence[str], *, prefix: str, as_json: bool, stops: bool = False) -> int:
    """Try every promise on the live console and tell; 1 when one is broken."""
    if not _PREFIX.fullmatch(prefix):
        raise BadUsage([Problem(path="--ids", text=f"{prefix!r}: 3 to 21 small letters, digits or -")])
    workshop = open_workshop(config, [*overrides, f"console.flow={name}"], quiet=as_json)
    results = asyncio.run(_check(workshop, prefix, as_json=as_json, stops=stops))
    if as_json:
        print_json([asdict(result) for result in results])
    return 0 if all(result.ok or result.promise == TRUSTED for result in results) else 1


async def _check(workshop: Workshop, prefix: str, *, as_json: bool, stops: bool) -> list[Result]:
    settings, now = workshop.config.settings, workshop.clock.now()
    evidence = _evidence(workshop, "check")
    console = workshop.console(workshop.screens(learns=False), evidence=evidence)
    start = now.replace(minute=0, second=0, microsecond=0)  # consoles take a validity by the minute
    window, narrow = (Window(start=start, end=start + timedelta(days=days)) for days in (2, 1))
    trial = FlowCheck(
        console=console, source=workshop.config.path(settings.console.flows_dir) / f"{settings.console.flow}.py",
        stops=stops, prefix=prefix, evidence=evidence, narrow=narrow,
        first=new_password(settings.password, workshop.redactor), second=new_password(settings.password, workshop.redactor),
        sample=AccountSpec(
            login_id=prefix, name="点検　花子", department="点検", mail=f"{prefix}@example.jp", pool=settings.account.pool,
            zones=settings.account.zones, window=window,
        ),
    )  # fmt: skip
    results = []
    try:
        async for result in trial.run():
            results.append(result)
            if not as_json:
                say(f"{'ok' if result.ok else 'NG'}  {result.promise}: {result.detail}")
    finally:
        await console.close()
    return results


def accept(
    screens: Sequence[str], config: Path, overrides: Sequence[str], *, by: str, reason: str, as_json: bool
) -> int:
    """Visit the console and take its changed screens for good, on the record."""
    must_say({"--by": by, "--reason": reason})
    workshop = open_workshop(config, overrides, quiet=as_json)
    rows = asyncio.run(_accept(workshop, screens, by.strip(), reason.strip()))
    if as_json:
        print_json(rows)
    elif rows:
        people().print(table("", ["screen", "change"], [list(row.values()) for row in rows]))
    else:
        say("no screen differs from what was accepted")
    return 0


async def _accept(workshop: Workshop, names: Sequence[str], by: str, reason: str) -> list[dict[str, str]]:
    known = workshop.screens()
    console = workshop.console(known)
    try:
        changes = [change for change in await console.probe() if not names or change.screen in names]
    finally:
        await console.close()
    with workshop.recording(by) as ledger:
        for change in changes:
            await _record(ledger, change.screen, str(change), reason)
            known.accept(change.screen, by=by, reason=reason, at=workshop.clock.now())
    return [{"screen": change.screen, "change": str(change)} for change in changes]


async def _record(ledger: Ledger, screen: str, change: str, reason: str) -> None:
    await ledger.note(
        Event(action="screen.accept", outcome="done", reason=reason, details={"screen": screen, "change": change})
    )
