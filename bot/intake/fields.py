"""Lines to labelled answers, in all the layouts that form systems write (domain.md §1.2, families A to F).

``項目名：値`` · ``【項目名】`` with the value beside or below · ``■項目名`` with the value below · label TAB value · label and
value on lines of their own · several on one line. A label is known by the synonyms of ``forms.labels``, compared without
spaces, width, brackets, 必須 marks and trailing numbers; the value is kept as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.settings.forms import FormsSettings
from bot.text import fold

_DECORATION = re.compile(
    r"^[\s■□●○◇◆▼▽◎★☆・*>＞＊\-–—]*(?:[(（]?\d{1,2}[)）.．、]\s*|[①-⑳]\s*)?[\s■□●○◇◆・]*"
)  # fmt: skip
_MARKS = re.compile(r"[(（\[［【〔<＜]\s*(?:必須|任意|選択|複数選択可|半角|全角|半角数字)\s*[)）\]］】〕>＞]|[*＊※]$")
_NUMBER = re.compile(r"(?:第?\s*[\d０-９]{1,2}\s*(?:日目|希望)?|[①-⑳])$")
_COLON = re.compile(r"[:：︰﹕]")
_BRACKETS = re.compile(r"^\s*[【\[［〔](?P<label>[^】\]］〕]{1,30})[】\]］〕]\s*[:：]?\s*(?P<value>.*)$")
_RULE = re.compile(r"^[\s\-－ー=＝_＿*＊~〜─━・.]{3,}$")
_GAP = re.compile(r"\t+|[\u3000 ]{2,}|\u3000")
_QUOTE = re.compile(r"^\s*((?:[>＞]\s?)+)")
_CHOICE = re.compile(r"^\s*[\[［(（]\s*\d{1,2}\s*[\]］)）]\s*")
_MOST_PIECES = 8
_LONGEST_LABEL = 40


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer: its field, the value as written, the line it came from, and how far down the thread it stands (0 newest)."""

    field: str
    #: As written: 利用日1 and 利用日2 are two answers, 利用日 and 利用日 contradict each other.
    label: str
    value: str
    source: str
    why: str
    depth: int = 0


@dataclass(kw_only=True)
class _Open:
    """An answer whose value may go on in the next lines."""

    field: str
    label: str
    source: str
    why: str
    depth: int
    lines: list[str]
    below: bool


class FieldReader:
    """Finds answers in text by the labels of the settings."""

    def __init__(self, settings: FormsSettings) -> None:
        self._settings = settings
        self._labels = {_label_key(label): field for field, labels in settings.labels.items() for label in labels}

    def field_of(self, label: str) -> str | None:
        """Return the field that a label stands for."""
        if len(label) > _LONGEST_LABEL:
            return None
        return self._labels.get(_label_key(label)) or self._labels.get(_label_key(_NUMBER.sub("", label.strip())))

    def read(self, text: str) -> list[Answer]:
        """Return all answers in the order of the text."""
        answers: list[Answer] = []
        current: _Open | None = None
        for line, depth in self._lines(text):
            found = list(self._labelled(line, depth))
            if found or self._ends(line):
                answers += _closed(current)
                answers += [answer for one in found[:-1] for answer in _closed(one)]
                current = found[-1] if found else None
            elif current is not None:
                current = self._continued(current, line, depth, answers)
        return answers + _closed(current)

    def _lines(self, text: str) -> Iterator[tuple[str, int]]:
        """Yield each line without quote marks, and its depth in the thread."""
        forwarded = 0
        for raw in text.split("\n"):
            quote = _QUOTE.match(raw)
            depth = len(re.findall(r"[>＞]", quote.group(1))) if quote else 0
            line = raw[quote.end() :] if quote else raw
            if any(mark in line for mark in self._settings.forward_marks) and re.search(r"[-－ー=*]{2,}", line):
                forwarded += 1
                yield "", forwarded
                continue
            if line.startswith("-- ") or line.rstrip() == "--":
                return
            yield line, max(depth, forwarded)

    def _labelled(self, line: str, depth: int) -> Iterator[_Open]:
        bracketed = _BRACKETS.match(line)
        if bracketed and (field := self.field_of(bracketed["label"])):
            yield _Open(
                field=field,
                label=bracketed["label"],
                source=line,
                why="【項目名】",
                depth=depth,
                lines=[bracketed["value"]],
                below=True,
            )
            return
        body = _DECORATION.sub("", line, count=1)
        pieces = list(self._by_colon(body))
        if pieces:
            for field, label, value in pieces:
                below = not value.strip()
                yield _Open(
                    field=field, label=label, source=line, why="項目名：値", depth=depth, lines=[value], below=below
                )
        elif field := self.field_of(body.strip().strip("<>＜＞［］[]")):
            yield _Open(field=field, label=body, source=line, why="項目名の行", depth=depth, lines=[], below=True)
        elif gap := self._by_gap(body):
            yield _Open(
                field=gap[0], label=gap[1], source=line, why="項目名 空白 値", depth=depth, lines=[gap[2]], below=False
            )

    def _by_colon(self, body: str) -> Iterator[tuple[str, str, str]]:
        """Yield (field, label, value) for each known label before a colon; a line may hold several."""
        found: list[tuple[str, int, int]] = []
        for colon in _COLON.finditer(body):
            start = found[-1][2] if found else 0
            label = self._label_before(body, start, colon.start())
            if label and (not found or label[1] > found[-1][2] or not body[found[-1][2] : label[1]].strip()):
                found.append((label[0], label[1], colon.end()))
        for index, (field, label_start, value_start) in enumerate(found):
            end = found[index + 1][1] if index + 1 < len(found) else len(body)
            yield field, body[label_start : value_start - 1], body[value_start:end].strip()

    def _label_before(self, body: str, start: int, end: int) -> tuple[str, int] | None:
        """Return the longest known label that ends at ``end``, and where it begins."""
        begins = [start, *(start + gap.end() for gap in re.finditer(r"[\s\u3000]+|[、,／/]", body[start:end]))]
        for begin in begins if len(begins) <= _MOST_PIECES else [*begins[:2], *begins[-_MOST_PIECES:]]:
            if field := self.field_of(body[begin:end]):
                return field, begin
        return None

    def _by_gap(self, body: str) -> tuple[str, str, str] | None:
        """Return (field, label, value) where a known label is set off by a TAB or a wide space."""
        for gap in list(_GAP.finditer(body))[:_MOST_PIECES][::-1]:
            field = self.field_of(body[: gap.start()])
            if field and body[gap.end() :].strip():
                return field, body[: gap.start()], body[gap.end() :].strip()
        return None

    def _ends(self, line: str) -> bool:
        """Tell whether a line that is no label ends the answer before it."""
        stripped = line.strip()
        if any(stripped.startswith(mark.strip()) for mark in self._settings.cut_marks) or _RULE.match(line):
            return True
        unknown = re.match(r"^\s*[■□●◇◆【\[]|^\s*[^\s:：0-9０-９][^:：]{0,20}[:：]", line)
        return bool(unknown) and _CHOICE.match(line) is None

    def _continued(self, current: _Open, line: str, depth: int, answers: list[Answer]) -> _Open | None:
        has_value = any(part.strip() for part in current.lines)
        if depth != current.depth or (not line.strip() and has_value):
            answers += _closed(current)
            return None
        indented = line[:1] in {" ", "\t", "\u3000"}
        # A label on a line of its own may be followed by one that we don't know: only brackets tell where a value ends.
        goes_on = (current.below and (not has_value or current.why == "【項目名】")) or (has_value and indented)
        if line.strip() and goes_on:
            current.lines.append(line)
        elif line.strip():
            answers += _closed(current)
            return None
        return current


def _closed(current: _Open | None) -> list[Answer]:
    if current is None:
        return []
    value = "\n".join(_CHOICE.sub("", part).strip() for part in current.lines if part.strip())
    return [
        Answer(
            field=current.field,
            label=current.label.strip(),
            value=value,
            source=current.source.strip(),
            why=current.why,
            depth=current.depth,
        )
    ]


def _label_key(label: str) -> str:
    return re.sub(r"[()\[\]<>「」・.:]", "", fold(_MARKS.sub("", label.strip())))
