"""Each fault of a console gives its own error, the evidence of it, and never a second click."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.clock import FixedClock
from bot.console.playwright_console import PlaywrightConsole
from bot.errors import AccessDenied, BotError, ConsoleDrift, OutcomeUnknown, Transient
from bot.model import AccountState
from bot.sandbox.faults import AfterSubmit
from bot.sandbox.server import SandboxServer
from bot.secret import Redactor, Secret
from tests.console_kit import on_sandbox, spec
from tests.house import MONDAY

PASSWORD = "Abcdefg!2345678k"


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    """A well console; the test makes it ill."""
    with SandboxServer(FixedClock(MONDAY)) as running:
        yield running


@pytest.fixture
async def console(server: SandboxServer, tmp_path: Path) -> AsyncIterator[PlaywrightConsole]:
    """A session on it."""
    made = on_sandbox(server, tmp_path / "evidence", Redactor())
    yield made
    server.faults.clear()
    await made.close()


def texts(folder: Path) -> str:
    """Return all outlines kept below ``folder``."""
    return "\n".join(file.read_text(encoding="utf-8") for file in sorted(folder.rglob("*.yml")))


async def test_a_renamed_label_is_drift(server: SandboxServer, console: PlaywrightConsole, tmp_path: Path) -> None:
    """A screen that changed stops the flow before anything is submitted, names what is missing, and keeps the screen."""
    server.faults.renamed["新規ユーザーの登録確認"] = "登録内容のご確認"
    with pytest.raises(ConsoleDrift, match="step 2") as raised:
        await console.create(spec("tw0000001"), Secret(PASSWORD))
    assert server.users.writes["create"] == 0
    assert raised.value.evidence is not None
    assert raised.value.evidence.exists()
    assert "登録内容のご確認" in texts(tmp_path)


async def test_probe_finds_a_renamed_field(server: SandboxServer, console: PlaywrightConsole) -> None:
    """The morning's probe names the field that is gone."""
    server.faults.renamed["メールアドレス"] = "電子メール"
    with pytest.raises(ConsoleDrift, match="メールアドレス"):
        await console.probe()


async def test_a_server_error_before_the_submit_may_be_tried_again(
    server: SandboxServer, console: PlaywrightConsole
) -> None:
    """HTTP 500 on the way is transient, nothing was made, and the next try works."""
    await console.probe()
    server.faults.failing, server.faults.failing_path = 1, "/admin/users/new"
    with pytest.raises(Transient):
        await console.create(spec("tw0000002"), Secret(PASSWORD))
    assert server.users.writes["create"] == 0
    assert (await console.create(spec("tw0000002"), Secret(PASSWORD))).state is AccountState.ACTIVE


async def test_a_server_error_after_the_submit_is_unknown(server: SandboxServer, console: PlaywrightConsole) -> None:
    """HTTP 500 as the answer to the submit tells nothing: unknown, and only a look settles it."""
    await console.probe()
    server.faults.slow = 0.0
    server.faults.failing_path = "/admin/users/new/confirm"
    await _fail_the_registration(server, console)
    assert await console.find("tw0000003") is None


async def _fail_the_registration(server: SandboxServer, console: PlaywrightConsole) -> None:
    # The confirm page is fetched once and posted once: only the second of these is to fail.
    server.faults.skip, server.faults.failing = 1, 1
    with pytest.raises(OutcomeUnknown):
        await console.create(spec("tw0000003"), Secret(PASSWORD))


@pytest.mark.parametrize(("fault", "made"), [(AfterSubmit.HOLD_MADE, True), (AfterSubmit.HOLD_NOT_MADE, False)])
async def test_no_answer_is_unknown_and_a_look_tells(
    server: SandboxServer, console: PlaywrightConsole, fault: AfterSubmit, *, made: bool
) -> None:
    """A submit that is never answered is unknown; find says whether it was done."""
    server.faults.after_submit = fault
    with pytest.raises(OutcomeUnknown):
        await console.create(spec("tw0000004"), Secret(PASSWORD))
    server.faults.released.set()
    assert (await console.find("tw0000004") is not None) is made


async def test_a_session_that_ends_is_opened_again_once(server: SandboxServer, console: PlaywrightConsole) -> None:
    """The console's login page in mid-form means: log in again, begin the form anew, one account."""
    await console.probe()
    server.faults.expiring, server.faults.expiring_path = 1, "/admin/users/new/2"
    await console.create(spec("tw0000005"), Secret(PASSWORD))
    assert (server.users.writes["create"], server.admin.logins) == (1, 2)


async def test_a_wrong_admin_password_is_tried_once(server: SandboxServer, tmp_path: Path) -> None:
    """A refused login stops every later verb too, without another attempt: a lock-out is worse than late."""
    console = on_sandbox(server, tmp_path, Redactor(), password="wrong-Password-1")
    for _ in range(3):
        with pytest.raises(AccessDenied):
            await console.find("tw0000006")
    await console.close()
    assert server.admin.failures == 1


async def test_success_under_another_id_is_not_believed(server: SandboxServer, console: PlaywrightConsole) -> None:
    """A console that answers a duplicate with success and stores another ID is found out by reading back."""
    await console.create(spec("tw0000007"), Secret(PASSWORD))
    server.faults.duplicate_as_success = True
    with pytest.raises(BotError):
        await console.create(spec("tw0000007", mail="other@city.example.jp"), Secret("Zyxwvut#8765432m"))


async def test_an_account_that_stays_being_created_is_seen_so(
    server: SandboxServer, console: PlaywrightConsole
) -> None:
    """The console's 作成中 is told as such; it is not taken for a finished account."""
    server.faults.stuck_creating = True
    made = await console.create(spec("tw0000008"), Secret(PASSWORD))
    assert made.state is AccountState.CREATING


async def test_slow_pages_are_waited_for(server: SandboxServer, console: PlaywrightConsole) -> None:
    """Slow is not broken."""
    server.faults.slow = 0.4
    assert await console.find("vdi00021") is not None


async def test_a_killed_browser_is_replaced(server: SandboxServer, console: PlaywrightConsole) -> None:
    """When the browser dies, the verb in hand fails cleanly and the next one has a new browser."""
    await console.probe()
    await asyncio.to_thread(_kill_our_browsers)
    with pytest.raises(BotError):
        await console.find("vdi00001")
    assert await console.find("vdi00001") is not None
    assert server.users.writes.total() == 0


async def test_no_console_is_transient(server: SandboxServer, console: PlaywrightConsole) -> None:
    """A console that does not answer at all is worth another try later."""
    server.stop()
    with pytest.raises(Transient):
        await console.find("vdi00001")


async def test_no_evidence_shows_a_password(server: SandboxServer, console: PlaywrightConsole, tmp_path: Path) -> None:
    """The confirm page shows the password in clear: the outline has a mask there, and so has the picture."""
    secret = Redactor().new(PASSWORD)
    await console.create(spec("tw0000009"), secret)
    assert "初期パスワード" in texts(tmp_path)
    kept = _every_file(tmp_path)
    assert len(kept) >= 4
    assert not any(PASSWORD.encode() in content or server.password.encode() in content for content in kept)


def _every_file(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in folder.rglob("*") if file.is_file()]


def _kill_our_browsers() -> None:
    found = subprocess.run(["pgrep", "-f", "chromium.*--headless"], capture_output=True, text=True, check=False).stdout
    for process in found.split():
        if _descends_from_us(int(process)):
            os.kill(int(process), signal.SIGKILL)


def _descends_from_us(process: int) -> bool:
    while process > 1:
        if process == os.getpid():
            return True
        try:
            process = int(Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
        except OSError:
            return False
    return False
