"""Whether two answers under two labels of one field say the same, and what they say together.

所属 and 所属課, 所属長名 and 所属長承認, 申請日時 and 受付日時 stand side by side in many forms: a part each of one answer, or the same
twice. Whatever this does not know as such is a contradiction, which is a doubt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from types import MappingProxyType

from bot.intake.dates import read_day
from bot.intake.fields import Answer
from bot.intake.moments import read_moment
from bot.rules.approvals import refused
from bot.text import fold, number_key

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


def combined(field: str, answers: Sequence[Answer], *, base: date) -> list[Answer]:
    """Return the one answer that several answers of a field give together; all of them where they contradict each other.

    ``base`` is the day of the receipt, for a time without a year. Days are not combined: their reader compares them.
    """
    different = [*{fold(answer.value): answer for answer in reversed(answers)}.values()][::-1]
    if len(different) < 2:
        return different
    combine = partial(_applied_at, base=base) if field == "applied_at" else _COMBINE.get(field)
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


@dataclass(frozen=True, kw_only=True)
class _Stamp:
    """What a time of application says: its day, and the moment where it names one."""

    answer: Answer
    day: date
    moment: datetime | None

    @property
    def first(self) -> datetime:
        """The earliest moment that it allows."""
        return self.moment or datetime.combine(self.day, time(), UTC)


def _applied_at(answers: Sequence[Answer], *, base: date) -> Answer | None:
    """Return when it was applied for: 申請日時 where a later 受付日時 stands beside it, the time where a day does."""
    stamps = [stamp for answer in answers if (stamp := _stamp(answer, base))]
    received = [stamp for stamp in stamps if _RECEIVED.search(stamp.answer.label)]
    found = [_one_of(group) for group in ([one for one in stamps if one not in received], received) if group]
    known = [stamp for stamp in found if stamp]
    if len(stamps) < len(answers) or len(known) < len(found):
        return None
    applied, latest = known[0], known[-1]
    if applied.day == latest.day and not (applied.moment and latest.moment):
        return (applied if applied.moment else latest).answer
    return applied.answer if applied.first <= latest.first else None


def _one_of(stamps: Sequence[_Stamp]) -> _Stamp | None:
    """Return the one time that stamps of one meaning state: a day and its time, or of times some minutes apart the last."""
    moments = [stamp.moment for stamp in stamps if stamp.moment]
    if len({stamp.day for stamp in stamps}) > 1 or (moments and max(moments) - min(moments) > _STAMPS_APART):
        return None
    return max(stamps, key=lambda stamp: stamp.first)


def _stamp(answer: Answer, base: date) -> _Stamp | None:
    day = read_day(answer.value, base=base, backward=True)
    moment = read_moment(answer.value, zone=UTC, base=base)
    return _Stamp(answer=answer, day=day[0], moment=moment) if day else None


def _receipt_no(answers: Sequence[Answer]) -> Answer | None:
    """Return the number that a receipt goes by: 管理番号 beside 受付番号 is another number of the same application."""
    order = [number for number in _NUMBERS for answer in answers if fold(number) == fold(answer.label)]
    if len(order) != len(answers):
        return None
    return next(answer for answer in answers if fold(answer.label) == fold(order[0]))


def _kind(answers: Sequence[Answer]) -> Answer:
    """Return all options as one answer: whoever reads them finds out whether they name one kind."""
    return replace(answers[0], value="\n".join(answer.value for answer in answers))


def _number(answers: Sequence[Answer]) -> Answer | None:
    return answers[0] if len({number_key(answer.value) for answer in answers}) == 1 else None


#: How answers under different labels of a field are put together.
_COMBINE: Mapping[str, Callable[[Sequence[Answer]], Answer | None]] = MappingProxyType({
    "approval": _approval, "terminal": _terminal, "name": _name, "department": _department,
    "receipt_no": _receipt_no, "employee_no": _number, "refers_to": _number,
    "kind": _kind,
})  # fmt: skip
