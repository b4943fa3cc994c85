"""Whether two answers under two labels of one field say the same, and what they say together.

所属 and 所属課, 所属長名 and 所属長承認, 申請日時 and 受付日時 stand side by side in many forms: a part each of one answer, or the same
twice. Whatever this does not know as such is a contradiction, which is a doubt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from types import MappingProxyType

from bot.intake.choices import says_no_kind
from bot.intake.dates import read_day
from bot.intake.fields import Answer
from bot.intake.moments import read_moment
from bot.rules.approvals import refused
from bot.text import fold, number_key

#: Only the difference of two times counts here; a year that is not written is the same in both.
_BASE = date(2024, 1, 1)
_STAMPS_APART = timedelta(minutes=10)
_HONORIFIC = re.compile(r"(?:様|さん|氏|殿)$")
_STATE = re.compile(
    r"^(?:承認)?済み?(?:です)?$|^承認(?:しました|する|します|済み?)?$|^(?:はい|有|有り|あり|可|了承|同意|許可|決裁済み?|yes|ok|[○◯〇✓✔☑レ])$"
)
_OWNER = re.compile(
    r"^(?:個人|私物|私有|自宅|byod|公用|公費|貸与|支給|庁内|業務用|職場|配布)(?:所有|用|貸与)?(?:の)?(?:pc|端末|パソコン)?$"
)
_MACHINE = re.compile(r"^(?:[a-z]{0,6}-?\d{2,10}|(?:ノート|デスクトップ)(?:pc|パソコン)?|pc|パソコン|タブレット)$")
_SYSTEM = re.compile(r"^(?:windows|macos|mac|ios|android|chromeos)[\w.]{0,20}$")
_RECEIVED = re.compile("受付|受信|到達|受領")
#: From the widest unit to the narrowest.
_RANKS = ("局", "部", "室", "課", "所", "係", "班")
_NARROW = ("担当", "グループ", "チーム")
_NUMBERS = ("受付番号", "整理番号", "到達番号", "申請番号", "申込番号", "管理番号")
_COUNT = re.compile(r"^(?:計|合計)?(\d{1,3})日間?$")


def same_answer(field: str, first: Answer, second: Answer) -> bool:
    """Tell whether two answers of one field, under whatever labels, don't contradict each other."""
    return len(combined(field, (first, second))) == 1


def combined(field: str, answers: Sequence[Answer]) -> list[Answer]:
    """Return the one answer that several answers of a field give together; all of them where they contradict each other.

    Days are not combined: their reader compares what each answer means.
    """
    different = [*{fold(answer.value): answer for answer in reversed(answers)}.values()][::-1]
    if len(different) < 2:
        return different
    combine = _COMBINE.get(field)
    labels = {fold(answer.label) for answer in different}
    one = combine(different) if combine and len(labels) == len(different) else None
    return list(answers) if one is None else [one]


def day_count(text: str) -> int | None:
    """Return the number of days that an answer such as 3日間 or 計2日 counts; ``None`` for anything else."""
    found = _COUNT.match(fold(text))
    return int(found[1]) if found else None


def _approval(answers: Sequence[Answer]) -> Answer | None:
    """Return name and state together, or the fuller of two that say the same; two names are a contradiction."""
    states = [answer for answer in answers if _STATE.match(fold(answer.value)) or refused(answer.value)]
    names = [answer for answer in answers if answer not in states]
    name = _longest(names) if names else None
    agree = len({refused(answer.value) for answer in states}) <= 1
    if not agree or (names and name is None):
        return None
    return _joined([*([name] if name else []), *states[:1]])


def _longest(answers: Sequence[Answer]) -> Answer | None:
    """Return the answer that holds all others; ``None`` where none does."""
    longest = max(answers, key=lambda answer: len(fold(answer.value)))
    inside = fold(longest.value)
    return longest if all(fold(answer.value) in inside for answer in answers) else None


def _joined(answers: Sequence[Answer]) -> Answer:
    return replace(answers[0], value="　".join(answer.value for answer in answers))


def _terminal(answers: Sequence[Answer]) -> Answer | None:
    """Return whose it is and what it is together, where one answer says each; else the one that holds the others."""
    texts = [fold(answer.value) for answer in answers]
    parts = [[text for text in texts if part.match(text)] for part in (_OWNER, _MACHINE, _SYSTEM)]
    if all(len(part) <= 1 for part in parts) and sum(map(len, parts)) == len(texts):
        return _joined(answers)
    return _longest(answers)


def _name(answers: Sequence[Answer]) -> Answer | None:
    same = {_HONORIFIC.sub("", fold(answer.value)) for answer in answers}
    return replace(answers[0], value=min((answer.value for answer in answers), key=len)) if len(same) == 1 else None


def _department(answers: Sequence[Answer]) -> Answer | None:
    """Return the department whole: one answer holds the other at an end, or 部 and 課 were asked for apart."""
    short, long = sorted(answers, key=lambda answer: len(fold(answer.value)))[:: len(answers) - 1]
    inner, outer = fold(short.value), fold(long.value)
    if len(answers) == 2 and (outer.endswith(inner) or (outer.startswith(inner) and _rank(inner) is not None)):
        return long
    ranks = [_rank(fold(answer.value)) for answer in answers]
    known = [rank for rank in ranks if rank is not None]
    if len(known) < len(answers) or len(set(known)) < len(known):
        return None
    ordered = [answer for _, answer in sorted(zip(known, answers, strict=True), key=lambda pair: pair[0])]
    return replace(answers[0], value="".join(answer.value for answer in ordered))


def _rank(department: str) -> int | None:
    if department.endswith(_NARROW):
        return len(_RANKS)
    return next((rank for rank, unit in enumerate(_RANKS) if department.endswith(unit)), None)


def _applied_at(answers: Sequence[Answer]) -> Answer | None:
    """Return when it was applied for: 申請日時 where a later 受付日時 stands beside it, the time where a day does."""
    received = [answer for answer in answers if _RECEIVED.search(answer.label)]
    applied = [answer for answer in answers if answer not in received]
    chosen = [_stamp(group) for group in (applied, received) if group]
    if any(found is None for found in chosen):
        return None
    found = [item for item in chosen if item is not None]
    in_order = all(_from(first) <= _from(second) or _day(first) == _day(second) for first, second in pairwise(found))
    return _best(found) if in_order else None


def _stamp(answers: Sequence[Answer]) -> Answer | None:
    """Return the one time that answers of one meaning state: a day and its time, or times some minutes apart, the last."""
    days = {_day(answer) for answer in answers}
    moments = {answer.label: moment for answer in answers if (moment := _moment(answer))}
    if len(days) != 1 or None in days:
        return None
    if moments and max(moments.values()) - min(moments.values()) > _STAMPS_APART:
        return None
    return max(answers, key=lambda answer: moments.get(answer.label, datetime.min.replace(tzinfo=UTC)))


def _best(answers: Sequence[Answer]) -> Answer:
    """Return the first answer, or on the same day the one that has a time."""
    with_time = [answer for answer in answers if _moment(answer) and _day(answer) == _day(answers[0])]
    return next(iter(with_time), answers[0])


def _moment(answer: Answer) -> datetime | None:
    return read_moment(answer.value, zone=UTC, base=_BASE)


def _day(answer: Answer) -> date | None:
    found = read_day(answer.value, base=_BASE)
    return found[0] if found else None


def _from(answer: Answer) -> datetime:
    """Return the earliest moment that an answer allows."""
    moment, day = _moment(answer), _day(answer)
    return moment or datetime.combine(day or date.max, datetime.min.time(), UTC)


def _receipt_no(answers: Sequence[Answer]) -> Answer | None:
    """Return the number that a receipt goes by: 管理番号 beside 受付番号 is another number of the same application."""
    order = [number for number in _NUMBERS for answer in answers if fold(number) == fold(answer.label)]
    if len(order) != len(answers):
        return None
    return next(answer for answer in answers if fold(answer.label) == fold(order[0]))


def _kind(answers: Sequence[Answer]) -> Answer | None:
    """Return the answer that says a kind beside those that only name the form, such as テレワークID."""
    saying = [answer for answer in answers if not says_no_kind(answer.value)]
    return saying[0] if len(saying) == 1 else None


def _number(answers: Sequence[Answer]) -> Answer | None:
    return answers[0] if len({number_key(answer.value) for answer in answers}) == 1 else None


#: How answers under different labels of a field are put together.
_COMBINE: Mapping[str, Callable[[Sequence[Answer]], Answer | None]] = MappingProxyType({
    "approval": _approval, "terminal": _terminal, "name": _name, "department": _department, "applied_at": _applied_at,
    "receipt_no": _receipt_no, "employee_no": _number, "refers_to": _number,
    "kind": _kind,
})  # fmt: skip
