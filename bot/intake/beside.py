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
from bot.model import Doubt
from bot.settings.forms import FormsSettings
from bot.text import fold, normalise

_DAY = re.compile(
    r"(?<![\d/.])(?:\d{2,4}\s*[年/-]\s*)?(\d{1,2})\s*[月/]\s*(\d{1,2})(?![\d/])|(?<![\d/月])(\d{1,2})\s*日(?!間)"
)
_TIME = re.compile(r"\d{1,2}\s*[:時]\s*\d{0,2}")
_EMPLOYEE = re.compile(r"(?:職員番号|職員コード|職員ID)\s*(?:は|:)?\s*(\d{5,8})(?!\d)|\(\s*(\d{5,8})\s*\)")


class Beside:
    """Looks at the lines that are no answers."""

    def __init__(self, settings: FormsSettings) -> None:
        self._words = tuple(fold(word) for word in settings.telling_words)
        self._silent = frozenset(fold(label) for label in settings.ignored_labels)
        self._fixed = tuple(fold(phrase) for phrase in settings.fixed_phrases)
        self._day_labels = tuple(fold(label) for label in settings.labels.get("dates", ()))

    def doubts(self, answers: Iterable[Answer], dates: Sequence[date]) -> Iterator[Doubt]:
        """Yield a doubt for each line that may change what is asked for."""
        for answer in answers:
            if answer.field == REMARKS and self._tells(answer, dates):
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
        days = _days(answer.value)
        other_days = any(not _named(found, known) for found in days)
        if answer.why == UNKNOWN:
            of_days = any(label.endswith(name) or label.startswith(name) for name in self._day_labels)
            return any(word in value for word in self._words) or (of_days and other_days)
        # A sentence about one of several days asked for (9月1日は出勤します) is about that day alone.
        if other_days or (days and not all(any(_named(found, {day}) for found in days) for day in known)):
            return True
        return any(word in value for word in self._words) and not any(phrase in value for phrase in self._fixed)


def only_employee_no(text: str) -> str | None:
    """Return the one employee number that a letter without fields names, or ``None`` when it names none or several."""
    found = {first or second for first, second in _EMPLOYEE.findall(normalise(text))}
    return found.pop() if len(found) == 1 else None


def _days(text: str) -> list[tuple[str, str, str]]:
    """Return the days in a text; a stamp with its time of day is when something was sent, not a day asked for."""
    plain = digits(normalise(text))
    return [] if _TIME.search(plain) and len(_DAY.findall(plain)) == 1 else _DAY.findall(plain)


def _named(found: tuple[str, str, str], known: Iterable[tuple[int, int]]) -> bool:
    month, day, alone = found
    if alone:
        return any(number == int(alone) for _, number in known)
    return (int(month), int(day)) in known
