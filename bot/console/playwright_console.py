"""The console port on Playwright: one browser, one logged-in session, one flow."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TypeVar

from loguru import logger
from playwright.async_api import Browser, Page, ViewportSize, async_playwright
from playwright.async_api import Error as PlaywrightError

from bot.console.browser import launch_arguments
from bot.console.evidence import EvidenceStore
from bot.console.flow import Flow, Stage
from bot.console.port import Ability, Created, Evidence, Order
from bot.errors import AccessDenied, SessionExpired, Unusable
from bot.model import Account, AccountSpec, Window
from bot.secret import Redactor, Secret
from bot.settings.console import ConsoleSettings

T = TypeVar("T")
_VIEWPORT: ViewportSize = {"width": 1280, "height": 900}


class PlaywrightConsole:
    """Works in one browser context, opened at the first verb and kept until :meth:`close`; verbs queue up."""

    def __init__(
        self,
        flow: type[Flow],
        settings: ConsoleSettings,
        *,
        password: Secret,
        browser: Path,
        evidence: EvidenceStore,
        redactor: Redactor,
    ) -> None:
        self._flow_class = flow
        self._settings = settings
        self._password = password
        self._browser = browser
        self._evidence = evidence
        self._redactor = redactor
        self._stack = AsyncExitStack()
        self._flow: Flow | None = None
        self._denied: AccessDenied | None = None
        self._turn = asyncio.Lock()

    @property
    def abilities(self) -> frozenset[Ability]:
        """See :meth:`bot.console.port.Console.abilities`."""
        return self._flow_class.ABILITIES

    async def probe(self) -> None:
        """See :meth:`bot.console.port.Console.probe`."""
        await self._run("probe", lambda flow: flow.probe())

    async def find(self, login_id: str) -> Account | None:
        """See :meth:`bot.console.port.Console.find`."""
        return await self._run(login_id, lambda flow: flow.find(login_id))

    async def create(self, spec: AccountSpec, secret: Secret) -> Account:
        """See :meth:`bot.console.port.Console.create`."""
        return await self._run(spec.login_id, lambda flow: flow.create(spec, secret))

    async def create_many(self, orders: Sequence[Order]) -> Sequence[Created]:
        """Create many accounts, by the console's own import where it has one; returns what became of each, in order.

        Raises as ``create`` does when nothing was submitted at all; from then on every error is told with its account.
        """
        return await self._run("import", lambda flow: flow.create_many(orders))

    async def reset_password(self, login_id: str, secret: Secret, window: Window | None = None) -> None:
        """See :meth:`bot.console.port.Console.reset_password`."""
        await self._run(login_id, lambda flow: flow.reset_password(login_id, secret, window))

    async def disable(self, login_id: str) -> None:
        """See :meth:`bot.console.port.Console.disable`."""
        await self._run(login_id, lambda flow: flow.disable(login_id))

    def take_evidence(self) -> Sequence[Evidence]:
        """See :meth:`bot.console.port.Console.take_evidence`."""
        return self._evidence.take()

    async def close(self) -> None:
        """Log out and close the browser; a console that does not let us log out is told in the log."""
        async with self._turn:
            await self._close()

    async def _run(self, subject: str, verb: Callable[[Flow], Awaitable[T]]) -> T:
        async with self._turn:
            if self._denied:
                raise self._denied
            try:
                return await self._attempt(subject, verb)
            except SessionExpired:
                logger.info("the console ended the session; logging in again")
                if self._flow:
                    self._flow.inside = False
                return await self._attempt(subject, verb)
            except AccessDenied as error:
                self._denied = error
                raise

    async def _attempt(self, subject: str, verb: Callable[[Flow], Awaitable[T]]) -> T:
        flow = await self._ready()
        flow.begin(subject)
        try:
            return await verb(flow)
        finally:
            flow.begin("console")
            if flow.dead:
                await self._close()

    async def _ready(self) -> Flow:
        if self._flow is None:
            self._flow = self._flow_class(await self._open_page(), self._stage())
        if not self._flow.inside:
            self._flow.begin("console")
            try:
                await self._flow.login(self._settings.user, self._password)
            except BaseException:
                await self._close()
                raise
            self._flow.inside = True
        return self._flow

    def _stage(self) -> Stage:
        return Stage(
            url=self._settings.url,
            timeout=self._settings.step_timeout,
            settle=self._settings.settle,
            evidence=self._evidence,
            redactor=self._redactor,
            every_submit=self._settings.evidence == "submit",
        )

    async def _open_page(self) -> Page:
        if "pw" in os.environ.get("DEBUG", ""):
            raise Unusable("unset the environment variable DEBUG: with it Playwright prints every password it types")
        try:
            playwright = await self._stack.enter_async_context(async_playwright())
            browser: Browser = await playwright.chromium.launch(
                executable_path=self._browser,
                headless=self._settings.browser.headless,
                args=launch_arguments(self._settings.certificate),
            )
            self._stack.push_async_callback(browser.close)
            context = await browser.new_context(locale=self._settings.browser.locale, viewport=_VIEWPORT)
            return await context.new_page()
        except PlaywrightError as error:
            await self._close()
            raise Unusable(f"the browser does not start: {error.message.splitlines()[0]}") from None

    async def _close(self) -> None:
        flow, self._flow = self._flow, None
        stack, self._stack = self._stack, AsyncExitStack()
        try:
            if flow and flow.inside and not flow.dead:
                await flow.logout()
        except SessionExpired:
            logger.debug("the console had ended the session itself")
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the browser is closed next
            logger.warning("could not log out of the console: {}", self._redactor.clean(str(error)).splitlines()[0])
        finally:
            await stack.aclose()
