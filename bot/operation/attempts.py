"""In which order the messages of the inbox are read, and how often each is tried: one that can't be read blocks no other.

An attempt is on record before it begins, so that it counts also when the whole bot ends in it: for many messages at once
where none of them was tried before, alone for one that was.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from loguru import logger

from bot.errors import BotError, ReadingFailed
from bot.ledger.ledger import Ledger
from bot.model import Message, Reading
from bot.reading.isolated import ATTEMPTS, Failure, IsolatedReader

#: So many are put on record together: a commit for each would cost more than reading it.
_TOGETHER = 32
#: Seconds for the first attempt: most take a thousandth of it, and all others wait for it.
_FIRST = 5.0
#: So many times the limit of one message are spent on second attempts in one pass.
_SPENT = 5


@dataclass(kw_only=True)
class ReadingQueue:
    """The locators of the messages of one pass, in the order in which they are read; those that were tried before come last."""

    reader: IsolatedReader
    ledger: Ledger
    #: Attempts on record that did not end.
    tried: dict[str, int]
    waiting: deque[str]
    #: Put on record by this pass, and neither recorded nor failed so far.
    _begun: set[str] = field(default_factory=set)
    #: Seconds that second attempts have taken, in this pass.
    spent: float = 0

    @classmethod
    @asynccontextmanager
    async def over(
        cls, waiting: Sequence[str], reader: IsolatedReader, ledger: Ledger, *, spent: float = 0
    ) -> AsyncIterator[ReadingQueue]:
        """Give the queue for these messages, and forget afterwards what was put on record and not begun.

        ``spent``: seconds that second attempts have taken before in this pass.
        """
        tried = dict(await ledger.reading_attempts(waiting))
        ordered = deque(sorted(waiting, key=tried.__contains__))
        queue = cls(reader=reader, ledger=ledger, tried=tried, waiting=ordered, spent=spent)
        try:
            yield queue
        finally:
            await queue._tidy()

    def __iter__(self) -> Iterator[str]:
        """Yield the next message until all are read, or second attempts have taken too long: the next pass makes the others."""
        while self.waiting:
            locator = self.waiting.popleft()
            if self.tried.get(locator, 0) < ATTEMPTS and self.spent > self.reader.seconds * _SPENT:
                logger.warning("{} messages whose reading was broken off wait for the next pass", len(self.waiting) + 1)
                self.waiting.clear()
                return
            yield locator

    async def read(self, locator: str, message: Message) -> Reading | None:
        """Return what a message holds; ``None`` when reading it was broken off: it stands at the end of the queue then.

        What was broken off too often, in earlier passes too, is unreadable.
        """
        tried = self.tried.get(locator, 0)
        if tried >= ATTEMPTS:
            return Reading.of_undecoded(message, _broken_off(Failure.BOT_ENDED))
        if tried or locator not in self._begun:
            await self._begin(locator, alone=tried > 0)
        began = time.monotonic()
        try:
            seconds = self.reader.seconds if tried else _FIRST
            return await asyncio.to_thread(self.reader.read, message, seconds=seconds)
        except ReadingFailed as error:
            return self._failed(locator, message, error)
        finally:
            self.spent += time.monotonic() - began if tried else 0

    def recorded(self, locator: str) -> None:
        """Note that a message is recorded, and the attempts at it are forgotten with that."""
        self._begun.discard(locator)

    async def _begin(self, locator: str, *, alone: bool) -> None:
        others = [] if alone else [other for other in self.waiting if other not in self.tried][: _TOGETHER - 1]
        await self.ledger.begin_reading([locator, *others])
        self._begun.update([locator, *others])

    def _failed(self, locator: str, message: Message, error: ReadingFailed) -> Reading | None:
        self._begun.discard(locator)
        self.tried[locator] = self.tried.get(locator, 0) + 1
        logger.warning("reading {} was broken off for the {}. time: {}", message.name, self.tried[locator], error)
        if self.tried[locator] >= ATTEMPTS:
            return Reading.of_undecoded(message, _broken_off(error.reason))
        self.waiting.append(locator)
        return None

    async def _tidy(self) -> None:
        if self._begun:
            try:
                await self.ledger.forget_reading(self._begun)
            except BotError as error:  # what ended the pass is told already: these are read one by one in the next
                logger.warning("attempts at {} messages stay on record: {}", len(self._begun), error)


def _broken_off(reason: str) -> str:
    ja, _, en = reason.partition(" / ")
    return f"読み取りを{ATTEMPTS}回試みましたが、{ja} / tried {ATTEMPTS} times: {en}"
