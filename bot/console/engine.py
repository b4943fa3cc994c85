"""One browser process for all sessions: started at the first need, and again when it has died."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from pathlib import Path

from loguru import logger
from playwright.async_api import Browser, BrowserContext, ViewportSize, async_playwright
from playwright.async_api import Error as PlaywrightError

from bot.console.browser import launch_arguments
from bot.errors import StoodStill, Unusable
from bot.settings.console import BrowserSettings

#: Seconds that a browser may take to give a context, and to end.
_ANSWERING, _STOPPING = 30, 60
_VIEWPORT: ViewportSize = {"width": 1280, "height": 900}


class Engine:
    """Gives contexts, which share nothing with each other; several pages in one context would stall (FACTS.md, Browser)."""

    def __init__(self, executable: Path, settings: BrowserSettings, *, certificate: str | None = None) -> None:
        self._executable = executable
        self._settings = settings
        self._certificate = certificate
        self._stack = AsyncExitStack()
        self._browser: Browser | None = None
        self._turn = asyncio.Lock()

    async def context(self) -> BrowserContext:
        """Return a new context; raises ``Unusable`` when no browser starts."""
        async with self._turn:
            try:
                if self._browser is None or not self._browser.is_connected():
                    await self._stop()
                    self._browser = await self._launch()
                async with asyncio.timeout(_ANSWERING):
                    return await self._browser.new_context(locale=self._settings.locale, viewport=_VIEWPORT)
            except TimeoutError:
                await self._stop()
                raise StoodStill(f"the browser does not answer within {_ANSWERING} s: it stands still") from None
            except PlaywrightError as error:
                await self._stop()
                raise Unusable(f"the browser does not start: {error.message.splitlines()[0]}") from None

    async def close(self) -> None:
        """End the browser."""
        async with self._turn:
            await self._stop()

    async def _launch(self) -> Browser:
        if "pw" in os.environ.get("DEBUG", ""):
            raise Unusable("unset the environment variable DEBUG: with it Playwright prints every password it types")
        playwright = await self._stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(
            executable_path=self._executable, headless=self._settings.headless, args=launch_arguments(self._certificate),
            # A signal to all of us (Ctrl-C) must not end the browser in the middle of a step: whoever started it closes it.
            handle_sigint=False, handle_sigterm=False, handle_sighup=False,
        )  # fmt: skip
        self._stack.push_async_callback(browser.close)
        return browser

    async def _stop(self) -> None:
        stack, self._stack, self._browser = self._stack, AsyncExitStack(), None
        try:
            async with asyncio.timeout(_STOPPING):
                await stack.aclose()
        except TimeoutError:
            logger.warning("the browser does not end within {} s; its driver ends it", _STOPPING)
