"""Every console keeps every promise of the console port (bot/console/promises.py)."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from bot.clock import FixedClock
from bot.console.memory import MemoryConsole
from bot.console.port import Console
from bot.console.promises import PROMISES, Broken, Trial
from bot.model import Account, AccountSpec, Window
from bot.sandbox.meshcentral import MeshCentral
from bot.sandbox.server import SandboxServer
from bot.secret import Redactor, Secret
from tests.console_kit import WINDOW, on_meshcentral, on_sandbox, spec
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
    works: Callable[[str, Secret], Awaitable[bool]]
    writes: Callable[[], Awaitable[int]]


def trial_of(subject: Subject, name: str) -> Trial:
    """Return a trial whose login IDs are the test's own: consoles forget nothing between tests."""
    own = f"tw{zlib.crc32(name.encode()):010d}"
    return Trial(
        console=subject.console, sample=spec(own), narrow=NARROW, first=FIRST, second=SECOND, works=subject.works,
        writes=subject.writes, prefix="tw", name=lambda suffix: own + suffix,
    )  # fmt: skip


def on_memory(memory: MemoryConsole) -> Subject:
    """Return the console in memory."""

    async def works(name: str, secret: Secret) -> bool:
        return memory.accepts(name, secret.reveal())

    async def writes() -> int:
        return sum(memory.writes.values())

    return Subject(console=memory, works=works, writes=writes)


def on_embedded(server: SandboxServer, evidence: Path) -> Subject:
    """Return the embedded console."""

    async def works(name: str, secret: Secret) -> bool:
        return server.users.log_in(name, secret.reveal())[0] is not None

    async def writes() -> int:
        return sum(server.users.writes.values())

    return Subject(console=on_sandbox(server, evidence, Redactor()), works=works, writes=writes)


def on_djangos(site: DjangoSite, evidence: Path) -> Subject:
    """Return the users pages of a Django admin site."""

    async def works(name: str, secret: Secret) -> bool:
        return await asyncio.to_thread(site.works, name, secret)

    async def writes() -> int:
        return await asyncio.to_thread(site.writes)

    return Subject(console=on_django(site, evidence, Redactor()), works=works, writes=writes)


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    """An embedded console with 45 users, three pages of them, inside the validity of new accounts."""
    with SandboxServer(FixedClock(MONDAY), seeded=45) as running:
        yield running


@pytest_asyncio.fixture(
    scope="module", loop_scope="module", params=["memory", "sandbox", "django", "meshcentral", "meshcentral-3"]
)
async def subject(
    request: pytest.FixtureRequest, server: SandboxServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Subject]:
    """Each console in turn."""
    if request.param == "memory":
        yield on_memory(MemoryConsole())
        return
    if request.param == "sandbox":
        embedded = on_embedded(server, tmp_path_factory.mktemp("evidence"))
        yield embedded
        await embedded.console.close()
        return
    if request.param == "django":
        with DjangoSite(tmp_path_factory.mktemp("site")) as site:
            on_site = on_djangos(site, tmp_path_factory.mktemp("evidence"))
            yield on_site
            await on_site.console.close()
        return
    mesh: MeshCentral = request.getfixturevalue("mesh" if request.param == "meshcentral" else "mesh_3")
    console = on_meshcentral(mesh, tmp_path_factory.mktemp("evidence"), Redactor())

    async def works(name: str, secret: Secret) -> bool:
        return await asyncio.to_thread(mesh.works, name, secret.reveal())

    async def writes() -> int:
        return await asyncio.to_thread(mesh.writes)

    yield Subject(console=console, works=works, writes=writes)
    await console.close()


@pytest.mark.parametrize("promise", PROMISES)
async def test_promise(subject: Subject, promise: str) -> None:
    """Each promise holds on each console, and says what it is."""
    assert PROMISES[promise].__doc__
    await PROMISES[promise](trial_of(subject, promise))


class Forgetful(MemoryConsole):
    """Breaks its promises: doubles, guesses, and forgets to tell."""

    async def find(self, login_id: str) -> Account | None:
        """Find by what it begins with."""
        return next((one for name, one in self.accounts.items() if name.startswith(login_id)), None)

    async def create(self, spec: AccountSpec, secret: Secret) -> Account:
        """Take an ID that is taken."""
        self.accounts.pop(spec.login_id, None)
        return await super().create(spec, secret)

    async def reset_password(self, login_id: str, secret: Secret, window: Window | None = None) -> None:
        """Forget the window, the missing account, and what is refused."""
        if login_id in self.accounts and len(secret.reveal()) > 1:
            await super().reset_password(login_id, secret, window and None)

    async def set_window(self, login_id: str, window: Window) -> None:
        """Enable along with it."""
        await super().set_window(login_id, window)
        await super().enable(login_id)

    async def enable(self, login_id: str) -> None:
        """Set another password along with it, and miss nobody."""
        if login_id in self.accounts:
            await super().reset_password(login_id, SECOND)

    async def disable(self, login_id: str) -> None:
        """Do nothing, busily."""
        self.writes[f"disable {login_id}"] += 1


@pytest.mark.parametrize(
    "promise",
    [
        "only_the_exact_id_is_found", "a_second_create_is_a_conflict", "reset_sets_password_and_window_and_enables",
        "reset_without_an_account_is_told", "a_refused_password_is_no_success", "disable_twice_is_success",
        "enable_leaves_the_password", "enable_without_an_account_is_told", "a_new_window_alone_leaves_the_rest",
    ],
)  # fmt: skip
async def test_a_promise_can_be_broken(promise: str) -> None:
    """A console that does it wrong is found out by the promise."""
    with pytest.raises(Broken):
        await PROMISES[promise](trial_of(on_memory(Forgetful()), promise))
