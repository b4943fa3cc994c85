"""What the embedded console's flow promises beyond the port: every field arrives, pages are turned, locks are opened."""

from __future__ import annotations

import pytest

from bot.console.playwright_console import PlaywrightConsole
from bot.errors import ConsoleDrift
from bot.model import AccountState
from bot.sandbox.server import SandboxServer
from bot.sandbox.users import User
from bot.secret import Secret
from tests.console_kit import WINDOW, spec

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET, OTHER = Secret("Abcdefg!2345678k"), Secret("Zyxwvut#8765432m")


async def test_every_field_arrives(server: SandboxServer, console: PlaywrightConsole) -> None:
    """The console stores what was asked for, the change at the first login and the validity too, over its own guesses."""
    wanted = spec("tw0000001")
    await console.create(wanted, SECRET)
    user = server.users.find("tw0000001")
    assert user is not None
    assert (user.name, user.department, user.mail) == (wanted.name, wanted.department, wanted.mail)
    assert (user.pool, user.zones) == (wanted.pool, wanted.zones)
    assert (user.valid_from, user.valid_until) == (WINDOW.start, WINDOW.end)
    assert user.must_change
    assert dict(server.users.writes) == {"create": 1}


async def test_the_exact_id_is_found_on_a_later_page(server: SandboxServer, console: PlaywrightConsole) -> None:
    """Among more look-alikes than a page holds, the exact ID is found where it stands."""
    for number in range(25):
        server.users.seed(User(user_id=f"a{number:02d}-k7", name="某"))
    server.users.seed(User(user_id="k7x", name="某"))
    assert await console.find("k7") is None
    server.users.seed(User(user_id="k7", name="本人"))
    found = await console.find("k7")
    assert found is not None
    assert (found.login_id, found.name, found.window) == ("k7", "本人", None)


async def test_a_reset_unlocks_and_forces_a_change(server: SandboxServer, console: PlaywrightConsole) -> None:
    """A locked user is seen as locked; after the reset the login works and wants another password."""
    await console.create(spec("tw0000002"), SECRET)
    for _ in range(5):
        server.users.log_in("tw0000002", "wrong")
    server.users.change_own("tw0000002", "Own-password-77")
    locked = await console.find("tw0000002")
    assert locked is not None
    assert locked.state is AccountState.LOCKED
    await console.reset_password("tw0000002", OTHER, WINDOW)
    user, refusal = server.users.log_in("tw0000002", OTHER.reveal())
    assert refusal == ""
    assert user is not None
    assert user.must_change


async def test_a_refused_password_is_said(server: SandboxServer, console: PlaywrightConsole) -> None:
    """A password that the console's policy refuses is told in its own words, without the password, and makes nothing."""
    with pytest.raises(ConsoleDrift, match="12文字以上") as raised:
        await console.create(spec("tw0000003"), Secret("short-Pw1"))
    assert "short-Pw1" not in str(raised.value)
    assert server.users.writes.total() == 0
