"""One logged-in session: a browser context of its own with one flow in it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from loguru import logger
from playwright.async_api import BrowserContext
from playwright.async_api import Error as PlaywrightError

from bot.console.flow import Flow
from bot.errors import ConsoleDrift, SessionExpired
from bot.secret import Redactor

T = TypeVar("T")
Login = Callable[[Flow], Awaitable[None]]


class Session:
    """Runs verbs one after the other; ``spent`` says that it must be closed instead of lent again."""

    def __init__(self, flow: Flow, context: BrowserContext, *, log_in: Login, redactor: Redactor) -> None:
        self._flow = flow
        self._context = context
        self._log_in = log_in
        self._redactor = redactor
        self.spent = False
        #: The last verb met a screen that is not as it should be before it submitted anything: it may be begun anew.
        self.untouched = False
        #: How many verbs it has run.
        self.served = 0

    async def run(self, subject: str, verb: Callable[[Flow], Awaitable[T]]) -> T:
        """Run a verb, logging in where needed; a session that the console has ended is logged in again, once."""
        self.served += 1
        self.untouched = False
        try:
            try:
                return await self._attempt(subject, verb)
            except SessionExpired:
                logger.info("the console ended the session; logging in again")
                self._flow.inside = False
                return await self._attempt(subject, verb)
        except asyncio.CancelledError:
            self.spent = True  # nobody knows where on which page it stands
            raise

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
            with suppress(PlaywrightError):
                await self._context.close()

    async def _attempt(self, subject: str, verb: Callable[[Flow], Awaitable[T]]) -> T:
        try:
            if not self._flow.inside:
                self._flow.begin("console")
                await self._enter()
            self._flow.begin(subject)
            return await verb(self._flow)
        except ConsoleDrift:
            # A wrong screen at the login is no such case: a password may have been sent already.
            self.untouched = self._flow.inside and not self._flow.wrote
            self.spent = True  # whatever is wrong with its page would be met by the next verb, too
            raise
        finally:
            self._flow.begin("console")
            self.spent = self.spent or self._flow.dead

    async def _enter(self) -> None:
        try:
            await self._log_in(self._flow)
        except BaseException:
            self.spent = True
            raise
        self._flow.inside = True
