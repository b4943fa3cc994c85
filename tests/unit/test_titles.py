"""A title or a sheet's name is plain only where it says nothing of what is asked for."""

from __future__ import annotations

import pytest

from bot.intake.titles import is_closing, is_plain


@pytest.mark.parametrize(
    "text",
    ["テレワークID発行申請 一覧（令和8年11月20日 出力）", "テレワーク申請一覧 出力日 2026/11/20", "# exported 2026-11-20", "Sheet1", "シート1", "申請一覧",
     "フォームの回答 1", "Form1", "テレワーク利用申請書", "様式第1号（第5条関係）", "市民部市民課 在宅勤務申請一覧", "出力日時：2026/11/20 12:30（金）",
     "11月20日現在", "全2件", "12月分", "20261120", "人事課", "例市長　様", "（宛先）例市長", "デジタル推進課"],
)  # fmt: skip
def test_plain_titles(text: str) -> None:
    """The usual words, names of offices, numbers and the day of output say nothing."""
    assert is_plain(text)


@pytest.mark.parametrize(
    "text",
    ["取消分", "取下げ", "見本", "処理済", "前回分", "却下一覧", "テレワーク申請一覧（差戻し分）", "変更一覧", "12月3日 利用申請一覧", "12/3利用分", "3日分",
     "未処理", "テスト", "記入例", "取消課", "不承認", "0048213", "申請一覧 髙橋を除く", "控え", "旧", "x" * 200],
)  # fmt: skip
def test_titles_that_tell(text: str) -> None:
    """Anything else may tell what became of the rows, or name a day or a person."""
    assert not is_plain(text)


@pytest.mark.parametrize(
    "cells",
    [["", "以下余白"], ["合計", "", "2件"], ["計", "3"], ["以上"], ["（以下余白）", ""], ["合計", "12名", "計", "30"]],
)
def test_rows_that_end_a_table(cells: list[str]) -> None:
    """Closing words, with their counts, are no applicant and no remark."""
    assert is_closing(cells)


@pytest.mark.parametrize(
    "cells",
    [
        ["合計", "髙橋は取消"],
        ["以上", "", "中村は中止"],
        ["注", "12/1は中止"],
        ["0000412", "以下余白"],
        ["合計", "12/1"],
    ],
)
def test_rows_that_say_more(cells: list[str]) -> None:
    """A closing word beside other words ends nothing."""
    assert not is_closing(cells)
