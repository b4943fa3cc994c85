"""The pool of sessions: as many as configured, one login attempt for all, renewed, closed when idle."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.clock import FixedClock
from bot.console.playwright_console import PlaywrightConsole
from bot.errors import AccessDenied
from bot.sandbox.server import SandboxServer
from bot.secret import Redactor, Secret
from tests.console_kit import on_sandbox, sandbox_flow, spec
from tests.house import MONDAY

SECRET = Secret("Abcdefg!2345678k")


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    """A server of the test's own."""
    with SandboxServer(FixedClock(MONDAY)) as running:
        yield running


@pytest.fixture
async def pool(server: SandboxServer, tmp_path: Path) -> AsyncIterator[PlaywrightConsole]:
    """A pool of two sessions."""
    made = on_sandbox(server, tmp_path / "evidence", Redactor(), sessions=2)
    yield made
    server.faults.clear()
    await made.close()


async def create(console: PlaywrightConsole, name: str) -> list[str]:
    """Make an account in a task of its own; returns the folders its evidence lies in."""
    await console.create(spec(name), SECRET)
    return sorted({item.path.parent.name for item in console.take_evidence()})


async def test_two_work_at_once(server: SandboxServer, pool: PlaywrightConsole) -> None:
    """Two verbs run side by side in a session each; each task gets the evidence of its own account alone."""
    server.faults.slow = 0.3
    names = [f"tw{number:07}" for number in range(4)]
    evidence = await asyncio.gather(*(create(pool, name) for name in names))
    assert evidence == [[name] for name in names]
    assert (server.admin.logins, server.users.writes["create"]) == (2, 4)
    assert server.admin.sessions.logged_in() == 2


async def test_a_wrong_password_is_tried_by_one_session_only(server: SandboxServer, tmp_path: Path) -> None:
    """Many verbs at once on a refused login: one attempt, and all of them say so."""
    console = on_sandbox(server, tmp_path, Redactor(), password="wrong-Password-1", sessions=4)
    found = await asyncio.gather(*(console.find(f"tw{n}") for n in range(6)), return_exceptions=True)
    assert [type(one) for one in found] == [AccessDenied] * 6
    await console.close()
    assert server.admin.failures == 1


async def test_a_refusal_closes_the_others(server: SandboxServer, pool: PlaywrightConsole) -> None:
    """A password that is changed in the middle of the day ends every session; none goes on or tries again."""
    await asyncio.gather(pool.find("vdi00001"), pool.find("vdi00002"))
    server.faults.expiring = 1
    server.admin.password = "another-Password-9"
    with pytest.raises(AccessDenied):
        await pool.find("vdi00001")
    with pytest.raises(AccessDenied):
        await pool.find("vdi00002")
    await pool.close()
    assert (server.admin.failures, server.admin.sessions.logged_in()) == (1, 0)


async def test_a_console_for_one_session(server: SandboxServer, tmp_path: Path) -> None:
    """Where the flow says that the console allows one session, there is one, whatever is configured."""
    flow = type("Jealous", (sandbox_flow(),), {"ONE_SESSION": True})
    console = on_sandbox(server, tmp_path, Redactor(), sessions=3, flow=flow)
    await asyncio.gather(*(console.find(f"vdi0000{n}") for n in range(4)))
    assert (console.sessions, server.admin.logins) == (1, 1)
    await console.close()


async def test_a_session_is_renewed(server: SandboxServer, tmp_path: Path) -> None:
    """After so many verbs a session logs out and another one takes its place."""
    console = on_sandbox(server, tmp_path, Redactor(), recycle_after=2)
    for number in range(5):
        await console.find(f"vdi0000{number}")
    assert (server.admin.logins, server.admin.sessions.logged_in()) == (3, 1)
    await console.close()
    assert server.admin.sessions.logged_in() == 0


async def test_an_idle_session_logs_out(server: SandboxServer, tmp_path: Path) -> None:
    """Without work the session is closed by itself, and the next verb opens one anew."""
    console = on_sandbox(server, tmp_path, Redactor(), idle_close=0.3)
    await console.find("vdi00001")
    for _ in range(50):
        await asyncio.sleep(0.1)
        if not server.admin.sessions.logged_in():
            break
    assert server.admin.sessions.logged_in() == 0
    assert await console.find("vdi00001") is not None
    await console.close()


async def test_a_verb_that_is_cut_off_leaves_no_session(server: SandboxServer, pool: PlaywrightConsole) -> None:
    """What takes too long is cut off; its session logs out instead of being used again."""
    await pool.find("vdi00001")
    server.faults.slow = 1.0
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.6):
            await pool.create(spec("tw0000001"), SECRET)
    server.faults.slow = 0.0
    assert server.users.writes.total() == 0
    assert server.admin.sessions.logged_in() == 0
    await pool.create(spec("tw0000001"), SECRET)
    assert server.admin.logins == 2
