"""The console port on Playwright: logged-in sessions, lent to one verb at a time."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from loguru import logger
from playwright.async_api import BrowserContext

from bot.clock import ServerClock, Standstill
from bot.console.engine import Engine
from bot.console.evidence import EvidenceStore
from bot.console.flow import Flow
from bot.console.port import Ability, Created, Evidence, Order
from bot.console.screens import ScreenChange, Screens
from bot.console.session import Session
from bot.console.stage import Stage
from bot.errors import AccessDenied
from bot.model import Account, AccountSpec, Window
from bot.secret import Redactor, Secret
from bot.settings.console import ConsoleSettings

T = TypeVar("T")
#: Seconds that the console may take to tell its time.
_PATIENCE = 5


class PlaywrightConsole:
    """Keeps up to ``console.sessions`` sessions, each opened when there is work for it and kept until :meth:`close`.

    Verbs of several tasks run at once, each in a session of its own, and queue up when all are lent. A login that is refused
    ends the pool: no other session tries it. Sessions are renewed after ``recycle_after`` verbs, and closed when idle.
    """

    def __init__(
        self,
        flow: type[Flow],
        settings: ConsoleSettings,
        *,
        password: Secret,
        browser: Path,
        evidence: EvidenceStore,
        screens: Screens,
        redactor: Redactor,
    ) -> None:
        self._flow_class = flow
        self._settings = settings
        self._password = password
        self._evidence = evidence
        self._screens = screens
        self._redactor = redactor
        self._clock = ServerClock()
        self._standstill = Standstill()
        self._engine = Engine(browser, settings.browser, certificate=settings.certificate)
        self._denied: AccessDenied | None = None
        self._idle: list[Session] = []
        self._login_turn = asyncio.Lock()
        self._slots = asyncio.Semaphore(self.sessions)
        self._bedtime: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None

    @property
    def abilities(self) -> frozenset[Ability]:
        """See :meth:`bot.console.port.Console.abilities`."""
        return self._flow_class.ABILITIES

    @property
    def sessions(self) -> int:
        """See :meth:`bot.console.port.Console.sessions`."""
        return 1 if self._flow_class.ONE_SESSION else self._settings.sessions

    async def probe(self) -> Sequence[ScreenChange]:
        """See :meth:`bot.console.port.Console.probe`."""
        self._clock.forget()
        await self._run("probe", _survey)
        await asyncio.to_thread(self._screens.learn)
        return self._screens.changes()

    async def find(self, login_id: str) -> Account | None:
        """See :meth:`bot.console.port.Console.find`."""
        return await self._run(login_id, lambda flow: flow.find(login_id))

    async def everyone(self, words: str = "") -> Sequence[Account]:
        """See :meth:`bot.console.port.Console.everyone`."""
        return tuple((await self._run("list", lambda flow: flow.everyone(words))).values())

    async def create(self, spec: AccountSpec, secret: Secret) -> Account:
        """See :meth:`bot.console.port.Console.create`."""
        return await self._run(spec.login_id, lambda flow: flow.create(spec, secret))

    async def create_many(self, orders: Sequence[Order]) -> Sequence[Created]:
        """See :meth:`bot.console.port.Console.create_many`."""
        return await self._run("import", lambda flow: flow.create_many(orders))

    async def reset_password(self, login_id: str, secret: Secret, window: Window | None = None) -> None:
        """See :meth:`bot.console.port.Console.reset_password`."""
        await self._run(login_id, lambda flow: flow.reset_password(login_id, secret, window))

    async def set_window(self, login_id: str, window: Window) -> None:
        """See :meth:`bot.console.port.Console.set_window`."""
        await self._run(login_id, lambda flow: flow.set_window(login_id, window))

    async def enable(self, login_id: str) -> None:
        """See :meth:`bot.console.port.Console.enable`."""
        await self._run(login_id, lambda flow: flow.enable(login_id))

    async def disable(self, login_id: str) -> None:
        """See :meth:`bot.console.port.Console.disable`."""
        await self._run(login_id, lambda flow: flow.disable(login_id))

    async def user_logs_in(self, login_id: str, secret: Secret) -> bool | None:
        """Try a login as a user, in a context of its own; ``None`` where the flow does not know how."""
        async with self._stranger() as flow:
            return await flow.user_logs_in(login_id, secret)

    async def look(self, path: str, clicks: Sequence[str] = (), *, inside: bool) -> str:
        """Return what a page of the console consists of, ``inside`` as the logged-in admin: for those who write a flow."""
        if inside:
            return await self._run("look", lambda flow: flow.look(path, clicks), twice=False)
        async with self._stranger() as flow:
            flow.begin("look")
            return await flow.look(path, clicks)

    async def ask_clock(self) -> timedelta | None:
        """See :meth:`bot.console.port.Console.ask_clock`; no browser is needed for it."""
        return await asyncio.to_thread(_ask_clock, self._settings.url)

    def clock_offset(self) -> timedelta | None:
        """See :meth:`bot.console.port.Console.clock_offset`."""
        return self._clock.ahead

    def take_evidence(self) -> Sequence[Evidence]:
        """See :meth:`bot.console.port.Console.take_evidence`."""
        return self._evidence.take()

    def complaint(self) -> str:
        """See :meth:`bot.console.port.Console.complaint`."""
        return self._evidence.complaint()

    async def close(self) -> None:
        """Wait for verbs at work, log every session out and end the browser."""
        for _ in range(self.sessions):
            await self._slots.acquire()
        try:
            await self._close_idle()
            await self._engine.close()
        finally:
            self._standstill.stop()
            for _ in range(self.sessions):
                self._slots.release()

    async def _run(self, subject: str, verb: Callable[[Flow], Awaitable[T]], *, twice: bool = True) -> T:
        async with self._lent() as session:
            return await session.run(subject, verb, twice=twice)

    @asynccontextmanager
    async def _lent(self) -> AsyncIterator[Session]:
        async with self._slots:
            self._stay_up()
            if self._denied:
                raise self._denied
            session = self._idle.pop() if self._idle else await self._session()
            try:
                yield session
            finally:
                if session.spent or self._denied or session.served >= self._settings.recycle_after:
                    await session.close()
                else:
                    self._idle.append(session)
                self._go_to_bed_later()

    @asynccontextmanager
    async def _stranger(self) -> AsyncIterator[Flow]:
        """Give a flow that is not logged in, in a context of its own."""
        flow, context = await self._open()
        try:
            yield flow
        finally:
            await context.close()

    async def _session(self) -> Session:
        return Session(
            await self._open(),
            opening=self._open,
            log_in=self._log_in,
            redactor=self._redactor,
            standstill=self._standstill,
        )

    async def _open(self) -> tuple[Flow, BrowserContext]:
        self._standstill.start()
        context = await self._engine.context()
        return self._flow_class(await context.new_page(), self._stage()), context

    async def _log_in(self, flow: Flow) -> None:
        """Log in, one session at a time: a wrong password must not be tried once for each of them."""
        async with self._login_turn:
            if self._denied:
                raise self._denied
            try:
                await flow.login(self._settings.user, self._password)
            except AccessDenied as error:
                self._denied = error
                raise

    def _stage(self) -> Stage:
        return Stage(
            url=self._settings.url,
            timeout=self._settings.step_timeout,
            settle=self._settings.settle,
            evidence=self._evidence,
            screens=self._screens,
            redactor=self._redactor,
            clock=self._clock,
            every_submit=self._settings.evidence == "submit",
        )

    def _stay_up(self) -> None:
        if self._bedtime:
            self._bedtime.cancel()

    def _go_to_bed_later(self) -> None:
        self._stay_up()
        self._bedtime = asyncio.get_running_loop().call_later(self._settings.idle_close, self._go_to_bed)

    def _go_to_bed(self) -> None:
        self._closing = asyncio.get_running_loop().create_task(self.close())

    async def _close_idle(self) -> None:
        self._stay_up()
        while self._idle:
            await self._idle.pop().close()


async def _survey(flow: Flow) -> None:
    flow.surveying = True
    try:
        await flow.probe()
    finally:
        flow.surveying = False


def _ask_clock(url: str) -> timedelta | None:
    """Ask for the headers of the console's first page: whatever its answer, a server says its time in it."""
    parts, clock = urlsplit(url), ServerClock()
    kind: Callable[..., HTTPConnection] = HTTPConnection
    if parts.scheme == "https":
        # Not verified: nothing is sent, and a time that is a lie stops no more than a console that can't be reached.
        kind = partial(HTTPSConnection, context=ssl._create_unverified_context())  # noqa: S323, SLF001
    connection = kind(parts.hostname or "", parts.port, timeout=_PATIENCE)
    try:
        connection.request("HEAD", parts.path or "/")
        headers = connection.getresponse().getheaders()
        clock.hear({name.lower(): value for name, value in headers}, datetime.now(UTC))
    except (OSError, HTTPException, ValueError) as error:
        logger.debug("the console does not tell its time: {}", type(error).__name__)
    finally:
        connection.close()
    return clock.ahead
