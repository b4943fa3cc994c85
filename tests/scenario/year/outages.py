"""Whether each outage was told once, and its end once: by the record, and by what arrived in the operators' chat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from tests.scenario.year.facts import Facts, Told, what_of
from tests.scenario.year.weather import Outage

#: The pass that finds that it is over may come the next morning, after days that are closed.
_FOUND_OVER = timedelta(days=8)
_BEGIN, _END = "condition.begin", "condition.end"


def wrong_alerts(facts: Facts) -> Iterator[str]:
    """Yield each outage that was met and not told once and ended once, and each that was told without having been."""
    explained: set[Told] = set()
    for outage in facts.met:
        of_it = [one for one in facts.told if what_of(one.key) is outage.what and _within(facts, outage, one)]
        explained.update(of_it)
        for key in {one.key for one in of_it}:
            begun, over = (sum(one.what == what and one.key == key for one in of_it) for what in (_BEGIN, _END))
            if (begun, over) != (1, 1):
                yield f"{_named(outage)}: {key} began {begun} times and ended {over} times"
        if not of_it:
            yield f"{_named(outage)}: nobody was told"
    for one in facts.told:
        if what_of(one.key) and one.what == _BEGIN and one not in explained:
            yield f"{one.key} was told at {one.at:%m-%d %H:%M}, and nothing was gone"


def counts_of_alerts(facts: Facts) -> dict[str, object]:
    """Return how often each condition began, and how many messages arrived."""
    begun = Counter(one.key.partition(":")[0] for one in facts.told if one.what == _BEGIN)
    ended = Counter(one.key.partition(":")[0] for one in facts.told if one.what == _END)
    return {"begun": begun, "ended": ended, "chat_messages": len(facts.chat)}


def _within(facts: Facts, outage: Outage, one: Told) -> bool:
    following = [
        other.start for other in facts.year.weather.outages if other.what is outage.what and other.start > outage.start
    ]
    until = min([*following, outage.end + _FOUND_OVER])
    return outage.start <= one.at < until


def _named(outage: Outage) -> str:
    return f"{outage.what} gone {outage.start:%m-%d %H:%M} to {outage.end:%m-%d %H:%M}"
