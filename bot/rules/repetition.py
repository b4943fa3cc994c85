"""When one application is another one again: the same form, the same number, and the same content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from types import MappingProxyType

from bot.model import Application, EarlierRequest
from bot.text import fold, number_key
from bot.wording import days_ja, quote

_APRIL = 4
#: A form that does not ask for one of these says nothing else by leaving it out.
_WHERE_BOTH_SAY = ("department", "approval", "declaration", "mail")
_TEXTS = ("name", "place", "terminal", "hours", "urgent_reason", *_WHERE_BOTH_SAY)
_TITLES: Mapping[str, str] = MappingProxyType({
    "kind": "申請区分", "dates": "利用日", "name": "氏名", "department": "所属", "mail": "メールアドレス", "place": "実施場所",
    "zones": "接続先", "terminal": "使用端末", "approval": "所属長承認", "hours": "利用時間", "urgent_reason": "緊急の理由",
    "declaration": "個人情報の取扱い",
})  # fmt: skip
#: It may be about somebody's health: that it differs is told, and not how.
_PRIVATE = frozenset({"urgent_reason"})


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What stands in one field of two applications, the earlier one and this one."""

    field: str
    title: str
    earlier: str
    later: str
    #: They ask for something else; a variant of a character, or what only one form asks for, makes no difference.
    differs: bool

    def told(self) -> str:
        """Return the difference in words that may travel in notices."""
        if self.field in _PRIVATE:
            return self.title
        return f"{self.title} {self.earlier or '（なし）'} → {self.later or '（なし）'}"


def side_by_side(earlier: Application, later: Application) -> tuple[Pair, ...]:
    """Return every field that one of two applications states, as a person compares them."""
    before, after = _content(earlier), _content(later)
    return tuple(
        Pair(
            field=field, title=title, earlier=_shown(earlier, field), later=_shown(later, field),
            differs=before[field] != after[field]
            and not (field in _WHERE_BOTH_SAY and not (before[field] and after[field])),
        )
        for field, title in _TITLES.items()
        if before[field] or after[field]
    )  # fmt: skip


def differences(earlier: Application, later: Application) -> tuple[Pair, ...]:
    """Return every field in which two applications ask for something else."""
    return tuple(pair for pair in side_by_side(earlier, later) if pair.differs)


def same_number(
    application: Application, received_at: datetime, earlier: Iterable[EarlierRequest], zone: tzinfo
) -> tuple[EarlierRequest, ...]:
    """Return the earlier requests for days that bear the number of this application, the oldest first.

    Another form counts for itself, and each begins anew in a new fiscal year: these are other numbers.
    """
    number, year = number_key(application.receipt_no or ""), fiscal_year(received_at.astimezone(zone))
    return tuple(
        request
        for request in earlier
        if number
        and request.application.kind.asks_for_days
        and request.application.form == application.form
        and number_key(request.application.receipt_no or "") == number
        and fiscal_year(request.received_at.astimezone(zone)) == year
    )


def fiscal_year(moment: datetime) -> int:
    """Return the year in whose April the fiscal year of a local moment began."""
    return moment.year if moment.month >= _APRIL else moment.year - 1


def _content(application: Application) -> dict[str, object]:
    texts = {name: fold(getattr(application, name) or "") for name in _TEXTS}
    zones = tuple(sorted(map(fold, application.zones)))
    return {"kind": application.kind, "dates": application.dates, "zones": zones, **texts}


def _shown(application: Application, field: str) -> str:
    if field == "dates":
        return days_ja(application.dates)
    if field == "zones":
        return "、".join(map(quote, application.zones))
    return quote(str(getattr(application, field) or ""))
