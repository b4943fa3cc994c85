"""A process that was stopped knows it, and one that was only busy does not think so."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import deque

from bot.clock import Standstill
from bot.ledger.records import Request
from bot.operation.crew import Crew
from bot.operation.report import Report, Silent
from bot.settings.console import ConsoleSettings
from tests.house import ROOT

_WATCHES = """
import sys, time
from bot.clock import Standstill
with Standstill() as standstill:
    began = time.monotonic()
    print("ready", flush=True)
    while time.monotonic() - began < {seconds}:
        {meanwhile}
    print(standstill.since(began), flush=True)
"""


def _told(seconds: float, meanwhile: str, *, stopped: float = 0) -> float:
    """Return for how long a process says that it stood still."""
    script = _WATCHES.format(seconds=seconds, meanwhile=meanwhile)
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        if stopped:
            os.kill(process.pid, signal.SIGSTOP)
            time.sleep(stopped)
            os.kill(process.pid, signal.SIGCONT)
        return float(process.stdout.readline())


def test_a_process_that_was_stopped_knows_for_how_long() -> None:
    """SIGSTOP for three seconds is seen as about three seconds, before the first limit that ran out is believed."""
    assert 2 < _told(2.6, "time.sleep(0.05)", stopped=3) < 6


def test_a_busy_process_did_not_stand_still() -> None:
    """Work that holds the interpreter for longer than any wake-up is work, not a standstill."""
    assert _told(2.6, "sum(range(60_000_000))") == 0


class _Stood(Standstill):
    """A standstill that was seen."""

    def since(self, began: float) -> float:
        """Return that it stood still for a minute and a half."""
        assert began <= time.monotonic()
        return 90


def test_a_limit_that_ran_out_meanwhile_is_no_failure_of_the_console() -> None:
    """Requests that were cut off because the machine stood still are left for the next pass; three of them pause nothing."""
    report, done = Report(), []

    async def hangs(request: Request, _report: Report) -> bool:
        done.append(request)
        await asyncio.sleep(60)
        return True

    async def none() -> None:
        return

    requests = [_Nobody(f"R-{number}") for number in range(4)]
    crew = Crew(
        waiting=deque(requests), do=hangs, report=report, progress=Silent(), stands=none, standstill=_Stood(),  # type: ignore[arg-type]
        settings=ConsoleSettings().model_copy(update={"request_timeout": 0.05}),
    )  # fmt: skip
    asyncio.run(crew.work())
    assert (len(done), crew.stopped_by) == (4, None)
    assert all("StoodStill: the machine stood still for 90 s" in problem for problem in report.problems)


class _Nobody:
    """As much of a request as a crew looks at."""

    def __init__(self, name: str) -> None:
        self.id = name
        self.application = self
        self.employee_no = name
