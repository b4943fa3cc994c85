"""Plain text as its mail program shows it: lines that were only broken to be sent put together, encoded files apart."""

from __future__ import annotations

import re
from binascii import Error, a2b_uu

_QUOTES = re.compile(r">*")
_SIGNATURE = "-- "
_BEGIN = re.compile(r"begin [0-7]{3,4} +(?P<name>\S.*)")


def unflowed(text: str, *, delete_space: bool) -> str:
    """Return text of ``format=flowed`` with its soft line breaks taken out (RFC 3676); ``delete_space`` is its ``delsp``.

    Lines are joined within one depth of quotation; a signature's dashes are never joined with anything.
    """
    lines: list[str] = []
    flowing: list[str] = []
    depth = 0
    for raw in text.split("\n"):
        quotes = _QUOTES.match(raw)
        now = quotes.end() if quotes else 0
        content = raw[now:]
        content = content[1:] if content.startswith(" ") else content
        signature = content == _SIGNATURE
        if flowing and (now != depth or signature):
            lines.append(_quoted("".join(flowing), depth))
            flowing = []
        depth = now
        soft = content.endswith(" ") and not signature
        flowing.append(content[:-1] if soft and delete_space else content)
        if not soft:
            lines.append(_quoted("".join(flowing), depth))
            flowing = []
    if flowing:
        lines.append(_quoted("".join(flowing), depth))
    return "\n".join(lines)


def uuencoded(text: str) -> tuple[str, list[tuple[str, bytes]]]:
    """Return text without the uuencoded files in it, and these by their names.

    Only what is a whole file, from ``begin`` to ``end``, is taken out; whatever else looks like one stays text.
    """
    if "begin" not in text:
        return text, []
    kept: list[str] = []
    files: list[tuple[str, bytes]] = []
    block: list[str] = []
    pieces: list[bytes] = []
    for line in text.split("\n"):
        begins = _BEGIN.fullmatch(line.rstrip())
        if begins:
            kept += block
            block, pieces = [line], []
        elif not block:
            kept.append(line)
        elif line.rstrip() == "end":
            files.append((_BEGIN.sub(r"\g<name>", block[0].rstrip()), b"".join(pieces)))
            block = []
        elif (piece := _decoded(line)) is not None:
            block.append(line)
            pieces.append(piece)
        else:
            kept += [*block, line]
            block = []
    return "\n".join([*kept, *block]), files


def _quoted(line: str, depth: int) -> str:
    return f"{'>' * depth} {line}" if depth else line


def _decoded(line: str) -> bytes | None:
    """Return what a line of a uuencoded file holds; ``None`` for a line of anything else."""
    if not line.isascii() or not line.strip():
        return None
    length = ord(line[0]) - 32 & 63
    if not 32 <= ord(line[0]) <= 96 or len(line) - 1 < (length + 2) // 3 * 4 - 3:
        return None
    try:
        return a2b_uu(line)
    except Error:
        # Some programs write a wrong number of letters behind the last byte.
        return _cut_to_length(line, length)


def _cut_to_length(line: str, length: int) -> bytes | None:
    try:
        return a2b_uu(line[: (length * 4 + 5) // 3 + 1])
    except Error:
        return None
