"""What is particular to a Django admin site: two forms for one user, long lists, pages that post to themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from loguru import logger

from bot.console.playwright_console import PlaywrightConsole
from bot.errors import AccessDenied, AccountConflict, ConsoleDrift, OutcomeUnknown, Transient
from bot.model import AccountState
from bot.secret import Redactor, Secret
from tests.browser.picture_kit import MASK_COLOUR, colours, empty_page
from tests.console_kit import spec
from tests.django_kit import ADMIN, DjangoSite, on_django

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIRST, SECOND = Secret("Canary!7Zyxwvut#"), Secret("Abcdefg!2345678k")
ADD, SAVE, PASSWORD = r"POST .*/user/add/", r"POST .*/user/\d+/change/", r"POST .*/user/\d+/password/"


@pytest.fixture(scope="module", params=["ja", "en"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DjangoSite]:
    """A site of 130 users and the admin, in each language."""
    with DjangoSite(tmp_path_factory.mktemp("site"), language=request.param) as running:
        yield running


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the evidence is kept."""
    return tmp_path_factory.mktemp("evidence")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def console(site: DjangoSite, evidence: Path) -> AsyncIterator[PlaywrightConsole]:
    """The module's session on the site."""
    made = on_django(site, evidence, Redactor())
    yield made
    await made.close()


def contents(folder: Path) -> list[bytes]:
    """Return what every file below ``folder`` holds."""
    return [file.read_bytes() for file in folder.rglob("*") if file.is_file()]


async def test_a_day_s_work(site: DjangoSite, console: PlaywrightConsole) -> None:
    """All verbs work in either language, and the site agrees with each."""
    await console.probe()
    made = await console.create(spec("tw1000001"), FIRST)
    assert (made.name, made.mail) == ("髙橋　みのり", "m.takahashi@city.example.jp")
    assert site.works("tw1000001", FIRST)
    await console.disable("tw1000001")
    assert not site.works("tw1000001", FIRST)
    await console.reset_password("tw1000001", SECOND)
    assert site.works("tw1000001", SECOND)


async def test_a_user_of_the_second_page_is_found(console: PlaywrightConsole) -> None:
    """The list shows a hundred users; the last of 130 is found all the same, and half a name is nobody's."""
    found = await console.find("vdi00130")
    assert found is not None
    assert (found.login_id, found.mail) == ("vdi00130", "vdi00130@city.example.jp")
    assert await console.find("vdi0013") is None
    assert await console.find("VDI00130") is None


async def test_every_page_of_the_list_is_read(console: PlaywrightConsole) -> None:
    """All 130 are listed, each once; the words are looked for in usernames alone, though the site finds addresses too."""
    listed = [one.login_id for one in await console.everyone("vdi")]
    assert sorted(listed) == [f"vdi{number:05d}" for number in range(1, 131)]
    assert await console.everyone("city.example.jp") == ()


async def test_capital_letters_make_no_other_user(site: DjangoSite, console: PlaywrightConsole) -> None:
    """The site refuses an ID that differs in capital letters only: a conflict, told by its form, and nothing is written."""
    before = site.writes()
    with pytest.raises(AccountConflict):
        await console.create(spec("VDI00007"), FIRST)
    assert site.writes() == before
    assert [user["username"] for user in site.named("vdi00007")] == ["vdi00007"]


async def test_a_crash_between_the_two_forms_is_completed(site: DjangoSite, console: PlaywrightConsole) -> None:
    """A failure after the first form is unknown; the user is found without mail, and the next create completes it."""
    site.arm(SAVE, "500")
    with pytest.raises(OutcomeUnknown):
        await console.create(spec("tw1000002"), FIRST)
    half = await console.find("tw1000002")
    assert half is not None
    assert (half.name, half.mail, half.state) == ("", "", AccountState.ACTIVE)
    made = await console.create(spec("tw1000002"), SECOND)
    assert made.mail == "m.takahashi@city.example.jp"
    assert (site.works("tw1000002", FIRST), site.works("tw1000002", SECOND)) == (False, True)
    assert len(site.named("tw1000002")) == 1


async def test_somebody_else_s_half_user_is_left_alone(site: DjangoSite, console: PlaywrightConsole) -> None:
    """A user without mail that this admin did not begin is a conflict, and keeps its password."""
    site.add("tw1000003", FIRST)
    before = site.writes()
    with pytest.raises(AccountConflict):
        await console.create(spec("tw1000003"), SECOND)
    assert site.writes() == before
    assert site.works("tw1000003", FIRST)


async def test_a_half_user_that_was_touched_is_left_alone(site: DjangoSite, console: PlaywrightConsole) -> None:
    """A begun user whose password was set since is somebody's: a conflict, not a second password."""
    site.arm(SAVE, "500")
    with pytest.raises(OutcomeUnknown):
        await console.create(spec("tw1000004"), FIRST)
    await console.reset_password("tw1000004", SECOND)
    with pytest.raises(AccountConflict):
        await console.create(spec("tw1000004"), FIRST)
    assert site.works("tw1000004", SECOND)


async def test_a_refused_second_form_is_unknown(site: DjangoSite, console: PlaywrightConsole) -> None:
    """A mail address that the site does not take is no drift: the user was made by then."""
    with pytest.raises(OutcomeUnknown, match="refused"):
        await console.create(spec("tw1000013", mail="no-address"), FIRST)
    assert [user["email"] for user in site.named("tw1000013")] == [""]


async def test_a_changed_second_form_is_unknown(site: DjangoSite, console: PlaywrightConsole) -> None:
    """A field that is gone stops the flow before the second form is sent, and the first was sent all the same."""
    site.arm(r"GET .*/user/\d+/change/", "rename id_last_name id_family_name")
    with pytest.raises(OutcomeUnknown):
        await console.create(spec("tw1000014"), FIRST)
    assert len(site.named("tw1000014")) == 1


async def test_a_slow_second_form_is_waited_for(site: DjangoSite, console: PlaywrightConsole) -> None:
    """The message about the first form, still on the page, is not taken for the answer to the second."""
    site.arm(SAVE, "slow")
    assert (await console.create(spec("tw1000015"), FIRST)).mail == "m.takahashi@city.example.jp"


async def test_no_answer_to_the_first_form_is_unknown(site: DjangoSite, console: PlaywrightConsole) -> None:
    """A server error as the answer to the first form tells nothing; a look says that nobody was made."""
    site.arm(ADD, "500")
    with pytest.raises(OutcomeUnknown):
        await console.create(spec("tw1000005"), FIRST)
    assert await console.find("tw1000005") is None


async def test_a_server_error_on_the_way_may_be_tried_again(site: DjangoSite, console: PlaywrightConsole) -> None:
    """Before the first form is sent nothing was made, and the error says so."""
    site.arm(r"GET .*/user/add/", "500")
    with pytest.raises(Transient):
        await console.create(spec("tw1000006"), FIRST)
    assert site.named("tw1000006") == []


async def test_a_refused_password_is_told(site: DjangoSite, console: PlaywrightConsole) -> None:
    """What the site says against a password is in the error, nothing is made, and an old password stays."""
    weak = Secret("20261124")
    before = site.writes()
    with pytest.raises(ConsoleDrift, match=r"数字しか|entirely numeric"):
        await console.create(spec("tw1000007"), weak)
    assert site.named("tw1000007") == []
    with pytest.raises(ConsoleDrift, match=r"数字しか|entirely numeric"):
        await console.reset_password("vdi00008", weak)
    assert site.writes() == before
    assert not site.works("vdi00008", weak)


async def test_a_disabled_user_is_enabled_last(site: DjangoSite, console: PlaywrightConsole) -> None:
    """A reset that fails at the password, or between it and enabling, is unknown, and lets nobody in."""
    await console.create(spec("tw1000008"), FIRST)
    await console.disable("tw1000008")
    for form in (PASSWORD, SAVE):
        site.arm(form, "500")
        with pytest.raises(OutcomeUnknown):
            await console.reset_password("tw1000008", SECOND)
        assert not site.works("tw1000008", FIRST)
        assert not site.works("tw1000008", SECOND)
    await console.reset_password("tw1000008", SECOND)
    assert site.works("tw1000008", SECOND)


async def test_an_ended_session_is_opened_again_once(site: DjangoSite, console: PlaywrightConsole) -> None:
    """The login page on the way to the form means: log in again, begin anew, one user."""
    await console.find(ADMIN)
    before = site.logins("in")
    site.arm(r"GET .*/user/add/", "logout")
    await console.create(spec("tw1000009"), FIRST)
    assert site.logins("in") == before + 1
    assert len(site.named("tw1000009")) == 1


@pytest.mark.parametrize(("form", "made"), [(ADD, False), (SAVE, True)])
async def test_a_session_that_ends_at_a_submit_is_unknown(
    site: DjangoSite, console: PlaywrightConsole, form: str, *, made: bool
) -> None:
    """The login page as the answer to either form is no proof of anything: no second click, and a look tells."""
    login_id = f"tw100001{made:d}"
    site.arm(form, "logout")
    with pytest.raises(OutcomeUnknown):
        await console.create(spec(login_id), FIRST)
    assert (await console.find(login_id) is not None) is made


async def test_a_wrong_admin_password_is_tried_once(site: DjangoSite, evidence: Path) -> None:
    """A refused admin login is told with the site's words and never repeated."""
    before = site.logins("refused")
    wrong = on_django(site, evidence, Redactor(), password="not-the-password")
    for _ in range(2):
        with pytest.raises(AccessDenied, match=ADMIN):
            await wrong.find("vdi00001")
    await wrong.close()
    assert site.logins("refused") == before + 1


async def test_no_password_is_left_behind(site: DjangoSite, console: PlaywrightConsole, evidence: Path) -> None:
    """Neither files nor log lines nor errors hold a password, whether the verb worked, was refused or failed."""
    lines: list[str] = []
    sink = logger.add(lines.append, level=0, format="{message} {exception} {extra}", backtrace=True, diagnose=True)
    await console.create(spec("tw1000012"), FIRST)
    site.arm(PASSWORD, "500")
    with pytest.raises(OutcomeUnknown) as raised:
        await console.reset_password("tw1000012", SECOND)
    logger.remove(sink)
    kept = contents(evidence)
    assert kept
    form = evidence / "tw1000012" / "001-add-user-before-submit.png"
    async with empty_page() as page:
        seen = await colours(page, form, {"x": 0, "y": 0, "width": 1280, "height": 900})
    assert MASK_COLOUR in seen
    for secret in (FIRST.reveal(), SECOND.reveal(), site.password):
        assert not [content for content in kept if secret.encode() in content]
        assert secret not in "".join(lines) + str(raised.value)
