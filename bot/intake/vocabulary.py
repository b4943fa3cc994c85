"""Words in a text: whether it is made of known ones alone, and which of some stands in it.

会議資料の作成 is made of 会議, 資料, の and 作成; 代理申請 of nothing that is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.text import fold

_MARKS = frozenset("、,・/()[]「」『』【】〔〕<>《》:;~〜-ー_+&。.")
_LONGEST = 300


class Vocabulary:
    """Knows words, and what may stand between them without being one."""

    def __init__(self, words: Iterable[str], *, patterns: str = "") -> None:
        self._words = frozenset(filter(None, map(fold, words)))
        self._longest = max(map(len, self._words), default=0)
        self._pattern = re.compile(patterns) if patterns else None

    def covers(self, text: str, others: frozenset[str] = frozenset()) -> bool:
        """Tell whether a text is put together of these words, ``others`` (folded), the patterns and marks, and of nothing else."""
        folded = fold(text)
        if len(folded) > _LONGEST:
            return False
        longest = max([self._longest, *map(len, others)])
        reached = {0}
        for at in range(len(folded)):
            if at in reached:
                reached.update(self._ends(folded, at, longest, others))
        return len(folded) in reached

    def _ends(self, folded: str, at: int, longest: int, others: frozenset[str]) -> set[int]:
        """Return where each word ends that begins here; a word in Latin letters is never a part of a longer one."""
        ends = {at + 1} if folded[at] in _MARKS else set()
        for end in range(at + 1, min(at + longest, len(folded)) + 1):
            word = folded[at:end]
            if (word in self._words or word in others) and not _is_cut(folded, at, end):
                ends.add(end)
        if self._pattern and (found := self._pattern.match(folded, at)) and not _is_cut(folded, at, found.end()):
            ends.add(found.end())
        return ends


class Words:
    """Finds the first of some words that stands anywhere in a text, also within a longer word."""

    def __init__(self, words: Iterable[str]) -> None:
        known = sorted(filter(None, map(fold, words)), key=len, reverse=True)
        # One pattern: a mail is looked through for each of a hundred words in every answer.
        self._pattern = re.compile("|".join(map(re.escape, known)) if known else r"(?!)")

    def find(self, folded: str) -> str:
        """Return the first word in a folded text, or ``""``."""
        found = self._pattern.search(folded)
        return found[0] if found else ""


def _is_cut(folded: str, begin: int, end: int) -> bool:
    """Tell whether a number or a Latin word goes on before or behind the piece."""
    edges = (folded[begin], folded[begin - 1 : begin]), (folded[end - 1], folded[end : end + 1])
    return any(_goes_on(inner, outer) for inner, outer in edges)


def _goes_on(inner: str, outer: str) -> bool:
    both = inner + outer
    return len(both) > 1 and both.isascii() and (both.isalpha() or both.isdigit())
