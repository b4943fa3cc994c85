"""Whether a subject says only what the form and the answers say: 【取下げ】 or 修正版 in it must not be passed over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache

from bot.intake.sentences import Sentences
from bot.model import Application, Explained, Kind, Passage
from bot.settings.forms import FormProfile, FormsSettings
from bot.text import fold, number_key

_PART = "件名"
#: Longer than any subject that a form or a clerk writes; it is held unread.
_LONGEST = 500
_LONGEST_WORD = 60
#: Before NFKC makes digits of the circled ones.
_BULLETS = re.compile(r"^[\s①-⑳■□●○◆◇◎★☆]+")
#: They set words apart and say nothing themselves.
_MARKS = frozenset("【】[]()「」『』《》〈〉<>:・、。,._-~|#*!/'\"※")
_CITY = re.compile(
    r"[^\W\d_a-z]{1,5}?[都道府県市区町村](?:役所|役場|庁)?(?=電子申請|オンライン申請|申請|テレワーク|、|\]|】|\))"
)
_RECEIPT = re.compile(r"(?:受付|整理|申請|到達|申込|管理)番号[:は]?([0-9a-z-]{1,30})")
_DAY = re.compile(
    r"(?:(?:20\d\d|令和\d{1,2}|r\d{1,2})[年/.-])?(\d{1,2})(?:月(\d{1,2})日?|[/.](\d{1,2}))(?:\([月火水木金土日]\))?(?:分|付け?)?"
)
_NUMBER = re.compile(r"[0-9a-z][0-9a-z-]*")
_ID_IN_HOLE = re.compile(r"#?[0-9a-z-]{1,30}")
_UNITS = re.compile(r"(?<=[部局室課係所園校署院])|[\s\u3000・/／]+")
_AS_IN = re.compile(r"[\s\u3000]+")


def explain(
    subject: str,
    settings: FormsSettings,
    profile: FormProfile | None,
    applications: Sequence[Application] = (),
    received_on: date | None = None,
) -> Passage:
    """Return the subject as a passage: the form's own, or unexplained with the words that nothing explains.

    Explained are the form's whole subjects, the words of ``forms.subject_words``, and what the applications say themselves: the
    applicant, the receipt number, the kind, and all of the days. A number or a day of anything else is unexplained.
    """
    left = _unexplained(subject, profile, _Known(settings, applications, received_on))
    if left:
        return Passage(
            part=_PART, text=subject[:_LONGEST], explained=Explained.UNEXPLAINED,
            why=f"件名の「{left}」を説明できません / nothing explains it in the subject",
        )  # fmt: skip
    return Passage(part=_PART, text=subject[:_LONGEST], explained=Explained.FORM, why="件名の語 / words of a subject")


def _unexplained(subject: str, profile: FormProfile | None, known: _Known) -> str:
    """Return the first words of a subject that nothing explains; empty where everything is explained."""
    if len(subject) > _LONGEST:
        return subject[:_LONGEST_WORD]
    whole = Sentences(profile.subjects).find(subject) if profile else None
    if whole is not None:
        return next((left for hole in whole[1] if (left := _in_hole(hole, known))), "")
    return known.unexplained(fold(_BULLETS.sub("", subject)))


def _in_hole(words: str, known: _Known) -> str:
    """Return what is unexplained in a hole of the form's subject; a number stands for the message there."""
    return "" if _ID_IN_HOLE.fullmatch(words) else known.unexplained(words)


class _Known:
    """What a subject may say of these applications."""

    def __init__(self, settings: FormsSettings, applications: Sequence[Application], received_on: date | None) -> None:
        kinds = {application.kind for application in applications} | {Kind.ISSUE}
        words = {word for kind in kinds for word in _folded(settings.kinds.get(kind.value, ()))}
        words |= _folded(settings.subject_words)
        words |= {word for application in applications for word in _own_words(application)}
        self._words = frozenset(word for word in words if word)
        self._longest = max(map(len, self._words), default=0)
        stated = [number for one in applications for number in (one.receipt_no, one.refers_to)]
        self._receipts = {number_key(number).lower() for number in stated if number}
        self._numbers = self._receipts | {
            number_key(one.employee_no).lower() for one in applications if one.employee_no
        }
        self._any_receipt = not applications
        self._asked = {(day.month, day.day) for one in applications for day in one.dates}
        stamps = [one.applied_at.date() for one in applications if one.applied_at]
        self._stamps = {(day.month, day.day) for day in (*stamps, *([received_on] if received_on else []))}

    def unexplained(self, folded: str) -> str:
        """Return the first words of a folded text that nothing explains, up to the next mark."""
        days: set[tuple[int, int]] = set()
        furthest, is_reached = 0, [True, *([False] * len(folded))]
        for at in (place for place in range(len(folded)) if is_reached[place]):
            furthest = at
            for end, day in self._from(folded, at):
                is_reached[end] = True
                days.update(day)
        if not is_reached[len(folded)]:
            return _around(folded, furthest)
        return "" if self._all_days(days) else "日付 / days"

    def _from(self, folded: str, at: int) -> Iterator[tuple[int, tuple[tuple[int, int], ...]]]:
        """Yield the end of each thing known that begins here, with the day of the applications that it names."""
        if folded[at] in _MARKS:
            yield at + 1, ()
        for length in range(1, min(self._longest, len(folded) - at) + 1):
            if folded[at : at + length] in self._words and not self._cuts_word(folded, at, length):
                yield at + length, ()
        if city := _CITY.match(folded, at):
            yield city.end(), ()
        receipt = _RECEIPT.match(folded, at)
        if receipt and (self._any_receipt or number_key(receipt[1]).lower() in self._receipts):
            yield receipt.end(), ()
        if number := self._number_at(folded, at):
            yield number, ()
        yield from self._day_at(folded, at)

    def _cuts_word(self, folded: str, at: int, length: int) -> bool:
        """Tell whether Latin letters go on before or behind: ``re`` in ``request`` is no word."""
        word, end = folded[at : at + length], at + length
        if not word.isascii():
            return False
        return _is_latin(folded[at - 1 : at]) or _is_latin(folded[end : end + 1])

    def _number_at(self, folded: str, at: int) -> int | None:
        if folded[at - 1 : at].isascii() and folded[at - 1 : at].isalnum():
            return None
        number = _NUMBER.match(folded, at)
        return number.end() if number and number_key(number[0]).lower() in self._numbers else None

    def _day_at(self, folded: str, at: int) -> Iterator[tuple[int, tuple[tuple[int, int], ...]]]:
        day = _DAY.match(folded, at) if not folded[at - 1 : at].isdigit() else None
        if day is None:
            return
        named = (int(day[1]), int(day[2] or day[3]))
        if named in self._asked:
            yield day.end(), (named,)
        elif named in self._stamps:
            yield day.end(), ()

    def _all_days(self, named: set[tuple[int, int]]) -> bool:
        """Tell whether a subject that names days names all that are asked for, or the first and the last of them."""
        return not named or named == self._asked or named >= {min(self._asked), max(self._asked)}


@lru_cache(maxsize=16)
def _folded(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(fold, words))


def _own_words(application: Application) -> Iterator[str]:
    """Yield how a subject may name the applicant: the name and its beginnings, and the department and its units."""
    name, department = (application.name or "")[:_LONGEST_WORD], (application.department or "")[:_LONGEST_WORD]
    yield from (fold(part) for part in _AS_IN.split(name))
    whole = fold(name)
    yield from (whole[:length] for length in range(2, len(whole) + 1))
    yield fold(department)
    yield from (fold(unit) for unit in _UNITS.split(department))


def _is_latin(letter: str) -> bool:
    return letter.isascii() and letter.isalpha()


def _around(folded: str, at: int) -> str:
    """Return what stands around a place, between two marks, for people to see what was not understood."""
    begin = next((before + 1 for before in range(at - 1, -1, -1) if folded[before] in _MARKS), 0)
    end = next((behind for behind in range(at + 1, len(folded)) if folded[behind] in _MARKS), len(folded))
    return folded[begin:end][:_LONGEST_WORD]
