"""Where a plain page is not enough: the browser's own questions, other windows, frames, files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Dialog, FilePayload, Locator

from bot.console.watched import Watched


class Reach(Watched):
    """What some consoles need besides forms on one page."""

    @asynccontextmanager
    async def answering(self, question: str) -> AsyncIterator[None]:
        """Say yes to the browser's own question (alert, confirm) that holds ``question``; any other one is answered with no.

        A question that is not asked inside the block is ``ConsoleDrift``.
        """
        asked: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def answer(dialog: Dialog) -> None:
            if question in dialog.message:
                await dialog.accept()
                if not asked.done():
                    asked.set_result(None)
            else:
                await dialog.dismiss()

        self.page.on("dialog", answer)
        try:
            yield
            async with asyncio.timeout(self.stage.timeout):
                await asked
        except TimeoutError:
            raise self._missing(f"the question {question!r}") from None
        finally:
            self.page.remove_listener("dialog", answer)

    @asynccontextmanager
    async def new_window(self, opener: Locator) -> AsyncIterator[None]:
        """Click what opens another window and work in that one; it is closed afterwards."""
        async with self.page.expect_popup() as opened:
            await opener.click()
        before, self.page = self.page, await opened.value
        self.root = self.page
        self._attend(self.page)
        try:
            yield
        finally:
            window, self.page, self.root = self.page, before, before
            await window.close()

    @asynccontextmanager
    async def within(self, frame: str) -> AsyncIterator[None]:
        """Look for landmarks and fields inside a frame, given by a selector such as ``iframe[name=main]``."""
        before, self.root = self.root, self.page.frame_locator(frame)
        try:
            yield
        finally:
            self.root = before

    async def upload(self, field: Locator, name: str, mime: str, content: bytes) -> None:
        """Choose a file that is nowhere on disk: it may hold passwords."""
        await field.set_input_files(FilePayload(name=name, mimeType=mime, buffer=content))

    async def download(self, opener: Locator) -> bytes:
        """Click what downloads a file and return its content; nothing of it stays on disk."""
        async with self.page.expect_download() as started:
            await opener.click()
        file = await started.value
        path = Path(await file.path())
        content = await asyncio.to_thread(path.read_bytes)
        await file.delete()
        return content
