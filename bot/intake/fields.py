"""Lines to labelled answers, in all the layouts that form systems write (domain.md §1.2, families A to F).

``項目名：値`` · ``【項目名】`` with the value beside or below · ``■項目名`` with the value below · label TAB value · label and
value on lines of their own · several on one line. A label is known by the synonyms of ``forms.labels``, compared without
spaces, width, brackets, 必須 marks and trailing numbers; the value is kept as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from bot.errors import Unreadable
from bot.settings.forms import FormsSettings
from bot.text import fold

_DECORATION = re.compile(
    r"^[\s■□●○◇◆▼▽◎★☆・*>＞＊\-–—]*(?:[(（]?\d{1,2}[)）.．、]\s*|[①-⑳]\s*)?[\s■□●○◇◆・]*"
)  # fmt: skip
_MARKS = re.compile(r"[(（\[［【〔<＜]\s*(?:必須|任意|選択|複数選択可|半角|全角|半角数字)\s*[)）\]］】〕>＞]|[*＊※]$")
_NUMBER = re.compile(r"(?:第?\s*[\d０-９]{1,2}\s*(?:日目|希望)?|[①-⑳])$")
_COLON = re.compile(r"[:：︰﹕]")
_BRACKETS = re.compile(r"^\s*[【\[［〔](?P<label>[^】\]］〕]{1,30})[】\]］〕]\s*[:：]?\s*(?P<value>.*)$")
_INLINE = re.compile(r"【([^】]{1,30})】")
_RULE = re.compile(r"^[\s\-－ー=＝_＿*＊~〜─━・.]{3,}$")
_GAP = re.compile(r"\t+|[\u3000 ]{2,}|\u3000")
_QUOTE = re.compile(r"^\s*((?:[>＞]\s?)+)")
_CHOICE = re.compile(r"^\s*[\[［(（]\s*\d{1,2}\s*[\]］)）]\s*")
_UNKNOWN = re.compile(
    r"^\s*(?:[【\[［〔](?P<bracketed>[^】\]］〕]{1,30})[】\]］〕]\s*[:：]?|(?P<plain>[^\s:：0-9０-９][^:：]{0,20})[:：])\s*(?P<value>.*)$"
)
_BULLET = re.compile(r"^\s*[■□●◇◆]")
_OPTION = re.compile(r"^\s*[□☐■☑☒✓✔]")
_DAY_LINE = re.compile(
    r"^\s*(?:[・*]\s*|[(（]?\d{1,2}[.)）]\s+|[①-⑳]\s*)?(?:令和|[RrＲ]\s*[\d０-９]|[\d０-９]{1,4}\s*[年月/／.．日])"
)
_DAYS = frozenset({"dates", "date_from", "date_to"})
#: The field of lines that are no answer: kept, because they may change one (see :mod:`bot.intake.beside`).
REMARKS = "remarks"
_NOTE = ""
#: Why a line is a remark: its label is in no list of the settings.
UNKNOWN = "知らない項目"
_MOST_PIECES = 8
_MOST_MARKS = 30_000
_NEVER_LAST = frozenset(":：;,、。/")
_LONGEST_LABEL = 40
_KEPT_KEYS = 8_192


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
    #: Where it stands in its part, such as 7行目 or 3行目 C列.
    at: str = ""


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
    #: Whether one of the lines says anything; kept, since a long answer is not to be gone over with each line.
    stated: bool = False

    def __post_init__(self) -> None:
        self.stated = any(line.strip() for line in self.lines)

    def add(self, line: str) -> None:
        """Take one more line."""
        self.lines.append(line)
        self.stated = self.stated or bool(line.strip())


class FieldReader:
    """Finds answers in text by the labels of the settings."""

    def __init__(self, settings: FormsSettings) -> None:
        self._settings = settings
        # The same few labels come back in every mail of a form.
        self._key = lru_cache(maxsize=_KEPT_KEYS)(_label_key)
        self._labels = {_label_key(label): field for field, labels in settings.labels.items() for label in labels}

    def field_of(self, label: str) -> str | None:
        """Return the field that a label stands for."""
        if len(label) > _LONGEST_LABEL:
            return None
        return self._labels.get(self._key(label)) or self._labels.get(self._key(_NUMBER.sub("", label.strip())))

    def read(self, text: str) -> list[Answer]:
        """Return all answers in the order of the text, and every line beside them as ``remarks``.

        Raises ``Unreadable`` for a text of more lines, or an answer of more characters, than anybody writes.
        """
        if text.count("\n") > _MOST_MARKS or len(_COLON.findall(text)) > _MOST_MARKS:
            raise Unreadable("本文の行または項目が多すぎます / too many lines or labels in the text")
        answers: list[Answer] = []
        current: _Open | None = None
        for line, depth in self._lines(text):
            found = list(self._labelled(line, depth))
            if not found and current is not None and self._goes_on(current, line, depth):
                current.add(line)
                continue
            answers += self._closed(current)
            answers += [answer for opened in found[:-1] for answer in self._closed(opened)]
            current = found[-1] if found else self._beside(line, depth)
        return answers + self._closed(current)

    def _lines(self, text: str) -> Iterator[tuple[str, int]]:
        """Yield each line without quote marks, and its depth in the thread."""
        forwarded, signed = 0, None
        for raw in text.split("\n"):
            quote = _QUOTE.match(raw)
            depth = len(re.findall(r"[>＞]", quote.group(1))) if quote else 0
            line = raw[quote.end() :] if quote else raw
            if any(mark in line for mark in self._settings.forward_marks) and re.search(r"[-－ー=*]{2,}", line):
                forwarded += 1
                yield "", forwarded
                continue
            signed = signed if max(depth, forwarded) == signed else None
            if line.startswith("-- ") or line.rstrip() == "--":
                signed = max(depth, forwarded)
            yield ("" if signed is not None else line), max(depth, forwarded)

    def _labelled(self, line: str, depth: int) -> Iterator[_Open]:
        if several := self._in_brackets(line):
            for name, label, value in several:
                yield _Open(
                    field=name, label=label, source=line, why="【項目名】", depth=depth, lines=[value], below=not value
                )
            return
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
        else:
            for field, label, value in self._by_gap(body):
                yield _Open(
                    field=field, label=label, source=line, why="項目名 空白 値", depth=depth, lines=[value], below=False
                )

    def _in_brackets(self, line: str) -> list[tuple[str, str, str]]:
        """Return (field, label, value) of each 【項目名】 on a line that holds several, else nothing."""
        found = [match for match in _INLINE.finditer(line) if self.field_of(match[1])]
        if len(found) < 2 or line[: found[0].start()].strip():
            return []
        ends = [*(match.start() for match in found[1:]), len(line)]
        return [
            (self.field_of(match[1]) or "", match[1], line[match.end() : end].lstrip(":：").strip())
            for match, end in zip(found, ends, strict=True)
        ]

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
        if body[end - 1 : end] in _NEVER_LAST:
            return None
        near = max(start, end - 2 * _LONGEST_LABEL)  # no label reaches further back
        whole = self._key(body[near:end])
        if not any(label in whole for label in self._labels):
            return None
        for begin in (near, *(near + gap.end() for gap in re.finditer(r"[\s\u3000]+|[、,／/]", body[near:end]))):
            if field := self.field_of(body[begin:end]):
                return field, begin
        return None

    def _by_gap(self, body: str) -> Iterator[tuple[str, str, str]]:
        """Yield (field, label, value) where known labels are set off by TABs or wide spaces; a line may hold several."""
        gaps = list(_GAP.finditer(body))[:_MOST_PIECES]
        first = next((gap for gap in reversed(gaps) if self.field_of(body[: gap.start()])), None)
        if first is None or not body[first.end() :].strip():
            return
        label, start = body[: first.start()], first.end()
        for gap, after in zip(gaps, [*gaps[1:], None], strict=True):
            further = body[gap.end() : after.start() if after else len(body)]
            if gap.start() > first.start() and after is not None and self.field_of(further):
                yield self.field_of(label) or "", label, body[start : gap.start()].strip()
                label, start = further, after.end()
        yield self.field_of(label) or "", label, body[start:].strip()

    def _beside(self, line: str, depth: int) -> _Open | None:
        """Return what a line without a known label begins: a note, an unknown answer, a sentence, or nothing."""
        stripped = line.strip()
        if not stripped or _RULE.match(line):
            return None
        if self._is_note(line):
            return _Open(field=_NOTE, label="", source=line, why="注記", depth=depth, lines=[line], below=False)
        unknown = _UNKNOWN.match(_DECORATION.sub("", line, count=1)) if not _CHOICE.match(line) else None
        label = (unknown["bracketed"] or unknown["plain"]).strip() if unknown else ""
        value = unknown["value"] if unknown else stripped
        why = UNKNOWN if unknown else "項目のない行"
        return _Open(field=REMARKS, label=label, source=line, why=why, depth=depth, lines=[value], below=not value)

    def _is_note(self, line: str) -> bool:
        return any(line.strip().startswith(mark.strip()) for mark in self._settings.cut_marks)

    def _goes_on(self, current: _Open, line: str, depth: int) -> bool:
        """Tell whether a line without a known label belongs to the answer before it."""
        stated = current.stated
        if not line.strip():
            return not stated and depth == current.depth
        if depth != current.depth or _RULE.match(line) or self._is_note(line):
            return False
        if _OPTION.match(line) and current.below and _BULLET.match(current.source) is None:
            return True  # □自宅 ■サテライト under their label
        if _BULLET.match(line) or (_UNKNOWN.match(line) and _CHOICE.match(line) is None):
            return False
        if stated and current.field in _DAYS and _DAY_LINE.match(line):
            return True
        # A label on a line of its own may be followed by one that we don't know: only brackets tell where a value ends.
        indented = line[:1] in {" ", "\t", "\u3000"}
        return (current.below and (not stated or current.why == "【項目名】")) or (stated and indented)

    def _closed(self, current: _Open | None) -> list[Answer]:
        if current is None or current.field == _NOTE:
            return []
        value = "\n".join(_CHOICE.sub("", part).strip() for part in current.lines if part.strip())
        most = self._settings.max_field_chars
        if current.field != REMARKS and len(value) > most:
            label = current.label.strip()
            raise Unreadable(
                f"「{label}」の記入が長すぎます（上限{most}字） / an answer of more than {most} characters"
            )
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


def base_label(label: str) -> str:
    """Return a label without its trailing number: 利用日1 and 利用日2 are one list."""
    return fold(_NUMBER.sub("", label.strip()))


def _label_key(label: str) -> str:
    return re.sub(r"[()\[\]<>「」・.:]", "", fold(_MARKS.sub("", label.strip())))
