"""Choices in an answer: which boxes are ticked, and which kind of application is meant."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bot.model import Kind
from bot.text import fold

_EMPTY = re.compile(r"[\[［][\s\u3000]*[\]］]")
_CROSSED = re.compile(r"[\[［]\s*[xXｘＸレ✓✔○●]\s*[\]］]")
_BOX = re.compile(r"([□☐☑☒✓✔■])\s*([^□☐☑☒✓✔■\n]*)")
_OPTIONS = re.compile(r"[・/／、,，()（）\n\s|｜]+")


def ticked(text: str) -> str:
    """Return only the ticked options of an answer that prints all of them, the whole answer where it has no boxes.

    With every box empty nothing was chosen: the answer is empty.
    """
    marked = _CROSSED.sub("☑", _EMPTY.sub("□", text))
    if not re.search("[□☐☑☒✓✔]", marked):
        return text
    chosen = [option.strip(" \u3000\t、,・/") for mark, option in _BOX.findall(marked) if mark not in "□☐"]
    return "、".join(option for option in chosen if option)


def kinds_in(text: str, words: Mapping[Kind, Sequence[str]]) -> list[Kind]:
    """Return the kinds that a text names, in the order of ``words`` (folded); more than one when it is not clear.

    Within one option the narrower word wins: 「発行の取消」 is a cancellation, 「再発行」 no new issue.
    """
    found: list[Kind] = []
    for option in filter(None, map(fold, _OPTIONS.split(text))):
        kinds = [kind for kind, known in words.items() if any(word in option for word in known)]
        if len(kinds) > 1 and Kind.ISSUE in kinds:
            kinds.remove(Kind.ISSUE)
        found += kinds
    return [kind for kind in words if kind in found]
