"""The console port: what the bot does in a VDI admin console, and what each verb promises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from bot.console.screens import ScreenChange
from bot.errors import BotError
from bot.model import Account, AccountSpec, Window
from bot.secret import Secret


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a verb saw: a masked file and its SHA-256 (hex) (証跡)."""

    step: str
    path: Path
    sha256: str


class Ability(StrEnum):
    """What some consoles can do and others can't."""

    #: An account has a validity in the console, which opens and closes it by itself.
    WINDOW = "window"
    #: The console demands a new password at the first login.
    FIRST_CHANGE = "first_change"
    #: An account carries the person's name.
    NAME = "name"
    #: ``create`` takes several forms, and completes an account that it left half made.
    COMPLETES = "completes"
    #: Many accounts are made at once, by an import of the console's own.
    IMPORT = "import"
    #: The console lists its accounts: those that nobody told us of are seen, too.
    LIST = "list"


@dataclass(frozen=True, kw_only=True)
class Order:
    """One of many accounts to create at once."""

    spec: AccountSpec
    secret: Secret


@dataclass(frozen=True, kw_only=True)
class Created:
    """What became of an order: the account as the console lists it, or why there is none or none that is sure."""

    login_id: str
    account: Account | None = None
    error: BotError | None = None


class Console(Protocol):
    """A VDI admin console, driven by one admin account.

    Every verb raises ``Transient`` when it failed before anything was submitted and may be tried again, ``ConsoleDrift``
    when a screen is not the expected one, ``OutcomeUnknown`` when a submit was clicked and no confirmation seen,
    ``AccessDenied`` when the admin login is refused (it is tried once), ``Unusable`` when there is no console or browser.
    """

    @property
    def abilities(self) -> frozenset[Ability]:
        """What this console can do beyond the verbs."""
        ...

    @property
    def sessions(self) -> int:
        """How many verbs can run at once, each called from a task of its own."""
        ...

    async def probe(self) -> Sequence[ScreenChange]:
        """Log in, walk to every screen the verbs need, find all landmarks, change nothing in the console.

        Returns the screens that have their landmarks and look different from what was accepted all the same.
        """
        ...

    async def find(self, login_id: str) -> Account | None:
        """Return the account with exactly this login ID, however many others there are."""
        ...

    async def everyone(self, words: str = "") -> Sequence[Account]:
        """Return all accounts whose login ID contains ``words``, as the list shows them: what it does not show is empty.

        Where the console can list them (``Ability.LIST``); elsewhere it raises ``Unusable``.
        """
        ...

    async def create(self, spec: AccountSpec, secret: Secret) -> Account:
        """Create the account and read it back under its exact ID when it is final.

        First-login change and validity are set where the console can. Call it only after ``find`` said ``None``.
        Raises ``AccountConflict`` when the console says that the ID is taken.
        """
        ...

    async def create_many(self, orders: Sequence[Order]) -> Sequence[Created]:
        """Create many accounts and tell of each what became of it, in order: as if each had been created by itself.

        Raises as ``create`` does when nothing was submitted at all; from then on every error is told with its account.
        """
        ...

    async def reset_password(self, login_id: str, secret: Secret, window: Window | None = None) -> None:
        """Set a new password, to be changed at the next login; also unlocks and enables, and sets the validity if given.

        Raises ``KeyError`` when there is no such account.
        """
        ...

    async def set_window(self, login_id: str, window: Window) -> None:
        """Set the validity and nothing else; only a console with ``Ability.WINDOW`` is asked.

        Raises ``KeyError`` when there is no such account.
        """
        ...

    async def enable(self, login_id: str) -> None:
        """Make the login usable with the password it has; already usable is success, and its validity stays.

        Raises ``KeyError`` when there is no such account.
        """
        ...

    async def disable(self, login_id: str) -> None:
        """Make the login unusable; already disabled or gone is success."""
        ...

    async def ask_clock(self) -> timedelta | None:
        """Ask how far the console's clock is ahead of this machine's, without a login; ``None`` where it does not say."""
        ...

    def clock_offset(self) -> timedelta | None:
        """Return how far the console's clock is ahead of this machine's, as its answers said since the last ``probe`` began.

        ``None`` where they said nothing.
        """
        ...

    def take_evidence(self) -> Sequence[Evidence]:
        """Return the evidence that this task's verbs collected since its last call, and forget it."""
        ...

    def complaint(self) -> str:
        """Return what a person should mend though it stopped no verb, such as evidence that can't be kept, and forget it."""
        ...

    async def close(self) -> None:
        """Log out, whatever happened, and let go of the browser."""
        ...
