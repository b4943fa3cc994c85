"""Text made of known words alone, as topics are."""

from __future__ import annotations

import pytest

from bot.intake.vocabulary import Vocabulary

_WORDS = Vocabulary(("会議", "資料", "の", "作成", "PC", "申"), patterns=r"\d{1,2}回")


@pytest.mark.parametrize("text", ["会議資料の作成", "資料、会議", "PC の資料", "ｐｃ資料", "3回の会議", "会 議", ""])
def test_known_words_cover_a_text(text: str) -> None:
    """Width, case, spaces and marks make no difference."""
    assert _WORDS.covers(text)


@pytest.mark.parametrize("text", ["会議中止", "資料の作", "PCs", "xPC", "13回の会議3", "会議" * 400])
def test_an_unknown_word_is_not_covered(text: str) -> None:
    """A piece of a Latin word or of a number is no word, and a text longer than any topic is none."""
    assert not _WORDS.covers(text)


def test_words_of_one_case_count_too() -> None:
    """Who applies is known for one application only."""
    assert not _WORDS.covers("高橋の資料")
    assert _WORDS.covers("高橋の資料", frozenset({"高橋"}))
