"""Each fault of a console gives its own error, the evidence of it, and never a second click."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.console.playwright_console import PlaywrightConsole
from bot.errors import ConsoleDrift, OutcomeUnknown, SessionExpired, Transient, Unreachable
from bot.model import AccountState
from bot.sandbox.faults import AfterSubmit
from bot.sandbox.server import SandboxServer
from bot.secret import Secret
from tests.console_kit import spec

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET, OTHER = Secret("Abcdefg!2345678k"), Secret("Zyxwvut#8765432m")


def outlines(folder: Path) -> str:
    """Return all outlines kept below ``folder``."""
    return "\n".join(file.read_text(encoding="utf-8") for file in sorted(folder.rglob("*.yml")))


def drift_reports(folder: Path) -> list[Path]:
    """Return all reports of changed screens below ``folder``."""
    return list(folder.rglob("*drift*"))


async def test_a_renamed_screen_is_drift(server: SandboxServer, console: PlaywrightConsole, evidence: Path) -> None:
    """A screen that changed stops the flow before anything is submitted, names what is missing, and keeps the screen."""
    server.faults.renamed["新規ユーザーの登録確認"] = "登録内容のご確認"
    with pytest.raises(ConsoleDrift, match="step 2") as raised:
        await console.create(spec("tw0000001"), SECRET)
    assert server.users.writes.total() == 0
    assert raised.value.evidence is not None
    assert raised.value.evidence.exists()
    assert "登録内容のご確認" in outlines(evidence / "tw0000001")


@pytest.mark.parametrize("label", ["初期パスワード（確認）", "新しいパスワード"])
async def test_probe_names_a_renamed_field(server: SandboxServer, console: PlaywrightConsole, label: str) -> None:
    """The morning's probe walks to every form and names the field that is gone."""
    server.faults.renamed[f">{label}</label>"] = ">別の名前</label>"
    with pytest.raises(ConsoleDrift, match=label):
        await console.probe()


async def test_a_server_error_before_the_submit_may_be_tried_again(
    server: SandboxServer, console: PlaywrightConsole
) -> None:
    """HTTP 500 on the way is transient, nothing was made, and the next try works."""
    server.faults.failing, server.faults.failing_path = 1, "/admin/users/new"
    with pytest.raises(Transient):
        await console.create(spec("tw0000002"), SECRET)
    assert server.users.writes.total() == 0
    assert (await console.create(spec("tw0000002"), SECRET)).state is AccountState.ACTIVE


async def test_a_network_that_is_cut_in_mid_form_is_no_drift(
    server: SandboxServer, console: PlaywrightConsole, evidence: Path
) -> None:
    """The form's next page that never comes says that the console can't be reached: no screen has changed."""
    before = drift_reports(evidence)
    server.faults.cutting, server.faults.failing_path = 99, "/admin/users/new/confirm"
    with pytest.raises(Unreachable, match=r"the connection to .* was cut \(console.url\): net::ERR_"):
        await console.create(spec("tw0000009"), SECRET)
    assert drift_reports(evidence) == before
    server.faults.clear()
    assert (await console.create(spec("tw0000009"), SECRET)).state is AccountState.ACTIVE


async def test_a_console_that_falls_silent_in_mid_form_is_no_drift(
    server: SandboxServer, console: PlaywrightConsole, evidence: Path
) -> None:
    """The form's next page that is waited for in vain says that the console does not answer."""
    before = drift_reports(evidence)
    server.faults.silent, server.faults.failing_path = 1, "/admin/users/new/confirm"
    with pytest.raises(Unreachable, match="does not answer within 2 s"):
        await console.create(spec("tw0000010"), SECRET)
    assert drift_reports(evidence) == before
    server.faults.clear()
    assert (await console.create(spec("tw0000010"), SECRET)).state is AccountState.ACTIVE


async def test_a_server_error_after_the_submit_is_unknown(server: SandboxServer, console: PlaywrightConsole) -> None:
    """HTTP 500 as the answer to the submit tells nothing: unknown, and only a look settles it."""
    # The confirm page is fetched once and posted once: only the second of these is to fail.
    server.faults.failing_path, server.faults.skip, server.faults.failing = "/admin/users/new/confirm", 1, 1
    with pytest.raises(OutcomeUnknown):
        await console.create(spec("tw0000003"), SECRET)
    assert await console.find("tw0000003") is None


@pytest.mark.parametrize(
    ("fault", "made"),
    [
        (AfterSubmit.HOLD_MADE, True),
        (AfterSubmit.CUT_MADE, True),
        (AfterSubmit.CUT_NOT_MADE, False),
    ],
)
async def test_no_answer_is_unknown_and_a_look_tells(
    server: SandboxServer, console: PlaywrightConsole, fault: AfterSubmit, *, made: bool
) -> None:
    """A submit that is never answered is unknown; find says whether it was done, and it was done once at most."""
    login_id = f"tw-{fault.value}"
    server.faults.after_submit = fault
    with pytest.raises(OutcomeUnknown):
        await console.create(spec(login_id), SECRET)
    server.faults.released.set()
    assert (await console.find(login_id) is not None) is made
    assert server.users.writes["create"] == made


async def test_a_session_that_ends_is_opened_again_once(server: SandboxServer, console: PlaywrightConsole) -> None:
    """The console's login page in mid-form means: log in again, begin the form anew, one account."""
    server.faults.expiring, server.faults.expiring_path = 1, "/admin/users/new/confirm"
    await console.create(spec("tw0000004"), SECRET)
    assert (server.users.writes["create"], server.admin.logins) == (1, 1)


async def test_a_session_that_always_ends_is_given_up(server: SandboxServer, console: PlaywrightConsole) -> None:
    """When the fresh session ends too, the verb fails as transient instead of logging in again and again."""
    server.faults.expiring, server.faults.expiring_path = 99, "/admin/users/new"
    with pytest.raises(SessionExpired):
        await console.create(spec("tw0000005"), SECRET)
    assert (server.users.writes.total(), server.admin.logins) == (0, 1)


async def test_a_session_that_ends_at_the_submit_is_unknown(server: SandboxServer, console: PlaywrightConsole) -> None:
    """The login page as the answer to the submit is no proof that nothing was made: no second click."""
    server.faults.expiring_path, server.faults.expire_skip, server.faults.expiring = "/admin/users/new/confirm", 1, 1
    with pytest.raises(OutcomeUnknown):
        await console.create(spec("tw0000006"), SECRET)
    assert await console.find("tw0000006") is None


async def test_success_under_another_id_is_not_believed(server: SandboxServer, console: PlaywrightConsole) -> None:
    """A console that answers a duplicate with success and stores another ID is found out by reading back."""
    await console.create(spec("tw0000007"), SECRET)
    server.faults.duplicate_as_success = True
    with pytest.raises(OutcomeUnknown):
        await console.create(spec("tw0000007", mail="other@city.example.jp"), OTHER)
    assert server.users.log_in("tw0000007", SECRET.reveal())[0] is not None


async def test_an_account_that_stays_being_created_is_seen_so(
    server: SandboxServer, console: PlaywrightConsole
) -> None:
    """The console's 作成中 is told as such when it does not end; it is not taken for a finished account."""
    server.faults.stuck_creating = True
    made = await console.create(spec("tw0000008"), SECRET)
    assert made.state is AccountState.CREATING


async def test_slow_pages_are_waited_for(server: SandboxServer, console: PlaywrightConsole) -> None:
    """Slow is not broken."""
    server.faults.slow = 0.4
    assert await console.find("vdi00021") is not None
