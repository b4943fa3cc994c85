"""Where a flow plays, and what proves on which screen it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from typing import Literal

from playwright.async_api import FrameLocator, Locator, Page

from bot.clock import ServerClock
from bot.console.evidence import EvidenceStore
from bot.console.screens import Screens
from bot.secret import Redactor, Secret

Role = Literal["heading", "dialog", "button", "link", "table", "navigation", "textbox", "form", "main", "region"]


@dataclass(frozen=True, kw_only=True)
class Landmark:
    """What proves that this is the screen a flow means: something with this role and exactly this name."""

    screen: str
    role: Role
    #: Several where the console speaks several languages: one of them is enough.
    name: str | tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Every name it goes by."""
        return (self.name,) if isinstance(self.name, str) else self.name

    def on(self, root: Page | FrameLocator) -> Locator:
        """Return where the landmark is looked for."""
        first, *others = (root.get_by_role(self.role, name=name, exact=True) for name in self.names)
        return reduce(Locator.or_, others, first)

    def __str__(self) -> str:
        return f"{self.role} {' or '.join(map(repr, self.names))} on screen {self.screen!r}"


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
    screens: Screens
    clock: ServerClock = field(default_factory=ServerClock)
    #: Evidence around every submit, or only of failures.
    every_submit: bool = True
    subject: str = "console"
    secrets: list[Secret] = field(default_factory=list)
    #: By what they are called: a console of one page is given the same field for every account.
    secret_fields: dict[str, Locator] = field(default_factory=dict)
