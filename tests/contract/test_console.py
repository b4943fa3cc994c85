"""The promises of the console port (bot/console/port.py), the same for every console."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from bot.clock import FixedClock
from bot.console.memory import MemoryConsole
from bot.console.port import Ability, Console
from bot.errors import AccountConflict
from bot.model import AccountState, Window
from bot.sandbox.server import SandboxServer
from bot.secret import Redactor, Secret
from tests.console_kit import WINDOW, on_sandbox, spec
from tests.django_kit import DjangoSite, on_django
from tests.house import MONDAY

#: One session for all tests, as in a day's work; so one event loop, too.
pytestmark = pytest.mark.asyncio(loop_scope="module")

FIRST, SECOND = Secret("Abcdefg!2345678k"), Secret("Zyxwvut#8765432m")
NARROW = Window(start=WINDOW.start, end=WINDOW.start.replace(hour=12))


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A console under test, and how to ask outside of it whether a login works and what was written."""

    console: Console
    works: Callable[[str, Secret], bool]
    writes: Callable[[], int]


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    """An embedded console with 45 users, three pages of them, inside the validity of new accounts."""
    with SandboxServer(FixedClock(MONDAY), seeded=45) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["memory", "sandbox", "django"])
async def subject(
    request: pytest.FixtureRequest, server: SandboxServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Subject]:
    """Each console in turn."""
    if request.param == "memory":
        memory = MemoryConsole()
        yield Subject(
            console=memory, works=lambda name, secret: memory.accepts(name, secret.reveal()),
            writes=lambda: sum(memory.writes.values()),
        )  # fmt: skip
        return
    if request.param == "django":
        with DjangoSite(tmp_path_factory.mktemp("site")) as site:
            django = on_django(site, tmp_path_factory.mktemp("evidence"), Redactor())
            yield Subject(console=django, works=site.works, writes=site.writes)
            await django.close()
        return
    console = on_sandbox(server, tmp_path_factory.mktemp("evidence"), Redactor())
    yield Subject(
        console=console, works=lambda name, secret: server.users.log_in(name, secret.reveal())[0] is not None,
        writes=lambda: sum(server.users.writes.values()),
    )  # fmt: skip
    await console.close()


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A login ID of the test's own: consoles forget nothing between tests."""
    return f"tw{zlib.crc32(request.node.name.encode()):010d}"


def window_of(subject: Subject, window: Window) -> Window | None:
    """Return the validity that the console shows for ``window``: none where it keeps none."""
    return window if Ability.WINDOW in subject.console.abilities else None


async def test_create_and_find_agree(subject: Subject, name: str) -> None:
    """What was created is found under its exact ID, with its name, address and validity, and its password works."""
    assert await subject.console.find(name) is None
    made = await subject.console.create(spec(name), FIRST)
    found = await subject.console.find(name)
    assert found == made
    assert (made.login_id, made.mail, made.state) == (name, "m.takahashi@city.example.jp", AccountState.ACTIVE)
    if Ability.NAME in subject.console.abilities:
        assert made.name == "髙橋　みのり"
    assert made.window == window_of(subject, WINDOW)
    assert subject.works(name, FIRST)


async def test_only_the_exact_id_is_found(subject: Subject, name: str) -> None:
    """IDs that begin or end alike are other accounts."""
    for other in (f"{name}0", f"x{name}", f"{name}-1"):
        await subject.console.create(spec(other), FIRST)
    assert await subject.console.find(name) is None
    found = await subject.console.find(f"x{name}")
    assert found is not None
    assert found.login_id == f"x{name}"


async def test_a_second_create_is_a_conflict(subject: Subject, name: str) -> None:
    """An ID that is taken is told, nothing is doubled, and the first password stays."""
    await subject.console.create(spec(name), FIRST)
    before = subject.writes()
    with pytest.raises(AccountConflict):
        await subject.console.create(spec(name, mail="other@city.example.jp"), SECOND)
    assert subject.writes() == before
    assert subject.works(name, FIRST)
    assert not subject.works(name, SECOND)


async def test_reset_sets_password_and_window_and_enables(subject: Subject, name: str) -> None:
    """After a reset only the new password works, a disabled account is enabled, and the validity is the one given."""
    await subject.console.create(spec(name), FIRST)
    await subject.console.disable(name)
    assert not subject.works(name, FIRST)
    await subject.console.reset_password(name, SECOND, NARROW)
    assert subject.works(name, SECOND)
    assert not subject.works(name, FIRST)
    found = await subject.console.find(name)
    assert found is not None
    assert (found.state, found.window) == (AccountState.ACTIVE, window_of(subject, NARROW))


async def test_reset_alone_leaves_the_window(subject: Subject, name: str) -> None:
    """A reset without a validity changes the password and nothing else."""
    await subject.console.create(spec(name), FIRST)
    await subject.console.reset_password(name, SECOND)
    found = await subject.console.find(name)
    assert found is not None
    assert found.window == window_of(subject, WINDOW)
    assert subject.works(name, SECOND)


async def test_reset_without_an_account_is_told(subject: Subject, name: str) -> None:
    """There is nothing to reset where there is no account, and nothing is made."""
    before = subject.writes()
    with pytest.raises(KeyError):
        await subject.console.reset_password(name, SECOND, WINDOW)
    assert subject.writes() == before


async def test_disable_twice_is_success(subject: Subject, name: str) -> None:
    """Already disabled, or gone, is as good as disabled, and writes nothing."""
    await subject.console.create(spec(name), FIRST)
    await subject.console.disable(name)
    found = await subject.console.find(name)
    assert found is not None
    assert found.state is AccountState.DISABLED
    before = subject.writes()
    await subject.console.disable(name)
    await subject.console.disable(f"{name}-gone")
    assert subject.writes() == before


async def test_looking_writes_nothing(subject: Subject, name: str) -> None:
    """probe and find change nothing, proved by the console's own record."""
    before = subject.writes()
    await subject.console.probe()
    await subject.console.find(name)
    assert subject.writes() == before


async def test_it_can_be_used_again_after_close(subject: Subject, name: str) -> None:
    """close lets go of everything, twice is harmless, and the next verb begins anew."""
    await subject.console.create(spec(name), FIRST)
    await subject.console.close()
    await subject.console.close()
    assert await subject.console.find(name) is not None
