"""What one pass did, in numbers and in what needs a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from typing import Protocol, TypeVar

from loguru import logger

from bot.errors import AccessDenied, BotError, Conflict, DeliveryFailed, LedgerBroken, LedgerBusy, Paused, Unusable
from bot.operation.alerts.catalogue import Area, Trouble
from bot.operation.alerts.findings import Finding, finding_of

T = TypeVar("T")
_NO_COUNTS = frozenset({"stop", "findings", "looked", "clocks_compared"})


class Progress(Protocol):
    """Shows how far a long piece of work has come."""

    def start(self, what: str, total: int) -> None:
        """Begin a piece of work of ``total`` steps; the one before is over."""
        ...

    def step(self) -> None:
        """One more step is done."""
        ...


class Silent:
    """Shows nothing."""

    def start(self, what: str, total: int) -> None:
        """See :meth:`Progress.start`."""

    def step(self) -> None:
        """See :meth:`Progress.step`."""


@dataclass(kw_only=True)
class Stop:
    """Asks a pass to end with the step in hand; ``asked_by`` is who asked, such as ``SIGTERM``, and empty before."""

    asked_by: str = ""


@dataclass(kw_only=True)
class Report:
    """The counts of one pass; filled in as the pass goes."""

    messages: int = 0
    #: Messages that the ledger had already: delivered or fetched again.
    repeated: int = 0
    applications: int = 0
    unreadable: int = 0
    ignored: int = 0
    accepted: int = 0
    rejected: int = 0
    held: int = 0
    delivered: int = 0
    revoked: int = 0
    #: Logins opened for a granted day, and closed after one or for good.
    opened: int = 0
    closed: int = 0
    stuck: int = 0
    #: Requests accepted and not delivered when the pass ended.
    waiting: int = 0
    #: Accepted, and to be issued at a later time of the day (``delivery.send_at``).
    later: int = 0
    #: What a person should do something about, one sentence each.
    problems: list[str] = field(default_factory=list)
    #: What a person should know and what stops nothing, one sentence each.
    warnings: list[str] = field(default_factory=list)
    #: Which parts did not work, since when and why, one sentence each.
    paused: list[str] = field(default_factory=list)
    #: What is wrong and lasts, by the keys that ``status`` shows.
    conditions: list[str] = field(default_factory=list)
    #: Messages that told operators of it, and those that could not be sent.
    alerts: int = 0
    alerts_failed: int = 0
    #: Exit status of the worst thing that stopped a part of the pass; 0 is none.
    stopped: int = 0
    #: What was found wrong, for the alerts (bot/operation/alerts).
    findings: list[Finding] = field(default_factory=list)
    #: What was looked at and found in order.
    looked: set[Area] = field(default_factory=set)

    #: The servers' clocks were asked for, whatever they told.
    clocks_compared: bool = False
    #: Who asked the pass to end before everything was done; empty when it came to its end.
    interrupted: str = ""
    stop: Stop = field(default_factory=Stop)

    def counts(self) -> dict[str, object]:
        """Return everything as JSON has it."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name not in _NO_COUNTS}

    def until_stopped(self, things: Iterable[T]) -> Iterator[T]:
        """Yield the things one by one until the pass is asked to stop: what is in hand is finished, nothing more is begun."""
        for thing in things:
            if self.is_cut_short():
                return
            yield thing

    def is_cut_short(self) -> bool:
        """Tell whether to leave what is not begun to the next pass; once it is, the operator is told."""
        if self.stop.asked_by and not self.interrupted:
            self.interrupted = self.stop.asked_by
            self.problem(f"stopped by {self.interrupted}: what was in hand is finished, the next pass does the rest")
        return bool(self.interrupted)

    @contextmanager
    def one_of_many(self, name: str) -> Iterator[None]:
        """Do the work on one thing of many: its failure is logged and told, and the next one goes on.

        What makes the rest useless too (``AccessDenied``, ``Unusable``), or stops it (``Paused``), is raised. What an operator
        changed meanwhile is no failure: the next pass goes on from there.
        """
        try:
            yield
        except (AccessDenied, Unusable, LedgerBusy, Paused):
            raise
        except Conflict as error:
            logger.warning("{}: {}", name, error)
            self.warnings.append(f"{name}: {error}: left to the next pass")
        except BotError as error:
            logger.error("{}: {}", name, error)
            self.failure(error, of=name)
            if isinstance(error, LedgerBroken):
                self.stopped = max(self.stopped, error.exit_status)
                self.find(finding_of(error, Area.PASS))
            if isinstance(error, DeliveryFailed):
                self.find(Finding(trouble=Trouble.UNTOLD, detail=f"{name}: {error}", subjects=(name,)))
        except Exception as error:  # noqa: BLE001 - one failure never stops the rest (invariant 8)
            logger.exception("{}: unexpected", name)
            self.problem(f"{name}: unexpected {type(error).__name__}; the log has the details")
            self.find(finding_of(error, Area.PASS))

    def find(self, finding: Finding) -> None:
        """Add something that is wrong, for the alerts."""
        self.findings.append(finding)

    def stands(self, error: Paused) -> None:
        """Add a part that did not work because it was told to stand still."""
        if str(error) not in self.paused:
            self.paused.append(str(error))

    def failure(self, error: BotError, *, of: str = "") -> None:
        """Add what went wrong by its name, with what a person should do."""
        self.problem(f"{of}{': ' if of else ''}{type(error).__name__}: {error} — {error.advice}")

    def problem(self, text: str) -> None:
        """Add something a person should do something about; the same is said once."""
        if text not in self.problems:
            self.problems.append(text)

    @property
    def exit_status(self) -> int:
        """0 well, 1 something needs an operator, 4 a part could not be used (DESIGN.md, Command line)."""
        needs = self.problems or self.paused or self.held or self.unreadable or self.stuck or self.waiting
        return self.stopped or (1 if needs else 0)
