"""Answers to an application: one field each, normalised, with a doubt wherever two readings are possible."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo

from bot.intake.agreement import combined, day_count
from bot.intake.choices import KindOptions, ticked
from bot.intake.dates import read_dates, read_day
from bot.intake.fields import REMARKS, Answer, base_label
from bot.intake.moments import read_moment
from bot.intake.numbers import read_employee_no
from bot.intake.receipt_numbers import damaged, receipt_number
from bot.intake.vocabulary import Words
from bot.model import Application, Doubt, Kind, Origin
from bot.settings.forms import FormProfile, FormsSettings
from bot.text import fold, normalise

_RECEIPT = re.compile(
    r"(?:受付番号|整理番号|申請番号|到達番号|申込番号)\s*(?:[:：]\s*)?([0-9０-９A-Za-zＡ-Ｚ\-－]{4,20})"
)
_SPLIT = re.compile(r"[、,・/\n]|\s{2,}|\u3000")
_DATE_FIELDS = ("dates", "date_from", "date_to")
#: No application is for more than a year, and each day costs time.
_MOST_DAYS = 366
_LONGEST_NUMBER = 64


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What holds for every application of one message."""

    form: FormProfile | None
    subject: str
    received_at: datetime
    zone: tzinfo


class Assembler:
    """Makes applications out of answers."""

    def __init__(self, settings: FormsSettings) -> None:
        self._settings = settings
        self._kinds = KindOptions({Kind(kind): words for kind, words in settings.kinds.items()})
        self._urgent = Words(settings.urgent_words)
        self._urgent_words = {fold(word): word for word in settings.urgent_words}

    def assemble(self, answers: Sequence[Answer], frame: Frame) -> Application:
        """Return the application; of several statements the newest in the thread wins, and a contradiction is a doubt."""
        stated = [_ticked(answer) for answer in answers if answer.field != REMARKS]
        remarks = _remarks(answers, stated)
        chosen, doubts = _choose([*stated, *self._defaults(frame, answers)], frame.received_at.date())
        base = self._base(chosen, frame)
        dates, date_doubts = self._dates(chosen, base, open_end=any(answer.field == "date_to" for answer in stated))
        kind, kind_doubts = self._kind(chosen, frame)
        beside = [_first(chosen, field) for field in ("name", "department")]
        number, number_doubts = read_employee_no(_first(chosen, "employee_no"), beside)
        applied_at, applied_doubts = self._applied_at(chosen, frame)
        receipt_no, refers_to = self._receipt_no(chosen, frame), _compact(_first(chosen, "refers_to")[:_LONGEST_NUMBER])
        return Application(
            kind=kind,
            form=frame.form.name if frame.form else "other",
            form_digest=(frame.form or self._settings).digest,
            receipt_no=receipt_no,
            applied_at=applied_at,
            employee_no=number,
            name=_line(chosen, "name"),
            kana=_line(chosen, "kana"),
            department=_line(chosen, "department"),
            mail=_mail(chosen),
            dates=dates,
            place=_line(chosen, "place"),
            zones=_words(chosen, "zones"),
            terminal=_line(chosen, "terminal"),
            approval=_line(chosen, "approval"),
            urgent_reason=self._urgent_reason(chosen, remarks),
            declaration=_line(chosen, "declaration"),
            hours=_line(chosen, "hours"),
            refers_to=refers_to,
            doubts=(
                *doubts,
                *_too_long(chosen),
                *damaged(chosen.get("receipt_no", ()), chosen.get("refers_to", ())),
                *number_doubts,
                *date_doubts,
                *kind_doubts,
                *applied_doubts,
                *_unticked(answers, stated),
            ),
            origins=tuple(Origin(field=item.field, source=item.source, why=item.why) for item in answers),
        )

    def _defaults(self, frame: Frame, answers: Sequence[Answer]) -> list[Answer]:
        stated = {answer.field for answer in answers if answer.value.strip()}
        defaults = frame.form.defaults if frame.form else {}
        return [
            Answer(field=field, label="", value=value, source="", why="既定値", depth=99)
            for field, value in defaults.items()
            if field not in stated
        ]

    def _base(self, chosen: Mapping[str, list[Answer]], frame: Frame) -> date:
        """Return the day from which dates without a year are counted: the application's, else the receipt's."""
        received = frame.received_at.astimezone(frame.zone).date()
        stated = read_day(_first(chosen, "applied_at"), base=received, backward=True)
        return stated[0] if stated else received

    def _applied_at(self, chosen: Mapping[str, list[Answer]], frame: Frame) -> tuple[datetime | None, list[Doubt]]:
        """Return 申請日時 where the form is trusted for it; without a time of day it says nothing about the cutoff."""
        text = _first(chosen, "applied_at")
        if not text or frame.form is None or "applied_at" not in frame.form.trusted:
            return None, []
        received = frame.received_at.astimezone(frame.zone).date()
        day = read_day(text, base=received, backward=True)
        moment = read_moment(text, zone=frame.zone, base=received, time_alone=True)
        if moment or (day and not day[1]):
            return moment, []
        return None, [_doubt("applied_at", text, "申請日時として読めません", "it is no date and time")]

    def _dates(
        self, chosen: Mapping[str, list[Answer]], base: date, *, open_end: bool
    ) -> tuple[tuple[date, ...], list[Doubt]]:
        """Return the days; where several labels state days, they must state the same ones.

        ``open_end``: the form asks for a last day, and none was written: it is the first.
        """
        stated = [answer for answer in chosen.get("dates", []) if answer.value.strip()]
        counts = {count for answer in stated if (count := day_count(answer.value)) is not None}
        lists: dict[str, list[str]] = {}
        for answer in stated:
            if day_count(answer.value) is None:
                lists.setdefault(base_label(answer.label), []).append(answer.value)
        periods = _periods(chosen, open_end=open_end)
        if isinstance(periods, Doubt):
            return (), [periods]
        if periods:
            lists["from to"] = periods
        return self._agreeing(lists, counts, base)

    def _agreeing(
        self, lists: Mapping[str, Sequence[str]], counts: AbstractSet[int], base: date
    ) -> tuple[tuple[date, ...], list[Doubt]]:
        """Return the days that every label names: an approval must not grant more than was meant."""
        found, doubts = set[frozenset[date]](), list[Doubt]()
        for texts in lists.values():
            days, unclear = self._days(texts, base)
            found.add(days)
            doubts += unclear
        if counts - {len(days) for days in found} and not doubts:
            stated = "、".join(f"{count}日間" for count in sorted(counts))
            doubts.append(_doubt("dates", stated, "日数が利用日と合いません", "the number of days is another one"))
        if len(found) > 1 and not doubts:
            both = " / ".join(text for texts in lists.values() for text in texts)
            doubts.append(_doubt("dates", both, "項目によって日付が違います", "the days differ from label to label"))
        if max(map(len, found), default=0) > _MOST_DAYS:
            many = f"日付が多すぎます（上限{_MOST_DAYS}日）"
            return (), [*doubts, _doubt("dates", "", many, f"more than {_MOST_DAYS} days")]
        return tuple(sorted(frozenset.intersection(*found) if found else ())), doubts

    def _days(self, texts: Sequence[str], base: date) -> tuple[frozenset[date], list[Doubt]]:
        settings = self._settings
        days, doubts = set[date](), list[Doubt]()
        for text in texts:
            read = read_dates(text, base=base, infer_days=settings.max_infer_days, range_days=settings.max_range_days)
            days.update(read.dates)
            doubts += [_doubt("dates", doubted.read, doubted.text, doubted.text_en) for doubted in read.doubts]
            if len(days) > _MOST_DAYS:
                break
        return frozenset(days), doubts

    def _kind(self, chosen: Mapping[str, list[Answer]], frame: Frame) -> tuple[Kind, list[Doubt]]:
        """Return the kind: the field's, which the subject must not gainsay, else the subject's, else a new application."""
        stated = "\n".join(answer.value for answer in chosen.get("kind", ()))
        read = self._kinds.read(stated, frame.form.options.get("kind") if frame.form else None)
        kinds, named = [*read.kinds], self._kinds.named_in(frame.subject)
        if read.unknown:
            unknown = "、".join(read.unknown)
            return _first_of(kinds), [_doubt("kind", unknown, "知らない申請種別です", "the kind is unknown")]
        if not kinds:
            kinds, stated = named, frame.subject
            if {Kind.CANCEL, Kind.CHANGE}.intersection(named) and "refers_to" not in chosen:
                text, text_en = "件名だけでは申請種別が決まりません", "the subject alone does not tell the kind"
                return named[0], [_doubt("kind", stated, text, text_en)]
        elif not set(named) <= set(kinds):
            text, text_en = "件名と申請区分が食い違っています", "the subject names another kind than the field"
            return kinds[0], [_doubt("kind", frame.subject, text, text_en)]
        if len(kinds) > 1:
            return kinds[0], [_doubt("kind", stated, "申請種別が一つに決まりません", "the kind is not clear")]
        return _first_of(kinds), []

    def _receipt_no(self, chosen: Mapping[str, list[Answer]], frame: Frame) -> str | None:
        """Return the receipt number; what a spreadsheet made of one, and the number of a row, are none."""
        if "receipt_no" in chosen:
            return receipt_number(chosen["receipt_no"][0])
        found = _RECEIPT.search(frame.subject)
        return _compact(found.group(1)) if found and "refers_to" not in chosen else None

    def _urgent_reason(self, chosen: Mapping[str, list[Answer]], remarks: Sequence[Answer]) -> str | None:
        """Return the stated reason, or the urgent word found; never more of a person's health than that."""
        stated = _line(chosen, "urgent_reason")
        texts = (fold(answer.value) for answers in (*chosen.values(), remarks) for answer in answers)
        found = next(filter(None, map(self._urgent.find, texts)), "")
        return self._urgent_words[found] if found else stated


def _ticked(answer: Answer) -> Answer:
    chosen = ticked(answer.value)
    return answer if chosen == answer.value else replace(answer, value=chosen)


def _periods(chosen: Mapping[str, list[Answer]], *, open_end: bool) -> list[str] | Doubt:
    """Return each first day with its last one, or the doubt that they don't pair up."""
    starts, ends = ([item.value for item in chosen.get(name, [])] for name in ("date_from", "date_to"))
    if starts and not ends and open_end:
        return starts
    if len(starts) == len(ends):
        return [f"{start}~{end}" for start, end in zip(starts, ends, strict=True)]
    both = " / ".join([*starts, *ends])
    return _doubt("dates", both, "開始日と終了日の数が合いません", "the starts and ends don't pair up")


def _choose(answers: Sequence[Answer], base: date) -> tuple[dict[str, list[Answer]], list[Doubt]]:
    """Return each field's answers of the newest mail in the thread that states it, and a doubt for each contradiction."""
    chosen: dict[str, list[Answer]] = {}
    doubts: list[Doubt] = []
    for field in dict.fromkeys(answer.field for answer in answers):
        stated = [answer for answer in answers if answer.field == field and answer.value.strip()]
        if not stated:
            continue
        newest = min(answer.depth for answer in stated)
        chosen[field] = [answer for answer in stated if answer.depth == newest]
        if field not in _DATE_FIELDS:
            chosen[field] = combined(field, chosen[field], base=base)
        values = {fold(answer.value) for answer in stated if answer.depth < 99}
        several_in_one = _contradict(field, chosen[field])
        older_disagrees = len(values) > 1 and any(answer.depth != newest for answer in stated)
        if several_in_one or older_disagrees:
            read = " / ".join(answer.value for answer in stated)
            doubts.append(
                _doubt(field, read, "異なる内容が複数書かれています", "it is stated more than once, differently")
            )
    return chosen, doubts


def _contradict(field: str, answers: Sequence[Answer]) -> bool:
    """Tell whether answers of one mail say different things; several dates may stand under numbered labels."""
    labels = {fold(answer.label) for answer in answers}
    if field in _DATE_FIELDS and len(labels) == len(answers):
        return False
    return len({fold(answer.value) for answer in answers}) > 1


def _remarks(answers: Sequence[Answer], stated: Sequence[Answer]) -> list[Answer]:
    """Return the lines beside the answers, down to the oldest mail of the thread that states one."""
    oldest = max((answer.depth for answer in stated), default=0)
    return [answer for answer in answers if answer.field == REMARKS and answer.depth <= oldest]


def _unticked(answers: Sequence[Answer], stated: Sequence[Answer]) -> Iterator[Doubt]:
    """Yield a doubt for each field that offers options of which none is ticked; an urgent reason need not be any."""
    printed = [answer for answer in answers if answer.field != REMARKS]
    for answer, left in zip(printed, stated, strict=True):
        if answer.value.strip() and not left.value.strip() and answer.field != "urgent_reason":
            text, text_en = "選択肢がどれも選ばれていません", "none of the options is ticked"
            yield _doubt(answer.field, answer.value, text, text_en)


def _first_of(kinds: Sequence[Kind]) -> Kind:
    return next(iter(kinds), Kind.ISSUE)


def _too_long(chosen: Mapping[str, list[Answer]]) -> list[Doubt]:
    """Return a doubt for each number of an application that is longer than any."""
    return [
        _doubt(field, _first(chosen, field), "番号が長すぎます", "it is longer than any such number")
        for field in ("receipt_no", "refers_to")
        if len(_first(chosen, field)) > _LONGEST_NUMBER
    ]


def _mail(chosen: Mapping[str, list[Answer]]) -> str | None:
    text = normalise(_first(chosen, "mail")).strip()
    return text or None


def _first(chosen: Mapping[str, list[Answer]], field: str) -> str:
    return chosen[field][0].value if field in chosen else ""


def _line(chosen: Mapping[str, list[Answer]], field: str) -> str | None:
    """Return the raw value on one line, or ``None``."""
    return " ".join(_first(chosen, field).split("\n")).strip() or None


def _words(chosen: Mapping[str, list[Answer]], field: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in _SPLIT.split(_first(chosen, field)) if word.strip())


def _compact(text: str) -> str | None:
    return "".join(normalise(text).split()) or None


def _doubt(field: str, read: str, text: str, text_en: str) -> Doubt:
    return Doubt(field=field, read=read, text=text, text_en=text_en)


def with_doubt(application: Application, doubt: Doubt) -> Application:
    """Return the application with one more doubt."""
    return replace(application, doubts=(*application.doubts, doubt))
