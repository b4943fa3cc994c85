"""Where time comes from. Pure rooms take it as an argument; everything else asks one of these."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from typing import Protocol, Self


class Clock(Protocol):
    """Tells the time, aware, in the city's time zone."""

    def now(self) -> datetime:
        """Return the present moment with its offset."""
        ...


class SystemClock:
    """The machine's clock, shown in ``zone``."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone

    def now(self) -> datetime:
        """Return the present moment in the configured zone."""
        return datetime.now(self._zone)


class FixedClock:
    """Stands still until it is set: makes the demo and the tests the same on any day."""

    def __init__(self, at: datetime) -> None:
        self._at = aware(at)

    def now(self) -> datetime:
        """Return the moment at which the clock stands."""
        return self._at

    def set(self, at: datetime) -> None:
        """Move the clock to ``at``."""
        self._at = aware(at)


def aware(moment: datetime) -> datetime:
    """Return ``moment`` unchanged, or raise ``ValueError`` when it has no offset: a naive time is refused everywhere."""
    if moment.utcoffset() is None:
        raise ValueError(f"naive datetime refused: {moment.isoformat()}")
    return moment


def ahead_of(clock: Clock) -> timedelta:
    """Return how far this machine's clock is ahead of ``clock``; nothing for one that stands still, as it tells no present."""
    return timedelta() if isinstance(clock, FixedClock) else datetime.now(UTC) - clock.now()


class ServerClock:
    """Hears the ``Date`` (RFC 9110, 6.6.1) of answers, and tells how far the server's clock is ahead of this machine's."""

    def __init__(self) -> None:
        self.ahead: timedelta | None = None

    def forget(self) -> None:
        """Begin anew."""
        self.ahead = None

    def hear(self, headers: Mapping[str, str], now: datetime) -> None:
        """Take in the headers (names in small letters) of an answer that came at ``now``.

        An answer out of a cache is older than it should be, never newer: the newest of all counts.
        """
        try:
            said = parsedate_to_datetime(headers["date"])
        except (KeyError, ValueError):
            return
        ahead = (said if said.tzinfo else said.replace(tzinfo=UTC)) - now
        self.ahead = ahead if self.ahead is None else max(self.ahead, ahead)


class Standstill:
    """Knows whether this process stood still: the machine slept, its host paused it, somebody stopped it.

    A thread wakes four times a second while the block lasts. What a wake-up comes too late by, and was not spent at work, the
    process was not running: a limit that ran out meanwhile proves nothing.
    """

    #: Seconds: a shorter one is how a busy machine is.
    LEAST = 2.0
    _TICK = 0.25
    #: Of a time in which it worked for more than this share, it was slow and did not stand still.
    _IDLE = 0.1

    def __init__(self) -> None:
        self._stood: list[tuple[float, float]] = []
        self._turn = threading.Lock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._before = (0.0, 0.0)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Watch from now on; watching already, go on."""
        if self._thread is None:
            self._stood.clear()
            self._before = (_elapsed(), time.process_time())
            self._over = threading.Event()
            self._thread = threading.Thread(target=self._watch, args=(self._over,), daemon=True, name="standstill")
            self._thread.start()

    def stop(self) -> None:
        """Watch no longer; what was seen is still told."""
        self._over.set()
        self._thread = None

    def since(self, began: float) -> float:
        """Return for how many seconds it stood still since ``began`` (:func:`time.monotonic`), 0 where it did not."""
        if self._thread:
            self._look()
        return sum(seconds for ended, seconds in self._stood if ended > began)

    def _watch(self, over: threading.Event) -> None:
        while not over.wait(self._TICK):
            self._look()

    def _look(self) -> None:
        with self._turn:
            now, at_work = _elapsed(), time.process_time()
            passed, worked = now - self._before[0], at_work - self._before[1]
            self._before = (now, at_work)
            stood = passed - worked - self._TICK
            if stood >= self.LEAST and worked < self._IDLE * passed:
                self._stood.append((time.monotonic(), stood))


def _elapsed() -> float:
    """Return seconds of a clock that nobody sets and that counts sleep too, where the system has one."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
