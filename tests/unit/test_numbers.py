"""Employee numbers as people write them."""

from __future__ import annotations

import pytest

from bot.intake.numbers import read_employee_no

BESIDE = ("髙橋　みのり", "健康福祉部福祉政策課")


@pytest.mark.parametrize(
    "text",
    [
        "0048213", "００４８２１3", "0048-213", "#0048213", "＃ 0048213", "0048213。", "0048213様", "第0048213号", "0048213番", "0 0 4 8 2 1 3",
        "'0048213", "職員番号：0048213", "0048213（福祉政策課）", "0048213 髙橋みのり",
        "「0048213」", "【0048213】", '="0048213"', "0048 213", "職員0048213", "0048213です",
    ],
)  # fmt: skip
def test_what_people_put_around_a_number_is_no_part_of_it(text: str) -> None:
    """Marks, endings, groups and what the application says elsewhere leave the number without a doubt."""
    assert read_employee_no(text, BESIDE) == ("0048213", [])


@pytest.mark.parametrize(
    "text",
    [
        "0048213 0031977", "0048213、0031977", "0048213（道路課）", "0048213 佐藤", "0048213（取消）", "0048213（課）", "不明", "48213.0", "4.8E4",
        "第一", "12", "【0048213】高橋", "0048213 1", "（0048213）（0031977）", "0048213※変更", "００４８２１３か００４８２３１", "0" * 500,
    ],
)  # fmt: skip
def test_what_may_be_another_number_is_none(text: str) -> None:
    """A second number, or a word that stands nowhere else, leaves no number, and a doubt that quotes what was read."""
    number, [doubt] = read_employee_no(text, BESIDE)
    assert (number, doubt.field, doubt.read) == (None, "employee_no", text)


@pytest.mark.parametrize("text", ["№0048213", "No.0048213", "ＮＯ．0048213", "No 0048213"])
def test_behind_no_a_number_is_read_and_doubted(text: str) -> None:
    """No. counts rows and receipts too: the number is shown, and a person looks."""
    number, doubts = read_employee_no(text, BESIDE)
    assert (number, len(doubts)) == ("0048213", 1)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("48213", "48213"),
        ("O048213", "O048213"),
        ("0048213-0", "00482130"),
        ("a-123", "A123"),
        (" A 2 0 0 1 ", "A2001"),
    ],
)
def test_a_number_is_never_mended(text: str, number: str) -> None:
    """Zeros are not added and letters not turned into digits: the directory says whether it has the number."""
    assert read_employee_no(text) == (number, [])


def test_nothing_stated_is_no_doubt() -> None:
    """An empty answer is V01's to ask for."""
    assert read_employee_no(" ", BESIDE) == (None, [])
