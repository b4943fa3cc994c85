"""Asks a page that may be hanging or dead, and never waits long for the answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Locator, Page

_ANSWER_SECONDS = 2


async def stop_loading(page: Page) -> None:
    """Give up what the page waits for: until then it can neither be asked nor photographed."""
    async with _briefly():
        devtools = await page.context.new_cdp_session(page)
        await devtools.send("Page.stopLoading")
        await devtools.detach()


async def answers(page: Page) -> bool:
    """Tell whether the page is alive: the news of its end may come later than the error it caused."""
    async with _briefly():
        return bool(await page.evaluate("true"))
    return False


async def shows(locator: Locator) -> bool:
    """Tell whether the page has such a thing now."""
    async with _briefly():
        return await locator.count() > 0
    return False


@asynccontextmanager
async def _briefly() -> AsyncIterator[None]:
    with suppress(PlaywrightError, TimeoutError):
        async with asyncio.timeout(_ANSWER_SECONDS):
            yield
