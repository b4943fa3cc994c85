"""One life: a clean run that finds the boundaries, and for each moment of each a run in which the bot is killed there."""

from __future__ import annotations

import json
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.scenario.matrix.facts import chain, gather
from tests.scenario.matrix.invariants import at_once, in_the_end
from tests.scenario.matrix.moments import Kind, cut_off
from tests.scenario.matrix.processes import Standby, Told
from tests.scenario.matrix.story import Stage, Story
from tests.scenario.matrix.watched_bot import REPORT, TRACE, live_told
from tests.scenario.matrix.worlds import INBOX, World, received

OpenWorld = Callable[[Path], World]
_FACTS = "facts.json"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A moment of a stage at which the bot is killed; with a second one the pass that makes good is killed too."""

    stage: int
    moments: tuple[str, ...]


@dataclass(kw_only=True)
class Life:
    """A story in a kind of world: the clean run leaves in ``folder`` what each killed run starts from."""

    story: Story
    open_world: OpenWorld
    folder: Path

    def record(self) -> dict[str, Any]:
        """Live it through without a kill; everything is kept as it was before each pass, and what came of the pass."""
        world = self.open_world(self.folder / "clean")
        world.prepare(self.story.settings)
        moments = []
        for number, stage in enumerate(self.story.stages):
            self._arrive(world, stage)
            world.save(self.folder / f"before-{number}")
            bot = Standby(partial(live_told, world, stage), world.house.path / "said")
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
            facts = world.comparable(facts)
            facts["report"] = json.loads((world.base / REPORT).read_text(encoding="utf-8"))
            (self.folder / f"{number}-{_FACTS}").write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")
            seen = (world.base / TRACE).read_text(encoding="utf-8").splitlines()
            moments.append([*seen, *(f"after {Kind.WRITE} by the console #{one}" for one in writes)])
        return {"moments": moments}

    def _arrive(self, world: World, stage: Stage) -> None:
        before = {mail.name for mail in world.filed() if mail.folder == INBOX}
        world.house.clock.set(stage.at)
        stage.arrive(world.house)
        new = [mail.digest for mail in world.filed() if mail.folder == INBOX and mail.name not in before]
        received(world.base, now=new)
        world.deliver()

    def kill(self, case: Case, base: Path) -> dict[str, Any]:
        """Live one stage with a kill at this moment, run again, and return what does not hold."""
        began = time.monotonic()
        world, stage = self._before(case, base), self.story.stages[case.stage]
        expected = json.loads((self.folder / f"{case.stage}-{_FACTS}").read_text(encoding="utf-8"))
        *doomed, last = (
            Standby(partial(live_told, world, stage), world.house.path / f"said-{number}")
            for number in range(len(case.moments) + 1)
        )
        failures, ended, before = [], False, _ends(world)
        with world.running(stage.at) as environment:
            for bot, moment in zip(doomed, case.moments, strict=True):
                failures += [*self._killed(world, bot, moment, environment), *at_once(world)]
                ended = _ends(world) > before
            last.go(environment)
            status = last.wait()
            failures += [] if status in {0, 1} else [f"8: the next pass ends with {status}"]
            report = expected.pop("report")
            failures += in_the_end(world, gather(world), expected)
            failures += [] if ended else _untold(world, report)
        recovery = (world.base / TRACE).read_text(encoding="utf-8").splitlines()
        if not failures:
            shutil.rmtree(base)
        return {
            "stage": stage.name, "number": case.stage, "moments": case.moments, "failures": failures,
            "recovery": recovery, "seconds": time.monotonic() - began,
        }  # fmt: skip

    def _before(self, case: Case, base: Path) -> World:
        shutil.copytree(self.folder / f"before-{case.stage}", base)
        return self.open_world(base)

    def _killed(self, world: World, bot: Standby, moment: str, environment: Told) -> list[str]:
        by_console = f"after {Kind.WRITE} by the console #"
        if moment.startswith(by_console):
            at = int(moment.removeprefix(by_console))
            world.on_write(lambda number: cut_off(bot.pid) if number == at else None)
            bot.go(environment)
        else:
            bot.go({**environment, "FATAL": moment})
        status = bot.wait()
        world.on_write(lambda _: None)
        return [] if status == -signal.SIGKILL else [f"the moment was not reached: the pass ended with {status}"]


class LongLife(Life):
    """A life in a world that can't be kept aside: each run lives through the passes before its own."""

    def _before(self, case: Case, base: Path) -> World:
        world = self.open_world(base)
        world.prepare(self.story.settings)
        for stage in self.story.stages[: case.stage]:
            self._arrive(world, stage)
            bot = Standby(partial(live_told, world, stage), base / "said")
            with world.running(stage.at) as environment:
                bot.go(environment)
                if bot.wait() not in {0, 1}:
                    raise RuntimeError((base / "said").read_text(encoding="utf-8")[-1500:])
        self._arrive(world, self.story.stages[case.stage])
        return world


def _ends(world: World) -> int:
    """Return how many passes have written their own end: then the counts are on record, and are not told again."""
    return sum((one.action, one.outcome) == ("run", "done") for one in chain(world))


def _untold(world: World, clean: dict[str, Any]) -> list[str]:
    """8: what needs a person is told, though the pass that came upon it was killed before it could."""
    report = json.loads((world.base / REPORT).read_text(encoding="utf-8"))
    told = "\n".join(report["problems"])
    missing = [line for line in clean["problems"] if line.split(" ")[0] not in told]
    named = {
        "held": told.count(" is held: ") + told.count(" is urgent and waits "),
        "unreadable": told.count(" could not be read: "),
    }
    short = [name for name, count in named.items() if report[name] + count < clean[name]]
    return [f"8: nobody is told of {missing} {short}: {report}"] if missing or short else []
