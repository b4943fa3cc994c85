"""What happens around a flow: news that come instead of what it waits for, and what is kept of them."""

from __future__ import annotations

import asyncio
import re
from abc import ABC
from datetime import UTC, datetime
from pathlib import Path

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Frame, FrameLocator, Locator, Page, Response
from playwright.async_api import TimeoutError as PlaywrightTimeout

from bot.console.drift_report import DriftReport
from bot.console.evidence import Sensitive
from bot.console.outline import parts
from bot.console.rescue import ambiguous, answers, error_page, plainly, shows, stop_loading, wanting
from bot.console.stage import Landmark, Stage
from bot.console.wire import Wire
from bot.errors import BotError, ConsoleDrift, OutcomeUnknown, SessionExpired, StoodStill, Transient, Unreachable

_AT_ONCE = 1  # second


class Watched(ABC):
    """A page that is watched while it is worked on; errors become the house's, with evidence."""

    #: The login page: seen in the middle of a verb, it means that the session has ended.
    LOGIN: Landmark

    def __init__(self, page: Page, stage: Stage) -> None:
        self.page = page
        #: Where landmarks and fields are looked for: the page, or a frame in it.
        self.root: Page | FrameLocator = page
        self.stage = stage
        #: Logged in, as far as we know: the login page is no surprise before.
        self.inside = False
        #: The page can't be used any more: closed, or its process died.
        self.dead = False
        #: A screen was not as it should be: what the page shows from now on proves nothing.
        self.astray = False
        #: Each screen that is visited is compared with its fingerprint.
        self.surveying = False
        self._step = "start"
        self._submitted = False
        #: The verb at work has submitted something, confirmed or not.
        self.wrote = False
        #: What is looked for: if it is not there, the report says what it may be called now.
        self._wanted: Landmark | None = None
        #: What was typed secretly may stand on the page still.
        self._secret_shown = False
        #: The page has gone to another address since it was last asked whether it is the login page.
        self._moved = True
        self._server_error: asyncio.Event = asyncio.Event()
        self._wire = Wire(stage.url)
        self._attend(page)
        page.on("framenavigated", self._move)
        page.on("crash", self._die)
        page.on("close", self._die)

    async def keep(self, what: str) -> Path | None:
        """Keep evidence of the page as it is now; returns the picture."""
        return await self.stage.evidence.capture(
            self.page, subject=self.stage.subject, step=what, sensitive=self._sensitive()
        )

    async def shows_soon(self, locator: Locator) -> bool:
        """Tell whether something that may be missing shows within a second: for screens that go on without it."""
        try:
            await locator.wait_for(timeout=min(_AT_ONCE, self.stage.timeout) * 1000)
        except PlaywrightTimeout:
            return False
        return True

    def drift(self, expected: str) -> ConsoleDrift:
        """Return the error for a screen that shows something else than ``expected``."""
        return ConsoleDrift(self._step, expected)

    def _sensitive(self) -> Sensitive:
        return Sensitive(secrets=self.stage.secrets, fields=tuple(self.stage.secret_fields.values()))

    def _attend(self, page: Page) -> None:
        """Work within the limits on this page, and hear what comes and what does not."""
        page.set_default_timeout(self.stage.timeout * 1000)
        page.on("response", self._watch)
        self._wire.attend(page)

    def _watch(self, response: Response) -> None:
        if response.request.is_navigation_request():
            self.stage.clock.hear(response.headers, datetime.now(UTC))
        if response.status >= 500 and response.request.is_navigation_request():
            self._server_error.set()

    def _move(self, _frame: Frame) -> None:
        self._moved = True

    def _die(self, _page: Page) -> None:
        self.dead = True

    async def _first(self, locator: Locator, expected: str, *, login_is_news: bool = True) -> None:
        """Wait for the locator, or for the news that server or network failed or the session ended, whichever comes first."""
        login = self.LOGIN.on(self.page)
        watch_login = self.inside and login_is_news
        moved, self._moved = self._moved, False
        shown = asyncio.ensure_future(
            self._shown(locator.first, (locator.or_(login) if watch_login else locator).first)
        )
        failed = asyncio.ensure_future(self._server_error.wait())
        cut = asyncio.ensure_future(self._wire.broken.wait())
        try:
            await asyncio.wait({shown, failed, cut}, return_when=asyncio.FIRST_COMPLETED)
            if not shown.done():
                raise self._server_failed() if failed.done() else await self._did_not_come()
            at_once = await shown
        except PlaywrightTimeout:
            if not self._wire.silent and not await self._answers():
                raise self._stands_still() from None
            raise await self._silent() if self._wire.silent else self._missing(expected) from None
        finally:
            for task in (shown, failed, cut):
                task.cancel()
            await asyncio.gather(shown, failed, cut, return_exceptions=True)
        if watch_login and (moved or self._moved or not at_once) and await login.count():
            raise self._lost_session()

    async def _shown(self, wanted: Locator, wanted_or_login: Locator) -> bool:
        """Wait for what is wanted; only where it does not come at once is the login page, at some cost, looked for too."""
        at_once = await self.shows_soon(wanted)
        if not at_once:
            await wanted_or_login.wait_for()
        return at_once

    def _missing(self, expected: str) -> BotError:
        if self._wire.failure:  # nobody knows what the screen would be
            return self._cut_off()
        return OutcomeUnknown(self._step, f"expected {expected}") if self._submitted else self.drift(expected)

    async def _answers(self) -> bool:
        """Tell whether the page can be asked at all: of a browser that stands still nobody knows what it would show."""
        if not self.dead and not await answers(self.page):
            self.dead = True
            return False
        return True

    def _stands_still(self) -> BotError:
        text = "the browser does not answer: it stands still"
        return OutcomeUnknown(self._step, text) if self._submitted else StoodStill(f"step {self._step!r}: {text}")

    def _server_failed(self) -> BotError:
        text = "the console answered with a server error"
        return OutcomeUnknown(self._step, text) if self._submitted else Transient(f"step {self._step!r}: {text}")

    async def _silent(self) -> BotError:
        await stop_loading(self.page)
        if not await self._answers():
            return self._stands_still()
        return self._out_of_reach(f"the console does not answer within {self.stage.timeout:g} s (console.step_timeout)")

    async def _did_not_come(self) -> BotError:
        await error_page(self.page)
        return self._cut_off()

    def _cut_off(self) -> BotError:
        return self._out_of_reach(plainly(self._wire.failure, self.stage.url))

    def _out_of_reach(self, text: str) -> BotError:
        return OutcomeUnknown(self._step, text) if self._submitted else Unreachable(f"step {self._step!r}: {text}")

    def _lost_session(self) -> BotError:
        text = "the session ended"
        return OutcomeUnknown(self._step, text) if self._submitted else SessionExpired(f"step {self._step!r}: {text}")

    async def _translated(self, error: PlaywrightError) -> BotError:
        message = self.stage.redactor.clean(error.message)
        # After a submit two things of one name may be two answers: the next pass looks what came of it.
        unmet = "" if self.wrote else ambiguous(message)
        if isinstance(error, PlaywrightTimeout):
            unmet = wanting(message)
        text = self._nobodys(unmet) or plainly(message.splitlines()[0], self.stage.url)
        silent = self._wire.silent
        if isinstance(error, PlaywrightTimeout) and not silent and not await self._answers():
            return self._stands_still()
        await stop_loading(self.page)
        self.dead = self.dead or not await answers(self.page)
        if self._submitted:
            return await self._failed(OutcomeUnknown(self._step, text))
        if not unmet:
            kind = Unreachable if "net::" in text else Transient
            return kind(f"step {self._step!r}: {text}")
        if silent or self._wire.failure:
            return await self._silent() if silent else await self._did_not_come()
        if self.inside and await shows(self.LOGIN.on(self.page)):
            return self._lost_session()
        return await self._failed(self.drift(text))

    def _nobodys(self, text: str) -> str:
        """Return the text without the login that it is about, which may be an employee number: the act names it."""
        subject = self.stage.subject
        return re.sub(re.escape(subject), "…", text, flags=re.IGNORECASE) if re.search(r"\d", subject) else text

    async def _failed(self, error: BotError) -> BotError:
        if isinstance(error, ConsoleDrift | OutcomeUnknown):
            await stop_loading(self.page)
            picture = await self.keep(f"{self._step} failed")
            if isinstance(error, ConsoleDrift):
                self.astray = True
                error.evidence = picture
                if self._wanted:
                    await self._report(error, self._wanted)
        return error

    async def _survey(self, screen: str) -> None:
        outline = await self.stage.evidence.outline(self.page, self._sensitive())
        await asyncio.to_thread(self.stage.screens.look, screen, parts(outline))

    async def _report(self, error: ConsoleDrift, wanted: Landmark) -> None:
        """Say what the screen shows instead; one that can't be read any more is left to the picture."""
        try:
            outline = await self.stage.evidence.outline(self.page, self._sensitive())
        except PlaywrightError:
            return
        known = self.stage.screens.known(wanted.screen)
        report = DriftReport(
            console=self.stage.url, flow=f"{type(self).__module__.replace('.', '/')}.py", step=self._step, screen=wanted.screen, role=wanted.role, name=wanted.names[0],
            at=datetime.now(UTC), now=parts(outline), then=known.last if known else (),
        )  # fmt: skip
        error.likely = str(report.likely or "")
        error.report = await self.stage.evidence.report(report, error.evidence, self.stage.subject)
