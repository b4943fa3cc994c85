"""Nothing of the bot is for other users of the machine: its files whatever the umask, its memory, its processes."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.commands.backups import backup
from bot.console.memory import MemoryConsole
from bot.console.screens import Screens
from bot.ledger.process_lock import process_lock
from bot.log_file import Keeping, LogFile
from bot.operation.schedule.pulse import Pulse
from bot.private import close_to_others, make_folder, open_to_others, write_private
from tests.house import FRIDAY, ROOT, House

_PROCESS = """
import atexit, ctypes, json, os, resource, sys
def tell():
    umask = os.umask(0)
    sys.stderr.write("\\n" + json.dumps([oct(umask), resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)]))
atexit.register(tell)
os.umask(0)
sys.argv = ["run_bot.py", *sys.argv[1:]]
from bot.cli import start
start()
"""


@pytest.fixture
def _open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.skipif(os.name != "posix", reason="Windows has rights of its own")
@pytest.mark.parametrize(("command", "umask"), [("config schema", "0o77"), ("bench nothing", "0o0")])
def test_a_command_leaves_no_core(command: str, umask: str) -> None:
    """Every command: no core, not by a program that the kernel pipes it to either, and files for their owner but for servers'."""
    done = subprocess.run(
        [sys.executable, "-c", _PROCESS, *command.split()], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert json.loads(done.stderr.splitlines()[-1]) == [umask, [0, 0], 0]


@pytest.mark.usefixtures("_open_umask")
def test_what_is_made_is_for_its_owner(tmp_path: Path) -> None:
    """A pass, a backup, a log put aside, a screen's fingerprint, a sign of life: 0600 and 0700 whatever the umask."""
    os.umask(0o077)
    house = House(path=tmp_path / "house").lay_out()
    house.receive("02", "10", "35")
    (house.path / "mailbox").chmod(0o700)
    os.umask(0)
    given = set(tmp_path.rglob("*"))
    asyncio.run(house.run(MemoryConsole()))
    backup(house.path / "backups" / "daily", house.config, (), keep=2, as_json=True)
    make_folder(house.path / "log" / "deep")
    file = LogFile(house.path / "log" / "deep" / "x.jsonl", Keeping(settle_seconds=0))
    file.stream = file._open()
    file.stream.write("line\n")
    file.doRollover()
    file.close()
    screens = Screens(directory=house.path / "screens" / "deep", seen={"users": ()})
    screens.accept("users", by="吉澤", reason="確認", at=FRIDAY)
    Pulse(file=house.path / "var" / "beat" / "heartbeat.json").beat(FRIDAY, {})
    write_private(house.path / "state.json", "{}")
    with process_lock(house.path / "locks" / "x.lock", FRIDAY), closing(house.workshop().ledger()):
        made = [path for path in house.path.rglob("*") if path not in given and path.parent.name != "processed"]
        loose = {path.relative_to(house.path): oct(path.stat().st_mode) for path in made if path.stat().st_mode & 0o077}
    assert loose == {}
    names = {path.name for path in made}
    assert {
        "ledger.sqlite3",
        "ledger.sqlite3-wal",
        "ledger.sqlite3-shm",
        "outbox",
        "daily",
        "x.lock",
        "x.lock.holder",
    } <= names
    assert [name for name in names if name.endswith(".gz")]


def test_what_others_could_read_is_closed(tmp_path: Path) -> None:
    """A ledger or log that an earlier version left open is closed to others when it is used; what a group may read is the house's."""
    house = House(path=tmp_path / "house").lay_out()
    asyncio.run(house.run(MemoryConsole()))
    ledger, log = house.path / "ledger.sqlite3", house.path / "log.jsonl"
    ledger.chmod(0o644)
    house.workshop().ledger().close()
    assert ledger.stat().st_mode & 0o777 == 0o600
    log.touch()
    log.chmod(0o666)
    LogFile(log, Keeping())._open().close()
    assert log.stat().st_mode & 0o777 == 0o600
    log.chmod(0o640)
    close_to_others(log)
    assert log.stat().st_mode & 0o777 == 0o640


def test_what_others_can_reach_is_known(tmp_path: Path) -> None:
    """A file counts as open to others where it is, and every folder above it lets them through."""
    place = tmp_path / "a" / "b"
    place.mkdir(parents=True)
    (place / "file").touch()
    (place / "file").chmod(0o644)
    ways = [folder for folder in (place, *place.parents) if folder.is_relative_to(tmp_path)]
    outside = all(folder.stat().st_mode & 0o001 for folder in tmp_path.parents)
    for folder in ways:
        folder.chmod(0o755)
    assert open_to_others(place / "file") is outside
    (tmp_path / "a").chmod(0o700)
    assert not open_to_others(place / "file")
