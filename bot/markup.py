"""HTML to lines, in one pass: time and memory grow with its length alone, however it nests."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from bot.errors import Unreadable

_SPACES = re.compile(r"[ \t\r\n\f\v\xa0]+")
_BLOCKS = frozenset(
    {
        "p",
        "div",
        "li",
        "tr",
        "h1",
        "h2",
        "h3",
        "h4",
        "dt",
        "dd",
        "table",
        "ul",
        "ol",
        "dl",
        "section",
        "br",
        "hr",
        "body",
    }
)
_CELLS = frozenset({"td", "th"})
_UNSEEN = frozenset({"script", "style", "head", "template", "title"})


def html_lines(html: str) -> str:
    """Return the visible text of HTML: each cell of a row followed by a TAB, each table begun by a form feed, blocks on lines.

    A break within a cell is a space. Raises ``Unreadable`` for markup that cannot be parsed.
    """
    reader = _Lines()
    try:
        reader.feed(html)
        reader.close()
    except (AssertionError, ValueError) as error:
        raise Unreadable("HTMLとして読めません / the HTML is broken") from error
    return "".join(reader.out)


class _Lines(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self._hidden = ""
        #: The cells and tables that are open, innermost last.
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - the parser's signature
        """Begin a line or a cell."""
        if self._hidden:
            self._hidden = "" if tag == "body" else self._hidden
            return
        if tag in _UNSEEN:
            self._hidden = tag
        elif tag == "table":
            self._open.append(tag)
            self.out.append("\n\f")
        elif tag in _CELLS:
            self._end_cell()
            self._open.append("cell")
        elif tag == "tr":
            self._end_cell()
            self.out.append("\n")
        elif tag in _BLOCKS:
            self.out.append(" " if self._in_cell else "\n")

    def handle_endtag(self, tag: str) -> None:
        """End a line or a cell."""
        if self._hidden:
            self._hidden = "" if tag == self._hidden else self._hidden
        elif tag in _CELLS:
            self._end_cell()
        elif tag in {"tr", "table"}:
            self._end_cell()
            if tag == "table" and self._open:
                self._open.pop()
            self.out.append("\n")
        elif tag in _BLOCKS:
            self.out.append(" " if self._in_cell else "\n")

    def handle_data(self, data: str) -> None:
        """Take text."""
        if not self._hidden:
            self.out.append(_SPACES.sub(" ", data))

    @property
    def _in_cell(self) -> bool:
        return bool(self._open) and self._open[-1] == "cell"

    def _end_cell(self) -> None:
        if self._in_cell:
            self._open.pop()
            self.out.append("\t")
