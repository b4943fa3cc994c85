"""A browser that stands still is no changed screen: at the login nothing is tried again, elsewhere a fresh session looks."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.console.flow import Flow
from bot.errors import StoodStill
from bot.sandbox.server import SandboxServer
from bot.secret import Redactor, Secret
from tests.console_kit import on_sandbox, sandbox_flow
from tests.scenario.faults.at_process import browsers

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def going_on() -> Iterator[list[threading.Timer]]:
    """Timers that have the browser go on again; it goes on at the end whatever happened."""
    timers: list[threading.Timer] = []
    yield timers
    for timer in timers:
        timer.join()


def _stops(seconds: float, timers: list[threading.Timer]) -> None:
    """Stop this process's browsers for a while."""
    stopped = browsers(os.getpid())
    assert stopped
    for process in stopped:
        os.kill(process, signal.SIGSTOP)

    def go_on() -> None:
        for process in stopped:
            os.kill(process, signal.SIGCONT)

    timers.append(threading.Timer(seconds, go_on))
    timers[-1].start()


async def test_at_the_login(server: SandboxServer, tmp_path: Path, going_on: list[threading.Timer]) -> None:
    """The browser stops at the login: told as that, and the password is not typed again in the same pass."""
    base, entered = sandbox_flow(), []

    async def login(self: Flow, user: str, password: Secret) -> None:
        entered.append(user)
        async with self.step("login"):
            await self.open("login")
            _stops(5, going_on)
            await self.expect(self.LOGIN)
        await base.login(self, user, password)

    console = on_sandbox(server, tmp_path, Redactor(), timeout=1, flow=type("Slow", (base,), {"login": login}))
    with pytest.raises(StoodStill, match="the browser does not answer"):
        await console.find("vdi00001")
    assert len(entered) == 1
    going_on[0].join()
    await console.close()


async def test_elsewhere(server: SandboxServer, tmp_path: Path, going_on: list[threading.Timer]) -> None:
    """The browser stops while a screen is looked for: a fresh session looks again, and finds it."""
    console = on_sandbox(server, tmp_path, Redactor(), timeout=1)
    await console.find("vdi00001")
    _stops(4, going_on)
    await console.find("vdi00001")
    await console.close()
