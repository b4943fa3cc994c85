"""Judges a year: what was promised, by what the mails, the console and the ledger's file say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

from tests.house import ZONE
from tests.scenario.year.arrivals import Arrival, Wanted
from tests.scenario.year.facts import Case, Facts
from tests.scenario.year.hours import wrong_logins
from tests.scenario.year.outages import counts_of_alerts, wrong_alerts
from tests.scenario.year.uptime import Uptime

_DAY_BEGINS = time(7)
#: With so much time in which everything could be reached, at hours when it looks, the bot must have come to it.
ENOUGH = timedelta(minutes=60)
#: A process weighs so much more at the end of the year than at its beginning, at most.
_FLAT_MB = 40.0
_OVER = frozenset({"delivered", "revoked"})


def judge(facts: Facts) -> dict[str, Any]:
    """Return the verdict: what does not hold, by its promise, and the figures."""
    uptime = Uptime(facts)
    broken = {
        "lost or doubled": [*_lost(facts), *_mails(facts)],
        "decided or ended otherwise": list(_endings(facts)),
        "late though it could be met": [one for one, could in _late(facts, uptime) if could],
        "two accounts, or a password that does not work": list(_accounts(facts)),
        "a login open or closed when it should not be": list(wrong_logins(facts, uptime)),
        "outages told otherwise than once, and their end once": list(wrong_alerts(facts)),
        "memory grows": list(_memory(facts)),
        "the simulation": facts.lived.failures,
    }
    return {
        "ok": not any(broken.values()), "broken": {name: found for name, found in broken.items() if found},
        "counts": _counts(facts, uptime), "alerts": counts_of_alerts(facts), "memory_mb": _weights(facts),
        "seconds": round(facts.lived.seconds),
    }  # fmt: skip


def _counts(facts: Facts, uptime: Uptime) -> dict[str, object]:
    every = [case for cases in facts.cases.values() for case in cases]
    return {
        "mails": len(facts.year.arrivals), "wanted": Counter(one.wanted.value for one in facts.year.arrivals),
        "requests": len(every), "states": Counter(case.state for case in every),
        "logins": len(facts.writes), "console_writes": sum(map(len, facts.writes.values())),
        "killed": facts.lived.killed, "stopped": facts.lived.stopped, "outages_met": len(facts.met),
        "late_and_not_to_be_met": sum(not could for _, could in _late(facts, uptime)),
    }  # fmt: skip


def _lost(facts: Facts) -> Iterator[str]:
    """1, 2: one request for each application, and none that nobody asked for."""
    for one in facts.year.arrivals:
        found = len(facts.cases.get(one.name, ()))
        if found != (one.wanted is not Wanted.UNREADABLE):
            yield f"{one.name} ({one.wanted}) is on record {found} times"
    asked = {one.name for one in facts.year.arrivals}
    yield from (f"{name} is on record and was never sent" for name in facts.cases if name not in asked)
    unreadable = sum(one.wanted is Wanted.UNREADABLE for one in facts.year.arrivals)
    if facts.unreadable != unreadable:
        yield f"{facts.unreadable} unreadable mails are on record, not {unreadable}"


def _mails(facts: Facts) -> Iterator[str]:
    """1: every mail lies in one folder, none in the inbox."""
    where = Counter(
        file.name
        for name in ("processed", "rejected", "unreadable", "ignored")
        for file in facts.year.house.files(name)
    )
    for one in facts.year.arrivals:
        for name in (f"{one.name}.eml", *([f"{one.name}-again.eml"] if one.twice else [])):
            if where[name] != 1:
                yield f"the mail {name} lies in {where[name]} folders"
    yield from (f"{file.name} is still in the inbox" for file in facts.year.house.files("inbox"))


def _endings(facts: Facts) -> Iterator[str]:
    """Every application became what it must."""
    taken_back = {one.of for one in facts.year.arrivals if one.wanted is Wanted.CANCEL}
    for one in facts.year.arrivals:
        case = next(iter(facts.cases.get(one.name, ())), None)
        if case and not _ended_well(one, case, taken_back=one.name in taken_back):
            found = f"{case.state} {[str(day) for day in case.granted]} {case.violations} {case.stuck_reason}"
            yield f"{one.name} {case.id} ({one.wanted}, {one.at:%m-%d %H:%M}): {found}"


def _ended_well(one: Arrival, case: Case, *, taken_back: bool) -> bool:
    match one.wanted:
        case Wanted.GRANTED | Wanted.URGENT:
            return case.state == "revoked" and (taken_back or case.granted == one.days)
        case Wanted.LATE | Wanted.STRANGER:
            return case.state == "rejected"
        case Wanted.CANCEL:
            return case.state == "done"
        case Wanted.LOST:
            return case.state in _OVER
        case _:
            return False


def _late(facts: Facts, uptime: Uptime) -> Iterator[tuple[str, bool]]:
    """Yield what was not delivered when its first day began, and whether it could have been."""
    taken_back = {one.of for one in facts.year.arrivals if one.wanted is Wanted.CANCEL}
    for one in facts.year.arrivals:
        case = next(iter(facts.cases.get(one.name, ())), None)
        if case is None or one.wanted is not Wanted.GRANTED or one.name in taken_back:
            continue
        begins = datetime.combine(one.days[0], _DAY_BEGINS, ZONE)
        if not case.delivered or case.delivered[0] > begins:
            when = f"{case.delivered[0]:%m-%d %H:%M}" if case.delivered else "never"
            text = f"{one.name} {case.id}: received {one.at:%m-%d %H:%M}, for {one.days[0]}, delivered {when}"
            yield text, uptime.of_passes(one.at, begins) >= ENOUGH


def _accounts(facts: Facts) -> Iterator[str]:
    """2, 3: created once; a login that is in use has the password of its newest mail."""
    for login_id, writes in facts.writes.items():
        if (created := sum(one.verb == "create" for one in writes)) != 1:
            yield f"{login_id} was created {created} times"
    newest = {one.login_id: one.password for one in facts.year.house.credentials(as_sent=True)}
    for login_id, writes in facts.writes.items():
        if writes[-1].password != newest.get(login_id):
            yield f"{login_id}: the password in its newest mail is not the one it has"


def _memory(facts: Facts) -> Iterator[str]:
    weights = _weights(facts)
    if weights and weights["end"] > weights["start"] + _FLAT_MB:
        yield f"{weights['start']} MB in the first third, {weights['end']} MB in the last"


def _weights(facts: Facts) -> dict[str, float]:
    """Return what the process weighed at most in the first third of the year and in the last: each has its months' reports."""
    if not facts.weights:
        return {}
    every = [mb for _, mb in facts.weights]
    third = max(1, len(every) // 3)
    return {
        "start": round(max(every[:third]), 1), "end": round(max(every[-third:]), 1), "most": round(max(every), 1),
        "longest_life_days": max(Counter(pid for pid, _ in facts.weights).values()),
    }  # fmt: skip
