"""How a spreadsheet shows the values of a style: as a date, with zeros before it, in part, or not at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format

#: Excel writes none longer.
_LONGEST_FORMAT = 255
#: Formats that Excel of Japan knows by number alone (ECMA-376, part 1, section 18.8.30, ja-jp); openpyxl has those of all languages.
_JAPANESE: Mapping[int, str] = MappingProxyType({
    **dict.fromkeys((27, 36, 50, 57), "[$-411]ge.m.d"), **dict.fromkeys((28, 29, 51, 54, 58), '[$-411]ggge"年"m"月"d"日"'),
    30: "m/d/yy", 31: 'yyyy"年"m"月"d"日"', 32: 'h"時"mm"分"', 33: 'h"時"mm"分"ss"秒"', **dict.fromkeys((34, 52, 55), 'yyyy"年"m"月"'),
    **dict.fromkeys((35, 53, 56), 'm"月"d"日"'),
})  # fmt: skip
_LITERAL = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.')
#: Words that a format of dates sets between their parts; any others say something of the cell.
_OF_DATES = re.compile(r"(?:令和|平成|[年月日時分秒年月日曜()（）~～〜 \u3000/.\-,:]|から|まで|年度)*")
_QUOTED = re.compile(r'"([^"]*)"|\\(.)')
_LEADING_ZEROS = re.compile(r"(?:\[[^\]]*\])?(0{2,20})")


@dataclass(frozen=True, kw_only=True)
class Look:
    """How cells of one style show their value; most show it as it is."""

    dates: bool = False
    #: A length of time, which counts on beyond 24 hours.
    length: bool = False
    #: So many digits at least, zeros before them.
    digits: int = 0
    #: Parts of a date that are shown (y, m, d), where one is missing.
    partly: str = ""
    #: Words that the format writes beside the parts of a date.
    words: str = ""
    unseen: bool = False
    struck: bool = False

    def parts_of(self, day: date) -> str:
        """Return what is shown of a day, where that is not all of it."""
        named = {"y": f"{day.year}年", "m": f"{day.month}月", "d": f"{day.day}日"}
        return "".join(named[part] for part in self.partly or "ymd") + self.words

    @property
    def differs(self) -> bool:
        """Whether a day is shown otherwise than whole."""
        return bool(self.partly or self.words)


PLAIN = Look()


def look_of(number: int, code: str | None, *, struck: bool = False, unseen: bool = False) -> Look:
    """Return how a number format shows values; ``code`` is its text where the file writes it out."""
    shown = code if code is not None else _JAPANESE.get(number) or BUILTIN_FORMATS.get(number, "")
    if len(shown) > _LONGEST_FORMAT:
        return Look(struck=struck, unseen=unseen)
    zeros = _LEADING_ZEROS.fullmatch(shown)
    dates = is_date_format(shown)
    return Look(
        dates=dates, length=dates and is_timedelta_format(shown), digits=len(zeros[1]) if zeros else 0,
        partly=_partly(shown) if dates else "", words=_words(shown) if dates else "", struck=struck, unseen=unseen or (shown != "" and not shown.strip("; ")),
    )  # fmt: skip


def _words(code: str) -> str:
    """Return the words that a format of dates writes and no part of a date needs."""
    words = "".join(quoted or single for quoted, single in _QUOTED.findall(code.partition(";")[0]))
    return "" if _OF_DATES.fullmatch(words) else words


def _partly(code: str) -> str:
    letters = set(_LITERAL.sub("", code.partition(";")[0]).lower())
    of_time = bool(letters & {"h", "s"})
    parts = {
        "y": bool(letters & {"y", "e", "g"}),
        "m": "m" in letters and ("d" in letters or not of_time),
        "d": "d" in letters,
    }
    shown = "".join(part for part, there in parts.items() if there)
    return "" if shown in {"", "ymd"} else shown
