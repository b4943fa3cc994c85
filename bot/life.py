"""The life of a request (DESIGN.md): its states, and every step there is between them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """Where a request stands in its life (DESIGN.md, The life of a request)."""

    #: Recorded, not yet decided.
    RECEIVED = "received"
    #: Refused; all violations are mailed back once.
    REJECTED = "rejected"
    #: Waits for an operator, or a notice with only a number for its row.
    HELD = "held"
    #: Decided well; nothing has been done in the console.
    ACCEPTED = "accepted"
    #: The intent to create or renew the account is recorded.
    ISSUING = "issuing"
    #: A submit was clicked and no confirmation seen.
    UNKNOWN = "unknown"
    #: The account was seen in the console.
    ISSUED = "issued"
    #: The intent to send the credentials is recorded.
    DELIVERING = "delivering"
    #: The credential mail has gone out.
    DELIVERED = "delivered"
    #: The account is disabled: the telework is over, or was cancelled.
    REVOKED = "revoked"
    #: A cancellation was carried out on the requests that held its days.
    DONE = "done"
    #: Can't go on by itself; an operator is told why.
    STUCK = "stuck"


#: Every allowed step in the life of a request; the ledger refuses any other.
TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.RECEIVED: frozenset({State.REJECTED, State.HELD, State.ACCEPTED}),
    State.REJECTED: frozenset(),
    # Back to received: the row that a notice with only a number waited for has come.
    State.HELD: frozenset({State.ACCEPTED, State.REJECTED, State.RECEIVED}),
    State.ACCEPTED: frozenset({State.ISSUING, State.REVOKED, State.DONE, State.STUCK}),
    State.ISSUING: frozenset({State.ACCEPTED, State.UNKNOWN, State.ISSUED, State.STUCK}),
    State.UNKNOWN: frozenset({State.ACCEPTED, State.ISSUED, State.STUCK}),
    State.ISSUED: frozenset({State.ISSUING, State.DELIVERING, State.STUCK}),
    State.DELIVERING: frozenset({State.ISSUING, State.ISSUED, State.DELIVERED, State.STUCK}),
    State.DELIVERED: frozenset({State.REVOKED, State.STUCK}),
    State.REVOKED: frozenset(),
    State.DONE: frozenset(),
    State.STUCK: frozenset({State.ACCEPTED, State.REJECTED, State.REVOKED}),
}


def diagram() -> str:
    """Return the life as a Mermaid state diagram, from the table that the ledger runs on; docs/life.md shows it."""
    steps = [f"    {state} --> {after}" for state in State for after in State if after in TRANSITIONS[state]]
    ends = [f"    {state} --> [*]" for state in State if not TRANSITIONS[state]]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {State.RECEIVED}", *steps, *ends])
