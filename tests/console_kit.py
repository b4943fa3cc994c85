"""What tests of consoles share: accounts to make, and a console on the embedded one with a real browser."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from bot.console.browser import find_browser
from bot.console.evidence import EvidenceStore
from bot.console.flow import Flow
from bot.console.flows import load_flow
from bot.console.playwright_console import PlaywrightConsole
from bot.console.screens import Screens
from bot.model import AccountSpec, Window
from bot.sandbox.meshcentral import MeshCentral
from bot.sandbox.server import SandboxServer
from bot.secret import Redactor
from bot.settings.console import BrowserSettings, ConsoleSettings
from tests.house import MONDAY, ROOT

WINDOW = Window(start=MONDAY.replace(hour=7, minute=0), end=MONDAY.replace(hour=22, minute=0) + timedelta(days=4))


def spec(login_id: str, *, mail: str = "m.takahashi@city.example.jp") -> AccountSpec:
    """Return an account to make."""
    return AccountSpec(
        login_id=login_id, name="髙橋　みのり", department="健康福祉部福祉政策課", mail=mail, pool="テレワーク標準",
        zones=("LGWAN", "インターネット"), window=WINDOW,
    )  # fmt: skip


def browser() -> Path:
    """Return the browser that tests use."""
    found = find_browser(BrowserSettings())
    assert found is not None, "run_bot.py test installs a browser first"
    return found


def sandbox_flow() -> type[Flow]:
    """Return the flow of the embedded console."""
    return load_flow(ROOT / "flows", "sandbox")


def on_sandbox(
    server: SandboxServer,
    evidence: Path,
    redactor: Redactor,
    *,
    password: str | None = None,
    timeout: float = 4,
    flow: type[Flow] | None = None,
    **changes: float,
) -> PlaywrightConsole:
    """Return the console port on an embedded console, its browser not started yet."""
    settings = ConsoleSettings.model_validate({"url": server.url, "step_timeout": timeout, "settle": 2, **changes})
    return PlaywrightConsole(
        flow or sandbox_flow(), settings, password=redactor.new(password or server.password), browser=browser(),
        evidence=EvidenceStore(evidence, redactor), screens=Screens(directory=evidence / "screens"), redactor=redactor,
    )  # fmt: skip


def on_meshcentral(
    server: MeshCentral,
    evidence: Path,
    redactor: Redactor,
    *,
    password: str | None = None,
    timeout: float = 10,
    pin: str | None = None,
) -> PlaywrightConsole:
    """Return the console port on a MeshCentral, its browser not started yet; a refused login takes it six seconds."""
    settings = ConsoleSettings(
        flow="meshcentral", url=server.url, certificate=pin or server.pin, user=server.admin, step_timeout=timeout,
        settle=2,
    )  # fmt: skip
    return PlaywrightConsole(
        load_flow(ROOT / "flows", "meshcentral"), settings, password=redactor.new(password or server.password),
        browser=browser(), evidence=EvidenceStore(evidence, redactor), screens=Screens(directory=evidence / "screens"),
        redactor=redactor,
    )  # fmt: skip


def flow_of(console: PlaywrightConsole) -> Flow:
    """Return the flow of the one session that is open and idle."""
    (session,) = console._idle
    return session._flow
