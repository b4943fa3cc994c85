"""Japanese dates in a field to a set of days. What a careful clerk would ask about is a doubt, never a guess.

Read after :func:`bot.text.normalise` (so ８／２, 〜 and ㋿ are 8/2, ~ and 令和) and with 漢数字 before 年月日 as digits::

    dates   := item ( sep item )*            sep   := 、 , ・ ; / & + 及び と 並びに および and, a space, a line end
    item    := mark? day [ range ( day | N日間 ) ] tail*     mark  := ① (1) 1. 1) in order from 1, ・, 自
    range   := ~ - から より 至               N日間 := 3日間, only behind から より: the day and those that follow it
    day     := year? month? number 日?  note* | 同日 | 同月 number | (同年 翌年) month number
    year    := 令和3年 R3. 令3. 平成33年 元年 | 2021年 2021/ 2021- 2021. | 20210802 in one | 3.8.2 3年8月2日 (令和)
    note    := weekday | half | times, also in brackets, several in one: (火・午後) (火 8:30-17:15)
    weekday := (月) 月曜日 月 (土・祝) Tue (Tue.)     half  := 午前 午後 終日 全日 半日 AM PM
    times   := 8:30 | 8:30-17:15 | 午後1時から | 8時30分から17時15分まで | T00:00:00+09:00
    tail    := まで の間 (both behind a range) のみ だけ の5日間 (5日間) 計5日 (土日祝を除く) (平日のみ) (火～木) です

A missing year is the next such day on or after the application, not further than ``max_infer_days``; a day without a
month takes the month before it. A range takes every calendar day: the rules judge closed ones. Doubts: a weekday that
disagrees, an impossible or backward date, a year more than one away from the application's, relative words (明日,
来週月曜, 毎週, 未定), a choice (か, または, のうち), a count that does not fit, a number cut in two by a line end, a
time of another zone, a list or range without its end, and anything that is left over.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, time, timedelta

from bot.intake.daytime import CLOCK, half_of, time_of
from bot.text import normalise

_KANJI = {char: number for number, char in enumerate("〇一二三四五六七八九")}
#: No number of a date is longer; and a run is looked at once, from its beginning.
_KANJI_RUN = re.compile(r"(?<![〇一二三四五六七八九十])[〇一二三四五六七八九十]{1,8}(?=\s*(?:年|月|日|時|分|秒|・))")
#: Nothing in a date depends on how much space stands in it: where several patterns could share it out, one is left.
_SPACES = re.compile(r"[^\S\n]+")
_LINE_ENDS = re.compile(r" ?\n[ \n]*")
_CIRCLED = re.compile(r"[①-⑳]")  # they count the answers; normalised they would be digits of a date
_BRACKETS = str.maketrans("[]〔〕", "()()")
_FIRST_YEAR = re.compile(r"元\s*(?=年)")
RELATIVE = re.compile(
    r"明日|明後日|あす|あさって|本日|今日|翌日|翌週|今週|来週|再来週|来月|今月|翌月|毎週|毎日|隔週|随時|未定|当面|しばらく|上旬|中旬|下旬"
    r"|月末|月初|頃|ごろ|以降|または|又は|もしくは|若しくは|いずれか|のうち|予備|候補|相談|\?"
)
#: A number at a line end before one without its month: they may be one number that a mail program cut in two.
_CUT_NUMBER = re.compile(r"\d\n\d{1,2}(?!\d|\s*[年月/.:時)])")
_S = r"\s*"
_DAY_FORMS = tuple(re.compile(pattern) for pattern in (
    rf"(?P<era>令和|平成|令|平|[RrHh])\.?{_S}(?P<era_year>\d{{1,2}}){_S}(?:年|[./-]){_S}(?P<month>\d{{1,2}}){_S}(?:月|[./-]){_S}(?P<day>\d{{1,2}})(?!\d)(?:{_S}日(?!曜))?",
    rf"(?P<year>\d{{4}}){_S}(?:年|[./-]){_S}(?P<month>\d{{1,2}}){_S}(?:月|[./-]){_S}(?P<day>\d{{1,2}})(?!\d)(?:{_S}日(?!曜))?",
    r"(?P<year>20\d{2})(?P<month>\d{2})(?P<day>\d{2})(?!\d)",
    rf"(?P<era_year>\d{{1,2}}){_S}年{_S}(?P<month>\d{{1,2}}){_S}月{_S}(?P<day>\d{{1,2}})(?!\d)(?:{_S}日(?!曜))?",
    r"(?P<era_year>\d{1,2})\.(?P<month>\d{1,2})\.(?P<day>\d{1,2})(?![\d.])",
    rf"(?P<same>同年|翌年){_S}(?P<month>\d{{1,2}}){_S}月{_S}(?P<day>\d{{1,2}})(?!\d)(?:{_S}日(?!曜))?",
    r"(?P<same>同日)",
    rf"(?P<same>同月){_S}(?P<day>\d{{1,2}})(?!\d)(?:{_S}日(?!曜))?",
    rf"(?P<month>\d{{1,2}}){_S}(?:月|/){_S}(?P<day>\d{{1,2}})(?!\d|/\d)(?:{_S}日(?!曜))?",
    rf"(?P<day>\d{{1,2}})(?!\d)(?!{_S}[年月/:時])(?!{_S}日[間分])(?:{_S}日(?!曜))?",
))  # fmt: skip
_WEEKDAYS = "月火水木金土日"
_ENGLISH = {name: _WEEKDAYS[at] for at, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))}
_WEEKDAY = re.compile(
    r"\s*(?:([月火水木金土日])(?:曜日?)?(?!曜|\s?[・、,]?\s?(?:[月火水木金土日](?!\d)|祝日?(?:を|は)?除))"
    r"|(Mon(?:day)?|Tue(?:s(?:day)?)?|Wed(?:nesday)?|Thu(?:r(?:s(?:day)?)?)?|Fri(?:day)?|Sat(?:urday)?|Sun(?:day)?)\.?(?![a-z]))",
    re.IGNORECASE,
)
_BRACKETED_WEEKDAY = re.compile(r"\s?\(\s?[月火水木金土日]")
_HOLIDAY = re.compile(r"\s*(?:国民の)?祝日?")
_BRACKETED = re.compile(r"\s*\(\s?([^()]{1,40}?)\s?\)")
_NOTE_SEPARATOR = re.compile(r"\s*[・,、/]?\s*")
#: Not with a bare number behind it, which would be its hour.
_HALF = re.compile(
    r"\s*(?:(?:午前|午後)(?:中|半?休)?|終日|全日|半日|[AP]M(?![a-z]))(?:のみ|だけ)?(?!\s?\d{1,2}(?!\s?[\d/月年.:時]))",
    re.IGNORECASE,
)
_CLOCK = re.compile(rf"\s*{CLOCK}", re.IGNORECASE)
_TO_CLOCK = re.compile(rf"\s*(?:~|-|から|より)(?={_CLOCK.pattern})", re.IGNORECASE)
#: 「12/1～17:15」 is until then; 「12/1から8:30」 is from that day on.
_ONLY_TO_CLOCK = re.compile(rf"\s*(?:~|-)(?={_CLOCK.pattern})", re.IGNORECASE)
_NEXT_CLOCK = re.compile(rf"\s*(?:[、,・/と]|及び)(?={_CLOCK.pattern})", re.IGNORECASE)
#: What a form service writes for a day: a time in the city's own zone, or none named.
_STAMP = re.compile(r"T(?:[01]\d|2[0-3]):[0-5]\d(?::\d{2}(?:\.\d{1,9})?)?(?:\+09:?00)?(?![\d:+-])")
_OUR_ZONE = re.compile(r"\s*(?:\+09:?00(?!\d)|JST(?![A-Za-z]))")
_UNTIL = re.compile(r"\s*まで")
_OPEN = re.compile(r"\s*(?:~|-|から|より)(?=\s*(?:$|[、,;。]))")
_RANGE = re.compile(r"\s*(?:(?:~|から|より|-)?\s*至|~|から|より|-)\s*")
_DURATION = re.compile(r"(\d{1,2})\s*日間")
_BULLET = re.compile(r"(?:^|(?<=\n))[・*]\s*")
_MARK = re.compile(
    r"(?:(?:^|(?<=[\n 、,]))\((\d{1,2})\)|(?:^|(?<=\n))(\d{1,2})(?:\)|\.(?=\s|\d{1,2}[/月]|\d{4})))\s*(?=[\d令平RH])"
)
_SELF = re.compile(r"自\s*(?=\S)")
_COUNT = re.compile(
    r"\s*(?:\(\s*(?:の?(?P<sum1>合?計|延べ)|の|全)?\s*(?P<count1>\d{1,2})\s*日[間分]?\s*\)"
    r"|[、,]?\s*(?:の?(?P<sum2>合?計|延べ)|の|全)\s*(?P<count2>\d{1,2})\s*日[間分]?|(?P<count3>\d{1,2})\s*日間)"
)
_CLOSED = r"(?:土曜?日?[・、,]?日(?:曜日?)?(?:[・、,]|及び)?(?:祝日?)?|休日|閉庁日|祝日)"
_TAIL = re.compile(
    rf"\s*(?:のみ|だけ|[(※]?\s*(?:ただし、?)?{_CLOSED}(?:は|を)?除く\s*\)?|\(?\s*(?:平日|開庁日)(?:のみ|だけ)?\s*\)?"
    r"|を?予定(?:しています)?|の予定|です|となります|(?:で|を)?お願い(?:いた)?します|を希望します|。)"
)
_RANGE_TAIL = re.compile(r"\s*(?:まで|の間)")
_ITS_WEEKDAYS = re.compile(
    r"\s*\(\s?((?:[月火水木金土日](?:曜日?)?\s?[・,、/~-]\s?){1,6}[月火水木金土日])(?:曜日?)?\s?\)"
)
_SEPARATOR = re.compile(r"\s*(?:、|,|;|\n|\s|(?P<joint>・|/|&|\+|及び|および|並びに|ならびに|かつ|と|and(?![a-z])))\s*")
#: Behind these a further day may follow with nothing between.
_ENDS = ")。日前後中"
_LONGEST = 4_000
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


@dataclass(frozen=True, kw_only=True)
class _Day:
    """One day as it is written."""

    day: date
    text: str
    #: Its month is said before it.
    bare: bool
    weekday: bool
    #: A time or a half of the day stands behind it.
    timed: bool
    #: A time stands behind it that ends with から or ~.
    open: bool


@dataclass(kw_only=True)
class _Scan:
    """Where reading stands in the text, and the day read last."""

    text: str
    base: date
    infer_days: int
    range_days: int
    backward: bool = False
    at: int = 0
    last: date | None = None
    #: What stands between the day read last and here.
    between: str = "、"
    found: set[date] = field(default_factory=set)
    #: The first and last days of all items, in the order of the text.
    said: list[date] = field(default_factory=list)

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.at)
        if match and match.end() > self.at:
            self.at = match.end()
            return match
        return None

    @property
    def done(self) -> bool:
        return self.at >= len(self.text)

    @property
    def rest(self) -> str:
        return self.text[self.at : self.at + 20].strip()


def read_dates(text: str, *, base: date, infer_days: int = 90, range_days: int = 92) -> DatesRead:
    """Return the days that ``text`` names, as of an application made on ``base``."""
    if len(text) > _LONGEST:
        too_long = Doubted(read=text.strip(), text="日付の欄が長すぎます", text_en="the text is too long for dates")
        return DatesRead(doubts=(too_long,))
    plain = _unlisted(_plain(_CIRCLED.sub("、", text)).strip("、 \n\t"))
    scan = _Scan(text=plain, base=base, infer_days=infer_days, range_days=range_days)
    try:
        _refuse_words(plain)
        while not scan.done:
            _item(scan)
            _separators(scan)
    except _Unclear as unclear:
        doubt = Doubted(read=text.strip(), text=unclear.text, text_en=unclear.text_en)
        return DatesRead(dates=tuple(sorted(scan.found)), doubts=(doubt,))
    return DatesRead(dates=tuple(sorted(scan.found)))


def read_day(text: str, *, base: date, infer_days: int = 90, backward: bool = False) -> tuple[date, str] | None:
    """Return the day at the start of ``text`` and what follows it, or ``None``.

    Without a year it is the next such day on or after ``base``, ``backward`` the last one on or before it.
    """
    scan = _Scan(text=_plain(text).strip(), base=base, infer_days=infer_days, range_days=1, backward=backward)
    try:
        day = _day(scan, dated_only=True).day
    except _Unclear:
        return None
    return day, scan.text[scan.at :].strip()


def digits(text: str) -> str:
    """Return ``text`` with 漢数字 before 年, 月, 日, 時, 分 and 秒 as digits, and 元年 as 1年."""
    return _KANJI_RUN.sub(lambda run: str(_number(run.group())), _FIRST_YEAR.sub("1", text))


def _plain(text: str) -> str:
    plain = digits(normalise(text)).translate(_BRACKETS)
    return _LINE_ENDS.sub("\n", _SPACES.sub(" ", plain))


def _unlisted(text: str) -> str:
    """Return the text without the bullets and numbers of its list; numbers that don't count from 1 stay, and are no day."""
    plain = _BULLET.sub("", text)
    numbers = [int(first or second) for first, second in _MARK.findall(plain)]
    return _MARK.sub("", plain) if numbers == list(range(1, len(numbers) + 1)) else plain


def _refuse_words(plain: str) -> None:
    if word := RELATIVE.search(plain):
        raise _Unclear(f"「{word.group()}」では日付が決まりません", f"{word.group()!r} fixes no date")
    if cut := _CUT_NUMBER.search(plain):
        text = "／".join(cut.group().split("\n"))
        raise _Unclear(f"行の終わりで数字が切れています（{text}）", f"a line end cuts a number: {text}")


def _separators(scan: _Scan) -> None:
    """Go to the next item, and refuse a list that ends where one more should follow."""
    start, joint = scan.at, ""
    while separator := scan.take(_SEPARATOR):
        joint = separator["joint"] or joint
    scan.between = scan.text[start : scan.at]
    if joint == "/" and re.search("[、,;・]", scan.between):
        text = scan.text[start : start + 10]
        raise _Unclear(f"「{text}」の月が書かれていません", f"the month is missing in {text!r}")
    if joint and scan.done:
        raise _Unclear(f"「{joint}」の後が書かれていません", f"nothing follows {joint!r}")


def _item(scan: _Scan) -> None:
    from_self = scan.take(_SELF)
    start, parted = scan.at, scan.between or scan.text[scan.at - 1] in _ENDS
    first = _day(scan)
    if not parted:
        text = scan.text[max(start - 5, 0) : start + 10]
        raise _Unclear(f"「{text}」に区切りがありません", f"nothing stands between the days of {text!r}")
    scan.between = "、"
    mark = None if first.open else scan.take(_RANGE)
    if from_self and not mark:
        raise _Unclear("「自」の後に「至」がありません", "the end of the range is missing")
    last = _end(scan, first, mark.group()) if mark else first.day
    days = [first.day + timedelta(days=offset) for offset in range((last - first.day).days + 1)]
    scan.found.update(days)
    scan.said += [first.day, last] if mark else [last]
    while _tail(scan, days, ranged=mark is not None):
        pass


def _end(scan: _Scan, first: _Day, mark: str) -> date:
    """Return the last day of a range that begins with ``first``."""
    if "-" in mark and mark.lstrip(" ").startswith("\n"):
        raise _Unclear("行頭の「-」が期間か箇条書きか決まりません", "a hyphen before a day may be a bullet")
    word = "から" in mark or "より" in mark
    last = _counted(scan, first, mark) if word else None
    if last is None:
        last = _last_day(scan, first, mark, word=word)
    if last < first.day:
        text = f"期間の終わり（{last:%m/%d}）が始まり（{first.day:%m/%d}）より前です"
        raise _Unclear(text, "the range ends before it begins")
    if (last - first.day).days > scan.range_days:
        raise _Unclear(f"期間が長すぎます（{(last - first.day).days + 1}日間）", "the range is very long")
    return last


def _counted(scan: _Scan, first: _Day, mark: str) -> date | None:
    """Return the end of 「12月1日から3日間」, ``None`` where no count stands; over a weekend it is not clear."""
    duration = scan.take(_DURATION)
    if duration is None:
        return None
    count = int(duration[1])
    days = [first.day + timedelta(days=offset) for offset in range(count)]
    if not days or first.timed or _working(days) != count:
        text = f"「{mark.strip()}{duration.group()}」がどの日までか決まりません"
        raise _Unclear(text, "the count may be of calendar days or of working days")
    scan.last = days[-1]
    return days[-1]


def _last_day(scan: _Scan, first: _Day, mark: str, *, word: bool) -> date:
    end = _day(scan, after=first.day)
    as_count = word and end.bare and "日" in end.text and not end.weekday and not _UNTIL.match(scan.text, scan.at)
    # 「12/2から4日」 is to the fourth or for four days; 「2026-12-01-03」 may be a number of a list.
    unlike = as_count and (end.day - first.day).days + 1 != end.day.day
    branch = end.bare and mark == "-" and re.match(r"\d{4}-|\d{8}", first.text)
    of_hours = first.timed and (end.bare or ("\n" in mark and not end.timed))
    if unlike or branch or of_hours or end.open:
        text = f"「{first.text.strip()}{mark.strip()}{end.text.strip()}」がどの日までか決まりません"
        raise _Unclear(text, "where the range ends is not clear")
    return end.day


def _tail(scan: _Scan, days: list[date], *, ranged: bool) -> bool:
    """Take one remark behind an item, and refuse one that disagrees with its days."""
    if counted := scan.take(_COUNT):
        _check_count(scan, days, counted)
        return True
    if names := scan.take(_ITS_WEEKDAYS):
        _check_weekdays(scan, days, names[1])
        return True
    if scan.take(_TAIL) or (ranged and scan.take(_RANGE_TAIL)):
        return True
    start = scan.at
    _Notes(day=days[-1]).read(scan)  # hours behind the count: 12/1～12/3の3日間（8:30～17:15）
    return scan.at > start


def _check_count(scan: _Scan, days: list[date], counted: re.Match[str]) -> None:
    count = int(counted["count1"] or counted["count2"] or counted["count3"])
    counts = {len(scan.found), _working(scan.found)}
    if not counted["sum1"] and not counted["sum2"]:  # else it is of all the days, not of this item's
        counts |= {len(days), _working(days)}
    if count not in counts:
        raise _Unclear(f"日数（{count}日間）が日付と合いません", f"{count} days do not fit the dates")


def _check_weekdays(scan: _Scan, days: list[date], text: str) -> None:
    """Refuse weekdays of several days, (火～木) or (火・木), that are not those of the days before them."""
    names = re.findall(r"([月火水木金土日])(?:曜日?)?", text)
    spans = "~" in text or "-" in text
    meant = [days[0], days[-1]] if spans else scan.said[-len(names) :]
    if names != [_weekday(day) for day in meant]:
        raise _Unclear(f"曜日（{text}）が日付と合いません", f"the weekdays {text} are not those of the days")


def _working(days: Iterable[date]) -> int:
    return sum(day.weekday() < 5 for day in days)


def _weekday(day: date) -> str:
    return _WEEKDAYS[day.weekday()]


def _day(scan: _Scan, *, after: date | None = None, dated_only: bool = False) -> _Day:
    for form in _DAY_FORMS:
        if match := scan.take(form):
            day = _resolved(match, scan, after)
            break
    else:
        left = scan.rest
        if not left:
            raise _Unclear("期間の終わりが書かれていません", "the end of the range is missing")
        raise _Unclear(f"「{left}」は日付として読めません", f"{left!r} is no date")
    notes = _Notes(day=day, dated_only=dated_only)
    notes.read(scan)
    bare = not match.groupdict().get("month") and not match.groupdict().get("same")
    scan.last = day
    return _Day(day=day, text=match.group(), bare=bare, weekday=notes.weekday, timed=notes.timed, open=notes.open)


@dataclass(kw_only=True)
class _Notes:
    """What stands behind a day and changes nothing of it: its weekday, a half of it, times of it."""

    day: date
    #: Only the weekday is read: a time belongs to the caller.
    dated_only: bool = False
    weekday: bool = False
    timed: bool = False
    open: bool = False
    hours: bool = False

    def read(self, scan: _Scan) -> None:
        """Take all of them, those in brackets only where nothing else stands there."""
        while not self.open and (self._bracketed(scan) or self._note(scan)):
            pass
        if self.timed and scan.take(_OPEN):
            self.open = True

    def _bracketed(self, scan: _Scan) -> bool:
        match = _BRACKETED.match(scan.text, scan.at)
        if not match or _ITS_WEEKDAYS.match(scan.text, scan.at):
            return False
        inner = _Scan(text=match[1], base=scan.base, infer_days=0, range_days=0)
        while not inner.done:
            if not (self._note(inner) or inner.take(_HOLIDAY)):
                return False
            if self.timed:
                inner.take(_OPEN)
            inner.take(_NOTE_SEPARATOR)
        scan.at = match.end()
        return True

    def _note(self, scan: _Scan) -> bool:
        if weekday := scan.take(_WEEKDAY):
            self._check(weekday[1] or _ENGLISH[weekday[2][:3].lower()])
            return True
        if self.dated_only:
            return False
        if self._times(scan) or scan.take(_STAMP) or scan.take(_HALF):
            self.timed = True
            return True
        return False

    def _check(self, said: str) -> None:
        if said != _weekday(self.day):
            text = f"{self.day:%Y-%m-%d}は{_weekday(self.day)}曜日で、書かれた曜日（{said}）と違います"
            raise _Unclear(text, f"{self.day} is not the weekday stated")
        self.weekday = True

    def _times(self, scan: _Scan) -> bool:
        """Take the hours once, however many times they are of: 8:30～12:00、13:00～17:15."""
        start = scan.at
        if self.hours:
            return False
        scan.take(_NEXT_CLOCK)
        while _hours(scan) and scan.take(_NEXT_CLOCK):
            pass
        self.hours = scan.at > start
        return self.hours


def _hours(scan: _Scan) -> bool:
    """Take a time of day, or one to another."""
    begin = scan.take(_CLOCK)
    # A stamp has seconds: what follows it with a hyphen is its zone.
    zone = begin is not None and (scan.take(_OUR_ZONE) or (begin["second"] and scan.text.startswith("-", scan.at)))
    end = scan.take(_CLOCK) if not zone and scan.take(_TO_CLOCK if begin else _ONLY_TO_CLOCK) else None
    _check_hours(begin, end)
    if begin or end:
        scan.take(_UNTIL)
    return bool(begin or end)


def _check_hours(begin: re.Match[str] | None, end: re.Match[str] | None) -> None:
    """Refuse a time that no clock shows, and hours that end before they begin."""
    try:
        first, last = (time_of(match) if match else None for match in (begin, end))
    except ValueError:
        first = last = time(0)
    if begin and end and half_of(begin) in {"午後", "PM"} and not half_of(end) and last and last.hour < 12:
        last = last.replace(hour=last.hour + 12)  # 午後1時から5時まで
    if first is not None and last is not None and last <= first:
        text = "~".join(match.group().strip() for match in (begin, end) if match)
        raise _Unclear(f"「{text}」は時刻として読めません", f"{text!r} is no time of day")


def _resolved(match: re.Match[str], scan: _Scan, after: date | None) -> date:
    parts, text = match.groupdict(), match.group().strip()
    year = _year(parts, scan)
    month = int(parts["month"]) if parts.get("month") else None
    number = int(parts.get("day") or (scan.last.day if scan.last else 0))
    if month is None:
        if scan.last is None:
            raise _Unclear(f"「{text}」には月がありません", "the month is missing")
        month, year = scan.last.month, scan.last.year
        if not parts.get("same") and (number <= scan.last.day or _may_be_no_day(text, scan)):
            raise _Unclear(f"「{text}」が日付かどうか、何月かが決まりません", "a bare number may be no day of it")
    try:
        day = date(year, month, number) if year else _next(month, number, after or scan.last or scan.base, scan)
    except ValueError:
        raise _Unclear(f"「{text}」という日はありません", f"there is no day {month}/{number}") from None
    _check_habit(day, text, scan)
    return day


def _check_habit(day: date, text: str, scan: _Scan) -> None:
    """Refuse a past day whose year may be the old one, written by habit: 2026/1/5 for 2027/1/5 in the December of 2026."""
    if scan.backward or day >= scan.base or not _exists(day.year + 1, day.month, day.day):
        return
    if 0 <= (day.replace(year=day.year + 1) - scan.base).days <= scan.infer_days:
        raise _Unclear(
            f"「{text}」は過ぎた日です。年の書き間違いかもしれません", f"{text!r} is past: it may be of the next year"
        )


def _may_be_no_day(text: str, scan: _Scan) -> bool:
    """Tell whether a bare number with nothing but space before it may be an hour or a count."""
    on_its_own_line = "日" in text and "\n" in scan.between
    return not scan.between.strip() and not on_its_own_line and not _BRACKETED_WEEKDAY.match(scan.text, scan.at)


def _year(parts: dict[str, str | None], scan: _Scan) -> int | None:
    if same := parts.get("same"):
        if scan.last is None:
            raise _Unclear(f"「{same}」の前に日付がありません", f"no day stands before {same!r}")
        return scan.last.year + (same == "翌年")
    if not parts.get("year") and not parts.get("era_year"):
        return None
    era = (parts.get("era") or "")[:1].upper()
    year = int(parts.get("year") or 0) or _ERA_YEARS.get(era, 2018) + int(parts["era_year"] or 0)
    if abs(year - scan.base.year) > 1:
        raise _Unclear(f"年（{year}年）が申請日から離れています", f"the year {year} is far from the application")
    return year


def _next(month: int, number: int, start: date, scan: _Scan) -> date:
    """Return the first such day on or after ``start``, or between the application and ``start`` in a list out of order."""
    if scan.backward:
        return _before(month, number, scan)
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


def _before(month: int, number: int, scan: _Scan) -> date:
    years = (scan.base.year, scan.base.year - 1)
    days = [date(year, month, number) for year in years if _exists(year, month, number)]
    day = next((day for day in days if day <= scan.base), None)
    if day is None or (scan.base - day).days > scan.infer_days:
        raise ValueError
    return day


def _exists(year: int, month: int, number: int) -> bool:
    return 1 <= month <= 12 and 1 <= number <= monthrange(year, month)[1]


def _number(kanji: str) -> int:
    """Return 二十三 or 一〇 as a number."""
    if "十" not in kanji:
        return int("".join(str(_KANJI[char]) for char in kanji))
    tens, _, ones = kanji.partition("十")
    return (_number(tens) if tens else 1) * 10 + (_number(ones) if ones else 0)
