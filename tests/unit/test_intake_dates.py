"""What staff write into a date field besides days: times, counts, list marks; each is its days or a doubt, never less."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.intake.dates import read_dates, read_day

BASE = date(2026, 11, 20)
_WEEKDAYS = "月火水木金土日"
_ENGLISH = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

#: Each with its days of December 2026; a bar is a line end.
CLEAR: tuple[tuple[str, Sequence[int]], ...] = (
    # days and their years
    ("8.12.1", [1]), ("8年12月1日", [1]), ("平成38年12月1日", [1]), ("H38.12.1", [1]), ("R08/12/01", [1]), ("令8.12.1～令8.12.3", [1, 2, 3]),
    ("令和 8 年 12 月 1 日", [1]), ("20261201,20261203", [1, 3]), ("一二月一日", [1]), ("十二月一日", [1]), ("2026－12－01", [1]),
    ("2026年12月1日から同月3日まで", [1, 2, 3]), ("１２月１日～同月３日", [1, 2, 3]), ("2026年12月1日から同年12月3日まで", [1, 2, 3]),
    ("令和8年12月1日（火曜日）、同月3日（木曜日）", [1, 3]), ("12月1日から同日まで", [1]),
    # weekdays
    ("12/1 Tue", [1]), ("12/1(Tue)", [1]), ("12/1 (Tue.)", [1]), ("12/1 Tuesday", [1]), ("12/1火、12/3木", [1, 3]), ("12/1火・3木", [1, 3]),
    ("12/7月・12/8火", [7, 8]), ("2026年12月1日火曜日", [1]), ("12/1[火]", [1]), ("12月1日（|火）", [1]), ("12/1（火・午後）", [1]),
    ("12/1(火) 3(木)", [1, 3]), ("12/1（火）～12/3（木）（火～木）", [1, 2, 3]), ("12/1、12/3（火・木）", [1, 3]),
    # times
    ("2026/12/01 00:00", [1]), ("2026-12-01 00:00:00", [1]), ("2026-12-01 00:00:00+09:00", [1]), ("2026-12-01T00:00:00+09:00", [1]),
    ("2026-12-01T00:00:00", [1]), ("2026-12-01T00:00:00.000+09:00", [1]), ("2026/12/01 0:00:00～2026/12/03 0:00:00", [1, 2, 3]),
    ("12/1 8:30-17:15", [1]), ("12/1 8:30 - 17:15", [1]), ("12月1日 13:00～17:15", [1]), ("12月1日 午後1時から", [1]), ("12/1（火）13時～", [1]),
    ("12/1 8時30分から17時15分まで", [1]), ("12月1日 午後1時から5時15分まで", [1]), ("12月1日 １３時半～１７時", [1]), ("12/1 8:30-", [1]),
    ("12月1日（火） 午前８時３０分～午後５時１５分", [1]), ("12/1 AM9:00～PM5:00", [1]), ("12/1 9:00AM-5:00PM", [1]), ("12/1 ～17:15", [1]),
    ("12月1日 17:15まで", [1]), ("12/1(火 13:00～17:15)", [1]), ("12/1（火）8:30～12:00、13:00～17:15", [1]), ("12/1、13:00～17:15", [1]),
    ("12/1 終日（8:30～17:15）", [1]), ("12/1 終日 8:30-17:15", [1]), ("12月1日（火）13:00-17:15、12月3日（木）8:30-12:00", [1, 3]),
    ("12/1(火)8:30-17:15|12/3(木)8:30-17:15", [1, 3]), ("12/1 8:30～12/3 17:15", [1, 2, 3]), ("12/1午後から12/3午前まで", [1, 2, 3]),
    ("12月1日（火曜日）午前8時30分から12月3日（木曜日）午後5時15分まで", [1, 2, 3]),
    # parts of the day
    ("12/1（火）終日", [1]), ("12/1（午前中）", [1]), ("12/1 午前のみ", [1]), ("12/1午後～", [1]), ("12月1日（火）午前、12月2日（水）午後", [1, 2]),
    ("12/1　終日|12/3　午前", [1, 3]), ("12/1 午後 12/2 午前", [1, 2]), ("12/1（終日）、12/3（午前）", [1, 3]),
    # counts
    ("12月1日から2日間", [1, 2]), ("12月1日から3日間", [1, 2, 3]), ("12/1より3日間", [1, 2, 3]), ("十二月一日から三日間", [1, 2, 3]),
    ("12月1日から3日", [1, 2, 3]), ("12月2日から4日まで", [2, 3, 4]), ("12/1~12/3の3日間", [1, 2, 3]), ("12/1 ~ 12/3 (計3日)", [1, 2, 3]),
    ("12/1、12/3、計2日", [1, 3]), ("12月1日・3日・8日の計3日", [1, 3, 8]), ("12/1(1日)", [1]), ("12/1から12/3まで３日間", [1, 2, 3]),
    ("12/1～12/3の3日間（8:30～17:15）", [1, 2, 3]), ("12/4～12/7（2日間）", [4, 5, 6, 7]), ("12/1、12/7から2日間", [1, 7, 8]),
    # lists
    ("12/1・2・3", [1, 2, 3]), ("12/1･2", [1, 2]), ("12/1,3,5", [1, 3, 5]), ("12/1-3", [1, 2, 3]), ("12/1＋12/3", [1, 3]), ("12/1 & 12/3", [1, 3]),
    ("12/1及び12/3", [1, 3]), ("12/1並びに12/3", [1, 3]), ("12月1日(火)，３日(木)", [1, 3]), ("12/1　12/3", [1, 3]), ("12/1（火）12/3（木）", [1, 3]),
    ("①12/1 ②12/3", [1, 3]), ("①12/1　②12/3　③", [1, 3]), ("⑴12/1 ⑵12/3", [1, 3]), ("1. 12/1|2. 12/3", [1, 3]), ("１．12/1|２．12/3", [1, 3]),
    ("1) 12/1|2) 12/3", [1, 3]), ("・12/1|・12/3", [1, 3]), ("・12月1日|・3日", [1, 3]), ("12/1;12/3;", [1, 3]),
    # remarks that change nothing
    ("12/1（火）のみ", [1]), ("12/1だけ", [1]), ("12/1でお願いします", [1]), ("12/1（火）を希望します。", [1]), ("12/1～12/4（平日のみ）", [1, 2, 3, 4]),
    ("12/1～12/3（土・日・祝日を除く）", [1, 2, 3]), ("12/1～12/6 土曜日・日曜日を除く", [1, 2, 3, 4, 5, 6]), ("12/5土、12/6日", [5, 6]),
    ("12/6日曜日", [6]), ("12月6日日曜日", [6]),
    ("自 令和8年12月1日 至 令和8年12月3日", [1, 2, 3]), ("自令和8年12月1日～至令和8年12月3日", [1, 2, 3]),
    # line ends
    ("12月1日（火）、12月8日（火）、12月10|日（木）", [1, 8, 10]), ("12月1日（火）、|12月10日（木）", [1, 10]), ("12月1日（火）、12月|8日（火）", [1, 8]),
    ("12月1日（火）～|12月3日（木）", [1, 2, 3]), ("12月1日（火）|　～　12月3日（木）", [1, 2, 3]), ("12月1日(火)|3日(木)", [1, 3]),
)  # fmt: skip

DOUBTFUL = (
    # a choice, or a day instead of another
    "12/1 or 12/2", "12/1か12/2", "12/1→12/2", "12/1⇒12/2", "12/1->12/2", "12/1（予備日：12/2）", "12/1（第1候補）、12/2（第2候補）", "第1希望 12/1",
    "12/1から12/3のうち2日", "12/1～12/4のうち3日間", "12/1～12/3で2日", "12/1以外", "12/2を除く12/1~12/3", "12/1～12/3（12/2を除く）",
    "12/1、12/2（仮）", "12/1（12/2は年休）", "12/1|（12/2は年休）", "12/1 終日休", "×12/1", "12/1×", "12/1中止", "12/1の取消をお願いします",
    "12/1でした", "12/1です。12/3ではありません", "12/1（火）※変更の場合あり", "12/1ほか", "毎週火曜（12/1、12/8）", "12/1頃", "12/1?", "なし", "-",
    # a range without an end, or with an unclear one
    "12/1まで", "12/1から", "12/1～", "～12/3", "自12月1日", "12/1ー12/3", "12/1…12/3", "12/1~2~3", "12/1|- 12/3", "2026-12-01-03", "20261201-03",
    "12/1から8:30～17:15", "12/1～8:30～17:15", "12/1 13:00～|12/3", "12/1 13:00～|12/3 13:00～", "12/1から2週間", "12月2日から4日",
    "12/3から3日間", "12/1 13:00から3日間", "12/1から0日間", "12/1及び", "12/1、12/3と", "12/1・", "12/1/", "12/1、/3",
    # a count or weekday that does not fit
    "12月1日 2日間", "12月1日、2日間", "12/1 ~ 12/3 (計2日)", "12/1～12/3、12/8～12/10（計3日）", "12/1（月）", "12/1 Wed", "12/1（水・木）",
    "12/1～12/3（月～水）", "12/1、12/3（火・水）", "12/1土日除く12/3", "1/5、12/28",
    # a year, or none that is known
    "26.12.1", "8/12/1", "1201", "261201", "46357", "12.1", "12-1", "12/01/2026", "令和元年12月1日", "平成8年12月1日", "令和38年12月1日", "2062/12/1",
    "Dec 1, 2026", "December 1", "同月3日", "同年12月3日", "同日", "12/32",
    # a time that no clock of ours shows, or that may be a day
    "2026-11-30T15:00:00Z", "2026-12-01T00:00:00-05:00", "2026-12-01 00:00:00-05:00", "2026-12-01T00:00:00+00:00", "12/1 25:00", "12/1 17:15～8:30",
    "12/1 午前12時30分", "12/1 8-17", "12/1 13", "12/18:30", "12/1 9時間", "12/1 午後 3", "12/1 3日", "12月1日2日", "12/1 2 3",
    # list marks out of order
    "2. 12/1", "2. 12/1|3. 12/3", "(2)12/1", "12. 1/5",
    # a line end within a number or a word
    "12月1|7日", "令和８年１２月１|７日", "12月1日、2|5日", "12/1、12/1|5", "12/1|3", "12月1日（火）、12月3日（木）及|び12月8日（火）", "12/1|2、12/15",
)  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CLEAR)
def test_what_a_clerk_reads_without_asking(text: str, expected: Sequence[int]) -> None:
    """Times, weekdays, counts that fit, list marks and line ends leave the days as they are."""
    read = read_dates(text.replace("|", "\n"), base=BASE)
    assert ([day.isoformat() for day in read.dates], read.doubts) == ([f"2026-12-{day:02}" for day in expected], ())


@pytest.mark.parametrize("text", DOUBTFUL)
def test_what_a_clerk_asks_about(text: str) -> None:
    """A text with two readings, or with a word that is none of a date, is a doubt in both languages."""
    (doubt,) = read_dates(text.replace("|", "\n"), base=BASE).doubts
    assert doubt.text
    assert doubt.text_en


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1/5", "2027-01-05"), ("1月4日(月)", "2027-01-04"), ("令和9年1月5日", "2027-01-05"), ("9.1.5", "2027-01-05"),
        ("2026/12/24", "2026-12-24"), ("2026/9/1", "2026-09-01"),
    ],
)  # fmt: skip
def test_a_stated_year_stands_as_it_is_written(text: str, expected: str) -> None:
    """At the end of a year a day without one is next January's; a day that is simply past is left to the rules."""
    read = read_dates(text, base=date(2026, 12, 25))
    assert ([day.isoformat() for day in read.dates], read.doubts) == ([expected], ())


@pytest.mark.parametrize(
    "text", ["2026/1/5", "R8.1.5", "2026年12月28日、2026年1月5日", "2026/1/4、1/5", "2026/12/28～2026/1/5"]
)
def test_last_years_number_may_be_written_by_habit(text: str) -> None:
    """A past day that is to come in the next year is no clear one: a person asks which is meant, and no day of it passes."""
    assert read_dates(text, base=date(2026, 12, 25)).doubts


def test_a_range_over_the_year_may_name_the_next() -> None:
    """翌年 is the year after that of the day before it."""
    read = read_dates("令和8年12月28日から翌年1月5日まで", base=date(2026, 12, 20))
    assert (read.dates[0], read.dates[-1], read.doubts) == (date(2026, 12, 28), date(2027, 1, 5), ())


def test_a_day_is_looked_for_backward_where_that_is_asked() -> None:
    """A form's stamp without a year is of the past, and never of long ago."""
    assert read_day("11/19 17:00", base=BASE, backward=True) == (date(2026, 11, 19), "17:00")
    assert read_day("12/28", base=date(2027, 1, 4), backward=True) == (date(2026, 12, 28), "")
    assert read_day("11/21", base=BASE, backward=True) is None
    assert read_day("13/1", base=BASE, backward=True) is None


FORMS: dict[str, Callable[[date], str]] = {
    "iso": lambda day: day.isoformat(),
    "slash": lambda day: f"{day.year}/{day.month:02}/{day.day:02}",
    "short": lambda day: f"{day.month}/{day.day}",
    "digits": lambda day: f"{day:%Y%m%d}",
    "kanji": lambda day: f"{day.month}月{day.day}日",
    "wareki": lambda day: f"令和{day.year - 2018}年{day.month}月{day.day}日",
    "short wareki": lambda day: f"{day.year - 2018}.{day.month}.{day.day}",
    "era": lambda day: f"R{day.year - 2018}.{day.month}.{day.day}",
}
NOTES: dict[str, Callable[[date], str]] = {
    "none": lambda _: "",
    "weekday": lambda day: f"（{_WEEKDAYS[day.weekday()]}）",
    "bare weekday": lambda day: f" {_WEEKDAYS[day.weekday()]}曜日",
    "English weekday": lambda day: f" ({_ENGLISH[day.weekday()]})",
    "half": lambda _: "（午後）",
    "all": lambda day: f"({_WEEKDAYS[day.weekday()]}・終日)",
    "midnight": lambda _: " 0:00",
    "hours": lambda _: " 8:30-17:15",
    "hours in brackets": lambda day: f"（{_WEEKDAYS[day.weekday()]}）（13:00～17:15）",
    "hours in kanji": lambda _: " 午前8時30分から午後5時15分まで",
}
#: Before the day with this number, and behind it.
MARKS: dict[str, tuple[Callable[[int], str], str]] = {
    "comma": (lambda _: "", "、"),
    "Western comma": (lambda _: "", ", "),
    "lines": (lambda _: "", "\n"),
    "and": (lambda _: "", "及び"),
    "dots": (lambda _: "・", "\n"),
    "numbers": (lambda at: f"{at}. ", "\n"),
    "numbers in brackets": (lambda at: f"({at})", "\n"),
    "circles": (lambda at: chr(ord("①") + at - 1), " "),
}
subsets = st.sets(st.integers(0, 80), min_size=1, max_size=8).map(
    lambda offsets: [BASE + timedelta(days=offset) for offset in sorted(offsets)]
)


@st.composite
def layouts(draw: st.DrawFn) -> tuple[list[date], str]:
    """Return days and a text that names them in some layout, sometimes with their count."""
    days = draw(subsets)
    form, note = FORMS[draw(st.sampled_from(sorted(FORMS)))], NOTES[draw(st.sampled_from(sorted(NOTES)))]
    mark, joint = MARKS[draw(st.sampled_from(sorted(MARKS)))]
    text = joint.join(f"{mark(at)}{form(day)}{note(day)}" for at, day in enumerate(days, 1))
    return days, text + draw(st.sampled_from(["", "", f"（計{len(days)}日）", "のみ"]))


@given(layout=layouts())
@settings(max_examples=400, deadline=None)
def test_any_layout_reads_back(layout: tuple[list[date], str]) -> None:
    """Any days in any layout, with weekdays, times, list marks and their count, are read as exactly themselves."""
    days, text = layout
    read = read_dates(text, base=BASE)
    assert (read.dates, read.doubts) == (tuple(days), ())


words = st.sampled_from(
    ["中止", "以外", "または", "か", "か、", "未定", "変更→", "×", "の会議", "休み", "※", "予備", "…", "ー", "でない"]
)


@given(
    layout=layouts(),
    word=words | st.text(alphabet="あいうえおさしすせそ会議出張変更外雨天", min_size=1, max_size=6),
    at=st.floats(0, 1),
)
@settings(max_examples=600, deadline=None)
def test_a_word_more_is_a_doubt_or_nothing(layout: tuple[list[date], str], word: str, at: float) -> None:
    """Whatever word stands somewhere in the field, the days are the same or a person is asked."""
    days, text = layout
    place = round(at * len(text))
    read = read_dates(text[:place] + word + text[place:], base=BASE)
    assert read.doubts or read.dates == tuple(days)


@given(layout=layouts(), at=st.floats(0, 1), indent=st.sampled_from(["\n", "\n　", " \n"]))
@settings(max_examples=600, deadline=None)
def test_a_line_end_never_changes_the_days(layout: tuple[list[date], str], at: float, indent: str) -> None:
    """A mail program may cut a line anywhere, in a number too: the days are the same or a person is asked."""
    days, text = layout
    place = round(at * len(text))
    read = read_dates(text[:place] + indent + text[place:], base=BASE)
    assert read.doubts or read.dates == tuple(days)


@given(
    first=st.integers(0, 60), length=st.integers(1, 20), form=st.sampled_from(sorted(FORMS)), wrong=st.integers(-3, 3)
)
@settings(max_examples=300, deadline=None)
def test_a_count_confirms_a_range_or_is_a_doubt(first: int, length: int, form: str, wrong: int) -> None:
    """A range with its count of days, of calendar or of working days, is read; with another count it is a doubt."""
    days = [BASE + timedelta(days=first + offset) for offset in range(length + 1)]
    counts = {len(days), sum(day.weekday() < 5 for day in days)}
    count = len(days) + wrong
    read = read_dates(f"{FORMS[form](days[0])}～{FORMS[form](days[-1])}（{count}日間）", base=BASE)
    assert read.dates == tuple(days)
    assert bool(read.doubts) == (count not in counts)
