"""Dates in every form that applicants write read back as themselves; what is not clear is a doubt that says what was read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.intake.dates import read_dates
from bot.intake.moments import read_moment

BASE = date(2021, 7, 30)
ZONE = ZoneInfo("Asia/Tokyo")
_INK = re.compile(r"[^\W_]")
_KANJI = "〇一二三四五六七八九"
_WIDE = str.maketrans("0123456789/.-~,:", "０１２３４５６７８９／．－～，：")


def days(*texts: str) -> tuple[date, ...]:
    """Return days of 2021 as month-day."""
    return tuple(date.fromisoformat(f"2021-{text}") for text in texts)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("令和3年8月2日", days("08-02")), ("R3.8.2", days("08-02")), ("Ｒ３．８．２", days("08-02")), ("令3.8.2", days("08-02")),
        ("㋿3年8月2日", days("08-02")), ("2021/8/2", days("08-02")), ("2021-08-02", days("08-02")), ("20210802", days("08-02")),
        ("8月2日(月)", days("08-02")), ("８／２", days("08-02")), ("八月二日", days("08-02")), ("8月二十三日", days("08-23")),
        ("3.8.2", days("08-02")), ("8/9（月・祝）", days("08-09")), ("8/2 午前", days("08-02")), ("８月12日", days("08-12")),
        ("8月2日～6日", days("08-02", "08-03", "08-04", "08-05", "08-06")), ("8/2-8/6", days("08-02", "08-03", "08-04", "08-05", "08-06")),
        ("8月30日から9月2日まで", days("08-30", "08-31", "09-01", "09-02")), ("8/2、8/4", days("08-02", "08-04")),
        ("8/2,4,6", days("08-02", "08-04", "08-06")), ("8月2・4日", days("08-02", "08-04")), ("8月2日及び八月四日", days("08-02", "08-04")),
        ("R3.8.2、4、6", days("08-02", "08-04", "08-06")), ("8/2〜8/4（土日除く）", days("08-02", "08-03", "08-04")),
        ("8月2日から4日までの3日間", days("08-02", "08-03", "08-04")), ("①8/2②8/4", days("08-02", "08-04")),
        ("2021年8月2日(月)\n2021年8月3日(火)", days("08-02", "08-03")), ("9月1日、8月2日", days("08-02", "09-01")), ("", ()),
    ],
)  # fmt: skip
def test_forms_that_are_clear(text: str, expected: tuple[date, ...]) -> None:
    """Every form of domain.md §1.5 gives its days and no doubt."""
    read = read_dates(text, base=BASE)
    assert (read.dates, read.doubts) == (expected, ())


@pytest.mark.parametrize(
    "text",
    [
        "明日", "来週月曜", "毎週水曜", "随時", "明日から９日（月）まで", "8月2日（火）", "2月30日", "13月1日", "8/6-8/2", "8月2日から", "未定",
        "8/2または8/3", "8/2頃", "12日", "6月1日", "8月2日から4日までの5日間", "申請のとおり", "5.8.2", "8/2?", "1999/99/99",
        "4/1/12", "8月2日　1日", "8月2日 13-17", "8/30、31、1", "8/4、2", "8/2、2", "21/08/02", "8/2 9", "8/2～8/6（8/4を除く）",
    ],
)  # fmt: skip
def test_forms_that_are_doubts(text: str) -> None:
    """What a careful clerk would ask about is a doubt in both languages that quotes what was read."""
    (doubt,) = read_dates(text, base=BASE).doubts
    assert doubt.read == text
    assert doubt.text
    assert doubt.text_en


def test_a_short_year_before_slashes_is_a_doubt() -> None:
    """4/1/12 is 令和4年1月12日 to its writer, never the first and the twelfth of April."""
    read = read_dates("4/1/12", base=date(2022, 1, 5))
    assert read.dates == ()
    assert read.doubts


def test_a_leap_day_is_the_next_one() -> None:
    """2/29 without a year is read where the next year has it, and doubted where neither has."""
    assert read_dates("2/29", base=date(2023, 12, 10)).dates == (date(2024, 2, 29),)
    assert read_dates("2/29", base=date(2022, 2, 20)).doubts


def test_the_year_turns() -> None:
    """At the end of the year a January date without a year is the next January's."""
    read = read_dates("12月28日～1月5日", base=date(2021, 12, 20))
    assert (read.dates[0], read.dates[-1], len(read.dates)) == (date(2021, 12, 28), date(2022, 1, 5), 9)
    assert read_dates("1/5", base=date(2021, 12, 20)).dates == (date(2022, 1, 5),)


def _kanji(number: int) -> str:
    tens, ones = divmod(number, 10)
    return ("" if tens == 0 else "十" if tens == 1 else f"{_KANJI[tens]}十") + (_KANJI[ones] if ones else "")


FORMS: dict[str, Callable[[date], str]] = {
    "iso": lambda day: day.isoformat(),
    "slash": lambda day: f"{day.year}/{day.month}/{day.day}",
    "short": lambda day: f"{day.month}/{day.day}",
    "digits": lambda day: f"{day:%Y%m%d}",
    "kanji": lambda day: f"{day.month}月{day.day}日",
    "wareki": lambda day: f"令和{day.year - 2018}年{day.month}月{day.day}日",
    "era": lambda day: f"R{day.year - 2018}.{day.month}.{day.day}",
    "weekday": lambda day: f"{day.month}月{day.day}日（{'月火水木金土日'[day.weekday()]}）",
    "numerals": lambda day: f"{_kanji(day.month)}月{_kanji(day.day)}日",
}
subsets = st.sets(st.integers(0, 80), min_size=1, max_size=8).map(
    lambda offsets: [BASE + timedelta(days=offset) for offset in sorted(offsets)]
)


@given(
    chosen=subsets,
    form=st.sampled_from(sorted(FORMS)),
    joint=st.sampled_from(["、", ",", "，", "及び", "\n", "・"]),
    wide=st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_any_set_of_days_reads_back(chosen: Sequence[date], form: str, joint: str, *, wide: bool) -> None:
    """Any days, in any form, joined in any way, half or full width, are read as exactly themselves."""
    text = joint.join(FORMS[form](day) for day in chosen)
    read = read_dates(text.translate(_WIDE) if wide else text, base=BASE)
    assert (read.dates, read.doubts) == (tuple(chosen), ())


@given(chosen=subsets, joint=st.sampled_from(["、", ",", "・", "，"]), unit=st.sampled_from(["", "日"]))
@settings(max_examples=200, deadline=None)
def test_days_without_their_month_read_back(chosen: Sequence[date], joint: str, unit: str) -> None:
    """A month said once holds for the days that follow it."""
    texts, month = [], 0
    for day in chosen:
        texts.append(f"{day.day}{unit}" if day.month == month else f"{day.month}月{day.day}{unit}")
        month = day.month
    read = read_dates(joint.join(texts), base=BASE)
    assert (read.dates, read.doubts) == (tuple(chosen), ())


@given(
    start=st.integers(0, 60),
    length=st.integers(1, 20),
    form=st.sampled_from(sorted(FORMS)),
    joint=st.sampled_from(["～", "〜", "から", "－", "~"]),
)
@settings(max_examples=200, deadline=None)
def test_any_range_reads_back(start: int, length: int, form: str, joint: str) -> None:
    """A range in any form is every calendar day of it: the rules judge which are open."""
    first, last = BASE + timedelta(days=start), BASE + timedelta(days=start + length)
    read = read_dates(f"{FORMS[form](first)}{joint}{FORMS[form](last)}", base=BASE)
    assert read.doubts == ()
    assert (read.dates[0], read.dates[-1], len(read.dates)) == (first, last, length + 1)


@given(
    text=st.text(max_size=200)
    | st.text(alphabet="0123456789/.-~年月日令和R元、,・()月火水木金土日午前後 から間", max_size=60)
)
@settings(max_examples=500, deadline=200)
def test_any_text_reads_as_something(text: str) -> None:
    """No text raises or takes long; what is not all clear leaves a doubt."""
    read = read_dates(text, base=BASE)
    assert read.dates or read.doubts or not _INK.search(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021年7月30日12時41分", "2021-07-30T12:41:00"), ("2021-07-30 09:05:17", "2021-07-30T09:05:17"),
        ("Ｒ３．７．３０　午後０時５８分", "2021-07-30T12:58:00"), ("令和３年８月３日　十三時二十分", "2021-08-03T13:20:00"),
        ("2021/07/30 13:00:01", "2021-07-30T13:00:01"), ("2021-07-30T04:00:00Z", "2021-07-30T13:00:00"),
        ("R3.7.30 正午", "2021-07-30T12:00:00"), ("2021年7月30日(金) 午後1時", "2021-07-30T13:00:00"),
        ("2021/7/30 午前0時", "2021-07-30T00:00:00"), ("7月30日 13時半", "2021-07-30T13:30:00"), ("2021-07-30 01:02:03 PM", "2021-07-30T13:02:03"),
        ("2021-07-30 13:00:00+09:00", "2021-07-30T13:00:00"), ("2021-07-30 13:00 JST", "2021-07-30T13:00:00"),
    ],
)  # fmt: skip
def test_moments(text: str, expected: str) -> None:
    """Stamps of forms are read to the second, in the city's zone."""
    assert read_moment(text, zone=ZONE, base=BASE) == datetime.fromisoformat(expected).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    "text", ["R3.7.30", "2021-07-30 25:00", "午後1時", "", "2021-07-30 午後15時", "9999-12-31 23:59Z", "昨日 13:00"]
)
def test_what_is_no_moment(text: str) -> None:
    """A day without a time, an impossible time, no day at all: none of them is a moment."""
    assert read_moment(text, zone=ZONE, base=BASE) is None
