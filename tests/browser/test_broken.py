"""What breaks for good: a dead browser, a dead page, no console, a wrong password; and the log-out after everything."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.clock import FixedClock
from bot.console.evidence import EvidenceStore
from bot.console.flow import Flow
from bot.console.playwright_console import PlaywrightConsole
from bot.console.screens import Screens
from bot.errors import AccessDenied, BotError, OutcomeUnknown, Transient, Unusable
from bot.model import Account
from bot.sandbox.faults import AfterSubmit
from bot.sandbox.server import SandboxServer
from bot.secret import Redactor, Secret
from bot.settings.console import BrowserSettings, ConsoleSettings
from tests.console_kit import on_sandbox, sandbox_flow, spec
from tests.house import MONDAY
from tests.scenario.faults.at_process import kill_browsers

SECRET = Secret("Abcdefg!2345678k")


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    """A server of the test's own."""
    with SandboxServer(FixedClock(MONDAY)) as running:
        yield running


@pytest.fixture
async def console(server: SandboxServer, tmp_path: Path) -> AsyncIterator[PlaywrightConsole]:
    """A session of the test's own, logged in."""
    made = on_sandbox(server, tmp_path / "evidence", Redactor(), timeout=2)
    await made.find("vdi00001")
    yield made
    server.faults.clear()
    await made.close()


async def test_a_wrong_admin_password_is_tried_once(server: SandboxServer, tmp_path: Path) -> None:
    """A refused login stops every later verb too, without another attempt: a lock-out is worse than late."""
    console = on_sandbox(server, tmp_path, Redactor(), password="wrong-Password-1")
    for verb in (
        console.probe(),
        console.find("tw0"),
        console.create(spec("tw0"), SECRET),
        console.disable("vdi00001"),
    ):
        with pytest.raises(AccessDenied) as raised:
            await verb
        assert "wrong-Password-1" not in str(raised.value)
    await console.close()
    assert (server.admin.failures, server.users.writes.total()) == (1, 0)


async def test_a_killed_browser_is_replaced(server: SandboxServer, console: PlaywrightConsole) -> None:
    """A browser that dies in mid-form is a transient failure: nothing was made, and the next verb has a new browser."""
    await console.find("nobody")
    server.faults.slow = 0.5
    verb = asyncio.ensure_future(console.create(spec("tw0000001"), SECRET))
    await asyncio.sleep(0.8)
    await asyncio.to_thread(kill_browsers, os.getpid())
    with pytest.raises(Transient):
        await verb
    server.faults.slow = 0.0
    assert server.users.writes.total() == 0
    assert (await console.create(spec("tw0000001"), SECRET)).login_id == "tw0000001"


async def test_a_crashed_page_is_replaced(server: SandboxServer, tmp_path: Path) -> None:
    """A page whose process dies is not used again; the next verb has a new one."""
    console = on_sandbox(server, tmp_path, Redactor(), timeout=3, flow=_crashing(sandbox_flow()))
    with pytest.raises(BotError):
        await console.find("crash")
    assert await console.find("vdi00001") is not None
    await console.close()


def _crashing(base: type[Flow]) -> type[Flow]:
    async def find(self: Flow, login_id: str) -> Account | None:
        if login_id == "crash":
            async with self.step("crash"):
                await self.page.goto("chrome://crash")
        return await base.find(self, login_id)

    return type("CrashingFlow", (base,), {"find": find})


async def test_no_console_is_transient(server: SandboxServer, console: PlaywrightConsole) -> None:
    """A console that does not answer at all is worth another try later."""
    server.stop()
    with pytest.raises(Transient):
        await console.find("vdi00001")


async def test_no_browser_is_said(server: SandboxServer, tmp_path: Path) -> None:
    """A browser that does not start is told in one sentence, and no process is left."""
    fake = tmp_path / "browser"
    fake.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    fake.chmod(0o755)
    console = _with_browser(server, fake, tmp_path)
    with pytest.raises(Unusable, match="the browser does not start"):
        await console.probe()
    await console.close()


async def test_a_talking_driver_is_refused(
    server: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With DEBUG=pw:api the driver would print every password it types: it is not started."""
    monkeypatch.setenv("DEBUG", "pw:api")
    with pytest.raises(Unusable, match="DEBUG"):
        await on_sandbox(server, tmp_path, Redactor()).probe()


@pytest.mark.parametrize("ending", ["done", "unknown", "session ended"])
async def test_close_logs_out_whatever_happened(server: SandboxServer, console: PlaywrightConsole, ending: str) -> None:
    """However the last verb ended, the console has no session of ours after close."""
    if ending == "unknown":
        server.faults.after_submit = AfterSubmit.HOLD_NOT_MADE
        with pytest.raises(OutcomeUnknown):
            await console.create(spec("tw0000003"), SECRET)
    server.faults.clear()
    assert server.admin.sessions.logged_in() == 1
    server.faults.expiring = int(ending == "session ended")
    await console.close()
    assert server.admin.sessions.logged_in() == 0


def _with_browser(server: SandboxServer, browser: Path, folder: Path) -> PlaywrightConsole:
    redactor = Redactor()
    return PlaywrightConsole(
        sandbox_flow(), ConsoleSettings(url=server.url, browser=BrowserSettings()), password=redactor.new("x"),
        browser=browser, evidence=EvidenceStore(folder, redactor), screens=Screens(directory=folder), redactor=redactor,
    )  # fmt: skip
