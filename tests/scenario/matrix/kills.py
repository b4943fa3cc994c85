"""The matrix itself: every moment of every stage, in every kind of world."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tests.scenario.matrix.processes import many
from tests.scenario.matrix.runs import Case, Life
from tests.scenario.matrix.story import LIFE
from tests.scenario.matrix.worlds import MemoryWorld

Say = Callable[[str], None]


def main(short: bool, say: Say) -> dict[str, Any]:  # noqa: FBT001 - the command's one switch
    """Kill the bot everywhere and return what was found."""
    began = time.monotonic()
    scratch = Path(tempfile.mkdtemp(prefix="matrix-"))
    life = Life(story=LIFE, open_world=MemoryWorld, folder=scratch / "life")
    results = run(life, scratch, say=say)
    failures = [one for one in results if one["failures"]]
    if not failures:
        shutil.rmtree(scratch)
    return {"runs": len(results), "failures": failures, "seconds": round(time.monotonic() - began, 1)}


def run(life: Life, scratch: Path, *, say: Say) -> list[dict[str, Any]]:
    """Record one life, and kill the bot at each of its moments."""
    life.folder.mkdir(parents=True)
    recorded: list[dict[str, Any]] = []
    many([life.record], life.folder, at_once=1, tell=recorded.append)
    if "moments" not in recorded[0]:
        raise RuntimeError("\n".join(recorded[0]["failures"]))
    cases = [
        Case(stage=stage, moment=moment) for stage, moments in enumerate(recorded[0]["moments"]) for moment in moments
    ]
    say(f"{len(cases)} moments")
    results: list[dict[str, Any]] = []

    def tell(result: dict[str, Any]) -> None:
        results.append(result)
        for failure in result["failures"]:
            say(f"! {result.get('stage')}: {result.get('moment')}: {failure}")
        if len(results) % 20 == 0:
            say(f"{len(results)} of {len(cases)}")

    jobs = [partial(life.kill, case, life.folder / f"run-{number}") for number, case in enumerate(cases)]
    many(jobs, life.folder, at_once=os.cpu_count() or 1, tell=tell)
    return results
