"""What is wrong and lasts, and which parts of the work stand still: as frozen types, and how the ledger keeps them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from bot.errors import Conflict
from bot.ledger import seals, tables
from bot.ledger.codec import canonical, time_from_text, time_to_text

_TIMES = ("first_seen", "last_seen", "told_at", "over_at")
_LISTS = ("subjects", "told_of")


class Part(StrEnum):
    """A part of the work that can stand still while the others go on."""

    #: Taking mails in and deciding them.
    INTAKE = "intake"
    #: Everything in the VDI admin console: issuing and revoking.
    CONSOLE = "console"
    #: Mails to applicants; nothing is issued either while they can't be sent.
    DELIVERY = "delivery"
    #: All of them.
    ALL = "all"


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A named thing that is wrong and lasts; the ledger holds it from its first sight until its end has been told."""

    #: One thing has one key: its kind, and what it is about where there can be several.
    key: str
    #: Says level, part and words (bot/operation/alerts/catalogue.py).
    kind: str
    #: What exactly was found, as the error said it.
    detail: str = ""
    #: The requests or messages it concerns, where it concerns single ones.
    subjects: tuple[str, ...] = ()
    #: Where the evidence lies.
    evidence: str = ""
    first_seen: datetime
    last_seen: datetime
    #: When people were last told of it.
    told_at: datetime | None = None
    #: The subjects that they were told of.
    told_of: tuple[str, ...] = ()
    over_at: datetime | None = None


#: The cause of a pause that an operator ordered; any other is the key of a condition.
BY_OPERATOR = "operator"
#: The cause of a pause while clerks issue by hand (`worklist`).
BY_CLERKS = "worklist"


@dataclass(frozen=True, kw_only=True)
class Pause:
    """A part that stands still, for one cause."""

    part: Part
    cause: str
    since: datetime
    #: Who ordered it: an operator's name, or the bot.
    by: str
    reason: str
    #: From then on it is tried again; ``None``: not before an operator resumes it.
    until: datetime | None = None

    def holds(self, part: Part, now: datetime) -> bool:
        """Tell whether this pause keeps ``part`` from working at ``now``."""
        return self.part in {part, Part.ALL} and (self.until is None or now < self.until)


def condition_to_row(condition: Condition) -> dict[str, Any]:
    """Return the columns of a condition, which are JSON values as well."""
    row = asdict(condition)
    row |= {name: time_to_text(row[name]) if row[name] else None for name in _TIMES}
    return row | {name: canonical(row[name]) for name in _LISTS}


def condition_from_row(row: Mapping[str, Any], zone: tzinfo | None) -> Condition:
    """Return a condition from its columns, with its times in ``zone``."""
    times = {name: time_from_text(row[name], zone) if row[name] else None for name in _TIMES}
    return Condition(**{**row, **times, **{name: tuple(json.loads(row[name])) for name in _LISTS}})


def conditions(connection: Connection, zone: tzinfo | None) -> tuple[Condition, ...]:
    """Return all that is kept, the oldest first."""
    table = tables.conditions
    rows = connection.execute(select(table).order_by(table.c.first_seen, table.c.key)).mappings()
    return tuple(condition_from_row(dict(row), zone) for row in rows)


def keep_conditions(connection: Connection, kept: Collection[Condition], gone: Collection[str]) -> None:
    """Add or replace conditions, and remove those with the keys ``gone``."""
    table = tables.conditions
    keys = [*gone, *(condition.key for condition in kept)]
    connection.execute(delete(table).where(table.c.key.in_(keys)))
    if kept:
        connection.execute(insert(table), [condition_to_row(condition) for condition in kept])


def pauses(connection: Connection, zone: tzinfo | None) -> tuple[Pause, ...]:
    """Return what stands still, the oldest first."""
    table = tables.pauses
    rows = connection.execute(select(table).order_by(table.c.since, table.c.part, table.c.cause))
    return tuple(
        Pause(
            part=Part(row.part), cause=row.cause, since=time_from_text(row.since, zone), by=row.actor, reason=row.reason,
            until=time_from_text(row.until, zone) if row.until else None,
        )
        for row in rows
    )  # fmt: skip


def begin_pause(connection: Connection, pause: Pause) -> None:
    """Add a pause of whose cause there is only one; raises ``Conflict`` where somebody else began one."""
    table = tables.pauses
    if connection.execute(select(table.c.part).where(table.c.cause == pause.cause)).first():
        raise Conflict(f"another {pause.cause} was begun in the meantime")
    put_pause(connection, pause)


def put_pause(connection: Connection, pause: Pause) -> None:
    """Add or replace a pause."""
    values = {
        "since": time_to_text(pause.since), "actor": pause.by, "reason": pause.reason,
        "until": time_to_text(pause.until) if pause.until else None,
    }  # fmt: skip
    seals.put(connection, tables.pauses, {"part": pause.part.value, "cause": pause.cause}, values)


def end_pauses(connection: Connection, ended: Collection[Pause]) -> None:
    """Remove pauses just as they were seen; raises ``Conflict`` where one was ended or replaced since."""
    columns = tables.pauses.c
    for pause in ended:
        which = (columns.part == pause.part.value, columns.cause == pause.cause)
        as_seen = (
            columns.since == time_to_text(pause.since),
            columns.actor == pause.by,
            columns.reason == pause.reason,
        )
        if connection.execute(select(columns.part).where(*which, *as_seen)).first() is None:
            raise Conflict(
                f"the pause of {pause.part} ({pause.cause}, by {pause.by}) was ended or replaced in the meantime"
            )
        seals.remove(connection, tables.pauses, {"part": pause.part.value, "cause": pause.cause})


def drop_pauses(connection: Connection, ended: Collection[Pause]) -> None:
    """Remove pauses, those that are there."""
    for pause in ended:
        seals.remove(connection, tables.pauses, {"part": pause.part.value, "cause": pause.cause})
