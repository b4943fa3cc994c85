"""Whether each login worked on the days that were granted, and on no others: by the console's own record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bot.model import AccountState
from tests.house import ZONE
from tests.scenario.matrix.stored_console import Write
from tests.scenario.year.arrivals import Wanted
from tests.scenario.year.facts import Facts
from tests.scenario.year.mails import number_of
from tests.scenario.year.uptime import Uptime

_NOON, _NIGHT = time(12), time(22, 45)
#: After something that was gone is back, the next passes come so soon.
_MADE_GOOD = timedelta(hours=2)
_DAY = timedelta(days=1)


def wrong_logins(facts: Facts, uptime: Uptime) -> Iterator[str]:
    """Yield each login that worked at noon of a day that was nobody's, did not on one that was, or was still open at night."""
    granted = _granted(facts)
    for login_id, writes in facts.writes.items():
        days = granted.get(login_id, {})
        day = facts.year.size.first
        while day <= facts.year.size.last:
            noon, night = (datetime.combine(day, at, ZONE) for at in (_NOON, _NIGHT))
            works, held = _works(writes, noon), days.get(day)
            if works and (held is None or held.ends < noon):
                yield f"{login_id} worked on {day}, which was not granted"
            sure = held and held.begins < noon - _MADE_GOOD and held.ends >= noon
            if not works and sure and uptime.whole(noon - 2 * _MADE_GOOD, noon):
                yield f"{login_id} did not work on {day}, which was granted"
            if _open(writes, night) and not _has_more(days, night) and _settled(uptime, night):
                yield f"{login_id} was not closed in the night of {day}"
            day += _DAY


def _settled(uptime: Uptime, night: datetime) -> bool:
    return uptime.whole(night - _MADE_GOOD / 2, night)


@dataclass(frozen=True, kw_only=True)
class Held:
    """A day that somebody holds: from the mail with the credentials on, until it is taken back."""

    begins: datetime
    ends: datetime


def _has_more(days: Mapping[date, Held], night: datetime) -> bool:
    return any(day > night.date() and one.ends >= night for day, one in days.items())


def _granted(facts: Facts) -> Mapping[str, dict[date, Held]]:
    """Return by login ID the days that were granted."""
    taken_back = {one.of: one.at + _MADE_GOOD for one in facts.year.arrivals if one.wanted is Wanted.CANCEL}
    found: dict[str, dict[date, Held]] = defaultdict(dict)
    for one in facts.year.arrivals:
        case = next(iter(facts.cases.get(one.name, ())), None)
        if case and case.delivered and one.wanted in {Wanted.GRANTED, Wanted.URGENT}:
            held = Held(begins=case.delivered[0], ends=taken_back.get(one.name, facts.year.ends))
            days = found[f"tw{number_of(one.employee)}"]
            # A day that was taken back can be applied for again: the later one counts.
            days.update(dict.fromkeys(one.days, held))
    return found


def _last(writes: Sequence[Write], at: datetime) -> Write | None:
    before = [one for one in writes if one.at and one.at <= at]
    return before[-1] if before else None


def _works(writes: Sequence[Write], at: datetime) -> bool:
    last = _last(writes, at)
    if last is None or last.account.state is not AccountState.ACTIVE:
        return False
    window = last.account.window
    return window is None or window.start <= at <= window.end


def _open(writes: Sequence[Write], at: datetime) -> bool:
    last = _last(writes, at)
    return last is not None and last.account.state is AccountState.ACTIVE
