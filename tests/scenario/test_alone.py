"""What works on the ledger as a whole works alone, by whichever settings it came there; a single act is possible at any time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.commands import acts, passes, pausing, purging, reconciling, restoring, worklist
from bot.commands.backups import backup
from bot.commands.serve import serve
from bot.console.memory import MemoryConsole
from bot.errors import AlreadyRunning
from bot.ledger.process_lock import process_lock
from bot.life import State
from tests.acts_kit import in_ledger, one
from tests.house import House

_SAID: dict[str, Any] = {"by": "吉澤", "reason": "確認", "as_json": True}
Command = Callable[[Path, Path], int]

_ALONE: dict[str, Command] = {
    "run": lambda config, _: passes.run(config, (), as_json=True, dry_run=False),
    "rerun --unreadable": lambda config, _: acts.rerun_unreadable(config, (), **_SAID),
    "worklist": lambda config, place: worklist.take(place / "list.xlsx", config, (), **_SAID),
    "reconcile": lambda config, _: reconciling.reconcile(
        config, (), fix=False, adopted=(), by=None, reason=None, as_json=True
    ),
    "reconcile --fix": lambda config, _: reconciling.reconcile(config, (), fix=True, adopted=(), **_SAID),
    "ledger restore": lambda config, place: restoring.restore(place / "backup.sqlite3", config, (), **_SAID),
    "ledger purge": lambda config, _: purging.purge(config, (), dry_run=False, as_json=True),
}
_BESIDE: dict[str, Command] = {
    "ledger purge --dry-run": lambda config, _: purging.purge(config, (), dry_run=True, as_json=True),
    "ledger backup": lambda config, place: backup(place / "backups", config, (), keep=1, as_json=True),
    "pause": lambda config, _: pausing.pause(config, (), part="console", **_SAID),
    "resume": lambda config, _: pausing.resume(config, (), part="console", **_SAID),
    "reject": lambda config, _: acts.reject(["R-20210730-0001"], config, (), **_SAID),
}


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house with one held request, and a backup."""
    made = House(path=tmp_path / "house").lay_out({"alerts": {"mail_to": []}})
    made.receive("11")
    asyncio.run(made.run(MemoryConsole()))
    backup(tmp_path / "backup.sqlite3", made.config, (), keep=1, as_json=True)
    return made


@pytest.fixture
def other(house: House, tmp_path: Path) -> Path:
    """Other settings, in another folder, that lead to the same ledger by a link."""
    (tmp_path / "link").symlink_to(house.path)
    raw = yaml.safe_load(house.config.read_text(encoding="utf-8"))
    raw["ledger"]["url"] = "sqlite:///../link/ledger.sqlite3"
    raw["mailbox"]["path"], raw["staff"]["file"] = str(tmp_path / "link" / "mailbox"), str(house.path / "staff.csv")
    (tmp_path / "other").mkdir()
    made = tmp_path / "other" / "config.yaml"
    made.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
    return made


def test_nothing_else_works_on_the_ledger_meanwhile(house: House, other: Path, tmp_path: Path) -> None:
    """Each command that acts for many, or replaces what is there, is told who works; each single act is recorded beside it."""
    with house.workshop().alone():
        for name, command in _ALONE.items():
            with pytest.raises(AlreadyRunning, match=r"another run holds .+/house/ledger\.sqlite3\.lock: process"):
                pytest.fail(f"{name} works: {command(other, tmp_path)}")
        assert {name: command(other, tmp_path) for name, command in _BESIDE.items()} == dict.fromkeys(_BESIDE, 0)
    assert one(house).state is State.REJECTED
    assert in_ledger(house, lambda ledger: ledger.verify()).ok


def test_two_serve_one_ledger(house: House, other: Path) -> None:
    """The second `serve` is refused before it does anything, by whichever settings it was started."""
    with (
        process_lock(house.path / "ledger.sqlite3.serve.lock", house.clock.now()),
        pytest.raises(AlreadyRunning, match="serve"),
    ):
        serve(other, (), as_json=False)
