"""Breaks the lines of a notice for mail programs, and of its headers for servers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from email.policy import EmailPolicy
from typing import Any

#: Spaces and a bullet, or a label of the English part.
_INDENT = re.compile(r"^\s*(?:・|[A-Z][a-z ]+:\s+)?")
_ON_ONE_LINE = frozenset({"message-id", "x-telework-request"})
_NEVER_FIRST = "、。，．・：；？！）」』】］〕ー々"


class NoticePolicy(EmailPolicy):
    """Writes headers as ``EmailPolicy`` does, but those that identify a notice on one line.

    RFC 5322 lets a line end before a long Message-ID. Not every server finds it then, and gives the mail another.
    """

    def fold_binary(self, name: str, value: Any) -> bytes:  # noqa: ANN401 - one of many header classes
        """Return the header as it is sent."""
        if name.lower() in _ON_ONE_LINE and str(value).isascii():
            return f"{name}: {str(value).strip()}{self.linesep}".encode("ascii")
        return super().fold_binary(name, value)


def wrapped(text: str, width: int = 76) -> str:
    """Return ``text`` with no line wider than ``width`` columns, where a Japanese character takes two.

    English breaks at spaces, Japanese anywhere but before a closing mark (行頭禁則); what follows is indented like its
    line. A word that is wider by itself stays whole.
    """
    return "\n".join(part for line in text.split("\n") for part in _wrapped(line, width))


def _wrapped(line: str, width: int) -> Iterator[str]:
    indent = _INDENT.match(line)
    hanging = "".join(" " if _columns(char) == 1 else "\u3000" for char in indent.group()) if indent else ""
    # A character takes a column at least: what stands further on need not be looked at.
    while _columns(line[: width + 1]) > width and (cut := _cut(line, width, len(hanging))):
        yield line[:cut].rstrip()
        line = hanging + line[cut:].lstrip()
    yield line


def _cut(line: str, width: int, least: int) -> int:
    """Return where a line that is too wide is broken, or 0 where it can't be: a password is never broken in two."""
    cut = next(end for end in range(width, 0, -1) if _columns(line[:end]) <= width)
    while cut > least and not _breakable(line[cut - 1], line[cut]):
        cut -= 1
    return cut if cut > least else 0


def _breakable(before: str, after: str) -> bool:
    inside_word = before.isascii() and after.isascii() and not before.isspace() and not after.isspace()
    return not inside_word and after not in _NEVER_FIRST


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WFA" else 1 for char in text)
