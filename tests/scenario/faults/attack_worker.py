"""Faults that one mail from anybody makes: its reading hangs, takes all memory, or ends with the whole bot."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

from bot.clock import SystemClock
from bot.operation.unreadable import unreadable
from bot.reading.isolated import Readers
from tests.house import ROOT, ZONE
from tests.poison_kit import put_poison
from tests.reading_targets import TARGET
from tests.scenario.faults.fault import Fault, nothing_is_left
from tests.scenario.faults.scene import Ran, Scene

_PATIENCE = 90


def _poisoned(scene: Scene, poison: bytes) -> Ran:
    """A pass with a mail that does this to the process that reads it."""
    put_poison(scene.house, "0000001", poison)
    ran = _run(scene)
    assert scene.states() == ["delivered", "delivered"]
    assert [file.stem for file in scene.house.files("unreadable")] == ["0000001"]
    assert scene.run().status == 0
    return ran


def _run(scene: Scene) -> Ran:
    scene.unreadable = 1
    return scene.run_by(SystemClock(ZONE), Readers(target=TARGET))


def _killed_in_reading(scene: Scene) -> Ran:
    """Two passes that are killed with SIGKILL while they read the same mail, and a third."""
    put_poison(scene.house, "0000001", b"POISON-HANGS")
    for attempt in (1, 2):
        command = [sys.executable, "-m", "tests.poison_kit", "take-in", str(scene.house.path)]
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as bot:
            ends = time.monotonic() + _PATIENCE
            while scene.ask(lambda ledger: ledger.reading_attempts(["0000001.eml"])) != {"0000001.eml": attempt}:
                assert time.monotonic() < ends, "it was not read"
                time.sleep(0.1)
            bot.kill()
    ran = _run(scene)
    assert scene.states() == ["delivered", "delivered"]
    (kept,) = scene.ask(unreadable)
    assert kept.name == "0000001.eml"
    assert scene.run().status == 0
    return ran


def _forms(**values: Any) -> dict[str, dict[str, Any]]:  # noqa: ANN401 - what a setting may be
    return {"forms": values}


FAULTS = (
    Fault(
        name="a mail hangs its reader", made="a mail whose reading never ends, in one call that keeps the interpreter's lock",
        does="kills the process that reads it, reads all others, tries it once more, and keeps it as unreadable", says=("…unreadable 1",),
        status=1, happens=lambda scene: _poisoned(scene, b"POISON-HANGS"), resolves=nothing_is_left, changes=_forms(read_seconds=1.5),
    ),
    Fault(
        name="a mail takes all memory", made="a mail whose reading takes memory without end",
        does="the process that reads it is refused the memory; all others are read; tried once more, it is kept as unreadable",
        says=("…unreadable 1",), status=1, happens=lambda scene: _poisoned(scene, b"POISON-BURSTS"), resolves=nothing_is_left,
        changes=_forms(read_memory_mb=64), short=True,
    ),
    Fault(
        name="killed while it reads the same mail twice", made="SIGKILL to the bot in two passes while the same mail is read",
        does="the attempts were on record before they began: the third pass keeps that mail as unreadable and serves all others",
        says=("…unreadable 1",), status=1, happens=_killed_in_reading, resolves=nothing_is_left, changes=_forms(read_seconds=60),
    ),
)  # fmt: skip
