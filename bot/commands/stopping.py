"""SIGTERM and Ctrl-C end a pass with the step in hand, never in the middle of one."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from bot.operation.report import Stop

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_STDERR = 2


@contextmanager
def stopped_by_signals(stop: Stop) -> Iterator[None]:
    """Turn the first SIGTERM or SIGINT into ``stop``; the second does what it always does, and ends the process at once.

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
