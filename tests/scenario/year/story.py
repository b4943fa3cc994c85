"""A simulated year: when it is, what happens in it, and the house in which it happens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path

from bot.clock import Clock
from tests.house import PROVEN, ZONE, House
from tests.scenario.matrix.stored_console import StoredConsole
from tests.scenario.year.arrivals import Arrival, arrivals
from tests.scenario.year.days import Days
from tests.scenario.year.mails import write_staff
from tests.scenario.year.weather import Restart, Weather, outages, restarts

CONSOLE = "console.jsonl"
#: The environment has the address of the operators' chat under this name.
CHAT = "TELEWORK_BOT_YEAR_CHAT"


@dataclass(frozen=True, kw_only=True)
class Size:
    """How long and how full the year is."""

    first: date
    last: date
    applications: int
    surges: int
    #: Applications on one such morning.
    surge: int
    staff: int
    outages_each: int
    restarts: int
    seed: int


class Year:
    """Everything that outlives the bot."""

    def __init__(self, base: Path, size: Size) -> None:
        self.base, self.size = base, size
        self.house, self.days = House(path=base / "house"), Days()
        #: Seconds between two looks of the scheduler at whether to stop; its timers don't wait for them.
        self.beat = 600.0
        self._console: StoredConsole | None = None

    @cached_property
    def arrivals(self) -> tuple[Arrival, ...]:
        """All mails."""
        size = self.size
        return arrivals(
            size.first, size.last, count=size.applications, surges=size.surges, surge=size.surge, staff=size.staff,
            seed=size.seed,
        )  # fmt: skip

    @cached_property
    def weather(self) -> Weather:
        """All outages."""
        size = self.size
        return outages(size.first, size.last, each=size.outages_each, seed=size.seed + 1)

    @cached_property
    def restarts(self) -> tuple[Restart, ...]:
        """When the bot ends and comes back: some of it in the middle of a surge."""
        size = self.size
        busy = sorted({one.at.date() for one in self._in_surges()})[: max(1, size.restarts // 5)]
        moments = [datetime.combine(day, time(9, 20), ZONE) for day in busy]
        return restarts(size.first, size.last, count=size.restarts, busy=moments, seed=size.seed + 2)

    def _in_surges(self) -> list[Arrival]:
        per_day: dict[date, list[Arrival]] = {}
        for one in self.arrivals:
            per_day.setdefault(one.at.date(), []).append(one)
        return [every[0] for every in per_day.values() if len(every) >= max(2, self.size.surge)]

    @property
    def begins(self) -> datetime:
        """The first moment."""
        return datetime.combine(self.size.first, time(6), ZONE)

    @cached_property
    def ends(self) -> datetime:
        """The last moment: what was applied for in the last days has come to its end."""
        last = max(max(one.days, default=self.size.last) for one in self.arrivals)
        return datetime.combine(max(last, self.size.last) + timedelta(days=1), time(6), ZONE)

    def lay_out(self, poll_minutes: float) -> None:
        """Write the settings and the staff directory. What reads the whole chain each time is left to the verdict."""
        self.house.lay_out({
            "schedule": {
                "poll_minutes": poll_minutes, "preflight": None, "backup": None, "digests": [],
            },
            "alerts": {"apprise": [f"env:{CHAT}"], "apprise_level": "info"},
            "forms": PROVEN,
            "rules": {"automatic_kinds": ["issue", "reissue", "cancel"], "max_ahead_days": 60},
            "log": {"level": "ERROR"},
        })  # fmt: skip
        write_staff(self.house, self.size.staff)

    @property
    def console(self) -> StoredConsole:
        """The console, as it was opened last."""
        if self._console is None:
            raise RuntimeError("no console is open")
        return self._console

    def open_console(self, clock: Clock | None = None) -> StoredConsole:
        """Open the console as its file has it."""
        self._console = StoredConsole(self.base / CONSOLE, clock=clock)
        return self._console
