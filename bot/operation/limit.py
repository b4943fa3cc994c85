"""Cuts off work that gets no step further: whoever waits for it goes on, and is told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import TypeVar

from bot.errors import TookTooLong
from bot.operation.report import Progress

T = TypeVar("T")
#: So long work may take to let go of what it holds once it is cut off.
GRACE = timedelta(seconds=60)


@dataclass(kw_only=True)
class SignsOfLife:
    """A progress display that remembers when it was last told of progress, and passes it on."""

    at: float
    shown: Progress

    def start(self, what: str, total: int) -> None:
        """See :meth:`Progress.start`."""
        self._note()
        self.shown.start(what, total)

    def step(self) -> None:
        """See :meth:`Progress.step`."""
        self._note()
        self.shown.step()

    def _note(self) -> None:
        self.at = asyncio.get_running_loop().time()


@dataclass(kw_only=True)
class Limit:
    """How long work may take from one step to the next, and to let go then."""

    limit: timedelta
    grace: timedelta = GRACE
    #: Called when threads of work that was cut off have not ended by the end of the grace: only the process's end ends them.
    hangs_on: Callable[[], None] = lambda: None
    _numbers: count[int] = field(default_factory=count)
    #: What the names of the threads begin with in which blocking calls are made now.
    _threads: str = ""
    _waiting: set[asyncio.Task[None]] = field(default_factory=set)

    async def keep(self, name: str, work: Callable[[Progress], Awaitable[T]], shown: Progress) -> T:
        """Do the work and return what it does; raises ``TookTooLong`` when it gets no step further for the limit.

        Its threads are left to themselves then: what comes next gets others.
        """
        loop = asyncio.get_running_loop()
        if not self._threads:
            self._take_other_threads()
        signs = SignsOfLife(at=loop.time(), shown=shown)
        doing = asyncio.ensure_future(work(signs))
        try:
            while (left := signs.at + self.limit.total_seconds() - loop.time()) > 0:
                done, _ = await asyncio.wait({doing}, timeout=left)
                if done:
                    return doing.result()
        except asyncio.CancelledError:
            doing.cancel()
            raise
        doing.cancel()
        _, hangs = await asyncio.wait({doing}, timeout=self.grace.total_seconds())
        watching = asyncio.ensure_future(self._watch(self._threads))
        self._take_other_threads()
        self._waiting.add(watching)
        watching.add_done_callback(self._waiting.discard)
        raise TookTooLong(name, self.limit, let_go=not hangs)

    def _take_other_threads(self) -> None:
        """Have blocking calls made in new threads from now on; those of before end once they have nothing in hand."""
        self._threads = f"bot-{id(self)}-{next(self._numbers)}-"
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(thread_name_prefix=self._threads))

    async def _watch(self, threads: str) -> None:
        ends = asyncio.get_running_loop().time() + self.grace.total_seconds()
        while any(thread.name.startswith(threads) for thread in threading.enumerate()):
            if asyncio.get_running_loop().time() >= ends:
                self.hangs_on()
                return
            await asyncio.sleep(self.grace.total_seconds() / 20)
