"""What a person says an application holds, read as a mail's answers are: the same words are taken, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Any, get_args

from bot.errors import BadUsage, Problem
from bot.intake.assemble import Assembler, Frame
from bot.intake.fields import Answer
from bot.model import Application, Kind
from bot.settings.forms import FieldName, FormProfile, FormsSettings
from bot.text import fold

#: The fields that a person can put right.
FIELDS = tuple(name for name in get_args(FieldName) if name != "remarks")
_OF_DATES = {"date_from": "dates", "date_to": "dates"}
#: Without one of these an application says nothing: they are put right, never emptied.
_NEVER_EMPTY = frozenset({"employee_no", "kind"})
#: How each is written, where it is more than words.
_WRITTEN = {
    "dates": "dates=12/2,12/3 or dates=2026-12-02～2026-12-04",
    "date_from": "date_from=2026-12-02 date_to=2026-12-04",
    "date_to": "date_from=2026-12-02 date_to=2026-12-04",
    "applied_at": "applied_at='2026-12-01 09:30'",
    "employee_no": "employee_no=0048213",
    "kind": "kind=新規, 変更, 取消 or 再発行",
    "receipt_no": "receipt_no=0000412",
    "refers_to": "refers_to=0000412",
}


def put_right(
    application: Application, stated: Mapping[str, str], *, forms: FormsSettings, received_at: datetime, zone: tzinfo
) -> Application:
    """Return the application with what is stated in place of what was read, and without the doubts that this answers.

    Raises ``BadUsage`` naming each field that does not exist, and each value that can't be read, with how to write it.
    """
    unknown = [
        Problem(path=name, text=f"is no field; known: {', '.join(FIELDS)}") for name in stated if name not in FIELDS
    ]
    if unknown:
        raise BadUsage(unknown)
    read = _read({name: text.strip() for name, text in stated.items()}, forms, received_at, zone)
    names = {_OF_DATES.get(name, name) for name in stated}
    problems = [_problem(name, text, read, forms) for name, text in stated.items()]
    if found := [problem for problem in problems if problem is not None]:
        raise BadUsage(found)
    kept = tuple(doubt for doubt in application.doubts if doubt.field not in names)
    values: dict[str, Any] = {name: getattr(read, name) for name in names}
    return replace(application, **values, doubts=kept, number_only=False)


def _read(stated: Mapping[str, str], forms: FormsSettings, received_at: datetime, zone: tzinfo) -> Application:
    """Return what the reader of mails makes of the answers; the person who gives them is believed for the time too."""
    answers = [
        Answer(field=name, label=name, value=text, source=text, why="担当者の訂正")
        for name, text in stated.items()
        if name != "kind"
    ]
    person = FormProfile(name="correction", trusted=("applied_at",))
    frame = Frame(form=person, subject="", received_at=received_at.astimezone(zone), zone=zone)
    return replace(Assembler(forms).assemble(answers, frame), kind=_kind(stated.get("kind", ""), forms) or Kind.ISSUE)


def _kind(text: str, forms: FormsSettings) -> Kind | None:
    """Return the kind that a whole word stands for; a person who puts one right says it in no other way."""
    words = {fold(word): Kind(kind) for kind, known in forms.kinds.items() for word in (kind, *known)}
    return words.get(fold(text))


def _problem(name: str, text: str, read: Application, forms: FormsSettings) -> Problem | None:
    """Return why what is stated of a field can't be taken; ``None`` where it can."""
    field = _OF_DATES.get(name, name)
    how = f"; write {_WRITTEN[name]}" if name in _WRITTEN else ""
    doubts = [doubt for doubt in read.doubts if doubt.field == field]
    if doubts:
        return Problem(path=name, text=f"{text!r}: {doubts[0].text} / {doubts[0].text_en}{how}")
    if len(text) > forms.max_field_chars:
        return Problem(path=name, text=f"longer than {forms.max_field_chars} characters (forms.max_field_chars)")
    unread = _kind(text, forms) is None if name == "kind" else not getattr(read, field)
    if text.strip() and unread:
        return Problem(path=name, text=f"{text!r}: 読み取れません / it can't be read{how}")
    if not text.strip() and field in _NEVER_EMPTY:
        return Problem(path=name, text=f"空欄にはできません / it can't be empty{how}")
    return None
