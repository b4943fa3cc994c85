"""Comments in structured mail headers (RFC 5322, section 3.2.2)."""

from __future__ import annotations


def without_comments(text: str) -> str:
    """Return a structured header without its comments, nested ones included; an unclosed one reaches to the end."""
    kept: list[str] = []
    depth = 0
    for character in text:
        if character == "(":
            depth += 1
        elif character == ")" and depth:
            depth -= 1
        elif not depth:
            kept.append(character)
    return "".join(kept)
