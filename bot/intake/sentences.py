"""Whole lines that a form always writes: compared folded, ``{}`` standing for what changes from mail to mail."""

from __future__ import annotations

from collections.abc import Iterable

from bot.text import fold

HOLE = "{}"
_LONGEST_HOLE = 80
#: A hole never takes in a second sentence: what is said there is said by nobody's form.
_ENDS = frozenset("。.!?\n")


class Sentences:
    """Knows the whole lines of a form."""

    def __init__(self, templates: Iterable[str]) -> None:
        self._whole: dict[str, str] = {}
        self._holed: list[tuple[tuple[str, ...], str]] = []
        for template in templates:
            pieces = tuple(fold(piece) for piece in template.split(HOLE))
            if len(pieces) == 1:
                self._whole.setdefault(pieces[0], template)
            elif any(pieces):
                self._holed.append((pieces, template))

    def find(self, line: str) -> tuple[str, tuple[str, ...]] | None:
        """Return the sentence that a line is, whole, with what stands in its holes; ``None`` when it is none."""
        text = fold(line)
        if template := self._whole.get(text):
            return template, ()
        for pieces, template in self._holed:
            if (filled := _filled(pieces, text)) is not None:
                return template, filled
        return None


def _filled(pieces: tuple[str, ...], text: str) -> tuple[str, ...] | None:
    """Return what stands between the pieces of a sentence, which begin and end the text; ``None`` where one does not fit."""
    first, *middle, last = pieces
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return None
    end, at = len(text) - len(last), len(first)
    found: list[str] = []
    for piece in middle:
        begins = text.find(piece, at + 1, end)
        if begins < 0:
            return None
        found.append(text[at:begins])
        at = begins + len(piece)
    found.append(text[at:end])
    return tuple(found) if all(map(_fits, found)) else None


def _fits(words: str) -> bool:
    """Tell whether words may stand in a hole: something, not long, and no sentence of their own."""
    return 0 < len(words) <= _LONGEST_HOLE and not _ENDS.intersection(words)
