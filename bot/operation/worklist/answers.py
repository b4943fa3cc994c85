"""What clerks filled in, read out of a list: every mistake with its row, nothing evaluated."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from hashlib import sha256

from bot.errors import BadUsage, Problem, Unreadable
from bot.intake.moments import read_moment
from bot.operation.worklist.columns import AT, BY, HEADINGS, LIST, LOGIN, NAME, NOTE, REQUEST, RESULT, TO, TODO, Result
from bot.tables import Grid, TableLimits, read_grids

_LIMITS = TableLimits(max_bytes=10 * 2**20, max_unpacked=100 * 2**20, max_columns=2 * len(HEADINGS))
_LONGEST = 200
#: A clerk's clock may be ahead of this machine's by so much.
_AHEAD = timedelta(minutes=10)
_RESULTS = {unicodedata.normalize("NFKC", one.value): one for one in Result}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One row of a list that has a result."""

    #: In its sheet, the heading being row 1.
    row: int
    worklist: str
    request_id: str
    login_id: str
    todo: str
    result: Result
    by: str
    at: datetime
    to: str
    note: str
    #: SHA-256 of the whole row as it was read.
    digest: str


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a file holds; ``empty`` counts its rows without a result."""

    found: Sequence[Answer]
    problems: Sequence[Problem]
    empty: int


def read_answers(content: bytes, *, name: str, zone: tzinfo, now: datetime) -> Answers:
    """Return the rows with a result, and what is wrong with the others; times without a zone are in ``zone``.

    Raises ``BadUsage`` when the file is no list at all, or larger than any.
    """
    grid = _list_in(content, name)
    found: dict[str, Answer] = {}
    problems: list[Problem] = []
    empty = 0
    for number, cells in zip(grid.numbers, grid.rows, strict=True):
        row = dict(zip(grid.columns, cells, strict=True))
        if not any(row[heading] for heading in (RESULT, BY, AT, TO, NOTE)):
            empty += 1
            continue
        answer, wrong = _answer(number, row, zone, now)
        if row[REQUEST] in found:
            wrong.append(f"{row[REQUEST]} stands in row {found[row[REQUEST]].row} too")
        problems += [at_row(number, text) for text in wrong]
        if answer and not wrong:
            found[row[REQUEST]] = answer
    return Answers(found=list(found.values()), problems=problems, empty=empty)


def at_row(number: int, text: str) -> Problem:
    """Return a problem of one row."""
    return Problem(path=f"{number}行目 / row {number}", text=text)


def _list_in(content: bytes, name: str) -> Grid:
    try:
        grids = read_grids(content, name=name, limits=_LIMITS)
    except Unreadable as error:
        raise BadUsage([Problem(path="FILE", text=error.reason)]) from error
    lists = [grid for grid in grids if {REQUEST, RESULT} <= set(grid.columns)]
    if len(lists) != 1:
        text = f"{name} has {len(lists)} sheets with the columns of a worklist, not one ({LIST})"
        raise BadUsage([Problem(path="FILE", text=text)])
    missing = [heading for heading in HEADINGS if heading not in lists[0].columns]
    if missing:
        raise BadUsage([Problem(path="FILE", text=f"{name} lacks the columns: {', '.join(missing)}")])
    return lists[0]


def _answer(number: int, row: Mapping[str, str], zone: tzinfo, now: datetime) -> tuple[Answer | None, list[str]]:
    result, at = _result(row), read_moment(row[AT], zone=zone, base=now.date())
    wrong = [f"{heading} is a formula: write what is meant" for heading in HEADINGS if row[heading].startswith("=")]
    if result is None:
        known = "、".join(Result)
        wrong.append(f"{RESULT} is {row[RESULT]!r}; known: {known}" if row[RESULT] else f"{RESULT} is empty")
    if not row[BY]:
        wrong.append(f"{BY} is empty: who did it?")
    if result is Result.HANDED and not row[TO]:
        wrong.append(f"{TO} is empty: who was given the password?")
    if at is None:
        how = "write day and time, such as 2026-11-24 14:05"
        wrong.append(f"{AT} is {row[AT]!r}: {how}" if row[AT] else f"{AT} is empty")
    elif at > now + _AHEAD:
        wrong.append(f"{AT} is {at:%Y-%m-%d %H:%M}: that is still to come")
    long = [heading for heading in (BY, TO, NOTE) if len(row[heading]) > _LONGEST]
    wrong += [f"{heading} is longer than {_LONGEST} characters" for heading in long]
    if wrong or result is None or at is None:
        return None, wrong
    whole = json.dumps([row[heading] for heading in HEADINGS], ensure_ascii=False)
    answer = Answer(
        row=number, worklist=row[NAME], request_id=row[REQUEST], login_id=row[LOGIN], todo=row[TODO], result=result,
        by=row[BY], at=at, to=row[TO], note=row[NOTE], digest=sha256(whole.encode()).hexdigest(),
    )  # fmt: skip
    return answer, wrong


def _result(row: Mapping[str, str]) -> Result | None:
    return _RESULTS.get("".join(unicodedata.normalize("NFKC", row[RESULT]).split()))
