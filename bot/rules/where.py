"""V12, V13: the place, and the network zones that may be reached from it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.rules.case import Case, Finding, hold, reject
from bot.text import fold
from bot.wording import quote

_BRACKETED = re.compile(r"[（(【\[].*$", re.DOTALL)
_CHOICE = re.compile(r"^[（(\[【]?\d{1,2}[）)\]】.:]\s*")
_ZONE_ENDS = re.compile(r"(接続系|系|環境|セグメント|ネットワーク|側)$")
_DAY = re.compile(r"\d{1,2}\s*(?:/|月)\s*\d{1,2}|\d{1,2}日")
_LIMITS = (
    "のみ",
    "だけ",
    "ただし",
    "但し",
    "一部",
    "または",
    "又は",
    "もしくは",
    "及び",
    "以外",
    "場合",
    "実家",
    "予定",
)
_PERSONAL_NUMBERS = ("番号", "マイナンバー", "mynumber")


def allowed_place(case: Case) -> Iterator[Finding]:
    """V12: the place is one that needs nothing more; any other is for a person."""
    stated, places = case.application.place, case.rules.places
    if not stated or _is_one_of(stated, (*places.allow, *places.satellite), case):
        return
    plain = _plain(stated)
    if any(fold(place) in plain for place in places.needs_approval):
        yield hold(
            f"実施場所「{quote(stated)}」は承認が必要な場所のため、担当者が確認します。",
            f"The place {quote(stated)!r} needs approval; an operator decides.",
        )
    else:
        known = "、".join((*places.allow, *places.satellite, *places.needs_approval))
        yield hold(
            f"実施場所「{quote(stated)}」を確認できません（選べる場所: {known}）。担当者が確認します。",
            f"The place {quote(stated)!r} is none of those known ({known}); an operator decides.",
        )


def zones_of_place(case: Case) -> Iterator[Finding]:
    """V13: 番号利用事務系 never from home, nor anywhere but the city's own offices; nobody can override this."""
    place = case.application.place
    satellite = bool(place) and _is_one_of(place or "", case.rules.places.satellite, case)
    listed = _zones_from(case)
    for zone in case.application.zones:
        personal = any(word in fold(zone) for word in _PERSONAL_NUMBERS)
        if personal and not satellite:
            yield reject(
                f"「{quote(zone)}」（番号利用事務系）は、自宅など市の施設の外から利用できません。例外はありません。",
                f"{quote(zone)!r} (the zone of personal numbers) can't be reached from outside the city's offices.",
            )
        elif _zone(zone) not in listed:
            names = "、".join(_names_from(case))
            yield reject(
                f"ネットワーク「{quote(zone)}」は、この実施場所から利用できません（利用できるもの: {names}）。",
                f"The network {quote(zone)!r} can't be used from this place (usable: {names}).",
            )


def _zones_from(case: Case) -> set[str]:
    return {_zone(name) for name in _names_from(case)}


def _names_from(case: Case) -> tuple[str, ...]:
    """Return the zones of the application's place; a place that is not named in the settings has those of home."""
    layers, stated = case.rules.layers, case.application.place or ""
    named = next((zones for place, zones in layers.items() if _is_one_of(stated, (place,), case)), None)
    home = next((layers[place] for place in case.rules.places.allow if place in layers), ())
    return home if named is None else named


def _is_one_of(stated: str, places: tuple[str, ...], case: Case) -> bool:
    """Tell whether the place is exactly one of these; a remark in brackets may be an address, and no condition."""
    return _plain(stated) in {fold(place) for place in places} and not _on_condition(stated, case)


def _on_condition(stated: str, case: Case) -> bool:
    """Tell whether the remark beside a place limits it: names a day, another place, or an exception."""
    found = _BRACKETED.search(stated.strip()[1:])
    if not found:
        return False
    known, remark, base = case.rules.places, fold(found[0]), _plain(stated)
    others = (fold(place) for place in (*known.allow, *known.satellite, *known.needs_approval))
    words = (*map(fold, _LIMITS), *(place for place in others if place != base))
    return bool(_DAY.search(remark)) or any(word in remark for word in words)


def _plain(stated: str) -> str:
    return fold(_BRACKETED.sub("", _CHOICE.sub("", stated.strip())))


def _zone(name: str) -> str:
    return _ZONE_ENDS.sub("", fold(name))
