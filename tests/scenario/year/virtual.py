"""Time that passes only when nobody works: an event loop that jumps to its next timer, and a clock that reads it."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import apscheduler.schedulers.base

_Events = list[tuple[selectors.SelectorKey, int]]


class _Selector(selectors.DefaultSelector):
    """Waits for real while a thread is at work; else it lets the time pass that it was asked to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.at_work = 0
        self.passed = 0.0

    def select(self, timeout: float | None = None) -> _Events:
        """See :meth:`selectors.BaseSelector.select`."""
        if self.at_work or timeout is None:
            found: _Events = super().select(None if timeout is None or timeout > 0 else 0)
            return found
        found = super().select(0)
        if not found:
            self.passed += max(timeout, 0)
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose time is virtual, in seconds from 0; what is done in threads takes none of it."""

    def __init__(self) -> None:
        self._watched = _Selector()
        super().__init__(self._watched)

    def time(self) -> float:
        """Return the virtual time."""
        return self._watched.passed

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override] # noqa: ANN401 - as asyncio has it
        """See :meth:`asyncio.loop.run_in_executor`."""
        future = super().run_in_executor(executor, func, *args)
        self._watched.at_work += 1
        future.add_done_callback(self._is_done)
        return future

    def _is_done(self, _: object) -> None:
        self._watched.at_work -= 1


class VirtualClock:
    """The clock on the wall of a loop's time."""

    def __init__(self, start: datetime, loop: VirtualLoop) -> None:
        self._start, self._loop = start, loop

    def now(self) -> datetime:
        """Return the moment that it is in the loop."""
        return self._start + timedelta(seconds=self._loop.time())


def set_apscheduler(clock: VirtualClock) -> None:
    """Have APScheduler read this clock in this process: it asks the machine for the time and takes no other clock."""

    class Now(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override] # noqa: ANN401 - as datetime has it
            return clock.now().astimezone(tz)

    apscheduler.schedulers.base.datetime = Now
