"""Puts what is known about a request before the rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.ledger.queries import Queries
from bot.ledger.records import Event, Request
from bot.model import Decision, History, Reading
from bot.rules.case import REPEATABLE
from bot.rules.directory import Directory
from bot.rules.register import OwnPcs
from bot.rules.rulebook import Context, Rulebook


@dataclass(frozen=True, kw_only=True)
class Judge:
    """The rules with all that they look at but the application itself."""

    rulebook: Rulebook
    directory: Directory
    own_pcs: OwnPcs | None

    def warnings(self, now: datetime) -> Sequence[str]:
        """Return what a person should know of the directory and what stops nothing."""
        return self.directory.warnings(now)

    async def decide(self, ledger: Queries, request: Request, now: datetime) -> Decision:
        """Return what the rules say of a recorded request as of ``now``."""
        return self.rulebook.decide(request.application, await self._context(ledger, request, now))

    async def approve(self, ledger: Queries, request: Request, now: datetime) -> Decision:
        """Return what the rules say when an operator approves (see :meth:`bot.rules.rulebook.Rulebook.approve`)."""
        return self.rulebook.approve(request.application, await self._context(ledger, request, now))

    async def correct(self, ledger: Queries, request: Request, now: datetime) -> Decision:
        """Return what the rules say when an operator has put the reading right (see :meth:`bot.rules.rulebook.Rulebook.correct`)."""
        return self.rulebook.correct(request.application, await self._context(ledger, request, now))

    def context_of(self, reading: Reading, now: datetime) -> Context:
        """Return what is known of a message that no ledger has: nothing was applied for before."""
        return Context(
            now=now, received_at=reading.arrived_at, sender=reading.sender, directory=self.directory,
            own_pcs=self.own_pcs, dropped_file=reading.identity.dropped, authentic=reading.authentic, history=History(),
        )  # fmt: skip

    async def _context(self, ledger: Queries, request: Request, now: datetime) -> Context:
        history = await ledger.history(request.application, before=request.id)
        if request.kind in REPEATABLE:
            history = replace(history, same_kind=await ledger.same_kind(request))
        return Context(
            now=now, received_at=request.received_at, sender=request.sender, directory=self.directory,
            own_pcs=self.own_pcs, dropped_file=request.dropped_file, authentic=request.authentic, history=history,
        )  # fmt: skip


def decision_event(action: str, request: Request, decision: Decision, reason: str) -> Event:
    """Return the audit event of a decision: what was found, and what follows from it."""
    return Event(
        action=action, outcome="done", request_id=request.id, reason=reason,
        details={
            "decision": decision.outcome, "granted": [day.isoformat() for day in decision.granted],
            "form": request.application.form, "form_digest": request.application.form_digest,
            "rules": [{"code": item.code, "severity": item.severity} for item in decision.violations],
        },
        person={"violations": [f"{item.text}{item.hint}" for item in decision.violations]},
    )  # fmt: skip
