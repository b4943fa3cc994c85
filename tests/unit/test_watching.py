"""What a monitoring system sees: figures that agree with the ledger, a port that answers, and no person in any of it."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.clock import FixedClock
from bot.errors import Unusable
from bot.ledger import conditions
from bot.ledger.conditions import Condition, Part, Pause
from bot.ledger.ledger import Ledger
from bot.ledger.records import Event
from bot.operation.alerts.catalogue import Trouble
from bot.operation.watching.exposition import exposition
from bot.operation.watching.figures import Gauge
from bot.operation.watching.server import Watching
from tests.house import FRIDAY
from tests.ledger_kit import RUN, accepted, later, message, open_ledger, reading, recorded

#: Names, numbers and words of people that stand in the ledger of these tests.
PERSONS = ("髙橋", "0048213", "a@example.jp", "吉澤", "電話")


@pytest.fixture
def clock() -> FixedClock:
    """The demo's Friday."""
    return FixedClock(FRIDAY)


@pytest.fixture
def ledger(tmp_path: Path, clock: FixedClock) -> Iterator[Ledger]:
    """A ledger with nothing in it."""
    made = open_ledger(tmp_path, clock)
    yield made
    made.close()


def gauge(ledger: Ledger, clock: FixedClock, *, off: bool = False) -> Gauge:
    """Return a gauge whose next cutoff is in two hours."""
    return Gauge(ledger=ledger, clock=clock, switched_off=lambda: off, next_cutoff=lambda now: now + timedelta(hours=2))


async def fill(ledger: Ledger) -> None:
    """Put in an accepted and a received request, an unreadable message, two passes, a condition, a pause by a person."""
    await accepted(ledger, "one")
    await recorded(ledger, "two")
    await ledger.record(message("three"), reading("three"))
    for delivered in (3, 0):
        await ledger.note(Event(action="run", outcome="intended"))
        await ledger.note(Event(action="run", outcome="done", details={"delivered": delivered}))
    wrong = Condition(key="drift", kind=Trouble.DRIFT, detail="髙橋", first_seen=FRIDAY, last_seen=FRIDAY)
    over = Condition(key="disk", kind=Trouble.DISK, first_seen=FRIDAY, last_seen=FRIDAY, over_at=FRIDAY)
    pause = Pause(part=Part.CONSOLE, cause="operator", since=FRIDAY, by="吉澤", reason="電話で確認中")
    await ledger.change(lambda connection: conditions.keep_conditions(connection, [wrong, over], []))
    await ledger.change(lambda connection: conditions.put_pause(connection, pause))


def values(text: str) -> dict[str, float]:
    """Return every sample under its name, with the value of its labels after a colon."""
    return {
        ":".join([sample.name, *(sample.labels[name] for name in sorted(sample.labels))]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def get(url: str) -> tuple[int, str]:
    """Return the status and the text at an address."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


async def test_the_figures_agree_with_the_ledger(ledger: Ledger, clock: FixedClock) -> None:
    """Each state, what waits, what is wrong, what stands still, ages in seconds and the next cutoff are counted right."""
    await fill(ledger)
    clock.set(later(0.5))
    found = values(exposition(await gauge(ledger, clock).read()).decode())
    names = {
        "requests:accepted": 1, "requests:received": 1, "requests:held": 0, "waiting": 2, "held": 0, "unreadable": 1,
        "conditions:critical:drift": 1, "pauses:console": 1, "pauses:intake": 0, "kill_switch": 0,
        "last_whole_pass_age_seconds": 1800, "last_whole_pass_delivered": 0, "chain_events": await ledger.size(),
        "chain_head_age_seconds": 1800, "next_cutoff_timestamp_seconds": later(2.5).timestamp(),
    }  # fmt: skip
    assert {name: found[f"telework_bot_{name}"] for name in names} == names
    assert "telework_bot_conditions:critical:disk_nearly_full" not in found


async def test_seconds_per_id_are_those_of_the_newest_pass_that_delivered(ledger: Ledger, clock: FixedClock) -> None:
    """The measured time of that pass is divided among its logins; a later pass without any leaves the figure."""
    assert (await gauge(ledger, clock).read()).seconds_per_id is None
    await ledger.note(Event(action="run", outcome="intended"))
    await asyncio.sleep(0.05)
    await ledger.note(Event(action="run", outcome="done", details={"delivered": 2}))
    await ledger.note(Event(action="run", outcome="intended"))
    await ledger.note(Event(action="run", outcome="done", details={"delivered": 0}))
    figures = await gauge(ledger, clock).read()
    assert figures.counts.busy_pass is not None
    seconds = figures.counts.busy_pass.seconds
    assert seconds is not None
    assert seconds >= 0.05
    assert figures.seconds_per_id == seconds / 2


async def test_a_pass_of_another_process_is_not_measured_by_this_ones_start(
    tmp_path: Path, ledger: Ledger, clock: FixedClock
) -> None:
    """Where a pass was killed, and another program's pass ended next, no time is made up from the two."""
    await ledger.note(Event(action="run", outcome="intended"))
    run = replace(RUN, id="another")
    other = Ledger.open("sqlite:///ledger.sqlite3", base=tmp_path, clock=clock, run=run)
    await other.note(Event(action="run", outcome="done", details={"delivered": 1}))
    other.close()
    figures = await gauge(ledger, clock).read()
    assert figures.counts.whole_pass is not None
    assert (figures.counts.whole_pass.seconds, figures.seconds_per_id) == (None, None)


async def test_an_empty_ledger_has_figures(ledger: Ledger, clock: FixedClock) -> None:
    """Before the first pass there is no age of a pass, and everything countable is zero."""
    found = values(exposition(await gauge(ledger, clock).read()).decode())
    assert found["telework_bot_waiting"] == 0
    assert not [name for name in found if "last_whole_pass" in name or "head_age" in name]


async def test_the_port_answers_and_names_nobody(ledger: Ledger, clock: FixedClock) -> None:
    """Metrics, health and readiness come on loopback; no name, number, address or reason of a person is in any of them."""
    await fill(ledger)
    watching = Watching(gauge=gauge(ledger, clock))
    await watching.start()
    try:
        answers = [await asyncio.to_thread(get, watching.url + path) for path in ("/metrics", "/healthz", "/readyz")]
        missing, _ = await asyncio.to_thread(get, watching.url + "/")
    finally:
        await watching.stop()
    assert [status for status, _ in answers] == [200, 200, 200]
    assert missing == 404
    assert watching.url.startswith("http://127.0.0.1:")
    assert "telework_bot_requests{" in answers[0][1]
    assert not [person for person in PERSONS for _, text in answers if person in text]
    with pytest.raises(OSError, match="refused"):
        await asyncio.to_thread(get, watching.url)


async def test_health_is_told_while_the_bots_own_loop_hangs(ledger: Ledger, clock: FixedClock) -> None:
    """The server has a thread of its own: a loop that is stuck is answered for with 503 and the name of what hangs."""
    watching = Watching(gauge=gauge(ledger, clock), hangs=lambda: {"scheduler"})
    await watching.start()
    try:
        assert get(watching.url + "/healthz") == (
            503,
            "does not beat: scheduler\n",
        )  # blocks this loop, as a hung step would
        assert get(watching.url + "/readyz") == (503, "does not beat: scheduler\n")
    finally:
        await watching.stop()


async def test_what_stands_still_altogether_is_not_ready(ledger: Ledger, clock: FixedClock) -> None:
    """The kill switch and a pause of all parts make it unready, and leave it alive; a pause of one part does not."""
    await fill(ledger)
    pause = Pause(part=Part.ALL, cause="operator", since=FRIDAY, by="吉澤", reason="電話")
    await ledger.change(lambda connection: conditions.put_pause(connection, pause))
    watching = Watching(gauge=gauge(ledger, clock, off=True))
    await watching.start()
    try:
        alive, _ = await asyncio.to_thread(get, watching.url + "/healthz")
        ready = await asyncio.to_thread(get, watching.url + "/readyz")
    finally:
        await watching.stop()
    assert alive == 200
    assert ready == (503, "stands still: all\nstands still: the kill switch is there\n")


async def test_a_ledger_that_is_gone_is_not_ready(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> None:
    """A ledger that can't be read gives 503 with the name of the error alone; the program lives on."""
    (tmp_path / "ledger.sqlite3").unlink()
    (tmp_path / "ledger.sqlite3").mkdir()
    watching = Watching(gauge=gauge(ledger, clock))
    await watching.start()
    try:
        answers = [await asyncio.to_thread(get, watching.url + path) for path in ("/metrics", "/readyz", "/healthz")]
    finally:
        await watching.stop()
    assert answers == [(503, "LedgerUnusable\n"), (503, "LedgerUnusable\n"), (200, "ok\n")]


async def test_a_port_in_use_is_told_plainly(ledger: Ledger, clock: FixedClock) -> None:
    """A second server on the same port says which setting to change; stopping what never started is nothing."""
    first = Watching(gauge=gauge(ledger, clock))
    await first.start()
    second = Watching(gauge=gauge(ledger, clock), port=int(first.url.rpartition(":")[2]))
    try:
        with pytest.raises(Unusable, match=r"metrics\.port: 127\.0\.0\.1:\d+ can't be had"):
            await second.start()
    finally:
        await second.stop()
        await first.stop()
