"""What a mail says beside its answers: a remark that takes one back must not be passed over in silence.

A careful clerk reads 備考 and the sentence above a quoted application. Here each such line is looked at for days that the
application does not name, for some of those that it does, and for words that change it (取消, 訂正, 追加, 出勤 …); each makes a
doubt, and nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from bot.intake.dates import digits
from bot.intake.fields import REMARKS, UNKNOWN, Answer
from bot.intake.sentences import Sentences
from bot.model import Doubt
from bot.settings.forms import FormsSettings
from bot.text import fold, normalise

_DAY = re.compile(
    r"(?<![\d/.])(?:\d{2,4}\s*[年/-]\s*)?(\d{1,2})\s*[月/]\s*(\d{1,2})(?![\d/])|(?<![\d/月])(\d{1,2})\s*日(?!間)"
)
_TIME = re.compile(r"\d{1,2}\s*[:時]\s*\d{0,2}")
_EMPLOYEE = re.compile(r"(?:職員番号|職員コード|職員ID)\s*(?:(?:は|:)\s*)?(\d{5,8})(?!\d)|\(\s*(\d{5,8})\s*\)")
#: A number that is no part of a longer one, of a telephone number, an address or a date.
_ALONE = re.compile(r"(?<![\dA-Za-z.@/:-])\d{5,10}(?![\dA-Za-z.@/:-])")


class Beside:
    """Looks at the lines that are no answers."""

    def __init__(self, settings: FormsSettings) -> None:
        self._words = tuple(fold(word) for word in settings.telling_words)
        silent = {fold(label) for label in (*settings.harmless, *settings.free_text)}
        self._silent = silent - {fold(label) for label in settings.labels.get("remarks", ())}
        self._sentences = Sentences(settings.sentences)
        self._day_labels = tuple(fold(label) for label in settings.labels.get("dates", ()))

    def doubts(self, answers: Iterable[Answer], dates: Sequence[date], own: Sequence[str]) -> Iterator[Doubt]:
        """Yield a doubt for each line that may change what is asked for, or name somebody else.

        ``own`` are the application's numbers, the employee's first.
        """
        for answer in answers:
            if answer.field == REMARKS and (self._tells(answer, dates) or self._names_another(answer, own)):
                read = f"{answer.label}：{answer.value}" if answer.label else answer.value
                yield Doubt(
                    field="body",
                    read=read,
                    text="項目の外に、申請の内容に関わるかもしれない記載があります",
                    text_en="beside the answers stands something that may change them",
                )

    def _tells(self, answer: Answer, dates: Sequence[date]) -> bool:
        label, value = fold(answer.label), fold(answer.value)
        if label in self._silent or not value:
            return False
        known = {(day.month, day.day) for day in dates}
        whole, alone = _days(answer.value)
        other_days = not whole <= known or not alone <= {number for _, number in known}
        if answer.why == UNKNOWN:
            of_days = any(label.endswith(name) or label.startswith(name) for name in self._day_labels)
            return any(word in value for word in self._words) or (of_days and other_days)
        # A sentence about one of several days asked for (9月1日は出勤します) is about that day alone.
        if other_days or ((whole or alone) and not all(day in whole or day[1] in alone for day in known)):
            return True
        return any(word in value for word in self._words) and self._sentences.find(answer.value) is None

    def _names_another(self, answer: Answer, own: Sequence[str]) -> bool:
        """Tell whether a line holds a number that is written as the employee's own is, and is none of the application's."""
        if fold(answer.label) in self._silent:
            return False
        length = len(own[0]) if own else 0
        return any(len(number) == length and number not in own for number in _ALONE.findall(normalise(answer.value)))


def only_employee_no(text: str) -> str | None:
    """Return the one employee number that a letter without fields names, or ``None`` when it names none or several."""
    found = {first or second for first, second in _EMPLOYEE.findall(normalise(text))}
    return found.pop() if len(found) == 1 else None


def _days(text: str) -> tuple[set[tuple[int, int]], set[int]]:
    """Return the days in a text, those with their month and those without.

    A stamp with its time of day is when something was sent, not a day asked for.
    """
    plain = digits(normalise(text))
    found = _DAY.findall(plain)
    if len(found) == 1 and _TIME.search(plain):
        return set(), set()
    return {(int(month), int(day)) for month, day, alone in found if not alone}, {int(day) for *_, day in found if day}
