"""What operators were told, as they read it: the beginnings and ends in the mails and in the chat."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.operation.alerts.catalogue import Trouble
from bot.operation.alerts.findings import Finding
from tests.alerts_kit import told as mails_told
from tests.scenario.soak.place import Place

_HEADS = {"■ 起きたこと": "begun", "■ まだ続いていること": "reminded", "■ 解消したこと": "over"}
_BY_SENTENCE = {Finding(trouble=trouble).kind.ja.happened: trouble for trouble in Trouble}
_ITEM = re.compile(r"^● (?:（.+?）)?[^：]+：(.+)$")
_SUBJECTS = re.compile(r"^\s+対象　　：(.+)$")


@dataclass(kw_only=True)
class Told:
    """How often each trouble was told to have begun, to last, and to be over, by one way."""

    begun: Counter[Trouble] = field(default_factory=Counter)
    reminded: Counter[Trouble] = field(default_factory=Counter)
    over: Counter[Trouble] = field(default_factory=Counter)
    #: The messages and requests that were named with each.
    named: dict[Trouble, Counter[str]] = field(default_factory=dict)

    def read(self, text: str) -> None:
        """Take in one message."""
        counts: Counter[Trouble] | None = None
        last: Trouble | None = None
        for line in text.splitlines():
            if head := _HEADS.get(line.strip()):
                counts = getattr(self, head)
            elif counts is not None and (item := _ITEM.match(line)):
                last = _BY_SENTENCE[item[1].strip()]
                counts[last] += 1
            elif last and (names := _SUBJECTS.match(line)):
                self.named.setdefault(last, Counter()).update(names[1].split("　ほか")[0].split("、"))


def by_chat(place: Place) -> Told:
    """Return what was told in the chat."""
    return _told(post["message"] for post in list(place.chat.posted))


def by_mail(place: Place) -> Told:
    """Return what was told by mail; the outbox must be there."""
    return _told(mail.text for mail in mails_told(place.house))


def _told(texts: Iterable[str]) -> Told:
    told = Told()
    for text in texts:
        told.read(text)
    return told
