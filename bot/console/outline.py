"""What a screen consists of, by its ARIA outline: headings, fields, buttons, links; never what is filled in or listed. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

#: Roles that make up a screen; rows and texts are data, and differ on every visit.
_KEPT = frozenset({
    "alert", "button", "checkbox", "columnheader", "combobox", "dialog", "form", "heading", "link", "main", "menuitem",
    "navigation", "radio", "region", "searchbox", "spinbutton", "switch", "tab", "textbox",
})  # fmt: skip
#: Everything below these is data but for the heads of columns.
_DATA = frozenset({"table", "grid", "treegrid", "rowgroup", "row", "log", "status", "option"})
_LINE = re.compile(r'^(?P<indent>\s*)- (?P<quote>\'?)(?P<role>[a-z]+)(?: "(?P<name>(?:[^"\\]|\\.)*)")?')
_DIGITS = re.compile(r"\d+")
_CLOSE_ENOUGH = 0.4


@dataclass(frozen=True, kw_only=True, order=True)
class Part:
    """One thing on a screen."""

    role: str
    name: str

    @property
    def key(self) -> str:
        """What it is told by on another visit: numbers, such as how many users there are, don't count."""
        return f"{self.role} {_DIGITS.sub('#', self.name)}"

    def __str__(self) -> str:
        return f'{self.role} "{self.name}"'


def parts(outline: str) -> tuple[Part, ...]:
    """Return what a screen consists of, in its order; ``outline`` is Playwright's ARIA snapshot."""
    found: list[Part] = []
    data_at: int | None = None
    for line in outline.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        indent, role, name = len(match["indent"]), match["role"], match["name"] or ""
        if data_at is not None and indent <= data_at:
            data_at = None
        if data_at is None and role in _DATA:
            data_at = indent
        if role in _KEPT and name and (data_at is None or role == "columnheader"):
            found.append(Part(role=role, name=name.replace('\\"', '"')))
    return tuple(found)


def closest(role: str, name: str, among: Sequence[Part]) -> Part | None:
    """Return what ``name`` is most likely called now: the most alike, of the same role if there is one."""
    same = [part for part in among if part.role == role]
    for candidates in (same, among):
        by_name = {part.name: part for part in candidates}
        if near := difflib.get_close_matches(name, by_name, n=1, cutoff=_CLOSE_ENOUGH):
            return by_name[near[0]]
    return None


def difference(then: Sequence[Part], now: Sequence[Part]) -> list[tuple[str, Part]]:
    """Return the lines of both, marked ``-`` for gone, ``+`` for new, a space for the same."""
    lines: list[tuple[str, Part]] = []
    matcher = difflib.SequenceMatcher(a=[part.key for part in then], b=[part.key for part in now], autojunk=False)
    for kind, a_from, a_to, b_from, b_to in matcher.get_opcodes():
        if kind == "equal":
            lines += [(" ", part) for part in now[b_from:b_to]]
            continue
        lines += [("-", part) for part in then[a_from:a_to]]
        lines += [("+", part) for part in now[b_from:b_to]]
    return lines
