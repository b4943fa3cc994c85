"""Screens by their outlines: what counts, what is only data, and what a missing name is probably called now."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.console.drift_report import DriftReport
from bot.console.evidence import EvidenceStore
from bot.console.outline import Part, closest, difference, parts
from bot.console.screens import Screens
from bot.errors import Unusable
from bot.secret import Redactor
from tests.house import ZONE

LIST = """
- banner:
  - text: bot-admin
  - button "ログアウト"
- main:
  - heading "ユーザー一覧（全45件）" [level=1]
  - searchbox "検索"
  - table:
    - rowgroup:
      - row "ID 氏名":
        - columnheader "ID"
        - columnheader "氏名"
    - rowgroup:
      - row "vdi00001 佐藤 詳細":
        - cell "vdi00001"
        - cell "詳細":
          - link "詳細":
            - /url: /admin/users/vdi00001
  - link "次へ"
  - 'button "新規: ユーザー"'
"""


def test_a_screen_is_its_controls() -> None:
    """Headings, fields, buttons and heads of columns make up a screen; rows, cells and what stands in them do not."""
    assert [str(part) for part in parts(LIST)] == [
        'button "ログアウト"', 'heading "ユーザー一覧（全45件）"', 'searchbox "検索"', 'columnheader "ID"', 'columnheader "氏名"',
        'link "次へ"', 'button "新規: ユーザー"',
    ]  # fmt: skip


def test_what_somebody_is_called_is_in_no_fingerprint(tmp_path: Path) -> None:
    """Names of listed people are data: none is kept."""
    screens = Screens(directory=tmp_path)
    screens.look("一覧", parts(LIST))
    screens.learn()
    assert list(tmp_path.iterdir())
    assert "佐藤" not in "".join(file.read_text(encoding="utf-8") for file in tmp_path.iterdir())


def test_the_likely_new_name() -> None:
    """The most alike of the same role, else of any; nothing where nothing is alike."""
    now = (
        Part(role="heading", name="ユーザーの一覧"),
        Part(role="link", name="ユーザー一覧へ"),
        Part(role="button", name="保存"),
    )
    assert closest("heading", "ユーザー一覧", now) == now[0]
    assert closest("button", "ユーザー一覧", now) in now[:2]
    assert closest("button", "全く別のもの", now) is None


def test_the_difference_reads_in_order() -> None:
    """Gone, new and unchanged lines stand where they stood."""
    then = [Part(role="heading", name="A 45"), Part(role="button", name="保存")]
    now = [Part(role="heading", name="A 46"), Part(role="button", name="登録")]
    assert [mark + part.name for mark, part in difference(then, now)] == [" A 46", "-保存", "+登録"]


def test_numbers_and_known_guests_are_no_change(tmp_path: Path) -> None:
    """Another count is the same screen; a part that an operator accepted may come and go."""
    screens = Screens(directory=tmp_path)
    screens.look("一覧", parts(LIST))
    screens.learn()
    screens.look("一覧", parts(LIST.replace("45", "9")))
    assert screens.changes() == []
    screens.look("一覧", parts(LIST.replace('- link "次へ"', "- text: x")))
    (change,) = screens.changes()
    assert str(change) == '一覧: - link "次へ"'
    screens.accept("一覧", by="吉澤", reason="1ページに収まった", at=datetime.now(UTC))
    for outline in (LIST, LIST.replace('- link "次へ"', "- text: x")):
        screens.look("一覧", parts(outline))
        assert screens.changes() == []


def test_without_learning_nothing_is_written(tmp_path: Path) -> None:
    """``check`` changes nothing: an unknown screen stays unknown."""
    screens = Screens(directory=tmp_path / "none", learns=False)
    screens.look("一覧", parts(LIST))
    screens.learn()
    assert (screens.changes(), list(tmp_path.iterdir())) == ([], [])


def test_a_broken_fingerprint_is_said(tmp_path: Path) -> None:
    """A file that is no fingerprint gives one sentence that says what to do."""
    (tmp_path / "一覧.json").write_text("[]", encoding="utf-8")
    screens = Screens(directory=tmp_path)
    screens.look("一覧", parts(LIST))
    for act in (screens.learn, screens.changes):
        with pytest.raises(Unusable, match="remove it"):
            act()


def test_the_report_is_safe_html() -> None:
    """What a page says is shown as text, never run."""
    report = DriftReport(
        console="http://x/", flow="flows/x.py", step="find", screen="<script>", role="heading", name="A", at=datetime.now(UTC),
        now=(Part(role="heading", name="<img src=x onerror=alert(1)>"),),
    )  # fmt: skip
    page = report.html(None)
    assert "<script>" not in page
    assert "<img src=x" not in page
    assert "&lt;img" in page


async def test_the_report_tells_the_citys_time(tmp_path: Path) -> None:
    """On a machine that runs in another zone the report and the alert name the same moment in the same way."""
    report = DriftReport(
        console="http://x/", flow="flows/x.py", step="find", screen="A", role="heading", name="A",
        at=datetime(2021, 7, 30, 4, 4, tzinfo=UTC), now=(),
    )  # fmt: skip
    page = await EvidenceStore(tmp_path, Redactor(), zone=ZONE).report(report, None, "probe")
    assert page is not None
    assert "2021-07-30T13:04:00+09:00" in page.read_text(encoding="utf-8")
