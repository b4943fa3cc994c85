"""Old workbooks say what is hidden, struck out or merged in them, as far as xlrd can tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.tables import TableLimits, read_worksheets
from bot.worksheet import Fact, Merged

CASES = Path(__file__).resolve().parent.parent / "cases" / "xls"


@pytest.mark.parametrize(
    ("name", "found"),
    [("strike", (Fact.STRUCK, "2026/12/1", 2, 7)), ("rich", (Fact.STRUCK, "2026/12/1", 2, 7)), ("white", (Fact.UNSEEN, "自宅", 2, 8)),
     ("hiddenrow", (Fact.HIDDEN_ROW, "0000412 2026/11/20 12:30:00 新規 0048213 髙橋\u3000みのり", 2, 0)),
     ("hiddencol", (Fact.HIDDEN_COLUMN, "実施場所", 0, 8)), ("hiddensheet", (Fact.HIDDEN_SHEET, "前回分", 0, 0)),
     ("md2025", (Fact.PARTLY, "12月1日", 2, 7))],
)  # fmt: skip
def test_what_a_person_sees_otherwise(name: str, found: tuple[object, ...]) -> None:
    """Each is marked with its words and its place, and no row is left out for it."""
    sheets = read_worksheets((CASES / f"{name}.xls").read_bytes(), name="a.xls", limits=TableLimits())
    assert [(mark.fact, mark.words, mark.row, mark.column) for sheet in sheets for mark in sheet.marks] == [found]
    assert len(sheets[0].rows) == 3


def test_merged_cells() -> None:
    """Cells that are one over two rows are told."""
    (sheet,) = read_worksheets((CASES / "merged.xls").read_bytes(), name="a.xls", limits=TableLimits())
    assert sorted(sheet.merged) == [Merged(2, 3, column, column) for column in range(1, 7)]
