"""HTML to lines, in one pass: time and memory grow with its length alone, however it nests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from types import MappingProxyType

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
#: A whole tag: an attribute's value may hold > within quotes. Nothing that has matched is given back (``*+``).
_TAG = re.compile(
    r"<(/?)([a-zA-Z][^\s/>]*+)"
    r"(?:[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|(?![\"'])[^\s>]*+)|(?!\s*+=)))*+([\s/]*+)>"
)
#: A comment, or what browsers take for one: <!DOCTYPE …>, <![CDATA[…>, <?xml …>, </…>.
_NO_TAG = re.compile(r"<!---?>|<!--(?s:.*?)--!?>|<!(?!--)[^>]*+>|<\?[^>]*+>|</(?![a-zA-Z])[^>]*+>")
_NAME = re.compile(r"</?[a-zA-Z]")
_BEGINNINGS = ("<!", "<?", "</")
_RAW: Mapping[str, re.Pattern[str]] = MappingProxyType({
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in ("script", "style")
})  # fmt: skip


def html_lines(html: str) -> str:
    """Return the visible text of HTML: each cell of a row followed by a TAB, each table begun by a form feed, blocks on lines.

    A break within a cell is a space. A tag or comment that never ends is text, to its last letter: nothing is lost in it.
    Raises ``Unreadable`` for markup that cannot be parsed.
    """
    lines = _Lines()
    at = 0
    try:
        while (begun := html.find("<", at)) >= 0:
            lines.text(html[at:begun])
            at = _markup(html, begun, lines)
        lines.text(html[at:])
    except ValueError as error:  # a character reference with more digits than a number may have
        raise Unreadable("HTMLとして読めません / the HTML is broken") from error
    return "".join(lines.out)


def _markup(html: str, at: int, lines: _Lines) -> int:
    """Take what the ``<`` at this place begins, as browsers do (HTML, section 13.2.5), and return where it ends.

    Each letter is looked at once: what has no end reaches to the end of the text. html.parser, and every parser that builds
    a tree (lxml too), goes back over text or open elements, and is slow for it in the square of the length.
    """
    if tag := _TAG.match(html, at):
        name = tag[2].lower()
        if tag[1]:
            lines.end(name)
            return tag.end()
        lines.start(name)
        if tag[3].endswith("/"):  # <br/>, and <td/> of XHTML: begun and ended
            lines.end(name)
            return tag.end()
        return _after_raw(html, tag.end(), name) if name in _RAW else tag.end()
    if other := _NO_TAG.match(html, at):
        return other.end()
    if html.startswith(_BEGINNINGS, at) or _NAME.match(html, at):
        lines.text(html[at:])
        return len(html)
    lines.text("<")
    return at + 1


def _after_raw(html: str, at: int, name: str) -> int:
    """Return where the end tag of a script or style stands: nothing in it is markup, and nobody sees it."""
    found = _RAW[name].search(html, at)
    return found.start() if found else len(html)


class _Lines:
    """Makes lines out of tags and text."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self._hidden = ""
        #: The cells and tables that are open, innermost last.
        self._open: list[str] = []

    def start(self, tag: str) -> None:
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

    def end(self, tag: str) -> None:
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

    def text(self, data: str) -> None:
        """Take text, its character references (``&amp;``) as characters."""
        if data and not self._hidden:
            self.out.append(_SPACES.sub(" ", unescape(data)))

    @property
    def _in_cell(self) -> bool:
        return bool(self._open) and self._open[-1] == "cell"

    def _end_cell(self) -> None:
        if self._in_cell:
            self._open.pop()
            self.out.append("\t")
