"""A notice's text as simple HTML: no picture, no link, no style that a mail program might refuse."""

from __future__ import annotations

from html import escape

_PAGE = (
    '<!doctype html>\n<html lang="ja"><head><meta charset="utf-8"></head>\n'
    '<body style="font-family: sans-serif; line-height: 1.6; max-width: 42em; white-space: pre-wrap">{body}</body></html>\n'
)


def as_html(text: str) -> str:
    """Return ``text`` as a page: what begins with ■ is a heading, a line of dashes a rule; everything else as it stands.

    Made from the same text as the plain part, so that the two never say different things.
    """
    return _PAGE.format(body="".join(_line(line) for line in text.rstrip("\n").split("\n")))


def _line(line: str) -> str:
    if line.startswith("■"):
        return f"<strong>{escape(line)}</strong>\n"
    if len(line) > 20 and not line.strip("-"):
        return "<hr>"
    return f"{escape(line)}\n"
