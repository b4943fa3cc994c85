"""The calendar's files: read whole, or refused with every problem and its line."""

from __future__ import annotations

from datetime import date

import pytest

from bot.errors import ConfigInvalid
from bot.rules.calendar import DayOverride
from bot.rules.calendar_files import load_holidays, load_overrides


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
@pytest.mark.parametrize("headings", ["", "date,open|closed,reason\n", "日付,開閉,理由\n"])
def test_overrides_are_read_with_or_without_headings(encoding: str, headings: str) -> None:
    """Dates in any usual form, states in either language, a reason that may be missing."""
    content = f"{headings}2019-04-30,open,10連休の臨時開庁\nR3.8.2,閉庁,大雪\n\n2021/8/3,Closed\n".encode(encoding)
    assert load_overrides(content, name="overrides.csv") == {
        date(2019, 4, 30): DayOverride(open=True, reason="10連休の臨時開庁"),
        date(2021, 8, 2): DayOverride(open=False, reason="大雪"),
        date(2021, 8, 3): DayOverride(open=False),
    }


def test_an_empty_overrides_file_overrides_nothing() -> None:
    """Nothing to override is no problem."""
    assert load_overrides(b"", name="overrides.csv") == {}


def test_all_problems_of_an_overrides_file_come_at_once() -> None:
    """No date, no such day, an unknown state and a repeated day are named with their lines."""
    content = "date,state\n2021-02-30,open\n2021-08-02,maybe\nsoon,open\n,open\n2021-08-03,open\n2021-08-03,closed\n"
    with pytest.raises(ConfigInvalid) as caught:
        load_overrides(content.encode(), name="o.csv")
    texts = [problem.text.partition(": ")[2][:6] for problem in caught.value.problems]
    assert {problem.path for problem in caught.value.problems} == {"calendar.overrides_file"}
    assert texts == ["row 2:", "row 3:", "row 4:", "row 5:", "row 7:"]


@pytest.mark.parametrize("content", [b"\xff\xfe\xfd\xff\x00", b'"2021-08-02,open\n', b"x" * (2**20 + 1)])
def test_what_is_no_csv_is_refused(content: bytes) -> None:
    """Broken quotes, broken characters or too much: one clear problem."""
    with pytest.raises(ConfigInvalid, match=r"calendar\.overrides_file: o\.csv: "):
        load_overrides(content, name="o.csv")


def test_the_cabinet_offices_file_is_read() -> None:
    """syukujitsu.csv as it is published: cp932, headings, dates without leading zeros."""
    content = "国民の祝日・休日月日,国民の祝日・休日名称\r\n2027/1/1,元日\r\n2027/3/22,休日\r\n".encode("cp932")
    assert load_holidays(content, name="syukujitsu.csv") == {date(2027, 1, 1): "元日", date(2027, 3, 22): "休日"}


@pytest.mark.parametrize("content", ["", "日付,名称\n", "日付,名称\n2027/1/1,\n"])
def test_a_holiday_file_without_holidays_is_refused(content: str) -> None:
    """An empty list would open every holiday: it is a wrong file."""
    with pytest.raises(ConfigInvalid, match=r"calendar\.holidays_file"):
        load_holidays(content.encode(), name="syukujitsu.csv")
