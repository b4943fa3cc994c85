"""No password is in what the console leaves behind: pictures, outlines, log lines, exceptions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from loguru import logger
from playwright.async_api import FloatRect

from bot.clock import FixedClock
from bot.console.flow import Flow
from bot.errors import OutcomeUnknown, Transient
from bot.sandbox.faults import AfterSubmit
from bot.sandbox.server import SandboxServer
from bot.secret import Redactor
from tests.browser.picture_kit import MASK_COLOUR, colours, empty_page
from tests.console_kit import flow_of, on_sandbox, sandbox_flow, spec
from tests.house import MONDAY

CANARY = "Canary!7Zyxwvut#"


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    """A server of the test's own."""
    with SandboxServer(FixedClock(MONDAY)) as running:
        yield running


@pytest.fixture
async def lines() -> AsyncIterator[list[str]]:
    """Everything logged, at every level."""
    kept: list[str] = []
    sink = logger.add(kept.append, level=0, format="{message} {exception} {extra}", backtrace=True, diagnose=True)
    yield kept
    logger.remove(sink)


def contents(folder: Path) -> list[bytes]:
    """Return what every file below ``folder`` holds."""
    return [file.read_bytes() for file in folder.rglob("*") if file.is_file()]


def where_it_stands(base: type[Flow]) -> tuple[type[Flow], list[tuple[Path, FloatRect]]]:
    """Return a flow that also notes where on each picture the page showed the password in clear."""
    seen: list[tuple[Path, FloatRect]] = []

    async def keep(self: Flow, what: str) -> Path | None:
        shown = self.page.get_by_role("definition").filter(has_text=CANARY).locator("visible=true")
        box = await shown.bounding_box(timeout=1000) if await shown.count() else None
        picture = await base.keep(self, what)
        if box and picture:
            seen.append((picture, box))
        return picture

    return type("WatchingFlow", (base,), {"keep": keep}), seen


async def test_nothing_left_behind_shows_a_password(server: SandboxServer, tmp_path: Path, lines: list[str]) -> None:
    """A good run, a refused form, an unknown end and a hanging next page: no file, line or error holds a password."""
    redactor = Redactor()
    flow, seen = where_it_stands(sandbox_flow())
    console = on_sandbox(server, tmp_path, redactor, timeout=2, flow=flow)
    secret, errors = redactor.new(CANARY), []
    await console.create(spec("tw0000001"), secret)
    server.faults.renamed["を登録しました"] = f"を登録しました（初期パスワード {CANARY}）"
    server.faults.renamed["ユーザー「tw0000002」"] = "ユーザー「別」"
    with pytest.raises(OutcomeUnknown) as raised:
        await console.create(spec("tw0000002"), secret)
    errors.append(raised.value)
    await console.reset_password("tw0000001", secret)
    await console.close()
    kept = contents(tmp_path)
    assert len(kept) >= 10
    everything = b"\n".join(kept) + "\n".join([*lines, *map(repr, errors)]).encode()
    assert CANARY.encode() not in everything
    assert server.password.encode() not in everything
    assert len(seen) >= 2


async def test_the_password_is_painted_over(server: SandboxServer, tmp_path: Path) -> None:
    """Where the confirm page shows the password in clear, the picture has the mask's colour and no other.

    That holds for the next verb's picture too, when the page still stands there because the console hangs.
    """
    flow, seen = where_it_stands(sandbox_flow())
    redactor = Redactor()
    console = on_sandbox(server, tmp_path, redactor, timeout=2, flow=flow)
    server.faults.after_submit = AfterSubmit.HOLD_NOT_MADE
    with pytest.raises(OutcomeUnknown):
        await console.create(spec("tw0000003"), redactor.new(CANARY))
    server.faults.slow = 6
    with pytest.raises(Transient):
        await console.find("tw0000003")
    there = flow_of(console)
    there.begin("tw0000003")
    await there.keep("find failed")
    server.faults.clear()
    await console.close()
    assert [picture.name for picture, _ in seen] == [
        "001-register-before-submit.png", "002-register-failed.png", "003-find-failed.png",
    ]  # fmt: skip
    async with empty_page() as page:
        assert [await colours(page, picture, box) for picture, box in seen] == [[MASK_COLOUR]] * 3
