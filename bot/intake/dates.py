"""Japanese dates in a field to a set of days. What a careful clerk would ask about is a doubt, never a guess.

Read after :func:`bot.text.normalise` (so ８／２, 〜 and ㋿ are 8/2, ~ and 令和) and with 漢数字 before 年月日 as digits::

    dates   := item ( sep item )*            sep   := 、 , ・ ; / 及び と 並びに および または-less, a line end
    item    := day [ range day ] tail*       range := ~ - から より
    day     := year? month? number 日?  weekday? half?
    year    := 令和3年 R3. 令3. 元年 | 2021年 2021/ 2021- 2021. | 20210802 in one | 3.8.2 (令和, where it is within a year)
    weekday := (月) 月曜日 (土・祝)            half  := 午前 午後 終日 全日 半日
    tail    := まで の5日間 (5日間) (土日祝を除く)

A missing year is the next such day on or after the application, not further than ``max_infer_days``; a day without a
month takes the month before it. A range takes every calendar day: the rules judge closed ones. Doubts: a weekday that
disagrees, an impossible or backward date, relative words (明日, 来週月曜, 毎週, 未定), a count that does not fit, and
anything that is left over.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from bot.text import normalise

_KANJI = {char: number for number, char in enumerate("〇一二三四五六七八九")}
#: No number of a date is longer; and a run is looked at once, from its beginning.
_KANJI_RUN = re.compile(r"(?<![〇一二三四五六七八九十])[〇一二三四五六七八九十]{1,8}(?=\s*(?:年|月|日|時|分|・))")
#: Nothing in a date depends on how much space stands in it: where several patterns could share it out, one is left.
_SPACES = re.compile(r"[^\S\n]+")
_LINE_ENDS = re.compile(r" ?\n[ \n]*")
_CIRCLED = re.compile(r"[①-⑳]")  # they count the answers; normalised they would be digits of a date
_FIRST_YEAR = re.compile(r"元\s*(?=年)")
_RELATIVE = re.compile(
    r"明日|明後日|あす|あさって|本日|今日|翌日|翌週|今週|来週|再来週|来月|今月|翌月|毎週|毎日|隔週|随時|未定|当面|しばらく|上旬|中旬|下旬"
    r"|月末|月初|頃|ごろ|以降|または|又は|もしくは|若しくは|いずれか|相談|\?"
)
_S = r"\s*"
_DAY_FORMS = tuple(re.compile(pattern) for pattern in (
    rf"(?P<era>令和|平成|令|平|[RrHh])\.?{_S}(?P<era_year>\d{{1,2}}){_S}(?:年|[./-]){_S}(?P<month>\d{{1,2}}){_S}(?:月|[./-]){_S}(?P<day>\d{{1,2}})(?!\d){_S}日?",
    rf"(?P<year>\d{{4}}){_S}(?:年|[./-]){_S}(?P<month>\d{{1,2}}){_S}(?:月|[./-]){_S}(?P<day>\d{{1,2}})(?!\d){_S}日?",
    r"(?P<year>20\d{2})(?P<month>\d{2})(?P<day>\d{2})(?!\d)",
    r"(?P<era_year>\d{1,2})\.(?P<month>\d{1,2})\.(?P<day>\d{1,2})(?![\d.])",
    rf"(?P<month>\d{{1,2}}){_S}(?:月|/){_S}(?P<day>\d{{1,2}})(?!\d|/\d){_S}日?",
    rf"(?P<day>\d{{1,2}})(?!\d)(?!{_S}[年月/:時]){_S}日?(?!間)",
))  # fmt: skip
_WEEKDAY = re.compile(r"\s*(?:\(\s*([月火水木金土日])(?:曜日?)?\s*(?:[・,、]?\s*祝日?)?\s*\)|([月火水木金土日])曜日?)")
_HALF = re.compile(r"\s*\(?\s*(午前|午後|終日|全日|半日|AM|PM|am|pm)\s*(?:中|休|のみ|半休)?\s*\)?")
_RANGE = re.compile(r"\s*(?:~|から|より|-|至)\s*")
_BEGIN = re.compile(r"^(?:自|・)\s*|(?<=\n)\s*[・*]\s*|(?:^|(?<=\n))\s*(?:\(\d{1,2}\)\s*|\d{1,2}[.)]\s+)(?=\S)")
_TAIL = re.compile(
    r"\s*(?:まで|の間|\(?\s*(?:の|計|全)?\s*(?P<count>\d{1,2})\s*日間?\s*\)|(?:の|計|全)\s*(?P<count2>\d{1,2})\s*日間"
    r"|\(?\s*(?:土日祝日?|土日・祝日?|土日、祝日?|土日|土・日|休日|閉庁日|祝日)(?:は|を)?除く\s*\)?|予定|の予定|です|。|\))"
)
_SEPARATOR = re.compile(r"\s*(?:、|,|・|;|及び|および|並びに|ならびに|かつ|と|/|\n|\s)\s*")
_LONGEST = 4_000
_WEEKDAYS = "月火水木金土日"
_ERA_YEARS = {"令": 2018, "R": 2018, "平": 1988, "H": 1988}


@dataclass(frozen=True, kw_only=True)
class Doubted:
    """Why a piece of text is no clear date: what was read, in Japanese and English."""

    read: str
    text: str
    text_en: str


@dataclass(frozen=True, kw_only=True)
class DatesRead:
    """The days that are clear, ascending, and what is not."""

    dates: tuple[date, ...] = ()
    doubts: tuple[Doubted, ...] = ()


class _Unclear(Exception):
    def __init__(self, text: str, text_en: str) -> None:
        super().__init__(text)
        self.text, self.text_en = text, text_en


@dataclass(kw_only=True)
class _Scan:
    """Where reading stands in the text, and the day read last."""

    text: str
    base: date
    infer_days: int
    range_days: int
    at: int = 0
    last: date | None = None
    #: Nothing but space stands between the day read last and here: a bare number may be an hour or a count.
    loose: bool = False
    found: set[date] = field(default_factory=set)

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.at)
        if match and match.end() > self.at:
            self.at = match.end()
            return match
        return None

    @property
    def done(self) -> bool:
        return not self.text[self.at :].strip()


def read_dates(text: str, *, base: date, infer_days: int = 90, range_days: int = 92) -> DatesRead:
    """Return the days that ``text`` names, as of an application made on ``base``."""
    if len(text) > _LONGEST:
        too_long = Doubted(read=text.strip(), text="日付の欄が長すぎます", text_en="the text is too long for dates")
        return DatesRead(doubts=(too_long,))
    plain = _BEGIN.sub("", _spaced(digits(normalise(_CIRCLED.sub("、", text)))).strip("、 \n\t"))
    scan = _Scan(text=plain, base=base, infer_days=infer_days, range_days=range_days)
    try:
        if word := _RELATIVE.search(plain):
            raise _Unclear(f"「{word.group()}」では日付が決まりません", f"{word.group()!r} fixes no date")
        while not scan.done:
            _item(scan)
            start = scan.at
            while scan.take(_SEPARATOR):
                pass
            scan.loose = not plain[start : scan.at].strip()
    except _Unclear as unclear:
        doubt = Doubted(read=text.strip(), text=unclear.text, text_en=unclear.text_en)
        return DatesRead(dates=tuple(sorted(scan.found)), doubts=(doubt,))
    return DatesRead(dates=tuple(sorted(scan.found)))


def read_day(text: str, *, base: date, infer_days: int = 90) -> tuple[date, str] | None:
    """Return the day at the start of ``text`` and what follows it, or ``None``."""
    plain = _spaced(digits(normalise(text))).strip()
    scan = _Scan(text=plain, base=base, infer_days=infer_days, range_days=1)
    try:
        day = _day(scan, halves=False)
    except _Unclear:
        return None
    return day, plain[scan.at :].strip()


def digits(text: str) -> str:
    """Return ``text`` with 漢数字 before 年, 月, 日, 時 and 分 as digits, and 元年 as 1年."""
    return _KANJI_RUN.sub(lambda run: str(_number(run.group())), _FIRST_YEAR.sub("1", text))


def _spaced(text: str) -> str:
    return _LINE_ENDS.sub("\n", _SPACES.sub(" ", text))


def _item(scan: _Scan) -> None:
    first = _day(scan)
    scan.loose = False
    last = first
    if scan.take(_RANGE):
        last = _day(scan, after=first)
        if last < first:
            raise _Unclear(
                f"期間の終わり（{last:%m/%d}）が始まり（{first:%m/%d}）より前です", "the range ends before it begins"
            )
        if (last - first).days > scan.range_days:
            raise _Unclear(f"期間が長すぎます（{(last - first).days + 1}日間）", "the range is very long")
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    scan.found.update(days)
    while tail := scan.take(_TAIL):
        count = tail["count"] or tail["count2"]
        if count and int(count) not in {len(days), len(scan.found)} and int(count) != _working(scan.found):
            raise _Unclear(f"日数（{count}日間）が日付と合いません", f"{count} days do not fit the dates")


def _working(days: Iterable[date]) -> int:
    return sum(day.weekday() < 5 for day in days)


def _day(scan: _Scan, *, after: date | None = None, halves: bool = True) -> date:
    start = scan.at
    for form in _DAY_FORMS:
        if match := scan.take(form):
            day = _resolved(match, scan, after)
            break
    else:
        left = scan.text[start : start + 20].strip()
        if not left:
            raise _Unclear("期間の終わりが書かれていません", "the end of the range is missing")
        raise _Unclear(f"「{left}」は日付として読めません", f"{left!r} is no date")
    weekday = scan.take(_WEEKDAY)
    said = (weekday[1] or weekday[2]) if weekday else None
    if said and _WEEKDAYS[day.weekday()] != said:
        text = f"{day:%Y-%m-%d}は{_WEEKDAYS[day.weekday()]}曜日で、書かれた曜日（{said}）と違います"
        raise _Unclear(text, f"{day} is not the weekday stated")
    if halves:
        scan.take(_HALF)
    scan.last = day
    return day


def _resolved(match: re.Match[str], scan: _Scan, after: date | None) -> date:
    parts = match.groupdict()
    number = int(parts["day"])
    month = int(parts["month"]) if parts.get("month") else None
    year = _year(parts, scan.base)
    if month is None:
        if scan.last is None:
            raise _Unclear(f"「{match.group().strip()}」には月がありません", "the month is missing")
        month, year = scan.last.month, scan.last.year
        if number <= scan.last.day or (scan.loose and "日" not in match.group()):
            raise _Unclear(
                f"「{match.group().strip()}」が日付かどうか、何月かが決まりません", "a bare number may be no day of it"
            )
    try:
        return date(year, month, number) if year else _next(month, number, after or scan.last or scan.base, scan)
    except ValueError:
        raise _Unclear(
            f"「{match.group().strip()}」という日はありません", f"there is no day {month}/{number}"
        ) from None


def _year(parts: dict[str, str | None], base: date) -> int | None:
    if parts.get("year"):
        return int(parts["year"] or 0)
    if not parts.get("era_year"):
        return None
    era = (parts.get("era") or "")[:1].upper()
    year = _ERA_YEARS.get(era, 2018) + int(parts["era_year"] or 0)
    if not era and abs(year - base.year) > 1:
        raise _Unclear(
            f"「{parts['era_year']}.{parts['month']}.{parts['day']}」の年が決まりません", "the year is not clear"
        )
    return year


def _next(month: int, number: int, start: date, scan: _Scan) -> date:
    """Return the first such day on or after ``start``, or between the application and ``start`` in a list out of order."""
    earliest = max(start, scan.base)
    if (
        start == scan.last
        and _exists(start.year, month, number)
        and scan.base <= date(start.year, month, number) < start
    ):
        earliest = scan.base
    days = [date(year, month, number) for year in (earliest.year, earliest.year + 1) if _exists(year, month, number)]
    day = next((day for day in days if day >= earliest), None)
    if day is None:
        raise ValueError
    if (day - earliest).days > scan.infer_days:
        text = f"「{month}月{number}日」は年がなく、申請日から{scan.infer_days}日以内にありません"
        raise _Unclear(text, f"{month}/{number} has no year and is not within {scan.infer_days} days")
    return day


def _exists(year: int, month: int, number: int) -> bool:
    return 1 <= month <= 12 and 1 <= number <= monthrange(year, month)[1]


def _number(kanji: str) -> int:
    """Return 二十三 or 一〇 as a number."""
    if "十" not in kanji:
        return int("".join(str(_KANJI[char]) for char in kanji))
    tens, _, ones = kanji.partition("十")
    return (_number(tens) if tens else 1) * 10 + (_number(ones) if ones else 0)
