"""Four eyes: an act that one person proposes takes effect when another one gives the same command."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.clock import Clock
from bot.errors import ActRefused
from bot.ledger.ledger import Ledger
from bot.ledger.records import Event, StoredEvent
from bot.settings.operators import OperatorSettings
from bot.text import fold

_PROPOSE, _CONFIRM = "act.propose", "act.confirm"


@dataclass(frozen=True, kw_only=True)
class FourEyes:
    """Proposals stand in the audit chain and nowhere else; ``ledger`` is opened in the name of ``operator``."""

    ledger: Ledger
    clock: Clock
    settings: OperatorSettings
    operator: str

    async def agreed(self, act: str, subject: str, reason: str, *, option: str = "") -> bool:
        """Tell whether the act on a request or message may be done now; if not, it is on record as a proposal from now on.

        ``option`` makes another act of it. Raises ``ActRefused`` when the proposal is this operator's own.
        """
        if act not in self.settings.four_eyes:
            return True
        about = {"act": act, "option": option}
        proposal = await self._proposal(subject, about)
        if proposal is None:
            event = Event(action=_PROPOSE, outcome="done", request_id=subject, reason=reason, details=about)
            await self.ledger.note(event)
            return False
        if fold(proposal.run.actor) == fold(self.operator):
            until = proposal.at + timedelta(hours=self.settings.proposal_hours)
            raise ActRefused(
                f"{subject}: {act} was proposed by {proposal.run.actor} at {proposal.at:%Y-%m-%d %H:%M}; another person must "
                f"give the same command until {until:%Y-%m-%d %H:%M} (operators.four_eyes)"
            )
        by = {"proposed_by": proposal.run.actor, "proposal": proposal.seq}
        await self.ledger.note(
            Event(action=_CONFIRM, outcome="done", request_id=subject, reason=reason, details={**about, **by})
        )
        return True

    async def _proposal(self, subject: str, about: dict[str, str]) -> StoredEvent | None:
        """Return the proposal of just this act that waits for its second person."""
        for stored in reversed(await self.ledger.timeline(subject)):
            event = stored.event
            if event.action in {_PROPOSE, _CONFIRM} and all(event.details.get(key) == about[key] for key in about):
                age = self.clock.now() - stored.at
                waits = event.action == _PROPOSE and age <= timedelta(hours=self.settings.proposal_hours)
                return stored if waits else None
        return None
