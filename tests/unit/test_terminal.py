"""What comes from a hostile mail steers no terminal, wherever it is shown, and means the same to a program."""

from __future__ import annotations

import json
import re

import pytest
from loguru import logger

from bot.commands.output import people, print_json, say, table
from bot.terminal import visible, visible_json

_HOSTILE = "".join(
    map(chr, (0, 7, 8, 0x1B, 0x7F, 0x85, 0x9B, 0x9D, 0xAD, 0x61C, 0x200B, 0x200E, 0x200F, 0x2028, 0x2029))
) + "".join(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF, 0xD800, 0xE0041)))
_JAPANESE = "髙橋　みのり 葛󠄀城 𠮷野 ①ｶﾅ\u00a0é"
_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff\U000e0041]"
)


@pytest.mark.parametrize("char", _HOSTILE)
def test_a_character_that_steers_is_shown(char: str) -> None:
    """It stands there as an escape, in text and in JSON, and JSON read back gives what was written."""
    text = f"a{char}b"
    assert visible(text) == f"a{ascii(char)[1:-1]}b"
    document = visible_json(json.dumps({text: [text]}, ensure_ascii=False))
    assert document.isascii()
    assert json.loads(document) == {text: [text]}


def test_names_stay_as_they_are() -> None:
    """Rare characters, their variants, wide blanks and full-width letters are no attack."""
    assert visible(_JAPANESE) == _JAPANESE
    assert visible_json(_JAPANESE) == _JAPANESE


def test_every_way_out_is_clean(capsys: pytest.CaptureFixture[str]) -> None:
    """A table's cell, title and heading, a sentence, a line on stderr, the JSON document: no character steers, no markup works."""
    name = f"[red]{_HOSTILE}[/red]:smile:"
    people().print(table(name, ["name", name], [[name, name]]))
    people().print(name, markup=False)
    people(on_stderr=True).print(name, markup=False)
    say(name)
    print_json({name: name})
    out, err = capsys.readouterr()
    assert _OBEYED.findall(out + err) == []
    assert out.count("[red]") >= 4
    assert ":smile:" in out
    logger.remove()
