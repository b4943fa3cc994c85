"""Structured mail headers (RFC 5322, section 3.2) as tokens: words, quoted strings and special characters, no comments."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FOLD = re.compile(r"\r?\n(?=[ \t])")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_SPACE = re.compile(r"[ \t]+")
_PAIR = re.compile(r"\\(.)")
#: What stands in a comment up to its next bracket.
_IN_COMMENT = re.compile(r"(?:[^()\\]|\\.)*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """A word, a special character, or what a quoted string holds."""

    text: str
    quoted: bool = False
    #: White space or a comment stands before it.
    apart: bool = False

    def is_special(self, character: str) -> bool:
        """Tell whether it is this special character, and not one that was quoted."""
        return self.text == character and not self.quoted


def tokens(header: str, specials: str) -> tuple[Token, ...] | None:
    """Return a header's tokens, each of ``specials`` one of its own; ``None`` when it is not well-formed.

    That is one with a control character, a comment or a quoted string that does not end, or a backslash outside of both.
    Takes time in proportion to the header's length.
    """
    text = _FOLD.sub("", header).strip(" \t\r\n")
    if _CONTROL.search(text):
        return None
    marks = re.escape(specials)
    pattern = re.compile(rf'"((?:[^"\\]|\\.)*)"|[^ \t()"\\{marks}]+|[{marks}]')
    found: list[Token] = []
    at, apart = 0, False
    while at < len(text):
        if match := _SPACE.match(text, at):
            at, apart = match.end(), True
        elif text[at] == "(":
            end = _after_comment(text, at)
            if end is None:
                return None
            at, apart = end, True
        elif match := pattern.match(text, at):
            quoted = match[1] is not None
            found.append(Token(text=_PAIR.sub(r"\1", match[1]) if quoted else match[0], quoted=quoted, apart=apart))
            at, apart = match.end(), False
        else:
            return None
    return tuple(found)


def _after_comment(text: str, at: int) -> int | None:
    """Return where a comment that begins at ``at`` has ended, nested ones included; ``None`` when it does not."""
    depth = 0
    while at < len(text):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        at += 1
        if depth == 0:
            return at
        match = _IN_COMMENT.match(text, at)
        at = match.end() if match else at
    return None
