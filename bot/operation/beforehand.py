"""What is compared before anything is decided: the clock with the record and with the servers' clocks, the staff directory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clock import Clock, ahead_of
from bot.console.port import Console
from bot.errors import ConfigInvalid, Problem, Stopped
from bot.ledger.queries import Queries
from bot.mail.port import Mailbox
from bot.operation.alerts.catalogue import Trouble

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


@dataclass(frozen=True, kw_only=True)
class Clocks:
    """This machine's clock, and those of the servers it works with."""

    clock: Clock
    mailbox: Mailbox
    console: Console
    #: They may differ by so much.
    most: timedelta

    async def must_agree(self) -> bool:
        """Compare the clocks; return whether any server told its time.

        The mailbox has told it in its answers so far; the console is asked. Raises ``Stopped`` when they differ: nothing may
        be decided, opened or closed by a clock that is in doubt.
        """
        ours = ahead_of(self.clock)
        offsets = {"mail server": self.mailbox.clock_offset(), "console": await self.console.ask_clock()}
        told = {name: offset + ours for name, offset in offsets.items() if offset is not None}
        if off := {name: ahead for name, ahead in told.items() if abs(ahead) > self.most}:
            apart = ", ".join(
                f"the {name}'s clock is {ahead.total_seconds():+.0f} s from it" for name, ahead in off.items()
            )
            raise Stopped(Trouble.CLOCK, f"this machine's clock is in doubt: {apart}; check NTP")
        return bool(told)


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
