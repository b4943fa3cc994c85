"""The lives of a request and of an account (DESIGN.md): their states, and every step there is between them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar


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


class AccountRecordState(StrEnum):
    """What the ledger knows of an account."""

    #: The console said "no such account", and the intent to create it is recorded.
    CREATING = "creating"
    #: Seen in the console after our create: it is ours, and open.
    CREATED = "created"
    #: To be opened or closed: the intent is recorded and the outcome is not, so it may be either.
    SWITCHING = "switching"
    #: Closed by us for now: outside of its hours, or on a day that was not granted. Its password stays.
    CLOSED = "closed"
    #: Disabled by us: nobody holds it any more.
    DISABLED = "disabled"


#: Every allowed step in the life of an account on record, which begins at CREATING; the ledger refuses any other.
ACCOUNT_TRANSITIONS: Mapping[AccountRecordState, frozenset[AccountRecordState]] = {
    AccountRecordState.CREATING: frozenset({AccountRecordState.CREATED, AccountRecordState.DISABLED}),
    # Back to creating, from wherever: somebody removed it in the console, and it is made anew.
    AccountRecordState.CREATED: frozenset(
        {AccountRecordState.CREATING, AccountRecordState.SWITCHING, AccountRecordState.DISABLED}
    ),
    AccountRecordState.SWITCHING: frozenset(AccountRecordState) - {AccountRecordState.SWITCHING},
    AccountRecordState.CLOSED: frozenset(
        {AccountRecordState.CREATING, AccountRecordState.SWITCHING, AccountRecordState.DISABLED}
    ),
    AccountRecordState.DISABLED: frozenset({AccountRecordState.CREATING, AccountRecordState.SWITCHING}),
}

S = TypeVar("S", bound=StrEnum)


def diagram() -> str:
    """Return the life of a request as a Mermaid state diagram, from the table that the ledger runs on; docs/life.md shows it."""
    return _drawn(TRANSITIONS, State.RECEIVED)


def account_diagram() -> str:
    """Return the life of an account in the same way."""
    return _drawn(ACCOUNT_TRANSITIONS, AccountRecordState.CREATING)


def _drawn(table: Mapping[S, frozenset[S]], first: S) -> str:
    order = list(table)
    steps = [f"    {state} --> {after}" for state in order for after in order if after in table[state]]
    ends = [f"    {state} --> [*]" for state in order if not table[state]]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {first}", *steps, *ends])
