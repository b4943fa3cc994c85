"""Asks a page that may be hanging or dead, and never waits long for the answer; says plainly what network and screen did."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Locator, Page

_ANSWER_SECONDS = 2
_ERROR_PAGE = "chrome-error://"
#: The browser's own names for what keeps it from a page (chrome://network-errors), in words.
_NETWORK = {
    "net::ERR_CONNECTION_REFUSED": "nothing answers at {url} (console.url)",
    "net::ERR_NAME_NOT_RESOLVED": "the name in {url} can't be resolved (console.url)",
    "net::ERR_CONNECTION_RESET": "the connection to {url} was cut (console.url)",
    "net::ERR_CONNECTION_CLOSED": "the connection to {url} was cut (console.url)",
    "net::ERR_EMPTY_RESPONSE": "the connection to {url} was cut (console.url)",
    "net::ERR_NETWORK_CHANGED": "the network changed under the connection to {url} (console.url)",
    "net::ERR_CONNECTION_TIMED_OUT": "{url} does not answer (console.url)",
    "net::ERR_ADDRESS_UNREACHABLE": "there is no way to {url} (console.url)",
    "net::ERR_INTERNET_DISCONNECTED": "this machine has no network",
    "net::ERR_CERT_AUTHORITY_INVALID": "the certificate of {url} is not trusted (console.certificate)",
}

#: What the browser's driver notes of a thing that it waits for, in words; the last note counts.
_IN_THE_WAY = {
    "element is not visible": "it is hidden",
    "element is not enabled": "it is disabled",
    "element is not editable": "it is read-only",
    "element is not stable": "it keeps moving",
    "element is outside of the viewport": "it lies outside of the page",
    "intercepts pointer events": "something lies over it",
    "did not find some options": "it has no such choice",
    "locator resolved to hidden": "it is hidden",
    "locator resolved to": "it is there",
}
_WAITED_FOR = re.compile(r"- waiting for ((?:get_by_|locator|frame_locator).*)$", re.MULTILINE)
_MORE_THAN_ONE = re.compile(r"strict mode violation: (.+) resolved to (\d+) elements")


def plainly(text: str, url: str) -> str:
    """Return what kept the browser from the console at ``url`` in words, with the browser's own name for it; else the text."""
    return next((f"{words.format(url=url)}: {code}" for code, words in _NETWORK.items() if code in text), text)


def ambiguous(message: str) -> str:
    """Return what was looked for and is on the page more than once, by the driver's message; empty where it is not about that."""
    found = _MORE_THAN_ONE.search(message)
    return f"{found[1]} once, and it is there {found[2]} times" if found else ""


def wanting(message: str) -> str:
    """Return what was waited for and what kept it from us, by the driver's message; nothing that was typed or shown is in it."""
    sought = _WAITED_FOR.search(message)
    if sought is None:
        return message.splitlines()[0]
    noted = [(message.rfind(note), len(note), words) for note, words in _IN_THE_WAY.items() if note in message]
    return f"{sought[1]}, and {max(noted)[-1] if noted else 'it is not there'}"


async def stop_loading(page: Page) -> None:
    """Give up what the page waits for: until then it can neither be asked nor photographed."""
    async with _briefly():
        devtools = await page.context.new_cdp_session(page)
        await devtools.send("Page.stopLoading")
        await devtools.detach()


async def error_page(page: Page) -> None:
    """Wait for the browser's own page in place of one that did not come: it would get in the way of the next."""
    # By its own limit: a wait that is cancelled would complain of the page's end when nobody listens any more.
    with suppress(PlaywrightError):
        await page.wait_for_url(f"{_ERROR_PAGE}**", wait_until="commit", timeout=_ANSWER_SECONDS * 1000)


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
