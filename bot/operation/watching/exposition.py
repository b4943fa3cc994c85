"""The figures as Prometheus reads them. Names and labels are a contract with the dashboards of a city: none is renamed."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from bot import __version__
from bot.life import State
from bot.operation.watching.figures import Figures

_PREFIX = "telework_bot"


def exposition(figures: Figures) -> bytes:
    """Return the figures in Prometheus' text format, from a registry of their own: nothing is kept between two calls.

    A figure that there is not (yet), such as the age of the last pass before the first one, is left out.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Given(figures))
    return generate_latest(registry)


class _Given(Collector):
    """Hands one set of figures to the library."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        yield InfoMetricFamily(_PREFIX, "The version that answers.", {"version": __version__})
        yield from _labelled(self._figures)
        yield from _single(self._figures)


def _labelled(figures: Figures) -> Iterable[Metric]:
    requests = GaugeMetricFamily(f"{_PREFIX}_requests", "Requests by the state they are in.", labels=["state"])
    for state, count in figures.counts.requests.items():
        requests.add_metric([state.value], count)
    wrong = GaugeMetricFamily(
        f"{_PREFIX}_conditions", "What is wrong now and lasts, by level and name (`status`).", labels=["level", "name"]
    )
    for (level, name), count in sorted(figures.conditions.items()):
        wrong.add_metric([level.value, name], count)
    paused = GaugeMetricFamily(f"{_PREFIX}_pauses", "Causes for which a part stands still.", labels=["part"])
    for part, count in figures.pauses.items():
        paused.add_metric([part.value], count)
    return requests, wrong, paused


def _single(figures: Figures) -> Iterable[Metric]:
    counted, cutoff = figures.counts, figures.next_cutoff
    whole = counted.whole_pass
    values = {
        "waiting": ("Requests that the bot has not brought to their end.", figures.waiting),
        "held": ("Requests that wait for an operator's decision.", counted.requests[State.HELD]),
        "stuck": ("Requests that can't go on by themselves.", counted.requests[State.STUCK]),
        "unreadable": ("Messages that could not be read and that nobody has dealt with.", counted.unreadable),
        "kill_switch": ("1 while the kill switch file is there.", int(figures.kill_switch)),
        "last_whole_pass_age_seconds": ("Since the last pass that came to its end.", figures.pass_age),
        "last_whole_pass_seconds": ("How long it took.", whole.seconds if whole else None),
        "last_whole_pass_delivered": ("Logins that it delivered.", whole.delivered if whole else None),
        "seconds_per_id": ("Of the newest pass that delivered any: its seconds for each.", figures.seconds_per_id),
        "chain_events": ("Events in the audit chain.", counted.events),
        "chain_head_age_seconds": ("Since its last event.", figures.head_age),
        "next_cutoff_timestamp_seconds": (
            "By when an application for the next day that can be had must be received (Unix time).",
            cutoff.timestamp() if cutoff else None,
        ),
    }
    for name, (meaning, value) in values.items():
        if value is not None:
            yield GaugeMetricFamily(f"{_PREFIX}_{name}", meaning, value=value)
