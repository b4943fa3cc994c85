"""The base of flows for consoles that answer over a websocket: what they say there, the page may never show."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from playwright.async_api import Locator, Page, WebSocket

from bot.console.flow import Flow
from bot.console.stage import Stage
from bot.errors import OutcomeUnknown

#: Returns what a message means to the one who asks, or nothing.
Meaning = Callable[[dict[str, Any]], str | None]
Heard = asyncio.Queue[str]


class SocketFlow(Flow):
    """A flow that also hears. Only what comes in is heard: what the page sends may hold passwords."""

    def __init__(self, page: Page, stage: Stage) -> None:
        super().__init__(page, stage)
        self._ears: list[tuple[Meaning, Heard]] = []
        page.on("websocket", self._attend_socket)

    @contextmanager
    def listening(self, meaning: Meaning) -> Iterator[Heard]:
        """Collect what the console says in here, of its JSON messages those that have a ``meaning``."""
        ear = (meaning, Heard())
        self._ears.append(ear)
        try:
            yield ear[1]
        finally:
            self._ears.remove(ear)

    async def hear(self, heard: Heard, expected: str) -> str:
        """Wait for the next of what is collected; raises ``ConsoleDrift``, after a submit ``OutcomeUnknown``."""
        try:
            async with asyncio.timeout(self.stage.timeout):
                return await heard.get()
        except TimeoutError:
            raise self._missing(expected) from None

    async def confirm_heard(self, heard: Heard, expected: str) -> str:
        """Wait for the console's word on what was submitted, where only its socket tells; returns what it means."""
        came = await self.hear(heard, expected)
        await self._confirmed()
        return came

    async def confirm_each(self, heard: Heard, wanted: set[str], refused: Locator) -> set[str]:
        """Wait until each of ``wanted`` was told, or nothing more comes; returns which were. None is ``OutcomeUnknown``.

        Raises ``ConsoleDrift`` when ``refused`` shows: the page itself would not send it.
        """
        told = {await self.told_first(heard, refused)}
        with suppress(OutcomeUnknown):
            while not wanted <= told:
                told.add(await self.hear(heard, "the console's word on the rest"))
        await self._confirmed()
        return told

    async def told_first(self, heard: Heard, refused: Locator) -> str:
        """Wait for the console's word on what was submitted and return what it means; nothing is ``OutcomeUnknown``.

        Raises ``ConsoleDrift`` when ``refused`` shows: the page itself would not send it.
        """
        showing = asyncio.ensure_future(refused.wait_for())
        first = asyncio.ensure_future(self.hear(heard, "the console's word on any of them"))
        try:
            await asyncio.wait({showing, first}, return_when=asyncio.FIRST_COMPLETED)
            if showing.done() and not showing.exception():
                self._submitted = False
                raise self.drift("the file to be accepted")
            return await first
        finally:
            showing.cancel()
            first.cancel()
            await asyncio.gather(showing, first, return_exceptions=True)

    async def _confirmed(self) -> None:
        self._submitted = False
        if self.stage.every_submit:
            await self.keep(f"{self._step} confirmed")

    def _attend_socket(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._hear)

    def _hear(self, frame: str | bytes) -> None:
        if not self._ears:
            return
        try:
            message = json.loads(frame)
        except ValueError:
            return
        if isinstance(message, dict):
            for meaning, heard in self._ears:
                if (said := meaning(message)) is not None:
                    heard.put_nowait(said)
