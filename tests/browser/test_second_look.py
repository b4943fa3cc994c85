"""A screen is called changed only when a fresh session shows it so too, and never at the price of doing something twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.console.flow import Flow
from bot.console.playwright_console import PlaywrightConsole
from bot.errors import BotError, ConsoleDrift, SessionExpired
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


def lost_afterwards(first: BotError | None) -> type[Flow]:
    """Return a flow that meets a wrong screen after an account was made and confirmed; what came ``first`` begins it anew."""
    base = sandbox_flow()
    ends = iter([first] if first else [])

    async def create(self: Flow, spec: AccountSpec, secret: Secret) -> Account:
        if await self.find(spec.login_id) is None:
            await base.create(self, spec, secret)
        async with self.step("afterwards"):
            raise next(ends, None) or self.drift("a receipt")

    return type("Lost", (base,), {"create": create})


def pool(server: SandboxServer, folder: Path, flow: type[Flow]) -> PlaywrightConsole:
    """Return a console with this flow."""
    return on_sandbox(server, folder, Redactor(), timeout=1, flow=flow)


async def test_a_page_that_came_out_wrong_once(server: SandboxServer, tmp_path: Path) -> None:
    """One account is made, in a session in place of the other; the wrong page is kept, and no act names it as its own."""
    console = pool(server, tmp_path, mended(server, 2))
    await console.find("vdi00001")
    server.faults.renamed[CONFIRM] = "登録内容のご確認"
    made = await console.create(spec("tw0000001"), SECRET)
    assert made.state is AccountState.ACTIVE
    assert server.users.writes == {"create": 1}
    assert [item.path.name for item in console.take_evidence() if "failed" in item.path.name] == []
    assert len(list((tmp_path / "tw0000001").glob("*failed.png"))) == 1
    assert (server.admin.logins, server.admin.sessions.logged_in()) == (2, 1)
    await console.close()
    assert server.admin.sessions.logged_in() == 0


async def test_a_page_that_is_wrong_again_is_drift(server: SandboxServer, tmp_path: Path) -> None:
    """Two sessions, both pages kept and the second one on record, nothing made; a third is not tried."""
    console = pool(server, tmp_path, sandbox_flow())
    server.faults.renamed[CONFIRM] = "登録内容のご確認"
    with pytest.raises(ConsoleDrift, match="step 2"):
        await console.create(spec("tw0000002"), SECRET)
    assert (server.users.writes.total(), server.admin.logins) == (0, 2)
    assert len([item for item in console.take_evidence() if item.path.name.endswith("failed.png")]) == 1
    assert len(list((tmp_path / "tw0000002").glob("*failed.png"))) == 2
    await console.close()


@pytest.mark.parametrize("expires", [False, True])
async def test_what_was_submitted_is_not_begun_anew(server: SandboxServer, tmp_path: Path, *, expires: bool) -> None:
    """After a confirmed submit an unexpected screen is told at once, be it in the second of two sessions that one verb needed."""
    console = pool(server, tmp_path, lost_afterwards(first=SessionExpired("over") if expires else None))
    with pytest.raises(ConsoleDrift):
        await console.create(spec(f"tw000003{expires:d}"), SECRET)
    assert (server.users.writes.total(), server.admin.logins) == (1, 1 + expires)
    await console.close()


async def test_a_thing_that_is_there_twice(server: SandboxServer, tmp_path: Path) -> None:
    """Two buttons of one name before the submit are a changed screen, told as that."""
    server.faults.renamed["確認</button>"] = "確認</button><button>確認</button>"
    console = pool(server, tmp_path, sandbox_flow())
    with pytest.raises(ConsoleDrift, match="once, and it is there 2 times"):
        await console.create(spec("tw0000005"), SECRET)
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
