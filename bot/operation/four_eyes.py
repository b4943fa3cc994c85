"""Four eyes: an act that one person proposes takes effect when another one gives the same command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from bot.clock import Clock
from bot.errors import ActRefused
from bot.ledger.ledger import Ledger
from bot.ledger.records import Event, StoredEvent
from bot.settings.operators import OperatorSettings
from bot.text import fold

_PROPOSE, _CONFIRM = "act.propose", "act.confirm"
#: What grants as an approval does needs a second person where approvals do.
_GRANTS = {"correct": "approve"}


@dataclass(frozen=True, kw_only=True)
class FourEyes:
    """Proposals stand in the audit chain and nowhere else; ``ledger`` is opened in the name of ``operator``."""

    ledger: Ledger
    clock: Clock
    settings: OperatorSettings
    operator: str

    async def agreed(
        self, act: str, subject: str, reason: str, *, option: str = "", person: Mapping[str, Any] = MappingProxyType({})
    ) -> bool:
        """Tell whether the act on a request or message may be done now; if not, it is on record as a proposal from now on.

        ``option`` makes another act of it, and so does another ``person``: what of it tells of somebody. Raises ``ActRefused`` when the proposal is this operator's own.
        """
        if not {act, _GRANTS.get(act, act)} & set(self.settings.four_eyes):
            return True
        about = {"act": act, "option": option}
        proposal = await self._proposal(subject, about, person)
        if proposal is None:
            await self.ledger.note(
                Event(
                    action=_PROPOSE, outcome="done", request_id=subject, reason=reason, details=about, person={**person}
                )
            )  # fmt: skip
            return False
        if fold(proposal.run.actor) == fold(self.operator):
            until = proposal.at + timedelta(hours=self.settings.proposal_hours)
            raise ActRefused(
                f"{subject}: {act} was proposed by {proposal.run.actor} at {proposal.at:%Y-%m-%d %H:%M}; another person must "
                f"give the same command until {until:%Y-%m-%d %H:%M} (operators.four_eyes)"
            )
        by = {"proposed_by": proposal.run.actor, "proposal": proposal.seq}
        await self.ledger.note(
            Event(
                action=_CONFIRM, outcome="done", request_id=subject, reason=reason, details={**about, **by},
                person={**person},
            )
        )  # fmt: skip
        return True

    async def _proposal(self, subject: str, about: Mapping[str, str], person: Mapping[str, Any]) -> StoredEvent | None:
        """Return the proposal of just this act that waits for its second person."""
        for stored in reversed(await self.ledger.timeline(subject)):
            event = stored.event
            same = all(event.details.get(key) == about[key] for key in about) and event.person == person
            if event.action in {_PROPOSE, _CONFIRM} and same:
                age = self.clock.now() - stored.at
                waits = event.action == _PROPOSE and age <= timedelta(hours=self.settings.proposal_hours)
                return stored if waits else None
        return None
