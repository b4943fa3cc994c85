"""A form's stamp is read to the moment it states; what is not wholly a day and a time is none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.intake.moments import read_moment

ZONE = ZoneInfo("Asia/Tokyo")
BASE = date(2026, 11, 20)


@pytest.mark.parametrize(
    "text",
    [
        "2026/11/20 12:58", "2026年11月20日 金曜日 12:58", "2026/11/20(金) 12:58", "2026/11/20 (Fri) 12:58", "令和8年11月20日 午後0時58分",
        "令和８年１１月２０日　午後１２時５８分", "2026-11-20T03:58:00Z", "2026-11-20T03:58:00.000Z", "2026-11-20 03:58 UTC", "2026/11/20 12:58:00.000",
        "11月20日 12時58分", "11/20 12:58", "2026/11/20 0:58 PM", "2026/11/20 12:58 PM", "2026/11/20 PM 12:58", "2026年11月20日 十二時五十八分",
        "二〇二六年十一月二十日 十二時五十八分", "2026/11/20 12：58", "２０２６／１１／２０　１２：５８：００", "2026年11月20日12時58分00秒",
        "2026/11/20, 12:58:00", "Fri, 20 Nov 2026 12:58:00 +0900", "20 Nov 2026 03:58 GMT", "Nov 20, 2026 12:58 PM", "2026/11/20 12:58 GMT+9",
        "Fri Nov 20 2026 12:58:00 GMT+0900 (日本標準時)",
        "20261120125800", "202611201258", "20261120 125800", "20261120T125800+0900", "2026-11-20T12:58+09:00", "2026-11-20 12:58:00 +0900",
        "2026-11-20 12:58 (JST)", "2026-11-20 12:58 GMT+09:00", "8.11.20 12:58", "R8.11.20 12時58分", "平成38年11月20日 12:58", "2026/11/20 12時 58分",
    ],
)  # fmt: skip
def test_one_moment_in_all_its_forms(text: str) -> None:
    """However a form writes two minutes to one of that day, it is that moment."""
    assert read_moment(text, zone=ZONE, base=BASE) == datetime(2026, 11, 20, 12, 58, tzinfo=ZONE)


@pytest.mark.parametrize(
    "text",
    [
        "令和8年11月20日", "2026/11/19 17:00頃", "2026/11/19 17時ごろ", "2026/11/20 12:", "2026/11/20 12:5", "2026/11/20 12時5", "2026/11/20 24:00",
        "2026/11/20 12:58:60", "2026/11/20 午後13時", "令和8年11月20日 午前12時58分", "2026年11月20日(木) 12:58", "2026/11/20 12:58～13:00",
        "2026/11/20 12:58 受付", "2024/11/20 12:58", "11/20/2026 12:58", "11/21 12:58", "2026年11月20日 昼", "12:58", "正午", "20261120", "2026112012",
        "20261120125", "2026/11/20 12:58 +9", "Thu, 20 Nov 2026 12:58:00 +0900", "20 Nov 2026", "32 Nov 2026 12:58", "Nov 20 12:58", "2026/11/20 8:30 9:30",
    ],
)  # fmt: skip
def test_what_is_unclear_is_no_moment(text: str) -> None:
    """A day without a time, about a time, a cut or impossible one is never believed."""
    assert read_moment(text, zone=ZONE, base=BASE) is None


@pytest.mark.parametrize(
    ("text", "hour", "minute"), [("正午", 12, 0), ("12:58", 12, 58), ("午前１１時５９分", 11, 59), ("0:58 PM", 12, 58)]
)
def test_a_time_alone_is_of_the_day_asked_for(text: str, hour: int, minute: int) -> None:
    """Where the caller allows it, a time without a day is of the day of the receipt."""
    moment = read_moment(text, zone=ZONE, base=BASE, time_alone=True)
    assert moment == datetime(2026, 11, 20, hour, minute, tzinfo=ZONE)


@pytest.mark.parametrize("text", ["20日 12:58", "昨日 12:58", "12:58頃", "", "13/45 12:58"])
def test_a_time_beside_something_else_is_not_alone(text: str) -> None:
    """What stands before a time and is no day is not passed over."""
    assert read_moment(text, zone=ZONE, base=BASE, time_alone=True) is None


def test_a_part_of_a_second_counts() -> None:
    """Half a second after the deadline is after it."""
    moment = read_moment("2026/11/20 13:00:00.5", zone=ZONE, base=BASE)
    assert moment is not None
    assert moment > datetime(2026, 11, 20, 13, tzinfo=ZONE)


FORMS: dict[str, Callable[[datetime], str]] = {
    "iso": lambda moment: moment.isoformat(),
    "slash": lambda moment: f"{moment:%Y/%m/%d %H:%M:%S}",
    "compact": lambda moment: f"{moment:%Y%m%d%H%M%S}",
    "kanji": lambda moment: f"{moment:%Y年%m月%d日 %H時%M分%S秒}",
    "without a year": lambda moment: f"{moment.month}/{moment.day} {moment:%H:%M:%S}",
    "halves": lambda moment: (
        f"{moment:%Y-%m-%d} {moment.hour % 12 or 12}:{moment:%M:%S} {'PM' if moment.hour > 11 else 'AM'}"
    ),
    "Japanese halves": lambda moment: (
        f"令和{moment.year - 2018}年{moment.month}月{moment.day}日 {'午後' if moment.hour > 11 else '午前'}{moment.hour % 12}時{moment.minute}分{moment.second}秒"
    ),
}


@given(
    moment=st.datetimes(
        min_value=datetime.fromisoformat("2026-09-01"),
        max_value=datetime.fromisoformat("2026-11-20"),
        timezones=st.just(ZONE),
    ),
    form=st.sampled_from(sorted(FORMS)),
)
@settings(max_examples=300, deadline=None)
def test_any_moment_reads_back(moment: datetime, form: str) -> None:
    """Any second of the last weeks, in any form, is read as itself."""
    moment = moment.replace(microsecond=0)
    assert read_moment(FORMS[form](moment), zone=ZONE, base=BASE) == moment


@given(text=st.text(max_size=60) | st.text(alphabet="0123456789:/.-年月日時分秒午前後TZ+ APM()", max_size=40))
@settings(max_examples=500, deadline=None)
def test_any_text_is_a_moment_or_none(text: str) -> None:
    """Nothing that stands in the field raises."""
    moment = read_moment(text, zone=ZONE, base=BASE, time_alone=True)
    assert moment is None or moment.tzinfo is not None
