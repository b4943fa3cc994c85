"""``operators:`` what a single operator may not do alone."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bot.settings.base import Section

#: The acts that can be put under four eyes.
FourEyesAct = Literal["approve", "correct", "reject", "revoke", "rerun", "adopt", "dismiss", "reconcile"]


class OperatorSettings(Section):
    """Operators' acts."""

    four_eyes: tuple[FourEyesAct, ...] = ()
    """Acts that take effect only when a second person gives the same command; the first one's is a proposal. ``approve`` goes
    for what a correction grants too; ``reconcile``: its ``--fix``; ``adopt``: its ``--adopt``. Empty: none."""
    proposal_hours: int = Field(default=24, ge=1, le=24 * 14)
    """A proposal that nobody has confirmed in so many hours is void."""
