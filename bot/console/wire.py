"""Whether what the browser asks of the console comes through: a network that is gone must not be taken for a changed screen."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from playwright.async_api import Page, Request, Response

#: Ends of a request that say nothing of the network: the page itself let go of it, or the browser's own rules forbid it.
_NO_NEWS = ("net::ERR_ABORTED", "net::ERR_BLOCKED", "net::ERR_CACHE", "net::ERR_INVALID", "net::ERR_UNSAFE")


class Wire:
    """Listens to everything that pages ask of the console at ``url``."""

    def __init__(self, url: str) -> None:
        self._host = urlsplit(url).netloc
        self._on_way: set[Request] = set()
        #: Set when a page was asked for and did not come.
        self.broken = asyncio.Event()
        #: The browser's own name for what kept the newest request from the console; empty when it came through.
        self.failure = ""

    def attend(self, page: Page) -> None:
        """Listen to this page too."""
        page.on("request", self._sent)
        page.on("response", self._came)
        page.on("requestfailed", self._failed)

    def forget(self) -> None:
        """Begin anew: what did not come through before tells nothing any more."""
        self.broken.clear()
        self._on_way.clear()
        self.failure = ""

    @property
    def silent(self) -> bool:
        """Whether a page that was asked for has not even begun to come."""
        return bool(self._on_way)

    def _sent(self, request: Request) -> None:
        if request.is_navigation_request() and self._concerns(request):
            self._on_way.add(request)

    def _came(self, response: Response) -> None:
        self._on_way.discard(response.request)
        if self._concerns(response.request):
            self.failure = ""

    def _failed(self, request: Request) -> None:
        self._on_way.discard(request)
        failure = request.failure or ""
        if not self._concerns(request) or not failure.startswith("net::") or failure.startswith(_NO_NEWS):
            return
        self.failure = failure
        if request.is_navigation_request():
            self.broken.set()

    def _concerns(self, request: Request) -> bool:
        return urlsplit(request.url).netloc == self._host
