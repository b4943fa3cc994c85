"""A fault as a value: how it is made, what the bot does and says, and the proof of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.sandbox.postoffice import PostOffice
from tests.scenario.faults.invariants import must_hold
from tests.scenario.faults.mounting import may_mount, prove_in_namespace
from tests.scenario.faults.scene import Ran, Scene, scene

#: The test that proves every fault of the table, by its name in brackets.
TEST = "tests/scenario/test_fault_table.py::test_fault"


def the_next_pass_ends_it(scene: Scene) -> None:
    """Run once more, with the cause gone and what stood still resumed: everything comes to its end."""
    scene.resume()
    ran = scene.run()
    assert ran.status == 0, ran.said


def nothing_is_left(_scene: Scene) -> None:
    """The pass that the fault hit has done everything itself."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One line of the table.

    ``says`` are sentences that the operator reads at the fault's pass, word by word; ``…`` stands for what differs.
    """

    name: str
    #: How it is made, for real.
    made: str
    does: str
    says: tuple[str, ...]
    status: int
    #: Makes the fault, has a pass run into it, checks what the bot does, and takes the cause away.
    happens: Callable[[Scene], Ran]
    resolves: Callable[[Scene], None] = the_next_pass_ends_it
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    #: Needs the right to mount a file system; where it is missing, a namespace of its own gives it.
    mounts: bool = False
    #: Belongs to the short table.
    short: bool = False

    @property
    def test(self) -> str:
        """The test that proves it."""
        return f"{TEST}[{self.name}]"

    @property
    def sees(self) -> str:
        """What the operator sees, in one line."""
        return " · ".join([self.ends, *self.says])

    @property
    def ends(self) -> str:
        """How the pass ends that the fault hits."""
        return f"exit status {self.status}" if self.status >= 0 else "nothing: the machine is off"


def prove(fault: Fault, path: Path, office: Callable[[], PostOffice]) -> None:
    """Have the fault happen below ``path``; raises ``AssertionError`` unless it is as the table says."""
    if fault.mounts and not may_mount():
        prove_in_namespace(fault.name)
        return
    with scene(path, office, fault.changes) as here:
        ran = fault.happens(here)
        for sentence in fault.says:
            assert _reads(sentence, ran.said), f"the operator does not read {sentence!r} in:\n{ran.said}"
        assert ran.status == fault.status, ran.said
        fault.resolves(here)
        must_hold(here)
        assert not [one.said for one in here.ran if "Traceback" in one.said], "no operator reads a traceback"


def _reads(sentence: str, said: str) -> bool:
    parts = [re.escape(part) for part in sentence.split("…")]
    return re.search(".*?".join(parts), said) is not None
