"""What is compared with the record before a pass begins: a clock that was set back, a staff directory that has shrunk."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.errors import ConfigInvalid, Problem
from bot.ledger.queries import Queries

#: Clocks of one machine never differ by more than this from one event to the next, unless somebody sets them.
_SKEW = timedelta(minutes=1)
EMPLOYEES = "employees"


async def set_back(ledger: Queries, now: datetime) -> list[str]:
    """Return the warning that the clock stands before the newest event on record; empty where all is well."""
    newest = await ledger.newest()
    if newest is None or newest.at - now <= _SKEW:
        return []
    text = (
        f"the clock says {now:%Y-%m-%d %H:%M}, the newest event on record is of {newest.at:%Y-%m-%d %H:%M}: "
        "one of them is wrong; set the clock right, deadlines and expiry depend on it"
    )
    return [text]


async def must_not_have_shrunk(ledger: Queries, employees: int, *, min_kept: float) -> None:
    """Be sure that the directory still has the share ``min_kept`` of the employees of the last pass.

    A directory that is half-written may look whole, and everybody in the missing half would be refused as unknown. Raises
    ``ConfigInvalid``; what is on record then is the number of the last pass that was made.
    """
    last = await ledger.newest("run", "intended")
    before = int(last.event.details.get(EMPLOYEES, 0)) if last else 0
    if employees < before * min_kept:
        text = (
            f"{employees} employees, {before} at the last pass: is the file half-written? Export it again; "
            "if it is right, run once with --set staff.min_kept=0"
        )
        raise ConfigInvalid([Problem(path="staff.file", text=text)])
