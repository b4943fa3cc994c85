"""The base of every flow: steps, landmarks, fields, and the point of no return.

A flow (``flows/NAME.py``) subclasses :class:`Flow`, names its landmarks and locators at the top, and writes the verbs of
:class:`bot.console.port.Console` in the console's own words. Waiting, masking, evidence and errors are done here.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Literal
from urllib.parse import urljoin

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Locator, Page, Response
from playwright.async_api import TimeoutError as PlaywrightTimeout

from bot.console.evidence import EvidenceStore, Sensitive
from bot.console.port import Ability
from bot.console.rescue import answers, shows, stop_loading
from bot.errors import BotError, ConsoleDrift, OutcomeUnknown, SessionExpired, Transient
from bot.model import Account, AccountSpec, Window
from bot.secret import Redactor, Secret

Role = Literal["heading", "dialog", "button", "link", "table", "navigation", "textbox", "form", "main", "region"]

_WAITS_PER_STEP = 10


@dataclass(frozen=True, kw_only=True)
class Landmark:
    """What proves that this is the screen a flow means: something with this role and exactly this name."""

    screen: str
    role: Role
    #: Several where the console speaks several languages: one of them is enough.
    name: str | tuple[str, ...]

    def on(self, page: Page) -> Locator:
        """Return where the landmark is looked for."""
        names = (self.name,) if isinstance(self.name, str) else self.name
        return reduce(Locator.or_, (page.get_by_role(self.role, name=name, exact=True) for name in names))

    def __str__(self) -> str:
        return f"{self.role} {self.name!r} on screen {self.screen!r}"


@dataclass(kw_only=True)
class Stage:
    """Where a flow plays: the address, the limits, and who keeps the evidence."""

    url: str
    #: Seconds one wait may take.
    timeout: float
    #: Seconds an account may stay "being created".
    settle: float
    evidence: EvidenceStore
    redactor: Redactor
    #: Evidence around every submit, or only of failures.
    every_submit: bool = True
    subject: str = "console"
    secrets: list[Secret] = field(default_factory=list)
    secret_fields: list[Locator] = field(default_factory=list)


class Flow(ABC):
    """One console's screens. Subclasses write the verbs; the helpers below are all they need."""

    #: The login page: seen in the middle of a verb, it means that the session has ended.
    LOGIN: Landmark
    #: What this console can do beyond the verbs.
    ABILITIES: frozenset[Ability] = frozenset(Ability)

    def __init__(self, page: Page, stage: Stage) -> None:
        self.page = page
        self.stage = stage
        #: Logged in, as far as we know: the login page is no surprise before.
        self.inside = False
        #: The page can't be used any more: closed, or its process died.
        self.dead = False
        self._step = "start"
        self._submitted = False
        #: What was typed secretly may stand on the page still.
        self._secret_shown = False
        self._server_error: asyncio.Event = asyncio.Event()
        page.set_default_timeout(stage.timeout * 1000)
        page.on("response", self._watch)
        page.on("crash", self._die)
        page.on("close", self._die)

    @abstractmethod
    async def login(self, user: str, password: Secret) -> None:
        """Log in, or raise ``AccessDenied`` when the console refuses."""

    @abstractmethod
    async def logout(self) -> None:
        """Log out."""

    @abstractmethod
    async def probe(self) -> None:
        """Walk to every screen the verbs need and expect its landmarks; change nothing."""

    @abstractmethod
    async def find(self, login_id: str) -> Account | None:
        """Return the account with exactly this login ID."""

    @abstractmethod
    async def create(self, spec: AccountSpec, secret: Secret) -> Account:
        """Create the account and read it back."""

    @abstractmethod
    async def reset_password(self, login_id: str, secret: Secret, window: Window | None) -> None:
        """Set a new password, unlock, enable, and set the validity if given; ``KeyError`` when there is no such account."""

    @abstractmethod
    async def disable(self, login_id: str) -> None:
        """Make the login unusable."""

    # What flows are written with.

    @asynccontextmanager
    async def step(self, name: str) -> AsyncIterator[None]:
        """Name what is being done; an error inside carries the name, and becomes one of the house's errors."""
        self._step = name
        try:
            # A page on its way to another answers no question, and not every question has a limit of its own.
            async with asyncio.timeout(_WAITS_PER_STEP * self.stage.timeout + self.stage.settle):
                yield
        except TimeoutError:
            raise await self._translated(PlaywrightTimeout("the console does not go on")) from None
        except PlaywrightError as error:
            raise await self._translated(error) from None  # the original's text may hold what was typed
        except KeyError:
            raise
        except BotError as error:
            await self._failed(error)
            raise

    async def open(self, path: str) -> None:
        """Go to a page of the console by its address relative to the console's."""
        await self.page.goto(urljoin(self.stage.url, path), wait_until="domcontentloaded")
        self._secret_shown = False

    async def expect(self, landmark: Landmark) -> Locator:
        """Wait for the landmark; raises ``ConsoleDrift``, ``SessionExpired`` or ``Transient`` by what is there instead."""
        shown = landmark.on(self.page)
        await self._first(shown, str(landmark), login_is_news=landmark is not self.LOGIN)
        return shown

    async def there(self, locator: Locator, what: str) -> None:
        """Wait until something that is no landmark is visible; ``what`` names it in the error."""
        await self._first(locator, what)

    async def first_of(self, **outcomes: Locator) -> str:
        """Wait until one of the locators is visible and return its name: for screens that can go several ways."""
        every = list(outcomes.values())
        either = every[0]
        for other in every[1:]:
            either = either.or_(other)
        await self._first(either, " or ".join(outcomes))
        for name, locator in outcomes.items():
            if await locator.first.is_visible():
                return name
        return await self.first_of(**outcomes)

    async def fill(self, field_: Locator, value: str) -> None:
        """Replace what is in a field, and leave it: validation often runs on leaving only."""
        await field_.fill(value)
        await field_.blur()

    async def fill_secret(self, field_: Locator, secret: Secret) -> None:
        """Fill a field with a secret; from now on the field is masked in all evidence."""
        self._secret_shown = True
        self.stage.secret_fields.append(field_)
        self.stage.secrets.append(secret)
        await self.fill(field_, secret.reveal())

    async def choose(self, field_: Locator, label: str) -> None:
        """Choose an option of a list by what it says."""
        await field_.select_option(label=label)

    async def check(self, box: Locator, on: bool) -> None:  # noqa: FBT001 - reads as the box it sets
        """Set a check box."""
        await box.set_checked(on)

    async def settled(self, shown: Locator, pending: str) -> None:
        """Wait until the console no longer says ``pending`` there, for as long as things may take to settle."""
        try:
            await shown.filter(has_text=pending).wait_for(state="detached", timeout=self.stage.settle * 1000)
        except PlaywrightTimeout:
            return  # the caller reads what is there, pending or not

    async def submit(self, button: Locator) -> None:
        """Click the button after which there is no way back: until :meth:`confirm`, any error is ``OutcomeUnknown``."""
        await button.wait_for()
        if self.stage.every_submit:
            await self.keep(f"{self._step} before submit")
        self._submitted = True
        await button.click(no_wait_after=True)

    async def confirm(self, **outcomes: Locator) -> str:
        """Wait for the console's word on what was submitted; returns the name of what came."""
        came = await self.first_of(**outcomes)
        self._submitted = False
        if self.stage.every_submit:
            await self.keep(f"{self._step} confirmed")
        return came

    async def keep(self, what: str) -> Path | None:
        """Keep evidence of the page as it is now; returns the picture."""
        sensitive = Sensitive(secrets=self.stage.secrets, fields=self.stage.secret_fields)
        return await self.stage.evidence.capture(self.page, subject=self.stage.subject, step=what, sensitive=sensitive)

    def drift(self, expected: str) -> ConsoleDrift:
        """Return the error for a screen that shows something else than ``expected``."""
        return ConsoleDrift(self._step, expected)

    def unknown(self, detail: str) -> OutcomeUnknown:
        """Return the error for a confirmation that confirms something else."""
        return OutcomeUnknown(self._step, detail)

    def begin(self, subject: str) -> None:
        """Start a verb on ``subject``: nothing of the verb before is left, but the masks of what it left on the page."""
        self.stage.subject = subject
        if not self._secret_shown:
            self.stage.secrets.clear()
            self.stage.secret_fields.clear()
        self._submitted = False
        self._server_error.clear()

    # How the helpers work.

    def _watch(self, response: Response) -> None:
        if response.status >= 500 and response.request.is_navigation_request():
            self._server_error.set()

    def _die(self, _page: Page) -> None:
        self.dead = True

    async def _first(self, locator: Locator, expected: str, *, login_is_news: bool = True) -> None:
        """Wait for the locator, or for the news that the server failed or the session ended, whichever comes first."""
        login = self.LOGIN.on(self.page)
        watch_login = self.inside and login_is_news
        shown = asyncio.ensure_future((locator.or_(login) if watch_login else locator).first.wait_for())
        failed = asyncio.ensure_future(self._server_error.wait())
        try:
            await asyncio.wait({shown, failed}, return_when=asyncio.FIRST_COMPLETED)
            if not shown.done():
                raise self._server_failed()
            await shown
        except PlaywrightTimeout:
            raise self._missing(expected) from None
        finally:
            for task in (shown, failed):
                task.cancel()
            await asyncio.gather(shown, failed, return_exceptions=True)
        if watch_login and await login.count():
            raise self._lost_session()

    def _missing(self, expected: str) -> BotError:
        return OutcomeUnknown(self._step, f"expected {expected}") if self._submitted else self.drift(expected)

    def _server_failed(self) -> BotError:
        text = "the console answered with a server error"
        return OutcomeUnknown(self._step, text) if self._submitted else Transient(f"step {self._step!r}: {text}")

    def _lost_session(self) -> BotError:
        text = "the session ended"
        return OutcomeUnknown(self._step, text) if self._submitted else SessionExpired(f"step {self._step!r}: {text}")

    async def _translated(self, error: PlaywrightError) -> BotError:
        text = self.stage.redactor.clean(error.message).splitlines()[0]
        await stop_loading(self.page)
        self.dead = self.dead or not await answers(self.page)
        if self._submitted:
            return await self._failed(OutcomeUnknown(self._step, text))
        if not isinstance(error, PlaywrightTimeout):
            return Transient(f"step {self._step!r}: {text}")
        if self.inside and await shows(self.LOGIN.on(self.page)):
            return self._lost_session()
        return await self._failed(self.drift(text))

    async def _failed(self, error: BotError) -> BotError:
        if isinstance(error, ConsoleDrift | OutcomeUnknown):
            await stop_loading(self.page)
            picture = await self.keep(f"{self._step} failed")
            if isinstance(error, ConsoleDrift):
                error.evidence = picture
        return error
