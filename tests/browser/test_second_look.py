"""A screen is called changed only when a fresh session shows it so too, and never at the price of doing something twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.console.flow import Flow
from bot.console.playwright_console import PlaywrightConsole
from bot.errors import ConsoleDrift, OutcomeUnknown
from bot.model import Account, AccountSpec, AccountState
from bot.sandbox.server import SandboxServer
from bot.secret import Redactor, Secret
from tests.console_kit import on_sandbox, sandbox_flow, spec

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET = Secret("Abcdefg!2345678k")
CONFIRM = "新規ユーザーの登録確認"


def mended(server: SandboxServer, at_login: int) -> type[Flow]:
    """Return a flow at whose so-manieth login the console's screens come out right again."""

    base = sandbox_flow()

    async def login(self: Flow, user: str, password: Secret) -> None:
        if server.admin.logins + 1 == at_login:
            server.faults.clear()
        await base.login(self, user, password)

    return type("Mended", (base,), {"login": login})


def lost_afterwards(lose: Callable[[Flow], Exception]) -> type[Flow]:
    """Return a flow that meets something unexpected after an account has been made and confirmed."""

    base = sandbox_flow()

    async def create(self: Flow, spec: AccountSpec, secret: Secret) -> Account:
        await base.create(self, spec, secret)
        raise lose(self)

    return type("Lost", (base,), {"create": create})


def pool(server: SandboxServer, folder: Path, flow: type[Flow], sessions: int = 1) -> PlaywrightConsole:
    """Return a console with this flow."""
    return on_sandbox(server, folder, Redactor(), timeout=1, flow=flow, sessions=sessions)


@pytest.mark.parametrize("sessions", [1, 2])
async def test_a_page_that_came_out_wrong_once(server: SandboxServer, tmp_path: Path, sessions: int) -> None:
    """One account is made, in a session of its own, no more are open than configured, and the wrong page is on record."""
    console = pool(server, tmp_path, mended(server, sessions + 1), sessions)
    server.faults.slow = 0.2
    await asyncio.gather(*(console.find(f"vdi0000{number}") for number in range(sessions)))
    server.faults.slow = 0.0
    server.faults.renamed[CONFIRM] = "登録内容のご確認"
    made = await console.create(spec(f"tw000001{sessions}"), SECRET)
    assert made.state is AccountState.ACTIVE
    assert server.users.writes == {"create": 1}
    assert any("failed" in item.path.name for item in console.take_evidence())
    assert server.admin.sessions.logged_in() == 1
    await console.close()
    assert server.admin.sessions.logged_in() == 0


async def test_a_page_that_is_wrong_again_is_drift(server: SandboxServer, tmp_path: Path) -> None:
    """Two sessions, both pages on record, nothing made; a third is not tried."""
    console = pool(server, tmp_path, sandbox_flow())
    server.faults.renamed[CONFIRM] = "登録内容のご確認"
    with pytest.raises(ConsoleDrift, match="step 2"):
        await console.create(spec("tw0000002"), SECRET)
    assert (server.users.writes.total(), server.admin.logins) == (0, 2)
    assert len([item for item in console.take_evidence() if item.path.name.endswith("failed.png")]) == 2
    await console.close()


@pytest.mark.parametrize(
    ("login_id", "lose"),
    [("tw0000031", lambda flow: flow.drift("a receipt")), ("tw0000032", lambda flow: flow.unknown("no receipt"))],
)
async def test_what_was_submitted_is_not_begun_anew(
    server: SandboxServer, tmp_path: Path, login_id: str, lose: Callable[[Flow], Exception]
) -> None:
    """After a submit, confirmed or not, an unexpected screen is told at once: the rest is for a look, not for another try."""
    console = pool(server, tmp_path, lost_afterwards(lose))
    with pytest.raises((ConsoleDrift, OutcomeUnknown)):
        await console.create(spec(login_id), SECRET)
    assert (server.users.writes.total(), server.admin.logins) == (1, 1)
    await console.close()


async def test_a_wrong_screen_after_the_login_sends_no_password_twice(server: SandboxServer, tmp_path: Path) -> None:
    """What the console shows after the login may be a refusal in other words: too many of those would lock the admin out."""
    server.faults.renamed["ユーザー一覧"] = "利用者の一覧"
    console = pool(server, tmp_path, sandbox_flow())
    with pytest.raises(ConsoleDrift):
        await console.find("vdi00001")
    assert server.admin.logins == 1
    await console.close()


async def test_a_wrong_page_is_not_used_again(server: SandboxServer, tmp_path: Path) -> None:
    """The verb after one that met a wrong screen gets a session of its own."""
    console = pool(server, tmp_path, sandbox_flow())
    server.faults.renamed[CONFIRM] = "登録内容のご確認"
    with pytest.raises(ConsoleDrift):
        await console.create(spec("tw0000004"), SECRET)
    server.faults.clear()
    assert (await console.create(spec("tw0000004"), SECRET)).state is AccountState.ACTIVE
    assert server.admin.logins == 3
    await console.close()
