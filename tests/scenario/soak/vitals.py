"""Looks at the bot's processes from outside, through /proc (Linux): what they hold, and what they leave behind."""

from __future__ import annotations

import ctypes
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations
from pathlib import Path
from statistics import median

from bot.clock import SystemClock
from tests.house import ZONE
from tests.scenario.soak.place import Place

#: Figures of processes are there under Linux alone.
MEASURABLE = sys.platform == "linux"
_SUBREAPER = 36
#: A process that has ended and was not fetched in so many looks one after the other is a zombie.
_LOOKS = 3


@dataclass(frozen=True, kw_only=True)
class Process:
    """A line of the process table."""

    pid: int
    parent: int
    state: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Look:
    """What was seen at one moment; memory in MB."""

    seconds: float
    life: int
    #: The bot's share (PSS), what it holds alone (anonymous: what can leak), and the share of it and all its browsers.
    pss: float
    own: float
    tree: float
    files: int
    threads: int
    below: int
    heartbeat: float
    log_bytes: int
    var_bytes: int

    @property
    def idle(self) -> bool:
        """Whether no browser was there."""
        return self.below == 0


@dataclass(kw_only=True)
class Vitals:
    """Looks again and again; leftovers of ended lives become children of this process, and are seen."""

    place: Place
    began: float = field(default_factory=time.monotonic)
    looks: list[Look] = field(default_factory=list)
    #: Processes of the bot's that were left behind, and those that nobody fetched when they ended.
    orphans: set[str] = field(default_factory=set)
    zombies: set[str] = field(default_factory=set)
    _ended: dict[int, int] = field(default_factory=dict)
    _left: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if MEASURABLE:
            ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)

    def look(self, ours: Sequence[int]) -> None:
        """Look once; ``ours`` are processes that were started beside the bot's last life."""
        bot = self.place.lives[-1]
        if not MEASURABLE or bot.poll() is not None:
            return
        processes = {one.pid: one for one in _processes()}
        below = list(_below(bot.pid, processes))
        self._unfetched([one for one in below if one.state == "Z"])
        self._left_behind(processes, {bot.pid, *ours})
        with suppress(OSError):  # it may end while it is looked at
            self.looks.append(self._look_at(bot.pid, [one for one in below if one.state != "Z"]))

    def _look_at(self, bot: int, below: Sequence[Process]) -> Look:
        at = Path(f"/proc/{bot}")
        pss, own = _memory(bot)
        return Look(
            seconds=time.monotonic() - self.began, life=len(self.place.lives), pss=pss, own=own,
            tree=pss + sum(_memory(one.pid)[0] for one in below), files=_entries(at / "fd"),
            threads=_entries(at / "task"), below=len(below), heartbeat=heartbeat_age(self.place),
            log_bytes=_size(self.place.house.path / "log"), var_bytes=_size(self.place.house.path / "var"),
        )  # fmt: skip

    def _unfetched(self, ended: Sequence[Process]) -> None:
        self._ended = {one.pid: self._ended.get(one.pid, 0) + 1 for one in ended}
        self.zombies |= {f"{one.name} ({one.pid})" for one in ended if self._ended[one.pid] >= _LOOKS}

    def _left_behind(self, processes: dict[int, Process], known: set[int]) -> None:
        """Note what lost its parent and did not end for some looks, and fetch what ended."""
        mine = [one for one in processes.values() if one.parent == os.getpid() and one.pid not in known]
        for one in mine:
            if one.state == "Z":
                with suppress(ChildProcessError):
                    os.waitpid(one.pid, os.WNOHANG)
        alive = [one for one in mine if one.state != "Z"]
        self._left = {one.pid: self._left.get(one.pid, 0) + 1 for one in alive}
        self.orphans |= {f"{one.name} ({one.pid})" for one in alive if self._left[one.pid] >= _LOOKS}


def growth(looks: Sequence[Look], figure: str) -> float:
    """Return by how much a figure grows per hour: the median of the slopes between any two looks (Theil-Sen)."""
    points = [(one.seconds, float(getattr(one, figure))) for one in looks]
    slopes = [(b - a) / (later - sooner) for (sooner, a), (later, b) in combinations(points, 2) if later > sooner]
    return median(slopes) * 3600 if slopes else 0.0


def heartbeat_age(place: Place) -> float:
    """Return how many seconds ago the bot last wrote that it lives; 0 before the first time."""
    beat = heartbeat(place)
    return (SystemClock(ZONE).now() - datetime.fromisoformat(str(beat["at"]))).total_seconds() if beat else 0.0


def heartbeat(place: Place) -> dict[str, object]:
    """Return what the bot last wrote into its heartbeat file."""
    try:
        found: dict[str, object] = json.loads((place.house.path / "var" / "heartbeat.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found


def _processes() -> Iterator[Process]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                name, _, rest = (entry / "stat").read_text(errors="replace").rpartition(")")
                state, parent, *_ = rest.split()
                yield Process(pid=int(entry.name), parent=int(parent), state=state, name=name.partition("(")[2])


def _below(root: int, processes: dict[int, Process]) -> Iterator[Process]:
    for one in processes.values():
        at: Process | None = one
        while at and at.parent != root:
            at = processes.get(at.parent)
        if at:
            yield one


def _memory(process: int) -> tuple[float, float]:
    """Return PSS and anonymous memory in MB; nothing of a process that has just ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0, 0.0
    figures = {
        line.split()[0]: int(line.split()[1]) / 1024 for line in lines if line.startswith(("Pss:", "Anonymous:"))
    }
    return figures.get("Pss:", 0.0), figures.get("Anonymous:", 0.0)


def _entries(folder: Path) -> int:
    return sum(1 for _ in folder.iterdir())


def _size(folder: Path) -> int:
    total = 0
    for file in folder.rglob("*"):
        with suppress(OSError):
            total += file.stat().st_size if file.is_file() else 0
    return total
