"""Lines to labelled answers, in all the layouts that form systems write (domain.md §1.2, families A to F).

``項目名：値``, with → = or ｜ for the colon · ``【項目名】``, 《項目名》 or 「項目名」 with the value beside or below · ``■項目名``
with the value below · label TAB value, or a space · label and value on lines of their own, also as ``Q1.`` and ``A1.`` · several
on one line. A label is known by the synonyms of ``forms.labels`` and of the form's profile, compared without spaces, width,
brackets, 必須 marks and trailing numbers; the value is kept as it was written.

No line with a word in it is left out: what is no answer is a remark, for :mod:`bot.intake.accounting` to explain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from bot.errors import Unreadable
from bot.settings.forms import FieldName, FormProfile, FormsSettings
from bot.text import fold

_DECORATION = re.compile(
    r"^[\s■□●○◇◆▼▽◎★☆・*>＞＊\-–—|｜]*(?:[(（]?\d{1,2}[)）.．、]\s*|[①-⑳]\s*|(?:[QＱ]|質問|設問|問)\s?\d{0,2}\s*[.．:：)）、]\s*|[設質]?問\s?\d{1,2}\s+)?[\s■□●○◇◆・]*"
)  # fmt: skip
_MARKS = re.compile(r"[(（\[［【〔<＜]\s*(?:必須|任意|選択|複数選択可|半角|全角|半角数字)\s*[)）\]］】〕>＞]|[*＊※]$")
_NUMBER = re.compile(r"(?:第?\s*[\d０-９]{1,2}\s*(?:日目)?|[①-⑳])$")
_NTH_DAY = re.compile(r"\s*第?[\d０-９]{1,2}日目\s*")
_COLON = re.compile(r"[=-]>|[:：︰﹕→⇒=＝｜|]")
_OPENING, _CLOSING = "【\\[［〔《〈「『<＜", "】\\]］〕》〉」』>＞"
_BRACKETS = re.compile(rf"^\s*[{_OPENING}](?P<label>[^{_CLOSING}]{{1,30}})[{_CLOSING}]\s*[:：]?\s*(?P<value>.*)$")
_INLINE = re.compile(r"【([^】]{1,30})】")
#: 1　氏名, as forms number their lines.
_NUMBERED = re.compile(r"^[\d０-９]{1,2}[\s\u3000]+")
_RULE = re.compile(r"^[\s\-－ー=＝_＿*＊~〜─━・.|]{3,}$")
_GAP = re.compile(r"\t+|[\u3000 ]{2,}|\u3000")
_SPACE = re.compile(r"(?<=\S) (?=\S)")
_REPLY = re.compile(r"^\s*(?:(?:[AＡ]|回?答)\s?\d{0,2}\s*[.．:：)）、]\s*|回?答\d{0,2}\s+)")
_QUESTION = re.compile(r"^\s*(?:(?:[QＱ]|質問|設問|問)\s?\d{0,2}\s*[.．:：)）、]|[設質]?問\s?\d{1,2}\s)")
_QUOTE = re.compile(r"^\s*((?:[>＞]\s?)+)")
_CHOICE = re.compile(r"^\s*[\[［(（]\s*\d{1,2}\s*[\]］)）]\s*")
_UNKNOWN = re.compile(
    rf"^\s*(?:[{_OPENING}](?P<bracketed>[^{_CLOSING}]{{1,30}})[{_CLOSING}]\s*[:：]?|(?P<plain>(?!https?:/)[^\s:：0-9０-９][^:：]{{0,20}})[:：])\s*(?P<value>.*)$"
)
_BULLET = re.compile(r"^\s*[■□●◇◆]")
_OPTION = re.compile(r"^\s*(?:[□☐■☑☒✓✔]|[\[［(（][\s\u3000xXｘＸレ✓✔○●]{0,3}[\]］)）])")
#: An option with a circle, filled where it is chosen, and no label.
_RADIO = re.compile(r"^\s*[●◉○◯]\s*[^\s:：\d０-９]{1,12}\s*$")
_CHOSEN = frozenset({"kind", "place", "zones", "terminal", "approval", "declaration"})
_DAY_LINE = re.compile(
    r"^\s*(?:[・*]\s*|[(（]?\d{1,2}[.)）]\s+|[①-⑳]\s*)?(?:令和|[RrＲ]\s*[\d０-９]|[\d０-９]{1,4}\s*[年月/／.．日])"
)
#: The rest of a list of days that was broken within an item.
_WRAPPED = re.compile(r"^\s*(?:[日月年、,，・~〜～ー-]|及び|並びに|[(（][月火水木金土日])")
_DAYS = frozenset({"dates", "date_from", "date_to"})
#: How the heading of an older mail begins, and the labels of its other lines.
_SENDER = re.compile(r"^\s*\**(?:差出人|送信者|From)\**\s*[:：]", re.IGNORECASE)
_HEADING = re.compile(
    r"^\s*\**(?:差出人|送信者|送信日時|送信日|日時|日付|宛先|件名|From|Sent|Date|To|Cc|Subject|Importance|重要度|添付ファイル)\**\s*[:：]",
    re.IGNORECASE,
)
#: How mail programs begin a quotation: on such a day somebody wrote.
_WROTE = re.compile(
    r"[^\s<>]+@[^\s<>]+[>＞]?\s*(?:さん|様)?(?:のメール|は書きました|からのメッセージ|wrote)?\s*[:：]\s*$"
)
#: The field of lines that are no answer: kept, because they may change one (see :mod:`bot.intake.accounting`).
REMARKS = "remarks"


class Shape(StrEnum):
    """How an answer or a remark is written."""

    #: A label that is known, and its answer.
    LABELLED = "項目：値"
    #: A cell of a table, under a heading that is known.
    CELL = "表の列"
    #: A label that is in no list of the settings, and what stands under it.
    UNKNOWN_LABEL = "知らない項目"
    #: A line without a label.
    SENTENCE = "項目のない行"
    #: A line below the mark of a signature.
    SIGNATURE = "署名の下の行"
    #: A line with which an older mail begins.
    OLDER = "過去のメールの見出し"


_MOST_PIECES = 8
_MOST_MARKS = 30_000
_DASHES = re.compile("[-－ー=*]{2,}")
_NEVER_LAST = frozenset(":：;,、。/")
_LONGEST_LABEL = 40
_LONGEST_ADDRESS = 200
_KEPT_KEYS, _KEPT_LINE = 8_192, 200


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
    shape: Shape = Shape.LABELLED
    #: So many lines of a text were joined to it; a table's cell is one, however many lines it holds.
    lines: int = 1


@dataclass(frozen=True, kw_only=True)
class _Line:
    """A line without its quote marks."""

    number: int
    text: str
    depth: int
    #: What it is, where that is known without its words.
    shape: Shape | None = None


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
    number: int = 0
    shape: Shape = Shape.LABELLED
    #: Whether one of the lines says anything; kept, since a long answer is not to be gone over with each line.
    stated: bool = False

    def __post_init__(self) -> None:
        self.stated = any(line.strip() for line in self.lines)

    def add(self, line: str) -> None:
        """Take one more line."""
        self.lines.append(line)
        self.stated = self.stated or bool(line.strip())


class FieldReader:
    """Finds answers in text by the labels of the settings, and of one form where it is known."""

    def __init__(self, settings: FormsSettings, profile: FormProfile | None = None) -> None:
        self._settings = settings
        # The same few labels, and many whole lines, come back in every mail of a form.
        self._key = lru_cache(maxsize=_KEPT_KEYS)(_label_key)
        self._kept_pieces = lru_cache(maxsize=_KEPT_KEYS)(lambda line: tuple(self._pieces(line)))
        self._labels = _by_key(settings.labels) | (_by_key(profile.labels) if profile else {})
        apart = (*profile.harmless, *profile.free_text, *profile.values) if profile else ()
        for label in apart:
            self._labels.pop(_label_key(label), None)
        self._endings = (*self._labels, "日目")

    def field_of(self, label: str) -> str | None:
        """Return the field that a label stands for."""
        if len(label) > _LONGEST_LABEL:
            return None
        if _NTH_DAY.fullmatch(label):
            return "dates"
        whole = self._labels.get(self._key(label)) or self._labels.get(self._key(_NUMBER.sub("", label.strip())))
        return whole or self._labels.get(self._key(_NUMBERED.sub("", _DECORATION.sub("", label, count=1))))

    def read(self, text: str) -> list[Answer]:
        """Return all answers in the order of the text, and every line beside them as ``remarks``.

        Raises ``Unreadable`` for a text of more lines, or an answer of more characters, than anybody writes.
        """
        if text.count("\n") > _MOST_MARKS or len(_COLON.findall(text)) > _MOST_MARKS:
            raise Unreadable("本文の行または項目が多すぎます / too many lines or labels in the text")
        answers: list[Answer] = []
        current: _Open | None = None
        for line in self._lines(text):
            found = list(self._labelled(line)) if line.shape is None else []
            if not found and current is not None and self._goes_on(current, line):
                current.add(line.text)
                continue
            answers += self._closed(current)
            answers += [answer for opened in found[:-1] for answer in self._closed(opened)]
            current = found[-1] if found else _remark(line)
        return answers + self._closed(current)

    def _lines(self, text: str) -> Iterator[_Line]:
        """Yield each line without quote marks, with its depth in the thread."""
        forwarded, signed, heading = 0, None, False
        raws = text.split("\n")
        for number, raw in enumerate(raws, 1):
            quote = _QUOTE.match(raw)
            quoted = len(re.findall(r"[>＞]", quote.group(1))) if quote else 0
            line = raw[quote.end() :] if quote else raw
            begins = _begins_heading(raws, number) or self._is_forward_mark(line)
            heading = begins or (heading and _HEADING.match(line) is not None)
            forwarded += begins
            depth = max(quoted, forwarded)
            signed = signed if depth == signed else None
            if line.startswith("-- ") or line.rstrip() == "--":
                signed, line = depth, line.strip().removeprefix("--")
            older = heading or _introduces_quote(raws, number)
            shape = Shape.OLDER if older else Shape.SIGNATURE if signed is not None else None
            yield _Line(number=number, text=line, depth=depth, shape=shape)

    def _is_forward_mark(self, line: str) -> bool:
        return _DASHES.search(line) is not None and any(mark in line for mark in self._settings.forward_marks)

    def _labelled(self, line: _Line) -> Iterator[_Open]:
        """Yield an answer for each known label on a line, and a remark for what stands before the first one."""
        short = len(line.text) <= _KEPT_LINE
        for field, label, value, why in self._kept_pieces(line.text) if short else self._pieces(line.text):
            # Under 備考： of no answer stands what follows the form, not its answer.
            below = why is _Layout.BRACKETS or (not value.strip() and (field != REMARKS or why is not _Layout.COLON))
            yield _Open(
                field=field, label=label, source=line.text, why=why.value, depth=line.depth, lines=[value], below=below,
                number=line.number, shape=Shape.SENTENCE if field == REMARKS and not label else Shape.LABELLED,
            )  # fmt: skip

    def _pieces(self, line: str) -> Iterator[tuple[str, str, str, _Layout]]:
        """Yield (field, label, value, layout) of each answer on a line."""
        if several := self._in_brackets(line):
            for name, label, value in several:
                yield name, label, value, _Layout.BRACKETS if not value else _Layout.IN_BRACKETS
            return
        bracketed = _BRACKETS.match(line)
        if bracketed and (field := self.field_of(bracketed["label"])):
            yield field, bracketed["label"], bracketed["value"], _Layout.BRACKETS
            return
        body = _DECORATION.sub("", line, count=1)
        if pieces := list(self._by_colon(body)):
            yield from ((*piece, _Layout.COLON) for piece in pieces)
        elif field := self.field_of(body.strip().strip("<>＜＞［］[]《》「」")):
            yield field, body, "", _Layout.ABOVE
        else:
            yield from ((*piece, _Layout.GAP) for piece in self._by_gap(body) or self._by_space(body))

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
        """Yield (field, label, value) for each known label before a colon; what stands before the first is a remark."""
        found: list[tuple[str, int, int]] = []
        for colon in _COLON.finditer(body):
            start = found[-1][2] if found else 0
            label = self._label_before(body, start, colon.start())
            if label and (not found or label[1] > found[-1][2] or not body[found[-1][2] : label[1]].strip()):
                found.append((label[0], label[1], colon.end()))
        if found and body[: found[0][1]].strip():
            yield REMARKS, "", body[: found[0][1]].strip()
        for index, (field, label_start, value_start) in enumerate(found):
            end = found[index + 1][1] if index + 1 < len(found) else len(body)
            yield (
                field,
                body[label_start : value_start - 1].rstrip("=-"),
                body[value_start:end].strip().rstrip("|｜").rstrip(),
            )

    def _label_before(self, body: str, start: int, end: int) -> tuple[str, int] | None:
        """Return the longest known label that ends at ``end``, and where it begins."""
        if body[end - 1 : end] in _NEVER_LAST:
            return None
        near = max(start, end - 2 * _LONGEST_LABEL)  # no label reaches further back
        if not self._ends_with_label(body[near:end]):
            return None
        for begin in (near, *(near + gap.end() for gap in re.finditer(r"[\s\u3000]+|[、,／/]", body[near:end]))):
            if field := self.field_of(body[begin:end]):
                return field, begin
        return None

    def _ends_with_label(self, text: str) -> bool:
        """Tell whether a known label may stand at the end of a text: most colons end none."""
        bare = _NUMBER.sub("", text.rstrip())
        return self._key(text).endswith(self._endings) or self._key(bare).endswith(self._endings)

    def _by_gap(self, body: str) -> list[tuple[str, str, str]]:
        """Return (field, label, value) where known labels are set off by TABs or wide spaces; a line may hold several."""
        gaps = list(_GAP.finditer(body))[:_MOST_PIECES]
        first = next((gap for gap in reversed(gaps) if self.field_of(body[: gap.start()])), None)
        if first is None or not body[first.end() :].strip():
            return []
        found: list[tuple[str, str, str]] = []
        label, start = body[: first.start()], first.end()
        for gap, after in zip(gaps, [*gaps[1:], None], strict=True):
            further = body[gap.end() : after.start() if after else len(body)]
            if gap.start() > first.start() and after is not None and self.field_of(further):
                found.append((self.field_of(label) or "", label, body[start : gap.start()].strip()))
                label, start = further, after.end()
        return [*found, (self.field_of(label) or "", label, body[start:].strip())]

    def _by_space(self, body: str) -> list[tuple[str, str, str]]:
        """Return (field, label, value) where one space parts a known label from its value."""
        gap = _SPACE.search(body)
        field = self.field_of(body[: gap.start()]) if gap else None
        return [(field, body[: gap.start()], body[gap.end() :].strip())] if gap and field else []

    def _goes_on(self, current: _Open, line: _Line) -> bool:
        """Tell whether a line without a known label belongs to the answer before it."""
        text = line.text
        if line.shape is not None or line.depth != current.depth:
            return False
        if not text.strip():
            return not current.stated and current.shape is Shape.LABELLED
        if _RULE.match(text) or self._is_note(text):
            return False
        if _OPTION.match(text) and current.below and _BULLET.match(current.source) is None:
            return True  # □自宅 ■サテライト under their label
        if _RADIO.match(text) and current.below and current.field in _CHOSEN:
            return True
        return not _begins_another(current, text) and _continues(current, text)

    def _is_note(self, line: str) -> bool:
        return any(line.strip().startswith(mark.strip()) for mark in self._settings.cut_marks)

    def _closed(self, current: _Open | None) -> list[Answer]:
        if current is None:
            return []
        asked = _QUESTION.match(current.source) is not None
        lines = [_REPLY.sub("", part) if asked else part for part in current.lines if part.strip()]
        # (1) before a day counts the days, and whoever reads them wants to see it.
        parts = lines if current.field in _DAYS else [_CHOICE.sub("", part) for part in lines]
        value = "\n".join(part.strip() for part in parts)
        most = self._settings.max_field_chars
        if current.field != REMARKS and len(value) > most:
            label = current.label.strip()
            raise Unreadable(
                f"「{label}」の記入が長すぎます（上限{most}字） / an answer of more than {most} characters"
            )
        return [
            Answer(
                field=current.field, label=current.label.strip(), value=value, source=current.source.strip(), why=current.why,
                depth=current.depth, at=f"{current.number}行目", shape=current.shape,
                lines=len(lines),
            )
        ]  # fmt: skip


class _Layout(StrEnum):
    """How a label is set off from its value."""

    BRACKETS = "【項目名】"
    #: Several on one line: each ends where the next begins.
    IN_BRACKETS = "【項目名】値"
    COLON = "項目名：値"
    ABOVE = "項目名の行"
    GAP = "項目名 空白 値"


def _by_key(labels: Mapping[FieldName, Sequence[str]]) -> dict[str, str]:
    return {_label_key(label): field for field, known in labels.items() for label in known}


def _remark(line: _Line) -> _Open | None:
    """Return what a line without a known label begins: an unknown answer, a sentence, or nothing."""
    stripped = line.text.strip()
    if not stripped or (_RULE.match(line.text) and line.shape is None):
        return None
    unknown = _UNKNOWN.match(_DECORATION.sub("", line.text, count=1)) if not _CHOICE.match(line.text) else None
    label = (unknown["bracketed"] or unknown["plain"]).strip() if unknown and line.shape is None else ""
    value = unknown["value"] if unknown and label else stripped
    shape = line.shape or (Shape.UNKNOWN_LABEL if label else Shape.SENTENCE)
    below = not value and unknown is not None and unknown["bracketed"] is not None
    return _Open(
        field=REMARKS, label=label, source=line.text, why=shape.value, depth=line.depth, lines=[value], below=below,
        number=line.number, shape=shape,
    )  # fmt: skip


def _begins_another(current: _Open, text: str) -> bool:
    """Tell whether a line begins an answer of its own, under a label that is not known."""
    if _BULLET.match(text):
        return True
    return _UNKNOWN.match(text) is not None and _CHOICE.match(text) is None and not _is_reply(current, text)


def _continues(current: _Open, text: str) -> bool:
    if current.stated and current.field in _DAYS and (_DAY_LINE.match(text) or _WRAPPED.match(text)):
        return True
    # A label on a line of its own may be followed by one that we don't know: only brackets tell where a value ends.
    indented = text[:1] in {" ", "\t", "\u3000"}
    below = current.below and (not current.stated or current.why == _Layout.BRACKETS.value)
    return below or (current.stated and indented)


def _is_reply(current: _Open, line: str) -> bool:
    return _REPLY.match(line) is not None and _QUESTION.match(current.source) is not None


def _begins_heading(lines: Sequence[str], number: int) -> bool:
    """Tell whether an older mail's heading begins at this line: its sender, and in the next line another of its labels."""
    if _SENDER.match(lines[number - 1]) is None:
        return False
    return _HEADING.match(lines[number] if number < len(lines) else "") is not None


def _introduces_quote(lines: Sequence[str], number: int) -> bool:
    """Tell whether a line says who wrote the quotation that follows it."""
    line = lines[number - 1].rstrip()
    if line[-1:] not in {":", "："} or "@" not in line or not _WROTE.search(line[-_LONGEST_ADDRESS:]):
        return False
    following = next((line for line in lines[number : number + 3] if line.strip()), "")
    return _QUOTE.match(following) is not None


def base_label(label: str) -> str:
    """Return a label without its trailing number: 利用日1 and 利用日2 are one list."""
    return fold(_NUMBER.sub("", label.strip()))


def _label_key(label: str) -> str:
    return re.sub(r"[()\[\]【】《》<>「」・.:]", "", fold(_MARKS.sub("", label.strip())))
