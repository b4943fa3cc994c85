"""Bots in processes of their own, forked from one that has everything imported: a fresh one costs milliseconds.

The parent has no thread, no event loop and no browser when it forks; what needs one is started in the children.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tests.scenario.matrix.moments import cut_off

#: What a bot gets told when it starts: the environment of its process.
Told = dict[str, str]
_BROKEN = 70


class Standby:
    """A child that waits until it is told to go; everything it says goes to ``said``."""

    def __init__(self, work: Callable[[Told], int], said: Path) -> None:
        listens, self._speaks = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._speaks)
            _live(work, listens, said)
        os.close(listens)
        self._ended: int | None = None

    def go(self, told: Told | None = None) -> None:
        """Start the work."""
        os.write(self._speaks, f"{json.dumps(told or {})}\n".encode())
        os.close(self._speaks)

    def kill(self) -> None:
        """Kill it and all that it has started."""
        if self._ended is None:
            cut_off(self.pid)

    def wait(self, seconds: int = 300) -> int:
        """Return its exit status, or minus the signal that killed it; one that hangs is killed and told as such."""
        if self._ended is None:
            signal.signal(signal.SIGALRM, lambda *_: self.kill())
            signal.alarm(seconds)
            self._ended = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            if not signal.alarm(0) and self._ended == -signal.SIGKILL:
                raise TimeoutError(f"the bot did not end within {seconds} s")
        return self._ended


def _live(work: Callable[[Told], int], listens: int, said: Path) -> None:
    """Be the child, to the end: nothing of the parent's own winding up happens here."""
    status = _BROKEN
    try:
        os.setsid()
        if line := os.read(listens, 65_536):
            out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(out, 1)
            os.dup2(out, 2)
            told: Told = json.loads(line)
            os.environ.update(told)
            status = work(told)
    except BaseException:  # noqa: BLE001 - whatever it is, the parent reads of it
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def many(
    jobs: Sequence[Callable[[], dict[str, Any]]],
    scratch: Path,
    *,
    at_once: int,
    tell: Callable[[dict[str, Any]], None],
) -> None:
    """Do each job in a process of its own, so many at once, and tell of its result as it comes; none outlives this call."""
    running: dict[int, int] = {}
    waiting = list(enumerate(jobs))
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                number, job = waiting.pop(0)
                child = Standby(partial(_answered, job, scratch / f"{number}.answer"), scratch / f"{number}.said")
                child.go()
                running[child.pid] = number
            pid, _ = os.waitpid(-1, 0)
            if pid in running:
                tell(_answer(scratch, running.pop(pid)))
    finally:
        for pid in running:
            cut_off(pid)


def _answer(scratch: Path, number: int) -> dict[str, Any]:
    answer, said = scratch / f"{number}.answer", scratch / f"{number}.said"
    if not answer.exists():
        return {"failures": [f"the run itself broke: {said.read_text(encoding='utf-8')[-1500:]}"]}
    found: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    answer.unlink()
    return found


def _answered(job: Callable[[], dict[str, Any]], answer: Path, _: Told) -> int:
    draft = answer.with_suffix(".draft")
    draft.write_text(json.dumps(job(), ensure_ascii=False), encoding="utf-8")
    draft.replace(answer)
    return 0
