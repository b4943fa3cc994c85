"""``pause``, ``resume`` and ``status``: which parts of the work stand still, why, and what is wrong now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.commands.notices import unsent_rows, unsent_table
from bot.commands.opening import must_say, open_workshop, with_ledger
from bot.commands.output import people, print_json, say, table
from bot.errors import BadUsage, Problem
from bot.ledger.conditions import Part, Pause
from bot.ledger.ledger import Ledger
from bot.operation.alerts.catalogue import Level
from bot.operation.alerts.gate import Gate
from bot.operation.alerts.message import described
from bot.wiring import Workshop
from bot.wiring.alerts import gate, store, terms

#: The last pass is looked for among so many events.
_NEWEST = 2_000
_PARTS = (Part.INTAKE, Part.CONSOLE, Part.DELIVERY)


def pause(config: Path, overrides: Sequence[str], *, part: str, by: str, reason: str, as_json: bool) -> int:
    """Have a part stand still; a pass that runs finishes what it has in hand, and then that part stops."""
    workshop, asked = _asked(config, overrides, part, by, reason, as_json=as_json)

    async def work(ledger: Ledger) -> list[Pause]:
        return [await _gate(workshop, ledger).pause(asked, reason.strip())]

    with workshop.recording(by.strip()) as ledger:
        done = asyncio.run(work(ledger))
    return _tell(done, as_json=as_json, nothing="")


def resume(config: Path, overrides: Sequence[str], *, part: str, by: str, reason: str, as_json: bool) -> int:
    """Let a part go on, whatever stopped it."""
    workshop, asked = _asked(config, overrides, part, by, reason, as_json=as_json)

    async def work(ledger: Ledger) -> list[Pause]:
        return list(await _gate(workshop, ledger).resume(asked, reason.strip()))

    with workshop.recording(by.strip()) as ledger:
        done = asyncio.run(work(ledger))
        still = asyncio.run(_gate(workshop, ledger).stands(asked))
    status = _tell(done, as_json=as_json, nothing=f"{asked} did not stand still: nothing to resume", over=True)
    if still:
        say(f"! {still}")
    elif done:
        say("resumed; the next pass goes on with it")
    return 1 if still else status


def status(config: Path, overrides: Sequence[str], *, as_json: bool) -> int:
    """Show the parts, what is wrong now, and the last pass; 1 when a part stands still or something critical lasts."""
    workshop = open_workshop(config, overrides, quiet=as_json)
    seen = with_ledger(workshop, lambda ledger: _look(workshop, ledger))
    if as_json:
        print_json({
            "parts": seen.parts, "conditions": seen.conditions, "kill_switch": seen.switched_off,
            "last_pass": seen.last_pass, "unsent": seen.unsent,
        })  # fmt: skip
    else:
        _show(seen)
    critical = any(one["level"] == Level.CRITICAL for one in seen.conditions)
    return 1 if critical or any(row["stands_still"] for row in seen.parts) else 0


@dataclass(frozen=True, kw_only=True)
class _Seen:
    parts: list[dict[str, Any]]
    conditions: list[dict[str, Any]]
    switched_off: bool
    switch: Path
    #: Notices that were not sent, and that nobody has closed.
    unsent: list[dict[str, Any]]
    last_pass: datetime | None


async def _look(workshop: Workshop, ledger: Ledger) -> _Seen:
    asked, said = _gate(workshop, ledger), terms(workshop)
    kept = await store(workshop.config, workshop.clock, ledger).load()
    newest = await ledger.events(since_seq=max(await ledger.size() - _NEWEST, 0))
    passes = [one for one in newest if one.event.action == "run" and one.event.outcome == "done"]
    return _Seen(
        parts=[await _part_row(asked, part) for part in _PARTS],
        conditions=[{**described(one, said), "told": one.told_at} for one in kept if one.over_at is None],
        switched_off=asked.switched_off,
        switch=asked.switch,
        unsent=await unsent_rows(ledger),
        last_pass=passes[-1].at if passes else None,
    )


async def _part_row(asked: Gate, part: Part) -> dict[str, Any]:
    now = asked.clock.now()
    held = [pause for pause in await asked.pauses() if pause.part in {part, Part.ALL}]
    stands = asked.switched_off or any(pause.holds(part, now) for pause in held)
    return {"part": part, "stands_still": stands, "pauses": [_row(pause) for pause in held]}


def _show(seen: _Seen) -> None:
    screen = people()
    rows = [
        (row["part"], _how(row, seen.conditions), *_cells(pause))
        for row in seen.parts
        for pause in (row["pauses"] or [None])
    ]
    screen.print(table("作業 / parts of the work", ["part", "", "since", "by", "cause", "reason", "next"], rows))
    found = [
        (one["level"], one["part"], one["ja"]["happened"], _time(one["since"]), one["detail"] or ", ".join(one["subjects"]),
         one["ja"]["todo"], one["evidence"])
        for one in seen.conditions
    ]  # fmt: skip
    if found:
        screen.print(
            table("起きていること / what is wrong", ["level", "part", "", "since", "found", "to do", "evidence"], found)
        )
    elif not any(row["stands_still"] for row in seen.parts):
        screen.print("何も起きていません / nothing is wrong")
    if seen.unsent:
        screen.print(unsent_table(seen.unsent))
    if seen.switched_off:
        say(f"! 緊急停止ファイルがあります / the kill switch is there: nothing is done until {seen.switch} is removed")
    screen.print(f"last pass: {_time(seen.last_pass) if seen.last_pass else 'none yet'}", markup=False)


def _how(row: Mapping[str, Any], conditions: Sequence[Mapping[str, Any]]) -> str:
    """Tell whether a part works: one that is tried and fails does not, although nobody stopped it."""
    if row["stands_still"]:
        return "stands still"
    troubled = {one["part"] for one in conditions if one["level"] == Level.CRITICAL}
    return "in trouble" if troubled & {row["part"], Part.ALL} else "works"


def _tell(done: Sequence[Pause], *, as_json: bool, nothing: str, over: bool = False) -> int:
    """Show what stands still now, or stood still until it was resumed: then nothing comes next."""
    if as_json:
        print_json([_row(pause) for pause in done])
    elif done:
        names = ["part", "since", "by", "cause", "reason", "next"][: -1 if over else None]
        rows = [(pause.part, *_cells(_row(pause)))[: len(names)] for pause in done]
        people().print(table("", names, rows))
    else:
        say(nothing)
    return 0


def _row(pause: Pause) -> dict[str, Any]:
    return {
        "part": pause.part, "since": pause.since, "by": pause.by, "cause": pause.cause, "reason": pause.reason,
        "next": pause.until,
    }  # fmt: skip


def _cells(row: dict[str, Any] | None) -> tuple[str, str, str, str, str]:
    if row is None:
        return ("", "", "", "", "")
    again = f"tried from {_time(row['next'])}" if row["next"] else "resume"
    return (_time(row["since"]), row["by"], row["cause"], row["reason"], again)


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _asked(
    config: Path, overrides: Sequence[str], part: str, by: str, reason: str, *, as_json: bool
) -> tuple[Workshop, Part]:
    must_say({"--by": by, "--reason": reason})
    try:
        asked = Part(part)
    except ValueError:
        raise BadUsage([Problem(path="--part", text=f"{part!r} is none; known: {', '.join(Part)}")]) from None
    return open_workshop(config, overrides, quiet=as_json), asked


def _gate(workshop: Workshop, ledger: Ledger) -> Gate:
    return gate(workshop.config, workshop.clock, ledger)
