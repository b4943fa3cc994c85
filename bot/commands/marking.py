"""How a message was explained, for people and programs: each passage with its place, its mark and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.commands.output import table
from bot.model import Explained, Passage

#: What stands before a passage; what nothing explains is what holds an application.
MARKS: Mapping[Explained, str] = {
    Explained.ANSWER: "回答 answer",
    Explained.FORM: "様式 form",
    Explained.OLDER: "過去 older",
    Explained.SIGNATURE: "署名 signature",
    Explained.UNEXPLAINED: "不明 unexplained",
}


def passage_row(passage: Passage) -> dict[str, str]:
    """Return a passage as JSON has it."""
    return {
        "part": passage.part, "at": passage.at, "text": passage.text, "explained": passage.explained.value,
        "why": passage.why,
    }  # fmt: skip


def marking_table(passages: Sequence[Passage], left_out: int = 0) -> Any:  # noqa: ANN401 - a rich table, whose import is left to output.py
    """Return the table of passages for people, in the order of the message."""
    rows = [
        (MARKS[passage.explained], f"{passage.part} {passage.at}".strip(), passage.text, passage.why)
        for passage in passages
    ]
    more = f"（ほか{left_out}箇所は省略 / {left_out} more are left out）" if left_out else ""
    return table(f"メッセージの内容と説明 / the message and what explains it{more}", ["", "at", "words", "why"], rows)
