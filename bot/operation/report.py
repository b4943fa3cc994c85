"""What one pass did, in numbers and in what needs a person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Protocol

from loguru import logger

from bot.errors import AccessDenied, BotError, Unusable


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
    #: Exit status of the worst thing that stopped a part of the pass; 0 is none.
    stopped: int = 0

    def counts(self) -> dict[str, object]:
        """Return everything as JSON has it."""
        return asdict(self)

    @contextmanager
    def one_of_many(self, name: str) -> Iterator[None]:
        """Do the work on one thing of many: its failure is logged and told, and the next one goes on.

        What makes the rest useless too (``AccessDenied``, ``Unusable``) is raised.
        """
        try:
            yield
        except (AccessDenied, Unusable):
            raise
        except BotError as error:
            logger.error("{}: {}", name, error)
            self.problem(f"{name}: {error}")
        except Exception as error:  # noqa: BLE001 - one failure never stops the rest (invariant 8)
            logger.exception("{}: unexpected", name)
            self.problem(f"{name}: unexpected {type(error).__name__}; the log has the details")

    def problem(self, text: str) -> None:
        """Add something a person should do something about."""
        self.problems.append(text)

    @property
    def exit_status(self) -> int:
        """0 well, 1 something needs an operator, 4 a part could not be used (DESIGN.md, Command line)."""
        needs = self.problems or self.held or self.unreadable or self.stuck or self.waiting
        return self.stopped or (1 if needs else 0)
