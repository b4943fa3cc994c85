"""One logged-in session: a browser context of its own with one flow in it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from loguru import logger
from playwright.async_api import BrowserContext
from playwright.async_api import Error as PlaywrightError

from bot.clock import Standstill
from bot.console.flow import Flow
from bot.errors import BotError, ConsoleDrift, OutcomeUnknown, SessionExpired, StoodStill, Transient
from bot.secret import Redactor

T = TypeVar("T")
#: Seconds that a context may take to close.
_CLOSING = 15
Login = Callable[[Flow], Awaitable[None]]
#: Opens a browser context with a flow in it that is not logged in.
Opening = Callable[[], Awaitable[tuple[Flow, BrowserContext]]]


class Session:
    """Runs verbs one after the other; ``spent`` says that it must be closed instead of lent again."""

    def __init__(
        self, opened: tuple[Flow, BrowserContext], *, opening: Opening, log_in: Login, redactor: Redactor,
        standstill: Standstill,
    ) -> None:  # fmt: skip
        self._standstill = standstill
        self._flow, self._context = opened
        self._opening = opening
        self._log_in = log_in
        self._redactor = redactor
        #: The verb at work has submitted something, in whichever attempt.
        self._wrote = False
        self.spent = False
        #: How many verbs it has run.
        self.served = 0

    async def run(self, subject: str, verb: Callable[[Flow], Awaitable[T]], *, twice: bool = True) -> T:
        """Run a verb, logging in where needed; a session that the console has ended is logged in again, once.

        Pages come out wrong at times, so a screen is called changed only when a fresh context shows it so too (``twice``).
        Not where something was submitted before, nor at the login: a refusal in other words would be asked for again.
        """
        self.served += 1
        self._wrote = False
        evidence = self._flow.stage.evidence
        before, began = evidence.mark(), time.monotonic()
        try:
            try:
                return await self._logged_in(subject, verb)
            except (ConsoleDrift, Transient) as error:
                stood = self._stood_still(error, began)
                again = twice and self._flow.inside and not self._wrote
                if not (stood or (again and isinstance(error, ConsoleDrift))):
                    raise
                evidence.forget_after(before)
                if stood and not again:
                    raise stood from None
                logger.warning("not the screen that was expected; looking again in a fresh session: {}", stood or error)
            await self._begin_anew()
            began = time.monotonic()
            try:
                return await self._attempt(subject, verb)
            except (ConsoleDrift, Transient) as error:
                if stood := self._stood_still(error, began):
                    raise stood from None
                raise
        except asyncio.CancelledError:
            self.spent = True  # nobody knows where on which page it stands
            raise

    def _stood_still(self, error: BotError, began: float) -> BotError | None:
        """Return what an error is where the machine or the browser stood still meanwhile: that something did not come proves nothing.

        Something was submitted before: then nobody knows what became of the verb, and the console is to be asked.
        """
        seconds = self._standstill.since(began)
        if not seconds and not isinstance(error, StoodStill):
            return None
        self.spent = True
        text = f"the machine stood still for {seconds:.0f} s" if seconds else str(error)
        if self._wrote:
            return OutcomeUnknown("after a submit", text)
        return StoodStill(f"{text} ({error})" if seconds else text)

    async def close(self) -> None:
        """Log out, whatever happened; a console that does not let us is told in the log."""
        try:
            if self._flow.inside and not self._flow.dead:
                await self._flow.logout()
        except SessionExpired:
            logger.debug("the console had ended the session itself")
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the context is closed next
            logger.warning("could not log out of the console: {}", self._redactor.clean(str(error)).splitlines()[0])
        finally:
            with suppress(PlaywrightError, TimeoutError):
                async with asyncio.timeout(_CLOSING):  # a browser that stands still closes nothing
                    await self._context.close()

    async def _logged_in(self, subject: str, verb: Callable[[Flow], Awaitable[T]]) -> T:
        try:
            return await self._attempt(subject, verb)
        except SessionExpired:
            logger.info("the console ended the session; logging in again")
            self._flow.inside = False
            return await self._attempt(subject, verb)

    async def _begin_anew(self) -> None:
        await self.close()
        self._flow, self._context = await self._opening()
        self.spent = False

    async def _attempt(self, subject: str, verb: Callable[[Flow], Awaitable[T]]) -> T:
        try:
            if not self._flow.inside:
                self._flow.begin("console")
                await self._enter()
            self._flow.begin(subject)
            return await verb(self._flow)
        finally:
            self._wrote = self._wrote or self._flow.wrote
            self._flow.begin("console")
            self.spent = self.spent or self._flow.dead or self._flow.astray

    async def _enter(self) -> None:
        try:
            await self._log_in(self._flow)
        except BaseException:
            self.spent = True
            raise
        self._flow.inside = True
