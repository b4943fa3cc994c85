"""A screen that changed: what the operator is told, and how a new look is accepted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.clock import FixedClock
from bot.console.playwright_console import PlaywrightConsole
from bot.errors import ConsoleDrift
from bot.sandbox.server import SandboxServer
from bot.secret import Redactor, Secret
from tests.console_kit import on_sandbox, spec
from tests.house import MONDAY

CANARY = Secret("Canary!7Zyxwvut#")


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    """A server of the test's own."""
    with SandboxServer(FixedClock(MONDAY)) as running:
        yield running


@pytest.fixture
async def console(server: SandboxServer, tmp_path: Path) -> AsyncIterator[PlaywrightConsole]:
    """A console whose screens have been visited once."""
    made = on_sandbox(server, tmp_path, Redactor(), timeout=2)
    assert await made.probe() == []
    yield made
    server.faults.clear()
    await made.close()


async def test_a_renamed_heading(server: SandboxServer, console: PlaywrightConsole) -> None:
    """The report names screen and landmark, the new name, then and now, shows the screen, and says what to do; no secret is in it."""
    server.faults.renamed["新規ユーザーの登録確認"] = "新規ユーザー登録の確認"
    with pytest.raises(ConsoleDrift, match='probably now heading "新規ユーザー登録の確認"') as raised:
        await console.create(spec("tw0000001"), CANARY)
    page = raised.value.report
    assert page is not None
    html = page.read_text(encoding="utf-8")
    text = page.with_suffix(".txt").read_text(encoding="utf-8")
    todo = ("flows/sandbox.py", "check", "resume --part console", "rerun --stuck")
    for told in ("登録確認", "新規ユーザーの登録確認", "新規ユーザー登録の確認", *todo):
        assert told in text
        assert told in html
    assert "data:image/png;base64," in html
    assert CANARY.reveal() not in html + text
    assert {item.path.suffix for item in console.take_evidence()} >= {".png", ".yml", ".txt", ".html"}


async def test_a_renamed_field_with_what_was_there_before(server: SandboxServer, console: PlaywrightConsole) -> None:
    """The morning's probe shows the field that is gone beside the one that is new."""
    server.faults.renamed[">新しいパスワード（確認）</label>"] = ">新しいパスワード（再入力）</label>"
    with pytest.raises(ConsoleDrift, match="新しいパスワード（再入力）") as raised:
        await console.probe()
    assert raised.value.report is not None
    text = raised.value.report.with_suffix(".txt").read_text(encoding="utf-8")
    assert '- textbox "新しいパスワード（確認）"' in text
    assert '+ textbox "新しいパスワード（再入力）"' in text


async def test_a_visit_that_misses_something_teaches_nothing(server: SandboxServer, tmp_path: Path) -> None:
    """A first visit on which a field is gone learns no screen: mended, the console looks as it should, and nothing is told."""
    console = on_sandbox(server, tmp_path / "new", Redactor(), timeout=2)
    server.faults.renamed[">新しいパスワード（確認）</label>"] = ">新しいパスワード（再入力）</label>"
    with pytest.raises(ConsoleDrift):
        await console.probe()
    server.faults.clear()
    assert [await console.probe(), await console.probe()] == [[], []]
    await console.close()


async def test_a_screen_with_something_new_on_it_is_told(server: SandboxServer, console: PlaywrightConsole) -> None:
    """All landmarks are there, so work goes on; what is new is told until somebody accepts it."""
    server.faults.renamed["ログアウト</button>"] = "ログアウト</button><button>一括削除</button>"
    for _ in range(2):
        changes = await console.probe()
        assert {change.screen for change in changes} >= {"ユーザー一覧", "ユーザー詳細"}
        assert '+ button "一括削除"' in str(changes[0])
    await console.create(spec("tw0000002"), CANARY)
