"""Employee numbers as people write them: with a mark before, 号 behind, in groups, beside what else the form says."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.model import Doubt
from bot.text import fold, normalise

_NUMBER = re.compile(r"[A-Z]{0,2}\d{3,10}")
#: ``No.`` counts rows, receipts and employees alike: behind it a number is read, and a person looks.
_WRITTEN = re.compile(
    r"(?:(?P<unsure>no[.:]?|番号:?)|(?P<mark>#|第|職員(?:番号|コード|id)?:?|職番:?))?\s*"
    r"(?P<number>(?:[a-z][\s\-]*){0,2}\d[\d\s\-]*)(?P<behind>[^\d\s\-].*)?",
    re.IGNORECASE | re.DOTALL,
)
_ENDINGS = re.compile(r"^(?:号|番)?(?:様|さん|殿|です)?[.。、,;]*")
_ENCLOSED = re.compile(r"[(\[【「『〔]\s*([^()\[\]【】「」『』〔〕]*?)\s*[)\]】」』〕]")
#: A number in groups has no more, and none as long as a number.
_MOST_GROUPS, _LONGEST_GROUP = 3, 4
_BRACKETS = re.compile(r"[\s()\[\]【】〔〕「」<>/,、.。・:]+")
_LONGEST = 200
#: A single letter of a name or a department says nothing of whose it is.
_SHORTEST = 2


def read_employee_no(text: str, beside: Sequence[str] = ()) -> tuple[str | None, list[Doubt]]:
    """Return the employee number as written, without what people put around it, and a doubt wherever it may be another.

    ``beside`` is what the application says elsewhere, such as the name: repeated behind the number it changes nothing.
    """
    plain = normalise(text).strip().removeprefix("=").strip("'\"")
    if enclosed := _ENCLOSED.fullmatch(plain[:_LONGEST]):
        plain = enclosed[1]
    if not plain:
        return None, []
    found = _WRITTEN.fullmatch(plain) if len(plain) <= _LONGEST else None
    pieces = found["number"].split() if found else []
    number = "".join(pieces).replace("-", "").upper()
    grouped = len(pieces) <= _MOST_GROUPS and all(len(piece) <= _LONGEST_GROUP for piece in pieces)
    spaced_out = (
        len(pieces) == 1 or grouped or all(len(piece) == 1 for piece in pieces)
    )  # else a second number stands beside it
    if found is None or not spaced_out or not _NUMBER.fullmatch(number) or not _repeats(found["behind"] or "", beside):
        return None, [_doubt(text, "職員番号として読めません", "it is no employee number")]
    if found["unsure"]:
        return number, [_doubt(text, "職員番号かほかの番号か分かりません", "it may be another number")]
    return number, []


def _repeats(behind: str, beside: Sequence[str]) -> bool:
    """Tell whether what stands behind a number is empty, or said elsewhere in the application."""
    words = [fold(word) for word in _BRACKETS.split(_ENDINGS.sub("", behind.strip())) if word]
    known = [_BRACKETS.sub("", fold(item)) for item in beside]
    return all(len(word) >= _SHORTEST and any(word in item for item in known) for word in words)


def _doubt(read: str, text: str, text_en: str) -> Doubt:
    return Doubt(field="employee_no", read=read, text=text, text_en=text_en)
