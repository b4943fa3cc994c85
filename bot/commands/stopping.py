"""How a process ends: SIGTERM and Ctrl-C with the step in hand, never in the middle of one; by itself when nothing moves any more."""

from __future__ import annotations

import asyncio
import faulthandler
import os
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from types import FrameType
from typing import NoReturn, Self

from loguru import logger

from bot.operation.report import Stop

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_STDERR = 2
#: Without a sign of life from the event loop for so long it is taken to hang for good.
_SILENT = timedelta(minutes=5)
#: After a signal what is in hand may take so long.
_STOPPING = timedelta(minutes=10)
#: Both last at most so many times as long as a job may go without a step.
_TIMES = 3
#: Signs of life within the silence that is allowed.
_BEATS = 5


class Watchdog:
    """Ends the process when it gives no sign of life any more, or does not stop when it is told to, whatever hangs.

    A thread of C's own does it (:mod:`faulthandler`): it needs neither the event loop nor the interpreter's lock, which code
    that hangs may hold, and it says on stderr where every thread hangs. The exit status is 1, so that a supervisor starts anew.
    """

    def __init__(self, limit: timedelta) -> None:
        """``limit``: what is allowed to a job without a step."""
        self._silence = min(_SILENT, limit * _TIMES).total_seconds()
        self._stopping = min(_STOPPING, limit * _TIMES).total_seconds()
        self._ends: float | None = None

    def __enter__(self) -> Self:
        try:
            self._says = os.dup(_STDERR)
        except OSError:  # started without one
            self._says = os.open(os.devnull, os.O_WRONLY)
        self.beat()
        return self

    def __exit__(self, *_: object) -> None:
        faulthandler.cancel_dump_traceback_later()
        os.close(self._says)

    def beat(self) -> None:
        """Give a sign of life; after :meth:`stopping` that gains no time."""
        left = self._silence if self._ends is None else min(self._silence, self._ends - time.monotonic())
        faulthandler.dump_traceback_later(max(left, 0.001), exit=True, file=self._says)

    def stopping(self) -> None:
        """Have the process end within the time that it has to stop."""
        self._ends = time.monotonic() + self._stopping
        self.beat()

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Give signs of life for as long as the event loop gets on."""

        async def live() -> None:
            while True:
                self.beat()
                await asyncio.sleep(self._silence / _BEATS)

        living = asyncio.create_task(live())
        try:
            yield
        finally:
            living.cancel()


def leave_what_hangs(status: int) -> None:
    """End the process although a thread of a job that was cut off still hangs: Python would wait for it for ever."""
    hangs = [one for one in threading.enumerate() if one is not threading.main_thread() and not one.daemon]
    if hangs:
        leave_at_once(status)


def leave_at_once(status: int) -> NoReturn:
    """End the process with everything that hangs in it; what was said and logged is out."""
    logger.complete()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # nobody reads it any more
            stream.flush()
    os._exit(status)


@contextmanager
def stopped_by_signals(stop: Stop, watchdog: Watchdog | None = None) -> Iterator[None]:
    """Turn the first SIGTERM or SIGINT into ``stop``; the second does what it always does, and ends the process at once.

    From the first on the ``watchdog`` gives what is in hand so much time and no more.

    Whatever the second one interrupts, the next pass finds out how far it came. Outside of the main thread, which alone may
    listen to signals, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: signal.getsignal(one) for one in _SIGNALS}

    def back() -> None:
        for one, handler in before.items():
            signal.signal(one, signal.SIG_DFL if handler is None else handler)

    def ask(number: int, _frame: FrameType | None) -> None:
        stop.asked_by = signal.Signals(number).name
        back()
        if watchdog:
            watchdog.stopping()
        told = f"{stop.asked_by}: finishing the step in hand, then stopping; once more to stop at once\n"
        # Past Python's own buffer: the signal may have come in the middle of a write to it, which allows no second one.
        with suppress(OSError):
            os.write(_STDERR, told.encode("ascii"))

    for one in _SIGNALS:
        signal.signal(one, ask)
    try:
        yield
    finally:
        back()
