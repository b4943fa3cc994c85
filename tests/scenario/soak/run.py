"""The soak itself: `serve` lives, mails arrive, things go wrong, and everything is looked at every few seconds."""

from __future__ import annotations

import json
import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from bot.life import State
from tests.scenario.soak import ends, growing, passes
from tests.scenario.soak.disturbances import ALL, Disturbance, Scene, Steps
from tests.scenario.soak.letters import Letters
from tests.scenario.soak.place import Place, place
from tests.scenario.soak.verdict import Line, holds
from tests.scenario.soak.vitals import Vitals

_TICK = 0.2
#: Seconds in which everything must have come to its end once nothing arrives any more.
_SETTLE = 240
#: A shorter soak is in a hurry: mails come more often, an operator resumes what stands still.
_LONG_MINUTES = 10
_OPEN = frozenset(
    {State.RECEIVED, State.ACCEPTED, State.ISSUING, State.UNKNOWN, State.ISSUED, State.DELIVERING, State.STUCK}
)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What kind of soak it is to be."""

    minutes: float = 30
    every: float = 5
    seed: int = 1
    disturbances: tuple[Disturbance, ...] = ALL

    @property
    def short(self) -> bool:
        """Whether it is over too soon to tell anything about memory."""
        return self.minutes < _LONG_MINUTES


@dataclass(kw_only=True)
class Soak:
    """One soak at one place."""

    asked: Asked
    scene: Scene
    vitals: Vitals
    chance: random.Random
    say: Callable[[str], None]
    began: float = field(default_factory=time.monotonic)
    #: When the last disturbance was over, by the clock of the looks.
    _calm: float = 0.0
    _next: dict[str, float] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """How long it has lasted."""
        return time.monotonic() - self.began

    def run(self) -> list[Line]:
        """Live through it, and return the verdict."""
        length = self.asked.minutes * 60
        scene, todo = self.scene, list(self.asked.disturbances)
        scene.place.serve()
        going: Steps | None = None
        while self.seconds < length or going or todo:
            if going is None and todo and self.seconds >= todo[0].at * length:
                self.say(f"{self._at()} {todo[0].name}")
                going = todo.pop(0).happens(scene)
            if going and not _goes_on(going):
                going, self._calm = None, time.monotonic() - self.vitals.began
            self._tick(arriving=self.seconds < length)
        self._wait(lambda: not self._left(), "everything at its end", _SETTLE)
        return [*self._stopped(), *self._judged()]

    def _tick(self, *, arriving: bool) -> None:
        pace = 3.0 if self.asked.short else 11.0
        if self._due("look", 1 if self.asked.short else 5):
            self.vitals.look([act.pid for act in self.scene.acts])
        if arriving and self._due("mail", self.chance.uniform(0.2 * pace, 1.8 * pace)):
            self.scene.letters.deliver()
        if self._due("minute", 60):
            self.say(f"{self._at()} {self._progress()}")
        time.sleep(_TICK)

    def _due(self, what: str, every: float) -> bool:
        due = self.seconds >= self._next.get(what, 0)
        if due:
            self._next[what] = self.seconds + every
        return due

    def _left(self) -> bool:
        """Tell whether anything is not at its end."""
        if self.scene.place.house.files("inbox"):
            return True
        requests = self.scene.place.ask(lambda ledger: ledger.requests(states=_OPEN))
        return bool(requests)

    def _wait(self, seen: Callable[[], bool], what: str, patience: float) -> None:
        ends_at = self.seconds + patience
        while not seen():
            if self.seconds > ends_at:
                self.scene.missed.append(f"not within {patience:.0f} s: {what}")
                return
            for _ in range(5):
                self._tick(arriving=False)

    def _stopped(self) -> Iterator[Line]:
        """Stop it as an operator does, and see that it leaves nothing."""
        life = self.scene.place.lives[-1]
        life.send_signal(signal.SIGTERM)
        ended = time.monotonic() + 120
        while life.poll() is None and time.monotonic() < ended:
            time.sleep(_TICK)
        self.scene.statuses.append(("SIGTERM", life.returncode if life.returncode is not None else 999))
        wanted = {"SIGTERM": 0, "SIGKILL": -signal.SIGKILL}
        wrong = [f"{by}: exit {status}" for by, status in self.scene.statuses if status != wanted[by]]
        lines = self.scene.place.said().splitlines()
        wrong += [f"a traceback after {before!r}" for before, line in pairwise(["", *lines]) if "Traceback" in line]
        told = ", ".join(f"{by} → {status}" for by, status in self.scene.statuses)
        yield holds("it stops when it is told to", wrong, told)

    def _judged(self) -> Iterator[Line]:
        place, asked = self.scene.place, self.asked
        all_passes = passes.made(place)
        ours = self.vitals.looks[-1].life if self.vitals.looks else 0
        last_start = next((one.seconds for one in self.vitals.looks if one.life == ours), 0.0)
        began = place.now + timedelta(seconds=last_start)
        last_life = [one for one in all_passes if one.began.at >= began]
        breaks = len(place.lives) - 1 + len(self.scene.acts)
        killed = sum(by == "SIGKILL" for by, _ in self.scene.statuses)
        yield from ends.lines(self.scene)
        yield from passes.lines(all_passes, every=asked.every, killed=killed, breaks=breaks)
        yield from growing.lines(self.vitals, len(last_life), calm=self._calm)

    def _progress(self) -> str:
        last = self.vitals.looks[-1] if self.vitals.looks else None
        bot = f"bot {last.pss:.0f} MB, {last.files} files, {last.threads} threads, {last.below} below" if last else ""
        requests = self.scene.place.ask(lambda ledger: ledger.requests()) if last else ()
        delivered = sum(one.state is State.DELIVERED for one in requests)
        return f"{self.scene.letters.filed.total()} mails, {len(requests)} requests, {delivered} delivered; {bot}"

    def _at(self) -> str:
        return f"{int(self.seconds // 60):2}:{int(self.seconds % 60):02}"


def _goes_on(steps: Steps) -> bool:
    try:
        next(steps)
    except StopIteration:
        return False
    return True


def soak(asked: Asked, path: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Have one soak below ``path``, which keeps ``looks.json``; returns ``ok``, ``lines`` and what was asked."""
    half = timedelta(minutes=asked.minutes / 2)
    chance = random.Random(asked.seed)
    with place(path, every=asked.every, half=half) as here:
        letters = Letters(place=here, chance=chance)
        lasts = 3.0 if asked.short else 60.0
        scene = Scene(place=here, letters=letters, lasts=lasts, resumes=asked.short)
        vitals = Vitals(place=here)
        lines = Soak(asked=asked, scene=scene, vitals=vitals, chance=chance, say=say).run()
        looks = json.dumps([vars(one) for one in vitals.looks])
        (path / "looks.json").write_text(looks, encoding="utf-8")
    return {"ok": all(one.ok for one in lines), "minutes": asked.minutes, "every": asked.every, "seed": asked.seed,
            "lines": [vars(one) for one in lines]}  # fmt: skip


__all__ = ["Asked", "Place", "soak"]
