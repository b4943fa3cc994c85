"""Receipt numbers as they are written, and what a spreadsheet or a list makes of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bot.intake.fields import Answer, Shape
from bot.model import Doubt
from bot.text import normalise

_LONGEST = 64
#: A spreadsheet shows 202611100412 so when the column is narrow, and the last digits are gone.
_DAMAGED = re.compile(r"^[+-]?\d+(?:\.\d+)?e[+-]?\d+$|^#+$|^\d+\.\d+$", re.IGNORECASE)
_ROW = re.compile(r"^\d{1,3}$")


def receipt_number(answer: Answer) -> str | None:
    """Return the receipt number that an answer states; ``None`` for what is none.

    None are a number that a spreadsheet has damaged, one longer than any, and one to three digits in a table: they count its rows.
    """
    number = _compact(answer.value)
    if not number or len(number) > _LONGEST or _DAMAGED.match(number):
        return None
    return None if answer.shape is Shape.CELL and _ROW.match(number) else number


def damaged(*fields: Sequence[Answer]) -> Iterator[Doubt]:
    """Yield a doubt for the first answer of each field where it is a number that a spreadsheet has damaged."""
    for answers in fields:
        if answers and _DAMAGED.match(_compact(answers[0].value[:_LONGEST])):
            yield Doubt(
                field=answers[0].field, read=answers[0].value,
                text="表計算ソフトで桁が失われた番号です", text_en="a spreadsheet has lost digits of this number",
            )  # fmt: skip


def _compact(text: str) -> str:
    return "".join(normalise(text).split())
