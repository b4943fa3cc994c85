"""Has the bot live through the year: one process after the other, each until it is stopped or killed."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from tests.scenario.matrix.processes import Standby
from tests.scenario.year.bot_process import NOW, live
from tests.scenario.year.story import Year
from tests.scenario.year.weather import Restart

#: Seconds of real time that one process may take.
_PATIENCE = 6 * 3600
Say = Callable[[str], None]


@dataclass(kw_only=True)
class Lived:
    """How it went."""

    killed: int = 0
    stopped: int = 0
    seconds: float = 0
    #: From when until when the bot was gone.
    gone: list[tuple[datetime, datetime]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def live_through(year: Year, say: Say) -> Lived:
    """Run the bot from the first moment to the last; a process that ends otherwise than it should ends the year."""
    lived, began, at = Lived(), time.monotonic(), year.begins
    for restart in (*year.restarts, None):
        if (ended := _one_life(year, at, restart, lived)) is None:
            break
        how = "killed" if restart and restart.boundary else "stopped"
        say(f"{ended:%Y-%m-%d %H:%M} {how}, {_so_far(year, ended)}, {time.monotonic() - began:.0f} s")
        if restart:
            # A kill comes later than it was due where nothing happened for a while.
            at = max(ended, restart.at) + (restart.back - restart.at)
            lived.gone.append((ended, at))
    lived.seconds = time.monotonic() - began
    return lived


def _one_life(year: Year, start: datetime, restart: Restart | None, lived: Lived) -> datetime | None:
    said = year.base / "said"
    child = Standby(lambda _: live(year, start, year.ends, restart), said)
    child.go()
    try:
        status = child.wait(_PATIENCE)
    except BaseException:
        child.kill()
        raise
    killed = bool(restart and restart.boundary)
    lived.killed += killed
    lived.stopped += not killed
    if status not in ({-signal.SIGKILL} if killed else {0}):
        lived.failures.append(f"the bot ended with {status}: {said.read_text(encoding='utf-8')[-1500:]}")
        return None
    return datetime.fromisoformat((year.base / NOW).read_text(encoding="utf-8"))


def _so_far(year: Year, now: datetime) -> str:
    return f"{sum(one.at <= now for one in year.arrivals)} of {len(year.arrivals)} mails"
