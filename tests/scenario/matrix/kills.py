"""The matrix itself: every moment of every pass, in every kind of world."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bot.sandbox.meshcentral import MeshCentral
from bot.sandbox.postoffice import PostOffice
from tests.scenario.matrix.at_console import SandboxWorld
from tests.scenario.matrix.moments import Kind, Moment
from tests.scenario.matrix.outside import OUTSIDE, OutsideWorld, Servers
from tests.scenario.matrix.processes import many
from tests.scenario.matrix.runs import Case, Life, LongLife
from tests.scenario.matrix.story import AT_CONSOLE, LIFE
from tests.scenario.matrix.worlds import MemoryWorld

Say = Callable[[str], None]
#: What changes something that outlives the process: between two of these every moment leaves the same behind.
_EFFECTS = frozenset({Kind.LEDGER, Kind.DISK, Kind.WRITE, Kind.SEND})


@dataclass(frozen=True, kw_only=True)
class Part:
    """A life to be killed in, and at which of its moments."""

    name: str
    life: Life
    wanted: Callable[[Moment], bool]
    #: So many runs at once.
    at_once: int


def main(*, short: bool, say: Say, only: str = "") -> dict[str, Any]:
    """Kill the bot everywhere, and return what was found; ``short`` leaves out what a CI has no time for (docs/crashes.md).

    What failed is kept, in a folder that is told.
    """
    began = time.monotonic()
    scratch = Path(tempfile.mkdtemp(prefix="matrix-"))
    parts = {"life": _life, "console": _console} if short else {"life": _life, "console": _console, "outside": _outside}
    done = []
    for name, open_part in parts.items():
        if only in {"", name}:
            with open_part(scratch / name, short) as part:
                done.append(_part(part, say))
    failures = [failure for one in done for failure in one.pop("failures")]
    if failures:
        say(f"what is left of the runs that failed is kept in {scratch}")
    else:
        shutil.rmtree(scratch)
    runs = sum(one["runs"] for one in done)
    return {"ok": not failures, "runs": runs, "parts": done, "failures": failures, "seconds": _since(began)}


@contextmanager
def _life(folder: Path, short: bool) -> Iterator[Part]:  # noqa: FBT001 - as all parts have it
    life = Life(story=LIFE, open_world=MemoryWorld, folder=folder)
    yield Part(name="life", life=life, wanted=_leaves_something_new if short else _every, at_once=_cores())


@contextmanager
def _console(folder: Path, short: bool) -> Iterator[Part]:  # noqa: FBT001 - as all parts have it
    life = Life(story=AT_CONSOLE, open_world=SandboxWorld, folder=folder)
    yield Part(name="console", life=life, wanted=_about_a_submit if short else _of_a_step, at_once=_cores())


@contextmanager
def _outside(folder: Path, short: bool) -> Iterator[Part]:  # noqa: ARG001, FBT001 - as all parts have it
    with PostOffice() as office, MeshCentral(others=3) as mesh:
        open_world = partial(OutsideWorld, servers=Servers(office=office, mesh=mesh))
        life = LongLife(story=OUTSIDE, open_world=open_world, folder=folder)
        yield Part(name="outside", life=life, wanted=_seen_outside, at_once=1)


def _cores() -> int:
    return os.cpu_count() or 1


def _every(_: Moment) -> bool:
    return True


def _leaves_something_new(moment: Moment) -> bool:
    return moment.when == "before" and moment.kind in _EFFECTS


def _of_a_step(moment: Moment) -> bool:
    return moment.kind in {Kind.STEP, Kind.WRITE}


def _about_a_submit(moment: Moment) -> bool:
    """The moments around the point of no return: right after the click, and when the console has done it unseen."""
    return moment.when == "after" and (moment.kind is Kind.WRITE or moment.name.startswith("submit"))


def _seen_outside(moment: Moment) -> bool:
    submit = moment.kind is Kind.STEP and moment.name.startswith(("submit", "confirm"))
    return submit or moment.kind is Kind.SEND or (moment.kind is Kind.MAILBOX and moment.name == "file")


def _part(part: Part, say: Say) -> dict[str, Any]:
    """Record one life, kill the bot at each moment that is wanted, then each recovery at those that only a recovery has."""
    began = time.monotonic()
    part.life.folder.mkdir(parents=True)
    recorded: list[dict[str, Any]] = []
    many([part.life.record], part.life.folder, at_once=1, tell=recorded.append)
    if "moments" not in recorded[0]:
        raise RuntimeError("\n".join(recorded[0]["failures"]))
    told = [(stage, text) for stage, moments in enumerate(recorded[0]["moments"]) for text in moments]
    met = Counter(f"{one.when} {one.kind}" for one in (Moment.read(text) for _, text in told))
    results: list[dict[str, Any]] = []
    _run(part, [Case(stage=stage, moments=(text,)) for stage, text in told], results, say)
    later = [Case(stage=stage, moments=(first, text)) for (stage, text), first in _only_after(told, results).items()]
    _run(part, later, results, say)
    told += [(case.stage, case.moments[-1]) for case in later]
    failures = [
        {name: one.get(name) for name in ("stage", "moments", "failures")} for one in results if one["failures"]
    ]
    seen = sorted({f"{one.kind} {one.name}" for one in (Moment.read(text) for _, text in told)})
    killed = {_boundary(one["number"], one["moments"][-1]) for one in results if "moments" in one}
    boundaries = Counter(kind for _, kind, _ in killed)
    return {
        "part": part.name, "boundaries": dict(boundaries), "moments": len(told), "runs": len(results),
        "failures": failures, "seconds": _since(began), "seen": seen, "met": dict(met),
    }  # fmt: skip


def _run(part: Part, cases: list[Case], results: list[dict[str, Any]], say: Say) -> None:
    """Do those of the runs that are wanted, and add what came of them."""
    began, before = time.monotonic(), len(results)
    wanted = [case for case in cases if part.wanted(Moment.read(case.moments[-1]))]

    def tell(result: dict[str, Any]) -> None:
        results.append(result)
        for failure in result["failures"]:
            say(f"! {result.get('stage')}, killed {result.get('moments')}: {failure}")
        done = len(results) - before
        if done % 10 == 0 or done == len(wanted):
            say(f"{part.name}: {done} of {len(wanted)} runs, {_since(began):.0f} s")

    folders = (part.life.folder / f"run-{before + number}" for number in range(len(wanted)))
    jobs = [partial(part.life.kill, case, folder) for case, folder in zip(wanted, folders, strict=True)]
    many(jobs, part.life.folder, at_once=part.at_once, tell=tell)


def _only_after(told: list[tuple[int, str]], results: list[dict[str, Any]]) -> dict[tuple[int, str], str]:
    """Return the moments that come only in a pass after a kill, each with the first kill that leads to it."""
    known = {(stage, text.partition(" #")[0]) for stage, text in told}
    found: dict[tuple[int, str], str] = {}
    for result in results:
        for text in result.get("recovery", ()):
            if (key := (result["number"], text.partition(" #")[0])) not in known:
                known.add(key)
                found[result["number"], text] = result["moments"][0]
    return found


def _boundary(stage: int, text: str) -> tuple[int, str, str]:
    """Return the boundary that a moment is of: the one before it and the one after it are of the same."""
    return stage, Moment.read(text).kind.value, text.partition(" ")[2]


def _since(began: float) -> float:
    return round(time.monotonic() - began, 1)
