"""Several steps of requests as one change: all of them are on record, or none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot.ledger import writing
from bot.ledger.records import AccountRecord, Changes, Request
from bot.life import State


@dataclass(frozen=True, kw_only=True)
class Step:
    """A request, in the state it is in before the step, goes to another; the account that goes with it is put."""

    request: Request
    to: State
    changes: Changes = Changes()  # noqa: RUF009 - frozen
    account: AccountRecord | None = None


def take(connection: Connection, steps: Iterable[Step], now: datetime) -> None:
    """Take the steps in order; for :meth:`bot.ledger.ledger.Ledger.change`.

    Raises ``LedgerBroken`` for one that the life of a request or of an account does not have, ``Conflict`` for a request that is
    not where the step begins.
    """
    for step in steps:
        writing.move(connection, step.request, step.to, step.changes, now)
        if step.account:
            writing.put_account(connection, step.account)
