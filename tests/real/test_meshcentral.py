"""What is particular about MeshCentral, a console that nobody here has written (flows/meshcentral.py)."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from bot.console.playwright_console import PlaywrightConsole
from bot.console.port import Order
from bot.errors import AccessDenied, AccountConflict, BotError, ConsoleDrift, OutcomeUnknown
from bot.model import AccountState
from bot.sandbox.meshcentral import MeshCentral
from bot.secret import Redactor, Secret
from tests.console_kit import flow_of, on_meshcentral, spec

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIRST, SECOND, WEAK = Secret("Abcdefg!2345678k"), Secret("Zyxwvut#8765432m"), Secret("Ab1!")


@pytest.fixture(scope="module", params=["skin 1", "skin 3"])
def server(request: pytest.FixtureRequest) -> MeshCentral:
    """Each skin in turn."""
    running: MeshCentral = request.getfixturevalue("mesh" if request.param == "skin 1" else "mesh_3")
    return running


@pytest.fixture(scope="module")
def evidence(server: MeshCentral, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the module's evidence is kept."""
    return tmp_path_factory.mktemp(f"evidence-{server.style}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def console(server: MeshCentral, evidence: Path) -> AsyncIterator[PlaywrightConsole]:
    """The module's session."""
    made = on_meshcentral(server, evidence, Redactor())
    yield made
    await made.close()


@pytest.fixture
def unmarked(server: MeshCentral) -> Iterator[Path]:
    """A moment: everything written to temporary folders afterwards is newer than this file."""
    with tempfile.NamedTemporaryFile(dir=server.folder) as marker:
        yield Path(marker.name)


def orders(prefix: str, count: int) -> list[Order]:
    """Return accounts to make, each with a password of its own."""
    return [
        Order(spec=spec(f"{prefix}{number:03d}"), secret=Secret(f"Many-{prefix}-{number:03d}!"))
        for number in range(count)
    ]


def holding(secrets: list[Secret], places: list[Path], since: Path) -> list[Path]:
    """Return the files, newer than ``since``, of these places and of the browser that hold one of the secrets."""
    every = [*places, *Path(tempfile.gettempdir()).glob("playwright*")]
    files = [file for place in every for file in place.rglob("*") if file.is_file() and file.suffix != ".png"]
    recent = {file: content for file in files if (content := _since(file, since.stat().st_mtime)) is not None}
    assert len(recent) > 5
    return [file for file, content in recent.items() if any(one.reveal().encode() in content for one in secrets)]


def _since(file: Path, moment: float) -> bytes | None:
    """Return what is in a file that is no older; a browser removes some of its own at any time."""
    try:
        return file.read_bytes() if file.stat().st_mtime >= moment else None
    except FileNotFoundError:
        return None


async def test_a_wrong_admin_password_is_tried_once(server: MeshCentral, tmp_path: Path) -> None:
    """The slow refusal is understood as one, and no second attempt is made, whatever is asked next."""
    console = on_meshcentral(server, tmp_path, Redactor(), password="Wrong-password-1!")
    before = server.recorded("authfail")
    for _ in range(2):
        with pytest.raises(AccessDenied):
            await console.find("staff0001")
    await console.close()
    assert server.recorded("authfail") == before + 1


async def test_another_certificate_is_not_trusted(server: MeshCentral, tmp_path: Path) -> None:
    """The pin trusts one key and switches nothing off: a console that shows another key gets no password."""
    console = on_meshcentral(server, tmp_path, Redactor(), pin="A" * 43 + "=")
    with pytest.raises(BotError, match="CERT"):
        await console.find("staff0001")
    await console.close()


async def test_a_user_beyond_the_hundredth_is_found(server: MeshCentral, console: PlaywrightConsole) -> None:
    """The list shows a hundred of more users; the last one is found all the same, and is not created again."""
    assert len(server.users()) > 101
    found = await console.find("staff0130")
    assert found is not None
    assert (found.login_id, found.mail) == ("staff0130", "staff0130@city.example.jp")
    before = server.writes()
    with pytest.raises(AccountConflict):
        await console.create(spec("staff0130"), FIRST)
    assert server.writes() == before


async def test_too_many_likenesses_are_no_absence(server: MeshCentral, console: PlaywrightConsole) -> None:
    """An ID that is part of more IDs than the list shows is not there, and is told so; one of them that is there is found."""
    assert await console.find("staff") is None
    found = await console.find("staff0130")
    assert found is not None
    assert found.login_id == "staff0130"
    assert "staff0130" in server.users()


async def test_a_password_that_is_too_weak_is_never_success(server: MeshCentral, console: PlaywrightConsole) -> None:
    """Refused by the dialog, it is told as an error and changes nothing; the console can be used at once afterwards."""
    await console.create(spec("weak-01"), FIRST)
    before = server.writes()
    with pytest.raises(ConsoleDrift):
        await console.reset_password("weak-01", WEAK)
    with pytest.raises(ConsoleDrift):
        await console.create(spec("weak-02"), WEAK)
    with pytest.raises(ConsoleDrift):
        await console.create_many([Order(spec=spec("weak-03"), secret=WEAK)])
    assert server.writes() == before
    assert not {"weak-02", "weak-03"} & set(server.users())
    assert await console.find("weak-02") is None
    assert server.works("weak-01", FIRST.reveal())


async def test_a_silently_dropped_change_is_not_success(server: MeshCentral, evidence: Path) -> None:
    """The console drops a change whose frame never arrives and shows nothing; the outcome is unknown, never well."""
    console = on_meshcentral(server, evidence, Redactor(), timeout=3)
    await console.create(spec("dropped-01"), FIRST)
    await flow_of(console).page.evaluate("meshserver.send = () => null")
    with pytest.raises(OutcomeUnknown):
        await console.reset_password("dropped-01", SECOND)
    await console.close()
    assert server.works("dropped-01", FIRST.reveal())


async def test_the_first_login_demands_a_change(server: MeshCentral, console: PlaywrightConsole) -> None:
    """A new password, and a reset one, must be changed by whoever logs in with it first."""
    await console.create(spec("first-01"), FIRST)
    assert server.users()["first-01"]["passchange"] == -1
    await console.reset_password("first-01", SECOND)
    assert server.users()["first-01"]["passchange"] == -1
    assert server.users()["first-01"]["realname"] == spec("first-01").name


async def test_many_are_created_at_once(server: MeshCentral, console: PlaywrightConsole) -> None:
    """Each account of an import is confirmed by what the console lists, and its own password logs in."""
    wanted = orders("many", 30)
    before = server.recorded("accountcreate")
    made = await console.create_many(wanted)
    assert [one.login_id for one in made] == [order.spec.login_id for order in wanted]
    assert [one.error for one in made] == [None] * 30
    assert [one.account.name for one in made if one.account] == [wanted[0].spec.name] * 30
    assert server.recorded("accountcreate") == before + 30
    assert server.users()["many007"]["passchange"] == -1
    assert all(server.works(order.spec.login_id, order.secret.reveal()) for order in wanted)
    found = await console.find("many029")
    assert found == made[29].account


async def test_a_duplicate_among_many_harms_nobody(server: MeshCentral, console: PlaywrightConsole) -> None:
    """An ID that exists, or is ordered twice, is told as a conflict for that order alone; the first password stays."""
    await console.create(spec("dup001"), FIRST)
    twice = Order(spec=spec("dup000"), secret=SECOND)
    made = await console.create_many([*orders("dup", 3), twice])
    assert [one.account is not None for one in made] == [True, False, True, False]
    assert isinstance(made[1].error, AccountConflict)
    assert isinstance(made[3].error, AccountConflict)
    assert server.works("dup001", FIRST.reveal())
    assert not server.works("dup001", "Many-dup-001!")
    assert server.works("dup000", "Many-dup-000!")


async def test_an_unconfirmed_import_is_unknown(server: MeshCentral, evidence: Path) -> None:
    """Accounts of which the console said nothing are told as unknown, each by itself, and not as made."""
    console = on_meshcentral(server, evidence, Redactor(), timeout=3)
    await console.probe()
    await flow_of(console).page.context.add_init_script(
        "const send = WebSocket.prototype.send;"
        "WebSocket.prototype.send = function (text) { if (!text.includes('adduserbatch')) send.call(this, text); };"
    )
    made = await console.create_many(orders("lost", 2))
    await console.close()
    assert [type(one.error) for one in made] == [OutcomeUnknown] * 2
    assert "lost000" not in server.users()


async def test_a_page_without_its_import_button_is_loaded_again(
    server: MeshCentral, console: PlaywrightConsole
) -> None:
    """The newer skin draws its icons over and at times leaves one hidden: no screen has changed, and the account is made."""
    await console.find("nobody")
    console.take_evidence()
    await flow_of(console).page.evaluate("QV('p4UserBatchCreate', false)")
    await console.create(spec("lost-icon"), FIRST)
    assert [item.path.name for item in console.take_evidence() if "failed" in item.path.name] == []
    assert server.works("lost-icon", FIRST.reveal())


async def test_no_password_is_left_on_a_disk(
    server: MeshCentral, console: PlaywrightConsole, evidence: Path, unmarked: Path
) -> None:
    """Neither evidence nor any file of the browser or the console holds a password that was typed or imported."""
    secrets = [order.secret for order in orders("disk", 3)] + [FIRST, SECOND]
    await console.create(spec("disk-one"), FIRST)
    await console.reset_password("disk-one", SECOND)
    await console.create_many(orders("disk", 3))
    held = await asyncio.to_thread(holding, secrets, [evidence, server.folder], unmarked)
    assert held == []


async def test_an_ended_session_is_begun_again(server: MeshCentral, console: PlaywrightConsole) -> None:
    """When the console has ended the session, the next verb logs in again and does its work."""
    await console.create(spec("again-01"), FIRST)
    server.halt()
    server.launch()
    found = await console.find("again-01")
    assert found is not None
    await console.disable("again-01")
    assert not server.works("again-01", FIRST.reveal())
    found = await console.find("again-01")
    assert found == replace(
        await console.create(spec("again-02"), FIRST), login_id="again-01", state=AccountState.DISABLED
    )


async def test_it_is_logged_out_at_the_end(server: MeshCentral, tmp_path: Path) -> None:
    """The console records a logout when the bot closes."""
    before = server.recorded("logout")
    console = on_meshcentral(server, tmp_path, Redactor())
    await console.find("staff0001")
    await console.close()
    assert server.recorded("logout") == before + 1
