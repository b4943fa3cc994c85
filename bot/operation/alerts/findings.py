"""What a pass found wrong, and which condition an error is."""

from __future__ import annotations

from dataclasses import dataclass

from bot.errors import (
    AccessDenied,
    BotError,
    ConfigInvalid,
    ConsoleDrift,
    LedgerBroken,
    LedgerUnusable,
    SenderRefused,
    StoodStill,
    Stopped,
)
from bot.operation.alerts.catalogue import Area, Kind, Trouble
from bot.operation.alerts.kinds import KINDS

_UNUSABLE = {Area.CONSOLE: Trouble.CONSOLE, Area.MAILBOX: Trouble.MAILBOX, Area.OUTGOING: Trouble.OUTGOING}
#: As the ledger has room for.
LONGEST_KEY = 120


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something found wrong in one pass."""

    trouble: Trouble
    #: What it is about, where there can be several of its kind at once.
    about: str = ""
    detail: str = ""
    #: The requests or messages it concerns.
    subjects: tuple[str, ...] = ()
    #: The files that show it, one a line: each its path, or what follows the evidence folder.
    evidence: str = ""
    #: It was resumed in the meantime and is there again: it is told once more.
    anew: bool = False

    @property
    def key(self) -> str:
        """What the condition is known by from pass to pass."""
        return f"{self.trouble}:{self.about}"[:LONGEST_KEY] if self.about else self.trouble.value

    @property
    def kind(self) -> Kind:
        """What is known of it beforehand."""
        return KINDS[self.trouble]


def finding_of(error: Exception, area: Area) -> Finding:
    """Return the condition that an error is, which came up where a part used ``area``."""
    if not isinstance(error, BotError):
        # What it says may hold what it was working on: the log, which is redacted, has it.
        name = type(error).__name__
        return Finding(trouble=Trouble.UNEXPECTED, about=name, detail=f"{name}; the log has the details")
    if isinstance(error, ConsoleDrift):
        return Finding(trouble=Trouble.DRIFT, detail=error.what, evidence=str(error.seen or ""))
    evidence = error.evidence if isinstance(error, Stopped) else ""
    return Finding(trouble=_trouble(error, area), detail=str(error), evidence=evidence)


def _trouble(error: BotError, area: Area) -> Trouble:
    if isinstance(error, Stopped):
        return Trouble(error.condition)
    if isinstance(error, AccessDenied):
        return Trouble.CONSOLE_DENIED if area is Area.CONSOLE else Trouble.MAILBOX_DENIED
    named = {
        LedgerBroken: Trouble.CHAIN,
        LedgerUnusable: Trouble.LEDGER,
        ConfigInvalid: Trouble.NOT_BEGUN,
        SenderRefused: Trouble.REFUSED,
        StoodStill: Trouble.STOOD_STILL,
    }
    found = (trouble for kind, trouble in named.items() if isinstance(error, kind))
    return next(found, _UNUSABLE.get(area, Trouble.NOT_BEGUN))
