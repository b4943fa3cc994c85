"""What a terminal obeys, and what changes how a line reads: made visible wherever people or their programs read what the bot says."""

from __future__ import annotations

import re

#: Control characters of ASCII (but tab and line feed) and of ISO 8859-1, what turns the reading direction round or has no width,
#: line and paragraph separators, tags, half characters. Japanese names need none of them; their variants (IVS) stay as they are.
_STEERS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    """Return ``text`` with everything that steers a terminal shown as an escape such as ``\\x9b``: it may come from a hostile mail."""
    return _STEERS.sub(lambda found: ascii(found.group())[1:-1], text)


def visible_json(text: str) -> str:
    """Return a JSON document that says the same without a character that steers a terminal."""
    return _STEERS.sub(lambda found: "".join(f"\\u{unit:04x}" for unit in _units(found.group())), text)


def _units(char: str) -> tuple[int, ...]:
    """Return the UTF-16 units of a character, as JSON escapes it."""
    encoded = char.encode("utf-16-be", "surrogatepass")
    return tuple(int.from_bytes(encoded[at : at + 2]) for at in range(0, len(encoded), 2))
