"""One embedded console and one session on it for a module's tests; each test finds it well."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.clock import FixedClock
from bot.console.playwright_console import PlaywrightConsole
from bot.sandbox.server import SandboxServer
from bot.secret import Redactor
from tests.console_kit import on_sandbox
from tests.house import MONDAY


@pytest.fixture(scope="module")
def running() -> Iterator[SandboxServer]:
    """The console's server."""
    with SandboxServer(FixedClock(MONDAY)) as server:
        yield server


@pytest.fixture
def server(running: SandboxServer) -> Iterator[SandboxServer]:
    """The server, well, with no write counted yet."""
    running.users.writes.clear()
    running.admin.logins = 0
    yield running
    running.faults.clear()


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the module's evidence is kept."""
    return tmp_path_factory.mktemp("evidence")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def console(running: SandboxServer, evidence: Path) -> AsyncIterator[PlaywrightConsole]:
    """The module's session, logged in."""
    made = on_sandbox(running, evidence, Redactor(), timeout=2)
    await made.probe()
    yield made
    running.faults.clear()
    await made.close()
