"""HTML to lines, in one pass: time and memory grow with its length alone, however it nests."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from html import unescape
from types import MappingProxyType
from typing import Protocol

from bot.errors import Unreadable
from bot.styles import PLAIN, Look, StyleSheet, look_of
from bot.text import fold

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
_SKIPPED = frozenset({"script", "style", "head", "title"})
#: Raised or lowered, no part of the number before it: 12/1<sup>1</sup> is not 12/11.
_RAISED = frozenset({"sup", "sub"})
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


#: An attribute with its value; the first of several with one name holds.
_ATTRIBUTE = re.compile(r"[\s/]*+([^\s/>=][^\s/>=]*+)(?:\s*+=\s*+(\"[^\"]*+\"|'[^']*+'|[^\s>]*+))?+")
#: Without any of these nothing in a page is struck out or unseen.
_MAY_HIDE = re.compile(r"style|hidden|color|</?s\s*>|<s\s|<strike|<del|<template|<datalist", re.IGNORECASE)
_VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
})  # fmt: skip
#: What stands in a head; anything else ends it, as in browsers.
_IN_HEAD = frozenset({"head", "html", "title", "meta", "link", "base", "style", "script", "noscript", "template"})
#: End tags of these end no element that stands around one of the others (HTML, section 13.2.6.4.7).
_SPECIAL = (
    _BLOCKS
    | _CELLS
    | frozenset({"center", "blockquote", "pre", "article", "button", "form", "tbody", "thead", "caption"})
)
#: An end tag of these ends only that element: those that were begun within it go on.
_FORMATTING = frozenset({
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
})  # fmt: skip
#: Within these an element of the same names as one outside does not end it.
_WALLS = frozenset({"table", "td", "th", "caption", "button", "ul", "ol", "dl"})
#: What ends when another begins: of ``<li>a<li>b`` the second is not within the first.
_ENDED_BY: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "li": ("li", "p"), "dt": ("dt", "dd", "p"), "dd": ("dt", "dd", "p"), "option": ("option",),
    **dict.fromkeys(_BLOCKS - {"li", "dt", "dd", "tr", "br", "body"}, ("p",)),
})  # fmt: skip
_STRUCK = frozenset({"s", "strike", "del"})
_OWN_STYLE: Mapping[str, str] = MappingProxyType({
    **dict.fromkeys(_STRUCK, "text-decoration:line-through"),
    **dict.fromkeys(("template", "datalist", "dialog", "rp"), "display:none"),
})  # fmt: skip
_NOTHING = re.compile(
    r"[\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb]+"
)
_LEAST_REPEATED = 8
_MOST_PIECES = 50


class Hidden(StrEnum):
    """Why words of a page are none that people read."""

    #: 取り消し線: somebody took them back.
    STRUCK = "取り消し線"
    #: Nobody sees them: not displayed, of the colour of their ground, of no size, or moved off the page.
    UNSEEN = "見えない文字"


@dataclass(frozen=True, kw_only=True)
class HiddenWords:
    """Words of a page that are struck out or unseen."""

    why: Hidden
    words: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """HTML as a person sees it, and apart from it the words that are struck out or unseen."""

    #: Each cell of a row followed by a TAB, each table begun by a form feed, blocks on lines.
    lines: str
    #: Without what is blank, and without unseen words that the lines say too.
    hidden: tuple[HiddenWords, ...] = ()


def read_html(html: str) -> Page:
    """Return the text of HTML as it is seen, and the words that are struck out or unseen.

    A break within a cell is a space. A tag or comment that never ends is text, to its last letter: nothing is lost in it.
    Raises ``Unreadable`` for markup that cannot be parsed.
    """
    try:
        if not _MAY_HIDE.search(html):
            lines = _Lines()
            _walk(html, lines)
            return Page(lines="".join(lines.out))
        sheet = _Sheet()
        if "<style" in html.lower():
            _walk(html, sheet)  # a style holds for what stands before it, too
        seen = _Lines(_Looks(sheet.sheet))
        _walk(html, seen)
    except ValueError as error:  # a character reference with more digits than a number may have
        raise Unreadable("HTMLとして読めません / the HTML is broken") from error
    text = "".join(seen.out)
    return Page(lines=text, hidden=_telling(seen.hidden, text))


def _telling(pieces: list[tuple[Hidden, list[str]]], lines: str) -> tuple[HiddenWords, ...]:
    """Return the pieces that say anything: a preview of a newsletter repeats what stands below, and much is only space."""
    words = [HiddenWords(why=why, words="".join(piece).strip()) for why, piece in pieces]
    words = [piece for piece in words if _NOTHING.sub("", piece.words)]
    if not words:
        return ()
    whole = fold(lines)
    cells = {fold(cell) for line in lines.split("\n") for cell in line.split("\t")}
    return tuple(
        piece
        for piece in words
        if piece.why is Hidden.STRUCK or not _repeats(_NOTHING.sub(" ", piece.words), whole, cells)
    )


def _repeats(words: str, whole: str, cells: set[str]) -> bool:
    folded = fold(words)
    return folded in cells or (len(folded) >= _LEAST_REPEATED and folded in whole)


class _Sink(Protocol):
    """What takes tags and text."""

    def start(self, tag: str, attributes: Callable[[], Mapping[str, str]]) -> None:
        """Begin an element."""

    def end(self, tag: str) -> None:
        """End an element."""

    def text(self, data: str) -> None:
        """Take text as it stands in the markup."""

    def raw(self, tag: str, data: str) -> None:
        """Take what stands in a script or style."""


def _walk(html: str, sink: _Sink) -> None:
    at = 0
    while (begun := html.find("<", at)) >= 0:
        sink.text(html[at:begun])
        at = _markup(html, begun, sink)
    sink.text(html[at:])


def _markup(html: str, at: int, sink: _Sink) -> int:
    """Take what the ``<`` at this place begins, as browsers do (HTML, section 13.2.5), and return where it ends.

    Each letter is looked at once: what has no end reaches to the end of the text. html.parser, and every parser that builds
    a tree (lxml too), goes back over text or open elements, and is slow for it in the square of the length.
    """
    if tag := _TAG.match(html, at):
        name = tag[2].lower()
        if tag[1]:
            sink.end(name)
            return tag.end()
        return _begin(html, tag, name, sink)
    if other := _NO_TAG.match(html, at):
        return other.end()
    if html.startswith(_BEGINNINGS, at) or _NAME.match(html, at):
        sink.text(html[at:])
        return len(html)
    sink.text("<")
    return at + 1


def _begin(html: str, tag: re.Match[str], name: str, sink: _Sink) -> int:
    sink.start(name, lambda: _attributes(html[tag.end(2) : tag.end() - 1]))
    if name in _RAW:
        end = _after_raw(html, tag.end(), name)
        sink.raw(name, html[tag.end() : end])
        return end
    if tag[3].endswith("/") and (name in _VOID or name in _CELLS or ":" in name):  # <td/> of XHTML: begun and ended
        sink.end(name)
    return tag.end()


def _attributes(text: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for attribute in _ATTRIBUTE.finditer(text):
        value = attribute[2] or ""
        found.setdefault(attribute[1].lower(), unescape(value[1:-1] if value[:1] in {'"', "'"} else value))
    return found


def _after_raw(html: str, at: int, name: str) -> int:
    """Return where the end tag of a script or style stands: nothing in it is markup, and nobody sees it."""
    found = _RAW[name].search(html, at)
    return found.start() if found else len(html)


class _Sheet:
    """Takes the style sheets of a page."""

    def __init__(self) -> None:
        self.sheet = StyleSheet()

    def start(self, tag: str, attributes: Callable[[], Mapping[str, str]]) -> None:
        """Pass an element."""

    def end(self, tag: str) -> None:
        """Pass the end of an element."""

    def text(self, data: str) -> None:
        """Pass text."""

    def raw(self, tag: str, data: str) -> None:
        """Take a style sheet."""
        if tag == "style":
            self.sheet.add(data)


@dataclass(kw_only=True)
class _Element:
    """An element that has begun."""

    tag: str
    look: Look
    tokens: tuple[str, ...]
    ended: bool = False


class _Looks:
    """Follows how the words at the current place look: which elements are open, and what their styles make of them.

    Each element is taken off once, whatever is nested: what is open of a name, and where the last wall stands, is kept.
    """

    def __init__(self, sheet: StyleSheet) -> None:
        self._sheet = sheet
        self._stack: list[_Element] = []
        self._open: dict[str, list[int]] = {}
        self._special: list[int] = []
        self._walls: list[int] = []
        self._around: Counter[str] = Counter()
        #: How many open elements hide, veil or strike out what is within.
        self._absent = self._veiled = self._struck = 0

    @property
    def absent(self) -> bool:
        """Whether nothing here takes any place."""
        return self._absent > 0

    @property
    def hidden(self) -> Hidden | None:
        """Why the words here are none that people read."""
        look = self._stack[-1].look if self._stack else PLAIN
        if self._absent or self._veiled or look.unseen:
            return Hidden.UNSEEN
        return Hidden.STRUCK if self._struck else None

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Begin an element."""
        self._end_implied(tag)
        if tag in _VOID:
            return
        tokens = ("*", tag, *(f".{name}" for name in attributes.get("class", "").lower().split()))
        if name := attributes.get("id", "").strip().lower():
            tokens = (*tokens, f"#{name}")
        within = self._stack[-1].look if self._stack else PLAIN
        declared = self._sheet.of(tokens, self._around, attributes.get("style", ""))
        look = look_of(_with_own(tag, attributes, declared), within)
        place = len(self._stack)
        self._stack.append(_Element(tag=tag, look=look, tokens=tokens))
        self._open.setdefault(tag, []).append(place)
        if tag in _SPECIAL:
            self._special.append(place)
        if tag in _WALLS:
            self._walls.append(place)
        self._around.update(tokens)
        self._count(look, 1)

    def end(self, tag: str) -> None:
        """End the innermost element of a name, as browsers do; nothing where none is open."""
        places = self._open.get(tag)
        if not places:
            return
        wall = self._walls[-1] if self._walls and tag not in _WALLS and tag not in {"tr", "tbody", "thead"} else -1
        if places[-1] < wall or (
            tag not in _SPECIAL | _FORMATTING and self._special and places[-1] < self._special[-1]
        ):
            return
        if tag in _FORMATTING:
            self._finish(self._stack[places.pop()])
        else:
            self._cut(places[-1])
        while self._stack and self._stack[-1].ended:
            self._stack.pop()

    def _end_implied(self, tag: str) -> None:
        wall = self._walls[-1] if self._walls else -1
        if tag in {"td", "th", "tr", "tbody", "thead"} and self._open.get("table"):
            table = self._open["table"][-1]
            rows = ("td", "th") if tag in _CELLS else ("td", "th", "tr", "caption")
            begun = [self._open[name][-1] for name in rows if self._open.get(name) and self._open[name][-1] > table]
        else:
            names = _ENDED_BY.get(tag, ())
            begun = [self._open[name][-1] for name in names if self._open.get(name) and self._open[name][-1] > wall]
        if begun:
            self._cut(min(begun))

    def _cut(self, place: int) -> None:
        """End the element at a place, and all within it."""
        while len(self._stack) > place:
            element = self._stack.pop()
            if not element.ended:
                self._open[element.tag].pop()
                self._finish(element)
        for places in (self._special, self._walls):
            while places and places[-1] >= place:
                places.pop()

    def _finish(self, element: _Element) -> None:
        element.ended = True
        self._around.subtract(element.tokens)
        self._count(element.look, -1)

    def _count(self, look: Look, step: int) -> None:
        self._absent += step * look.absent
        self._veiled += step * look.veiled
        self._struck += step * look.struck


def _with_own(tag: str, attributes: Mapping[str, str], declared: Mapping[str, str]) -> Mapping[str, str]:
    """Return the declarations of an element, beneath them what its name and its attributes say by themselves."""
    own: dict[str, str] = {}
    if named := _OWN_STYLE.get(tag):
        name, _, value = named.partition(":")
        own[name] = value
    if "hidden" in attributes:
        own["display"] = "none"
    if tag == "font" and attributes.get("color"):
        own["color"] = attributes["color"].lower()
    if tag == "body" and attributes.get("text"):
        own["color"] = attributes["text"].lower()
    if attributes.get("bgcolor"):
        own["background-color"] = attributes["bgcolor"].lower()
    if attributes.get("background"):
        own["background-color"] = "url()"
    return {**own, **declared}


class _Lines:
    """Makes lines out of tags and text."""

    def __init__(self, looks: _Looks | None = None) -> None:
        self.out: list[str] = []
        #: What is struck out or unseen, in its order: neighbouring words of one kind are one piece.
        self.hidden: list[tuple[Hidden, list[str]]] = []
        self._piece: list[str] | None = None
        self._looks = looks
        self._skipped = ""
        #: The cells and tables that are open, innermost last.
        self._open: list[str] = []

    def start(self, tag: str, attributes: Callable[[], Mapping[str, str]]) -> None:
        """Begin a line or a cell."""
        if self._skipped and (tag == "body" or (self._skipped == "head" and tag not in _IN_HEAD)):
            self._skipped = ""
        if self._skipped:
            return
        if self._looks:
            self._looks.start(tag, attributes())
        if tag in _SKIPPED:
            self._skipped = tag
        elif tag in {"input", "option"}:
            self._words(_asked(tag, attributes()))
        else:
            self._begin(tag)

    def _begin(self, tag: str) -> None:
        if tag == "table":
            self._open.append(tag)
            self._break("\n\f")
        elif tag in _CELLS:
            self._end_cell()
            self._open.append("cell")
        elif tag == "tr":
            self._end_cell()
            self._break("\n")
        elif tag in _BLOCKS:
            self._break(" " if self._in_cell else "\n")
        elif tag in _RAISED:
            self._break(" ")

    def end(self, tag: str) -> None:
        """End a line or a cell."""
        if self._skipped:
            self._skipped = "" if tag == self._skipped else self._skipped
        elif tag in _CELLS:
            self._end_cell()
        elif tag in {"tr", "table"}:
            self._end_cell()
            if tag == "table" and self._open:
                self._open.pop()
            self._break("\n")
        elif tag in _BLOCKS:
            self._break(" " if self._in_cell else "\n")
        elif tag in _RAISED:
            self._break(" ")
        if self._looks:
            self._looks.end(tag)

    def text(self, data: str) -> None:
        """Take text, its character references (``&amp;``) as characters."""
        if data and self._skipped == "head" and data.strip():
            self._skipped = ""
        if data and not self._skipped:
            self._words(_SPACES.sub(" ", unescape(data)))

    def raw(self, tag: str, data: str) -> None:
        """Pass a script or style."""

    def _words(self, words: str) -> None:
        why = self._looks.hidden if self._looks else None
        if why is None:
            if words.strip():
                self._piece = None
            self.out.append(words)
            return
        if self._piece is None or (self.hidden[-1][0] is not why and len(self.hidden) < _MOST_PIECES):
            if len(self.hidden) < _MOST_PIECES:
                self.hidden.append((why, []))
            self._piece = self.hidden[-1][1]
        self._piece.append(words)

    def _break(self, mark: str) -> None:
        """Begin a line or end a cell: in what takes no place, only among the words that nobody sees."""
        if self._looks is None or not self._looks.absent:
            self.out.append(mark)
        if self._piece is not None:
            self._piece.append(mark.replace("\f", ""))

    @property
    def _in_cell(self) -> bool:
        return bool(self._open) and self._open[-1] == "cell"

    def _end_cell(self) -> None:
        if self._in_cell:
            self._open.pop()
            self._break("\t")


def _asked(tag: str, attributes: Mapping[str, str]) -> str:
    """Return what a person sees of a field of a form: a box ticked or not, or what was filled in."""
    kind = attributes.get("type", "text").lower()
    if tag == "option" or kind in {"checkbox", "radio"}:
        return "☑" if "checked" in attributes or "selected" in attributes else "☐"
    return f" {attributes.get('value', '')} " if kind in {"text", "date", "number", "tel", "email"} else ""
