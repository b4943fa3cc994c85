"""Choices in an answer: which boxes are ticked, and which kind of application is meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.model import Kind
from bot.text import fold

_EMPTY = re.compile(r"[\[［][\s\u3000]*[\]］]")
_CROSSED = re.compile(r"[\[［]\s*[xXｘＸレ✓✔○●]\s*[\]］]")
_ROUND_EMPTY = re.compile(r"[(（〔][\s\u3000]*[)）〕]")
_ROUND_CROSSED = re.compile(r"[(（〔]\s*[○◯●✓✔レ*＊]\s*[)）〕]")
_BOX = re.compile(r"([□☐☑☒✓✔■])")
#: Without one of these an answer prints no options.
_MARKED = re.compile(r"[\[［(（〔○●◉◯□☐☑☒✓✔]")
_ANY_BOX = re.compile("[□☐☑☒✓✔]")
_ON, _OFF = frozenset("☑☒✓✔■"), frozenset("□☐")
_RADIO = re.compile(r"(?:^|(?<=[\s\u3000、,／/]))([●◉○◯])")
_IN_BRACKETS = re.compile(r"[(（][^()（）]*[)）]")
_WORD = re.compile(r"[^\W_]")
_EDGES = " \u3000\t、,・/"
_OPTIONS = re.compile(r"[・/／、,，()（）\[\]［］「」【】\n\s|｜]+")
_NUMBERING = re.compile(r"^[\[(]?\d{1,2}[\])]?[.:、]?(?=\D)")
_ABOUT = re.compile(r"^(?:テレワーク|在宅勤務|リモートワーク|ログインid|vdi|id|パスワード|アカウント)(?:用|の)?")
_OF_BEFORE = re.compile(r"^(?:発行|利用|申請|申込|予約)の?")
_ENDING = re.compile(
    r"の?(?:申請書?|申込書?|申込み|申し込み|届出書?|届け出|届け|届|依頼|手続き?|手続|希望|をする|する|します|を希望する|を希望します)$"
)
#: What a column 区分 says of the form, or of the employee's 任用区分.
_NO_KIND = frozenset(map(fold, (
    "電子申請", "オンライン申請", "インターネット申請", "用", "の", "正規", "正規職員", "正職員", "常勤", "常勤職員", "再任用", "再任用職員", "任期付職員",
    "会計年度任用", "会計年度任用職員", "非常勤", "非常勤職員",
)))  # fmt: skip
_NAMES = {kind.value: kind for kind in Kind}
_MOST_STEPS = 8


def ticked(text: str) -> str:
    """Return the ticked options of an answer that prints all of them, the whole answer where it has no boxes.

    With every box empty nothing was chosen: the answer is empty. What stands before or below the boxes is kept.
    """
    marked = _boxed(text) if _MARKED.search(text) else text
    if not _ANY_BOX.search(marked):
        return text
    kept = [part for line in marked.split("\n") for part in _kept(line)]
    return "、".join(part for part in kept if part)


def _boxed(text: str) -> str:
    """Return the text with one sign for each way of marking a chosen and an open option."""
    marked = _CROSSED.sub("☑", _EMPTY.sub("□", text))
    if _ROUND_CROSSED.search(marked) and _ROUND_EMPTY.search(marked):
        marked = _ROUND_CROSSED.sub("☑", _ROUND_EMPTY.sub("□", marked))
    radios = _RADIO.findall(marked)
    chosen = sum(mark in "●◉" for mark in radios)
    # One filled circle among open ones is a choice; open ones alone may mark what was chosen, or what was not.
    if chosen == 1 and len(radios) > 1:
        marked = _RADIO.sub(lambda match: "☑" if match[1] in "●◉" else "□", marked)
    return marked


def _kept(line: str) -> Iterator[str]:
    """Yield what a line says: the words before its boxes, the ticked options, and what follows an open one like a sentence."""
    before, *rest = _BOX.split(line)
    yield before.strip(_EDGES)
    for mark, option in zip(rest[::2], rest[1::2], strict=True):
        if mark in _ON:
            yield option.strip(_EDGES)
        else:
            _, *further = _IN_BRACKETS.sub("", option).split() or [""]
            yield " ".join(word for word in further if _WORD.search(word))


@dataclass(frozen=True, kw_only=True)
class KindAnswer:
    """What an answer says of the kind of application."""

    #: The kinds that its options name, in the order of the settings; more than one when it is not clear.
    kinds: tuple[Kind, ...]
    #: Its options that are none of the form's and none of the settings'.
    unknown: tuple[str, ...]


class KindOptions:
    """The options of 申請区分, each known as a whole: 利用終了 is not 利用."""

    def __init__(self, words: Mapping[Kind, Sequence[str]]) -> None:
        self._order = tuple(words)
        self._kinds = {fold(word): kind for kind, options in words.items() for word in options}

    def read(self, text: str, options: Mapping[str, str] | None = None) -> KindAnswer:
        """Return what an answer says; ``options`` are the form's own, each with a kind or one of the settings' words."""
        own = {fold(option): stands_for for option, stands_for in (options or {}).items()}
        kinds, unknown = set[Kind](), list[str]()
        for option in self._options(text, own):
            kind = self._kind_of(own.get(fold(option), option))
            if kind is not None:
                kinds.add(kind)
            elif not _says_no_kind(option):
                unknown.append(option)
        return KindAnswer(kinds=tuple(kind for kind in self._order if kind in kinds), unknown=tuple(unknown))

    def named_in(self, text: str) -> list[Kind]:
        """Return the kinds other than a new application whose words stand anywhere in a text, such as a subject."""
        folded = fold(text)
        found = {kind for word, kind in self._kinds.items() if word in folded}
        return [kind for kind in self._order if kind in found and kind is not Kind.ISSUE]

    def _options(self, text: str, own: Mapping[str, str]) -> Iterable[str]:
        whole = fold(text)
        if not whole:
            return ()
        if whole in own or self._kind_of(text) is not None:
            return (text,)
        return filter(None, _OPTIONS.split(text.rstrip("。. ")))

    def _kind_of(self, option: str) -> Kind | None:
        """Return the kind of one option: a kind's own name, or a word of the settings with a common beginning and ending."""
        rest = _NUMBERING.sub("", fold(option))
        if rest in _NAMES:
            return _NAMES[rest]
        for _ in range(_MOST_STEPS):
            if rest in self._kinds:
                return self._kinds[rest]
            shorter = _ENDING.sub("", rest)
            shorter = shorter if shorter != rest else _ABOUT.sub("", rest)
            if shorter == rest:
                break
            rest = shorter
        # 発行の取消 takes back; what only begins like a new application is none.
        kind = self._kinds.get(_OF_BEFORE.sub("", rest))
        return kind if kind is not Kind.ISSUE else None


def _says_no_kind(option: str) -> bool:
    """Tell whether an option names only what the form is about, such as テレワークID: then it chooses no kind."""
    rest = _NUMBERING.sub("", fold(option))
    for _ in range(_MOST_STEPS):
        if rest in _NO_KIND or not rest:
            return True
        shorter = _ABOUT.sub("", _ENDING.sub("", rest))
        if shorter == rest:
            return False
        rest = shorter
    return False
