"""One life: a clean run that finds the boundaries, and for each moment of each a run in which the bot is killed there."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bot.commands.opening import open_workshop
from bot.commands.passes import one_pass
from bot.console.port import Console
from bot.ledger.ledger import Ledger
from bot.mail.port import Mailbox
from bot.wiring import Workshop
from tests.house import ROOT, House
from tests.scenario.matrix.facts import gather
from tests.scenario.matrix.invariants import at_once, in_the_end
from tests.scenario.matrix.moments import Gate, Kind, cut_off
from tests.scenario.matrix.processes import Standby, Told
from tests.scenario.matrix.story import Stage, Story
from tests.scenario.matrix.worlds import INBOX, World, received

OpenWorld = Callable[[Path], World]
_TRACE, _REPORT, _FACTS = "trace", "report.json", "facts.json"
#: What comes after the pass has written its own end.
_THE_END = ("note run done", "close")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A moment of a stage at which the bot is killed."""

    stage: int
    moment: str


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

    def console(self, *_: object, **__: object) -> Any:  # type: ignore[override] # noqa: ANN401 # any console there is
        """Return the world's console."""
        made: Console = self.world.console(self, self.gate)
        return self.gate.around(made, Kind.CONSOLE)


def live(world: World, stage: Stage, fatal: str) -> int:
    """Be the bot in a process of its own: the command ``run``, with its clock at the stage's."""
    base, house = world.base, world.house
    for name in (_TRACE, _REPORT):
        (base / name).unlink(missing_ok=True)
    world.house.clock.set(stage.at)
    gate = Gate(base / _TRACE, fatal=fatal)
    gate.watch_ledger()
    gate.watch_disk(house.path / "mailbox")
    plain = open_workshop(house.config, (), clock=house.clock)
    parts = {name: getattr(plain, name) for name in ("config", "clock", "redactor", "say")}
    report = asyncio.run(one_pass(WatchedWorkshop(**parts, gate=gate, world=world)))
    (base / _REPORT).write_text(json.dumps(report.counts(), ensure_ascii=False), encoding="utf-8")
    return report.exit_status


@dataclass(kw_only=True)
class Life:
    """A story in a kind of world: the clean run leaves in ``folder`` what each killed run starts from."""

    story: Story
    open_world: OpenWorld
    folder: Path
    cases: list[Case] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        """Live it through without a kill; everything is kept as it was before each pass, and what came of the pass."""
        world = self.open_world(self.folder / "clean")
        thin(world.house.lay_out(self.story.settings))
        moments = []
        for number, stage in enumerate(self.story.stages):
            self._arrive(world, stage)
            world.save(self.folder / f"before-{number}")
            bot = Standby(lambda told, stage=stage: live_told(world, stage, told), world.house.path / "said")  # type: ignore[misc] # mypy takes the default for an argument
            with world.running(stage.at) as environment:
                writes: list[int] = []
                world.on_write(writes.append)
                bot.go(environment)
                status = bot.wait()
                facts = gather(world)
                failures = in_the_end(world, facts, {})
            if status not in {0, 1} or failures:
                said = (world.house.path / "said").read_text(encoding="utf-8")[-1500:]
                raise RuntimeError(f"{stage.name}: ends with {status} {failures} though nobody was killed: {said}")
            facts["report"] = json.loads((world.base / _REPORT).read_text(encoding="utf-8"))
            (self.folder / f"{number}-{_FACTS}").write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")
            seen = (world.base / _TRACE).read_text(encoding="utf-8").splitlines()
            moments.append([*seen, *(f"after {Kind.WRITE} by the console #{one}" for one in writes)])
        return {"moments": moments}

    def _arrive(self, world: World, stage: Stage) -> None:
        before = {mail.name for mail in world.filed() if mail.folder == INBOX}
        world.house.clock.set(stage.at)
        stage.arrive(world.house)
        new = [mail.digest for mail in world.filed() if mail.folder == INBOX and mail.name not in before]
        received(world.base, now=new)

    def kill(self, case: Case, base: Path) -> dict[str, Any]:
        """Live one stage with a kill at this moment, run again, and return what does not hold."""
        began = time.monotonic()
        shutil.copytree(self.folder / f"before-{case.stage}", base)
        world, stage = self.open_world(base), self.story.stages[case.stage]
        expected = json.loads((self.folder / f"{case.stage}-{_FACTS}").read_text(encoding="utf-8"))
        first, second = (
            Standby(lambda told: live_told(world, stage, told), world.house.path / f"said-{number}")
            for number in range(2)
        )
        with world.running(stage.at) as environment:
            failures = self._killed(world, first, case, environment)
            failures += at_once(world)
            world.on_write(lambda _: None)
            second.go(environment)
            status = second.wait()
            failures += [] if status in {0, 1} else [f"8: the next pass ends with {status}"]
            failures += in_the_end(world, gather(world), {name: expected[name] for name in expected if name != "report"})
            failures += _untold(world, case, expected)
        if not failures:
            shutil.rmtree(base)
        return {
            "stage": stage.name, "moment": case.moment, "failures": failures, "seconds": time.monotonic() - began,
        }  # fmt: skip

    def _killed(self, world: World, bot: Standby, case: Case, environment: Told) -> list[str]:
        by_console = f"after {Kind.WRITE} by the console #"
        if case.moment.startswith(by_console):
            at = int(case.moment.removeprefix(by_console))
            world.on_write(lambda number: cut_off(bot.pid) if number == at else None)
            bot.go(environment)
        else:
            bot.go({**environment, "FATAL": case.moment})
        status = bot.wait()
        return [] if status == -signal.SIGKILL else [f"the moment was not reached: the pass ended with {status}"]


def thin(house: House) -> None:
    """Leave in config.yaml only what is not a default: it is read four times in every run."""
    defaults, own = (yaml.safe_load(file.read_text(encoding="utf-8")) for file in (ROOT / "config.yaml", house.config))
    kept = {
        section: {name: value for name, value in values.items() if value != defaults[section].get(name)}
        for section, values in own.items()
        if isinstance(values, dict)
    }
    house.config.write_text(
        yaml.safe_dump({"timezone": own["timezone"], **{name: one for name, one in kept.items() if one}}), encoding="utf-8"
    )


def live_told(world: World, stage: Stage, told: Told) -> int:
    """Be the bot, killed where the environment says."""
    return live(world, stage, told.get("FATAL", ""))


def _untold(world: World, case: Case, expected: dict[str, Any]) -> list[str]:
    """8: what needs a person is told, though the pass that came upon it was killed before it could.

    But for the last moments: once the end of the pass is on record its counts are too, and the killed command's own
    status is all that is told.
    """
    if case.moment.startswith("after") and any(case.moment.split(" #")[0].endswith(end) for end in _THE_END):
        return []
    report = json.loads((world.base / _REPORT).read_text(encoding="utf-8"))
    clean = expected["report"]
    told = "\n".join(report["problems"])
    missing = [line for line in clean["problems"] if line.split(" ")[0] not in told]
    named = {"held": told.count(" is held: "), "unreadable": told.count(" could not be read: ")}
    short = [name for name, count in named.items() if report[name] + count < clean[name]]
    return [f"8: nobody is told of {missing} {short}: {report}"] if missing or short else []
