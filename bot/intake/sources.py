"""What one message says of applications in several places, put together: nobody is lost, and where they disagree a person decides.

A message may state an application in its own lines, in a table among them, in its HTML, in an attached table. The same said
twice is one application. Whatever is said otherwise, or of somebody else, is on record too, and each application then carries
the doubt: which of them was meant is not for a program to guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.intake.fields import REMARKS, Answer
from bot.model import Application, Doubt
from bot.text import fold

#: Compared where both places state them; the rest of an application is how it was read.
_STATED = (
    "receipt_no", "applied_at", "employee_no", "name", "kana", "department", "mail", "dates", "place", "zones", "terminal",
    "approval", "urgent_reason", "declaration", "hours", "refers_to",
)  # fmt: skip
_MOST_NAMED = 10
_FILES = -1
_BESIDE = Doubt(
    field="body", read="", text="表の外に、表の行と異なる利用日または申請区分が書かれています",
    text_en="beside the table stand other days, or another kind, than in its row",
)  # fmt: skip
_PERSON = frozenset({"employee_no", "name", "receipt_no"})


class Place(StrEnum):
    """Where in a message an application stands."""

    #: Lines of label and value.
    LINES = "本文の項目"
    #: A table among the lines.
    TABLE = "本文の表"
    #: An attached file.
    FILE = "添付ファイル"


@dataclass(frozen=True, kw_only=True)
class Source:
    """The applications of one place."""

    place: Place
    applications: Sequence[Application]


@dataclass(frozen=True, kw_only=True)
class Cover:
    """Lines of a letter that state no application of their own: what they say of the tables in it."""

    application: Application
    stated: frozenset[str]


@dataclass(kw_only=True)
class _Kept:
    """An application with the numbers of the sources that state it, the first one first; files of one mail are one source."""

    place: Place
    application: Application
    sources: list[int]
    #: Of the first file that states it, or of no file.
    file: int | None


def together(sources: Sequence[Source]) -> tuple[Application, ...]:
    """Return all applications of a message, each once, in the order of the sources; doubted where the sources disagree.

    Several attached files may share out the applicants; any two other places must say the same.
    """
    kept: list[_Kept] = []
    known: dict[object, list[_Kept]] = {}
    for number, source in enumerate(sources):
        in_file = source.place is Place.FILE
        group, news = (_FILES if in_file else number), list[_Kept]()
        for application in source.applications:
            said = known.get(_key(application), [])
            same = next((item for item in said if _says_the_same(item.application, application)), None)
            if same is None:
                news.append(
                    _Kept(
                        place=source.place, application=application, sources=[group], file=number if in_file else None
                    )
                )
            else:
                said.remove(same)  # two equal rows of one table are two rows, and so they are in the next
                same.application = _fuller(same.application, application)
                same.sources.append(group)
                news.append(same)
        for item in news:
            known.setdefault(_key(item.application), []).append(item)
        kept += [item for item in news if len(item.sources) == 1]
    if not _disagree(kept):
        return tuple(item.application for item in kept)
    doubt = _doubt(kept)
    return tuple(replace(item.application, doubts=(*item.application.doubts, doubt)) for item in kept)


def agreeing(table: Source, covers: Sequence[Cover]) -> Source:
    """Return the table with a doubt on each row that asks for what the letter around it does not."""
    return replace(
        table,
        applications=tuple(
            replace(row, doubts=(*row.doubts, _BESIDE)) if any(_contradicts(cover, row) for cover in covers) else row
            for row in table.applications
        ),
    )


def blocks(answers: Sequence[Answer]) -> list[list[Answer]]:
    """Return answers by applicant: a new block begins where who applies is stated again, or an older mail begins."""
    found: list[list[Answer]] = [[]]
    for answer in answers:
        block = found[-1]
        stated = {known.field for known in block}
        again = answer.field in _PERSON and answer.field in stated
        if block and (again or answer.depth != block[-1].depth):
            found.append([])
        found[-1].append(answer)
    return [[answer for answer in block if answer.field != REMARKS] for block in found]


def _contradicts(cover: Cover, row: Application) -> bool:
    """Tell whether the letter names another kind, or not all of the row's days."""
    beyond = "dates" in cover.stated and not set(row.dates) <= set(cover.application.dates)
    return beyond or ("kind" in cover.stated and row.kind is not cover.application.kind)


def _key(application: Application) -> object:
    return application.employee_no, application.kind, application.dates


def _says_the_same(first: Application, second: Application) -> bool:
    """Tell whether two applications of one person and its days are one said twice: one of them may leave something out."""
    if first.employee_no is None:
        return False
    pairs = [(getattr(first, name), getattr(second, name)) for name in _STATED]
    equal = all(_folded(one) == _folded(other) for one, other in pairs if one and other)
    return equal and (all(one or not other for one, other in pairs) or all(other or not one for one, other in pairs))


def _fuller(first: Application, second: Application) -> Application:
    """Return the one of two equal applications that states more, with the doubts of both."""
    fuller, other = sorted((first, second), key=lambda item: -sum(bool(getattr(item, name)) for name in _STATED))
    return replace(fuller, doubts=tuple(dict.fromkeys((*fuller.doubts, *other.doubts))))


def _disagree(kept: Sequence[_Kept]) -> bool:
    """Tell whether one source leaves out what another states, or two files state different things of one person."""
    sources = {source for item in kept for source in item.sources}
    if any(sources.difference(item.sources) for item in kept):
        return True
    files = {(item.file, _person(item.application)) for item in kept if item.file is not None}
    return len({person for _, person in files}) < len(files)


def _doubt(kept: Sequence[_Kept]) -> Doubt:
    named: dict[Place, dict[str, None]] = {}
    for item in kept:
        named.setdefault(item.place, {}).setdefault(_person(item.application))
    read = " / ".join(f"{place}: {'、'.join(list(people)[:_MOST_NAMED])}" for place, people in named.items())
    return Doubt(
        field="employee_no", read=read, text="1通のメールの複数の箇所に、異なる申請が書かれています",
        text_en="one mail states different applications in several places",
    )  # fmt: skip


def _person(application: Application) -> str:
    return application.employee_no or fold(application.name or application.receipt_no or "")


def _folded(value: object) -> object:
    if isinstance(value, str):
        return fold(value)
    return tuple(map(_folded, value)) if isinstance(value, tuple) else value
