"""A list is given out: the console's part stands still first, so that nobody issues the same request beside the clerk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.clock import Clock
from bot.errors import ActRefused
from bot.ledger.conditions import BY_CLERKS, Pause
from bot.ledger.ledger import Ledger
from bot.ledger.records import Event
from bot.operation.alerts.gate import Gate
from bot.operation.worklist.items import Item, Items

#: The events: a request is on a list; what a clerk says became of it; a list as a whole goes out, and comes back.
TAKE, RESULT, EXPORT, IMPORT = "worklist.take", "worklist.result", "worklist.export", "worklist.import"


async def open_list(gate: Gate) -> Pause | None:
    """Return the pause that a list keeps up; its reason begins with the list's name."""
    return next((pause for pause in await gate.pauses() if pause.cause == BY_CLERKS), None)


def name_of(pause: Pause) -> str:
    """Return the name of the list that keeps up a pause."""
    return pause.reason.partition(":")[0]


@dataclass(frozen=True, kw_only=True)
class Taking:
    """Gives out one list at a time; ``ledger`` is opened in the name of the person who takes it."""

    ledger: Ledger
    gate: Gate
    items: Items
    clock: Clock

    async def begin(self, reason: str) -> str:
        """Have the console's part stand still, and return the name of the list to be made, such as ``W-20261124-140501``.

        Raises ``ActRefused`` while another list is out, ``Conflict`` where somebody else begins one at this moment.
        """
        pause = await open_list(self.gate)
        if pause is None:
            name = f"W-{self.clock.now():%Y%m%d-%H%M%S}"
            await self.gate.pause_for_clerks(f"{name}: {reason}")
            return name
        name = name_of(pause)
        if any(one.event.details["worklist"] == name for one in await self.ledger.of_action(TAKE)):
            raise ActRefused(
                f"{name} is out since {pause.since:%Y-%m-%d %H:%M}, taken by {pause.by}: import it first;"
                " `resume --part console` gives it up where it is lost"
            )
        return name  # begun before, and broken off: a pass had the console still in hand

    async def mark(self, name: str, reason: str) -> Sequence[Item]:
        """Put on record which requests are on the list, and return them in the order of work; call it while no pass runs."""
        found = await self.items.all(self.clock.now())
        await self.ledger.change(lambda _: None, *(_taken(item, name, reason) for item in found))
        return found

    async def give_up(self, why: str) -> None:
        """Let the console's part go on: no list is out."""
        await self.gate.over(frozenset({BY_CLERKS}), why)


def _taken(item: Item, name: str, reason: str) -> Event:
    return Event(
        action=TAKE, outcome="done", request_id=item.request.id, reason=reason,
        details={"worklist": name, "login_id": item.login_id, "todo": item.todo.value, "state": item.request.state},
    )  # fmt: skip
