"""Puts conditions into words: what happened, what the bot did, what to do now, and where the evidence lies. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.ledger.conditions import Condition, Part
from bot.operation.alerts.catalogue import Level, Words
from bot.operation.alerts.evidence import Link, names_somebody
from bot.operation.alerts.turns import News, fresh, kind_of

LEVELS_JA: Mapping[Level, str] = {Level.INFO: "お知らせ", Level.WARNING: "注意", Level.CRITICAL: "重大"}
PARTS_JA: Mapping[Part, str] = {
    Part.INTAKE: "受付", Part.CONSOLE: "管理コンソール", Part.DELIVERY: "通知", Part.ALL: "全体",
}  # fmt: skip
#: So many requests are named; of the others the number is told.
_MOST = 20
_LONGEST = 600
#: Of a person, in what a mail server answered: no chat service is to see it.
_ADDRESS = re.compile(r"[^\s<>@]+@[^\s<>@]+")
#: Between two links: the second stands below the first.
_UNDER = f"\n{' ' * 12}"

Clean = Callable[[str], str]


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What the words of a house depend on."""

    retry_minutes: float
    calm_minutes: float
    #: Takes secrets out of what errors said.
    clean: Clean
    #: Makes a link of where evidence lies.
    link: Link


def values_of(news: News, now: datetime, terms: Terms) -> dict[str, object]:
    """Return what the templates ``conditions.*.txt`` are filled with."""

    def item(condition: Condition) -> dict[str, object]:
        return described(condition, terms)

    first = news.every[0]
    return {
        "now": now, "calm": f"{terms.calm_minutes:g}", "worst": news.worst, "worst_ja": LEVELS_JA[news.worst], "persons": True,
        "only_over": not news.begun and not news.reminded,
        "headline": kind_of(first).ja.happened, "others": len(news.every) - 1,
        "begun": [item(one) for one in news.begun], "reminded": [item(one) for one in news.reminded],
        "over": [item(one) for one in news.over],
    }  # fmt: skip


def described(condition: Condition, terms: Terms) -> dict[str, object]:
    """Return a condition in both languages."""
    kind, files = kind_of(condition), condition.evidence.splitlines()
    named, detail = fresh(condition) or condition.subjects, _one_line(terms.clean(condition.detail))

    def words(of: Words) -> dict[str, str]:
        retry = f"{terms.retry_minutes:g}"
        texts = {"happened": of.happened, "did": of.did, "todo": of.todo}
        return {name: text.replace("{retry}", retry) for name, text in texts.items()}

    return {
        "key": condition.key, "about": condition.key.partition(":")[2], "level": kind.level, "level_ja": LEVELS_JA[kind.level], "part": kind.part,
        "part_ja": PARTS_JA[kind.part], "ja": words(kind.ja), "en": words(kind.en), "personal": kind.personal or any(map(names_somebody, files)),
        "detail": detail, "bare": _ADDRESS.sub("***@***", detail),
        "evidence": _UNDER.join(terms.clean(terms.link(file)) for file in files),
        "subjects": named[:_MOST], "more": max(len(named) - _MOST, 0),
        "since": condition.first_seen, "seen": condition.last_seen, "until": condition.over_at,
    }  # fmt: skip


def _one_line(text: str) -> str:
    whole = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return whole if len(whole) <= _LONGEST else f"{whole[:_LONGEST]}…"
