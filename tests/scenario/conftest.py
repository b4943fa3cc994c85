"""A sandbox console and a bot in a process of its own, which can be killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

from bot.clock import FixedClock, SystemClock
from bot.sandbox.server import SandboxServer
from tests.house import ROOT, ZONE, House

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def now() -> datetime:
    """The true time: a bot in a process of its own has no other clock."""
    return SystemClock(ZONE).now().replace(microsecond=0)


@pytest.fixture
def server(now: datetime) -> Iterator[SandboxServer]:
    """An embedded console whose clock the test sets."""
    with SandboxServer(FixedClock(now)) as running:
        yield running


@pytest.fixture
def house(tmp_path: Path, server: SandboxServer) -> House:
    """A house that works with the console."""
    return House(path=tmp_path / "house").lay_out({"console": {"url": server.url}})


@pytest.fixture
def days(house: House, now: datetime) -> list[date]:
    """The next three days that can be applied for."""
    return [day for day, _ in house.workshop().rulebook().next_possible(now, 3)]


@pytest.fixture
def start(house: House, server: SandboxServer) -> Iterator[Start]:
    """Starts the command line in a process of its own, its output in files of the house; kills what is left."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(*arguments: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "TELEWORK_BOT_CONSOLE_PASSWORD": server.password, "PYTHONPATH": str(ROOT)}
        out, err = ((house.path / f"{len(started)}.{name}").open("wb") for name in ("stdout", "stderr"))
        with out, err:
            process = subprocess.Popen(
                [sys.executable, "-m", "bot.cli", *arguments, "--config", str(house.config)],
                env=environment, stdout=out, stderr=err, stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()
