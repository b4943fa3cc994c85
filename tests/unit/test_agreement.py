"""Two labels of one field: what they say together, and when they contradict each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from bot.intake.agreement import combined, day_count
from bot.intake.fields import Answer, Shape
from bot.intake.receipt_numbers import damaged, receipt_number

TODAY = date(2026, 11, 20)


def answer(field: str, label: str, value: str, why: str = "項目：値") -> Answer:
    """Return an answer as a line of a mail gives it."""
    return Answer(field=field, label=label, value=value, source=f"{label}：{value}", why=why)


def together(field: str, *pairs: tuple[str, str]) -> list[str]:
    """Return the values that answers of a field come down to: one where they agree."""
    return [one.value for one in combined(field, [answer(field, *pair) for pair in pairs], base=TODAY)]


@pytest.mark.parametrize(
    ("field", "first", "second", "says"),
    [
        ("approval", ("所属長名", "宮下　一成"), ("所属長承認", "済"), "宮下　一成　済"),
        ("approval", ("承認者", "福祉政策課長　宮下　一成"), ("所属長の承認", "済"), "福祉政策課長　宮下　一成　済"),
        ("approval", ("所属長名", "宮下　一成"), ("承認者", "福祉政策課長　宮下　一成"), "福祉政策課長　宮下　一成"),
        ("approval", ("所属長名", "宮下　一成"), ("所属長承認", "未承認"), "宮下　一成　未承認"),
        ("department", ("所属", "健康福祉部福祉政策課"), ("所属課", "福祉政策課"), "健康福祉部福祉政策課"),
        ("department", ("所属課", "福祉政策課"), ("所属", "健康福祉部"), "健康福祉部福祉政策課"),
        ("mail", ("メールアドレス", "a@city.example.jp"), ("連絡先メールアドレス", "A@city.example.jp"), "a@city.example.jp"),
        ("terminal", ("使用端末", "個人所有"), ("利用PC", "BY-0219"), "個人所有　BY-0219"),
        ("terminal", ("使用端末", "個人所有"), ("OS", "Windows 11"), "個人所有　Windows 11"),
        ("name", ("氏名", "髙橋　みのり"), ("申請者", "高橋みのり"), "髙橋　みのり"),
        ("name", ("氏名", "髙橋　みのり"), ("申請者", "髙橋みのり様"), "髙橋　みのり"),
        ("applied_at", ("申請日時", "2026年11月20日 12時30分"), ("申請日", "令和8年11月20日"), "2026年11月20日 12時30分"),
        ("applied_at", ("申請日時", "2026/11/20 12:30"), ("受付日時", "2026/11/20 13:10"), "2026/11/20 12:30"),
        ("applied_at", ("受付日時", "2026/11/20 13:10"), ("申請日時", "2026/11/20 12:30"), "2026/11/20 12:30"),
        ("receipt_no", ("管理番号", "15"), ("受付番号", "0000412"), "0000412"),
        ("employee_no", ("職員番号", "0048213"), ("職員コード", "００４８２１３"), "0048213"),
        ("kind", ("申請種別", "テレワークID"), ("申請区分", "新規"), "テレワークID\n新規"),
    ],
)  # fmt: skip
def test_two_labels_of_a_field_say_one_thing(
    field: str, first: tuple[str, str], second: tuple[str, str], says: str
) -> None:
    """A part each, or the same twice: a clerk reads them as one answer."""
    assert together(field, first, second) == [says]


@pytest.mark.parametrize(
    ("field", "first", "second"),
    [
        ("approval", ("所属長名", "宮下　一成"), ("承認者", "赤羽　直子")),
        ("approval", ("所属長承認", "済"), ("上司承認", "未承認")),
        ("department", ("所属", "健康福祉部福祉政策課"), ("所属課", "市民課")),
        ("department", ("所属", "福祉政策課"), ("所属課", "市民課")),
        ("mail", ("メールアドレス", "a@city.example.jp"), ("連絡先メールアドレス", "b@city.example.jp")),
        ("terminal", ("使用端末", "個人所有"), ("利用PC", "公用端末")),
        ("terminal", ("使用端末", "BY-0219"), ("利用PC", "BY-0220")),
        ("terminal", ("使用端末", "個人所有"), ("利用PC", "使いません")),
        ("name", ("氏名", "髙橋　みのり"), ("利用者", "中村　健")),
        ("name", ("氏名", "髙橋　みのり"), ("申請者", "髙橋　みのる")),
        ("applied_at", ("申請日時", "2026/11/20 12:30"), ("受付日時", "2026/11/20 12:10")),
        ("applied_at", ("申請日時", "2026/11/20 12:30"), ("送信日時", "2026/11/20 18:00")),
        ("applied_at", ("申請日時", "2026/11/20 12:30"), ("申請日", "2026/11/19")),
        ("applied_at", ("申請日時", "2026/11/20 12:30"), ("受付日時", "受付済")),
        ("receipt_no", ("受付番号", "0000412"), ("受付番号", "0000413")),
        ("employee_no", ("職員番号", "0048213"), ("職員コード", "0048214")),
        ("place", ("実施場所", "自宅"), ("勤務場所", "実家")),
    ],
)  # fmt: skip
def test_whatever_is_not_known_to_agree_contradicts(
    field: str, first: tuple[str, str], second: tuple[str, str]
) -> None:
    """Two people, two owners, two numbers, a yes and a no: both stay, which is a doubt."""
    assert together(field, first, second) == [first[1], second[1]]


def test_one_label_twice_is_one_question_answered_twice() -> None:
    """Under the same label name and state are no parts of one answer."""
    assert len(together("approval", ("所属長承認", "宮下　一成"), ("所属長承認", "済"))) == 2


@pytest.mark.parametrize(
    ("text", "count"), [("1日間", 1), ("計３日", 3), ("2日", 2), ("12月1日", None), ("3日から", None), ("", None)]
)
def test_a_count_of_days_is_no_day(text: str, count: int | None) -> None:
    """期間：1日間 says how many, and not which."""
    assert day_count(text) == count


@pytest.mark.parametrize(
    ("value", "shape", "number"),
    [
        ("0000412", Shape.LABELLED, "0000412"),
        ("テ第３－１２８号", Shape.LABELLED, "テ第3-128号"),
        ("15", Shape.LABELLED, "15"),
        ("1", Shape.CELL, None),
        ("015", Shape.CELL, None),
        ("1024", Shape.CELL, "1024"),
        ("2.02611E+13", Shape.CELL, None),
        ("2.02611E+13", Shape.LABELLED, None),
        ("########", Shape.CELL, None),
        ("1" * 65, Shape.LABELLED, None),
    ],
)
def test_a_receipt_number_is_no_row_and_no_ruin_of_one(value: str, shape: Shape, number: str | None) -> None:
    """Up to three digits in a table count its rows, and a spreadsheet's exponent has lost the digits that mattered."""
    assert receipt_number(replace(answer("receipt_no", "受付番号", value), shape=shape)) == number


@pytest.mark.parametrize(("value", "found"), [("2.02611E+13", 1), ("####", 1), ("202611100412", 0), ("15", 0)])
def test_a_damaged_number_is_doubted(value: str, found: int) -> None:
    """A person finds the number out; nobody takes two of them for the same."""
    assert len(list(damaged([answer("receipt_no", "受付番号", value)], []))) == found
