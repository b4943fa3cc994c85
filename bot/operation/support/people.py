"""Everybody whom the bot knows of, so that they can be masked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from bot.ledger import tables
from bot.ledger.ledger import Ledger
from bot.ledger.records import ActorType
from bot.model import Employee

#: Whoever applied longer ago stands in no log line any more, and in no condition.
_DAYS = 400


def of_directory(employees: Iterable[Employee]) -> Iterator[str]:
    """Yield the names and numbers of employees; addresses are masked wherever they stand."""
    for one in employees:
        yield from (one.name, one.kana, one.employee_no, one.supervisor_no)


async def of_ledger(ledger: Ledger, now: datetime) -> list[str]:
    """Return who applied, as stated, and who acted: operators and auditors stand in the chain by name."""
    told = await ledger.ask(_actors)
    for request in await ledger.requests(since=(now - timedelta(days=_DAYS)).date()):
        stated = request.application
        told += [
            stated.name, stated.kana, stated.employee_no, stated.approval, stated.urgent_reason, stated.declaration,
            request.login_id, *(doubt.read for doubt in stated.doubts),
        ]  # fmt: skip
    return [one for one in told if one]


def _actors(connection: Connection) -> list[str | None]:
    columns = tables.events.c
    people = select(columns.actor).where(columns.actor_type != ActorType.BOT.value).distinct()
    paused = select(tables.pauses.c.actor).distinct()
    return [*connection.scalars(people), *connection.scalars(paused)]
