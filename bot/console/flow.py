"""The base of every flow: steps, landmarks, fields, and the point of no return.

A flow (``flows/NAME.py``) subclasses :class:`Flow`, names its landmarks and locators at the top, and writes the verbs of
:class:`bot.console.port.Console` in the console's own words. Waiting, masking, evidence and errors are done here.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urljoin

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Locator
from playwright.async_api import TimeoutError as PlaywrightTimeout

from bot.console.look import called, described
from bot.console.many import one_by_one
from bot.console.port import Ability, Created, Order
from bot.console.reach import Reach
from bot.console.stage import Landmark, Role
from bot.errors import BotError, ConsoleDrift, OutcomeUnknown, Unusable
from bot.model import Account, AccountSpec, Window
from bot.secret import Secret

_WAITS_PER_STEP = 10


class Flow(Reach):
    """One console's screens. Subclasses write the verbs; the helpers below are all they need."""

    #: What this console can do beyond the verbs.
    ABILITIES: frozenset[Ability] = frozenset({Ability.WINDOW, Ability.FIRST_CHANGE, Ability.NAME})
    #: The console ends an admin's session when the same admin logs in again.
    ONE_SESSION = False

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

    async def set_window(self, login_id: str, window: Window) -> None:
        """Set the validity and nothing else; a flow with ``Ability.WINDOW`` has it. ``KeyError`` without such an account."""
        raise Unusable(f"the flow names Ability.WINDOW and has no set_window for {login_id} until {window.end}")

    @abstractmethod
    async def enable(self, login_id: str) -> None:
        """Enable and unlock the login and leave its password; ``KeyError`` when there is no such account."""

    @abstractmethod
    async def disable(self, login_id: str) -> None:
        """Make the login unusable."""

    async def create_many(self, orders: Sequence[Order]) -> Sequence[Created]:
        """Create each account and tell of each what became of it; a console with an import of its own does it at once."""
        return await one_by_one(self.create, orders)

    async def everyone(self, words: str = "") -> Mapping[str, Account]:  # noqa: ARG002 - for those who can
        """Return the accounts whose login ID contains ``words``, by what the console tells them apart by; for ``Ability.LIST``."""
        raise Unusable("this console's flow can't list its accounts")

    async def user_logs_in(self, login_id: str, secret: Secret) -> bool | None:  # noqa: ARG002 - for those who can
        """Try a login as that user on this page, which is a fresh one; ``None`` where the flow can't. For ``flow check``."""
        return None

    # What flows are written with.

    async def existing(self, login_id: str) -> Account:
        """Return the account, found by ``find``; raises ``KeyError`` when there is none."""
        account = await self.find(login_id)
        if account is None:
            raise KeyError(login_id)
        return account

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
            # The original's text may hold what was typed; its traceback leads to the line of the flow.
            raise (await self._translated(error)).with_traceback(error.__traceback__) from None
        except KeyError:
            raise
        except BotError as error:
            if self._submitted and isinstance(error, ConsoleDrift):
                raise await self._failed(self.unknown(f"expected {error.expected}")) from None
            await self._failed(error)
            raise

    async def open(self, path: str) -> None:
        """Go to a page of the console by its address relative to the console's; raises ``Unreachable`` when it does not answer."""
        self._wire.forget()
        try:
            await self.page.goto(urljoin(self.stage.url, path), wait_until="domcontentloaded")
        except PlaywrightTimeout:
            # Nothing was shown, so nothing has changed on it: no drift.
            raise await self._silent() from None
        self._secret_shown = False

    async def look(self, path: str, clicks: Sequence[str]) -> str:
        """Return what a page consists of after these clicks, and keep a picture of it: for ``flow look``, no verb needs it."""
        async with self.step("look"):
            await self.open(path)
            for name in clicks:
                await called(self.page, name).click()
            shown = await described(self.page, self.stage.evidence, self._sensitive())
            await self.keep(self._step)
        return f"# {self.page.url}\n{shown}"

    async def expect(self, landmark: Landmark) -> Locator:
        """Wait for the landmark; raises ``ConsoleDrift``, ``SessionExpired``, ``Unreachable`` or ``Transient`` by what is there instead."""
        shown = landmark.on(self.root)
        self._wanted = landmark
        await self._first(shown, str(landmark), login_is_news=landmark is not self.LOGIN)
        self._wanted = None
        if self.surveying:
            await self._survey(landmark.screen)
        return shown

    async def fields(self, screen: Landmark, *labels: str, role: Role = "textbox") -> None:
        """Expect a screen with fields of these labels; ``role`` is what the report takes them for."""
        await self.expect(screen)
        for name in labels:
            self._wanted = Landmark(screen=screen.screen, role=role, name=name)
            await self._first(self.root.get_by_label(name, exact=True), f"field {name!r} on screen {screen.screen!r}")
        self._wanted = None

    async def there(self, locator: Locator, what: str) -> None:
        """Wait until something that is no landmark is visible; ``what`` names it in the error."""
        await self._first(locator, what)

    async def first_of(self, **outcomes: Landmark | Locator) -> str:
        """Wait until one of these is visible and return its name: for screens that can go several ways."""
        places = {name: one.on(self.root) if isinstance(one, Landmark) else one for name, one in outcomes.items()}
        self._wanted = next((one for one in outcomes.values() if isinstance(one, Landmark)), None)
        either, *others = places.values()
        for other in others:
            either = either.or_(other)
        await self._first(either, " or ".join(_called(*item) for item in outcomes.items()))
        self._wanted = None
        for name, place in places.items():
            if await place.first.is_visible():
                return name
        return await self.first_of(**outcomes)

    async def fill(self, field_: Locator, value: str) -> None:
        """Replace what is in a field, and leave it: validation often runs on leaving only."""
        await field_.fill(value)
        await field_.blur()

    async def fill_secret(self, field_: Locator, secret: Secret) -> None:
        """Fill a field with a secret; from now on the field is masked in all evidence."""
        self._secret_shown = True
        self.stage.secret_fields[str(field_)] = field_
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
        self._submitted = self.wrote = True
        await button.click(no_wait_after=True)

    async def confirm(self, **outcomes: Landmark | Locator) -> str:
        """Wait for the console's word on what was submitted; returns the name of what came."""
        came = await self.first_of(**outcomes)
        self._submitted = False
        if self.stage.every_submit:
            await self.keep(f"{self._step} confirmed")
        return came

    def unknown(self, detail: str) -> OutcomeUnknown:
        """Return the error for a confirmation that confirms something else."""
        return OutcomeUnknown(self._step, detail)

    def begin(self, subject: str) -> None:
        """Start a verb on ``subject``: nothing of the verb before is left, but the masks of what it left on the page."""
        self.stage.subject = subject
        if not self._secret_shown:
            self.stage.secrets.clear()
            self.stage.secret_fields.clear()
        self._submitted, self.wrote, self._wanted, self.root = False, False, None, self.page
        self._server_error.clear()
        self._wire.forget()


def _called(name: str, outcome: Landmark | Locator) -> str:
    return str(outcome) if isinstance(outcome, Landmark) else name
