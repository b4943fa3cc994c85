"""Text as spreadsheets may have it: nothing runs when it is opened, and old encodings say what they could not hold."""

from __future__ import annotations

from dataclasses import dataclass

#: What spreadsheets take for the beginning of a formula, as OWASP lists it (CSV Injection), full-width signs included; − is － in cp932.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "−")
#: Stands for what an encoding does not have, as in print (下駄記号).
GETA = "〓"
#: Look-alikes that cp932 has; for 〜 and − Python knows them itself.
_ALIKE = {"—": "―", "\xa0": " "}
_MOST_PLACES = 20


def guarded(text: str) -> str:
    """Return ``text`` with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


@dataclass(frozen=True, kw_only=True)
class Unwritable:
    """A character that the encoding does not have: what was written in its place, how often, and in which events first."""

    character: str
    written: str
    count: int
    events: tuple[int, ...]

    @property
    def code(self) -> str:
        """Its number, such as ``U+32FF``."""
        return f"U+{ord(self.character):04X}"


class Fitting:
    """Makes text fit an encoding and remembers what did not."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._found: dict[str, tuple[int, list[int]]] = {}

    @property
    def unwritable(self) -> tuple[Unwritable, ...]:
        """What did not fit, in the order of the characters."""
        return tuple(
            Unwritable(character=one, written=_instead(one), count=count, events=tuple(seqs))
            for one, (count, seqs) in sorted(self._found.items())
        )

    def fit(self, text: str, seq: int) -> str:
        """Return ``text`` of event ``seq`` with every character that does not fit replaced."""
        if self._fits(text):
            return text
        return "".join(one if self._fits(one) else self._noted(one, seq) for one in text)

    def _fits(self, text: str) -> bool:
        try:
            text.encode(self._encoding)
        except UnicodeEncodeError:
            return False
        return True

    def _noted(self, character: str, seq: int) -> str:
        count, seqs = self._found.get(character, (0, []))
        if len(seqs) < _MOST_PLACES and seq not in seqs:
            seqs.append(seq)
        self._found[character] = (count + 1, seqs)
        return _instead(character)


def _instead(character: str) -> str:
    if character in _ALIKE:
        return _ALIKE[character]
    # A variation selector only chooses a shape of the character before it.
    return "" if 0xFE00 <= ord(character) <= 0xFE0F or 0xE0100 <= ord(character) <= 0xE01EF else GETA
