"""What flows need besides forms on one page: questions, windows, frames, files, several languages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Route

from bot.console.engine import Engine
from bot.console.evidence import EvidenceStore
from bot.console.flow import Flow
from bot.console.screens import Screens
from bot.console.stage import Landmark, Stage
from bot.errors import ConsoleDrift, OutcomeUnknown
from bot.secret import Redactor
from bot.settings.console import BrowserSettings
from tests.console_kit import browser, sandbox_flow

USERS = Landmark(screen="users", role="heading", name=("Users", "ユーザー"))
_PAGES = {
    "/": """<h1>ユーザー</h1><p id=said></p><input type=file id=file onchange="this.files[0].text().then(t=>said.textContent=t)">
        <button onclick="said.textContent=confirm('delete it?')">Delete</button>
        <button onclick="said.textContent=confirm('and everything?')">Delete all</button>
        <a href="/window" target="_blank">Open</a><a href="data:text/csv,id%2Cname" download="list.csv">Export</a><iframe name="main" src="/frame"></iframe>""",
    "/window": "<h1>Window</h1>",
    "/frame": "<h1>Frame</h1><label>Login ID <input></label>",
    "/form": "<h1>One</h1><form action=form2><label>Login ID <input value=typed></label><input name=mail><button>Next</button></form>",
    "/form2?mail=": "<h1>Two</h1><input type=hidden name=token><select id=pool><option>A</option></select>",
}


@pytest.fixture
async def flow(tmp_path: Path) -> AsyncIterator[Flow]:
    """A flow on a page of the test's own."""
    engine, redactor = Engine(browser(), BrowserSettings()), Redactor()
    context = await engine.context()

    async def serve(route: Route) -> None:
        path = "/" + route.request.url.split("/", 3)[3]
        if path.startswith("/form2"):
            await asyncio.sleep(1)  # a server that thinks: the old page is complete, and quiet, meanwhile
        await route.fulfill(body=_PAGES[path], content_type="text/html; charset=utf-8")

    await context.route("**/*", serve)
    stage = Stage(
        url="http://console.test/", timeout=2, settle=1, evidence=EvidenceStore(tmp_path, redactor),
        screens=Screens(directory=tmp_path), redactor=redactor,
    )  # fmt: skip
    made = sandbox_flow()(await context.new_page(), stage)
    await made.open("")
    yield made
    await engine.close()


async def said(flow: Flow) -> str:
    """Return what the page says."""
    return await flow.page.locator("#said").inner_text()


async def test_a_landmark_in_either_language(flow: Flow) -> None:
    """One of a landmark's names is enough; with none of them there, the error has all of them."""
    await flow.expect(USERS)
    await flow.page.locator("h1").evaluate("node => node.textContent = 'People'")
    with pytest.raises(ConsoleDrift, match="'Users' or 'ユーザー'"):
        async with flow.step("find"):
            await flow.expect(USERS)


async def test_the_question_that_was_meant(flow: Flow) -> None:
    """The browser's own question is answered with yes if it is the one that was meant, with no if it is another."""
    async with flow.step("delete"), flow.answering("delete it?"):
        await flow.page.get_by_role("button", name="Delete", exact=True).click()
    assert await said(flow) == "true"
    with pytest.raises(ConsoleDrift, match="delete it"):
        async with flow.step("delete"), flow.answering("delete it?"):
            await flow.page.get_by_role("button", name="Delete all").click()
    assert await said(flow) == "false"


async def test_a_question_after_the_submit(flow: Flow) -> None:
    """A question that does not come after the submit leaves it unknown what was done."""
    with pytest.raises(OutcomeUnknown):
        async with flow.step("delete"), flow.answering("never asked"):
            await flow.submit(flow.page.get_by_role("button", name="Delete", exact=True))


async def test_another_window(flow: Flow) -> None:
    """Inside the block the flow works in the new window, afterwards in the first one again."""
    async with flow.step("window"), flow.new_window(flow.page.get_by_role("link", name="Open")):
        await flow.expect(Landmark(screen="window", role="heading", name="Window"))
    await flow.expect(USERS)
    assert len(flow.page.context.pages) == 1


async def test_a_frame(flow: Flow) -> None:
    """Inside the block landmarks and fields are those of the frame."""
    frame = Landmark(screen="frame", role="heading", name="Frame")
    async with flow.step("frame"), flow.within("iframe[name=main]"):
        await flow.fields(frame, "Login ID")
    with pytest.raises(ConsoleDrift):
        async with flow.step("frame"):
            await flow.expect(frame)


async def test_files_that_are_nowhere_on_disk(flow: Flow) -> None:
    """What is uploaded comes from memory, what is downloaded goes there."""
    await flow.upload(flow.page.locator("#file"), "users.csv", "text/csv", b"secret")
    await flow.page.get_by_text("secret").wait_for()
    assert await flow.download(flow.page.get_by_role("link", name="Export")) == b"id,name"


async def test_drift_after_the_submit_is_unknown(flow: Flow) -> None:
    """A flow that finds another screen after its submit does not know what was done, whatever it calls it."""

    async def create() -> None:
        async with flow.step("create"):
            await flow.submit(flow.page.get_by_role("button", name="Delete all"))
            raise flow.drift("the user's page")

    with pytest.raises(OutcomeUnknown, match="the user's page"):
        await create()


async def test_a_look_names_what_a_flow_can_use(flow: Flow) -> None:
    """Headings, fields and buttons by their names, fields without a label by a selector, and nothing of what is filled in."""
    shown = await flow.look("form", [])
    assert shown.startswith("# http://console.test/form\n")
    assert {'heading "One"', 'textbox "Login ID"', 'button "Next"', 'input[name="mail"]'} <= set(_parts(shown))
    assert "typed" not in shown


async def test_a_look_follows_clicks(flow: Flow) -> None:
    """What is shown is the page that the clicks lead to, not the one that was left."""
    shown = await flow.look("form", ["Next"])
    assert {'heading "Two"', 'select[id="pool"]'} <= set(_parts(shown))
    assert "One" not in shown
    assert "token" not in shown


async def test_a_look_at_what_is_not_there_is_drift(flow: Flow) -> None:
    """A click on something that the page does not have is told, with a picture."""
    with pytest.raises(ConsoleDrift) as raised:
        await flow.look("form", ["Delete everything"])
    assert raised.value.evidence
    assert str(raised.value.evidence) in str(raised.value)


def _parts(shown: str) -> list[str]:
    return [line.strip(" -#").partition(" [level")[0] for line in shown.splitlines()]
