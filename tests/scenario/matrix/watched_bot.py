"""The bot as it runs in the matrix: the command ``run`` with its own workshop, watched at everything that has an effect."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from bot.commands.opening import open_workshop
from bot.commands.passes import make_pass
from bot.console.port import Console
from bot.ledger.ledger import Ledger
from bot.mail.port import Mailbox
from bot.wiring import Workshop
from tests.scenario.matrix.moments import Gate, Kind
from tests.scenario.matrix.processes import Told
from tests.scenario.matrix.story import Stage
from tests.scenario.matrix.worlds import World

#: Files of a world: the moments as they came, and what the pass reported.
TRACE, REPORT = "trace", "report.json"


@dataclass(frozen=True, kw_only=True)
class WatchedWorkshop(Workshop):
    """The bot's own workshop, with a boundary at everything that the parts it makes do."""

    gate: Gate
    world: World

    def ledger(self) -> Ledger:
        """See :meth:`bot.wiring.Workshop.ledger`."""
        return self.gate.around(super().ledger(), Kind.LEDGER)  # type: ignore[no-any-return] # stands in for it

    def mailbox(self) -> Mailbox:
        """See :meth:`bot.wiring.Workshop.mailbox`."""
        return self.gate.around(super().mailbox(), Kind.MAILBOX)  # type: ignore[no-any-return] # stands in for it

    def console(self, *_: object, **__: object) -> Any:  # noqa: ANN401 - any console there is
        """Return the world's console."""
        made: Console = self.world.console(self, self.gate)
        return self.gate.around(made, Kind.CONSOLE)


def live(world: World, stage: Stage, fatal: str) -> int:
    """Be the bot in a process of its own: the command ``run``, with its clock at the stage's."""
    base, house = world.base, world.house
    for name in (TRACE, REPORT):
        (base / name).unlink(missing_ok=True)
    world.house.clock.set(stage.at)
    gate = Gate(base / TRACE, fatal=fatal)
    gate.watch_ledger()
    gate.watch_disk(house.path / "mailbox")
    plain = open_workshop(house.config, (), clock=house.clock)
    parts = {name: getattr(plain, name) for name in ("config", "clock", "redactor", "say")}
    report = make_pass(WatchedWorkshop(**parts, gate=gate, world=world))
    (base / REPORT).write_text(json.dumps(report.counts(), ensure_ascii=False), encoding="utf-8")
    return report.exit_status


def live_told(world: World, stage: Stage, told: Told) -> int:
    """Be the bot, killed where the environment says."""
    return live(world, stage, told.get("FATAL", ""))
