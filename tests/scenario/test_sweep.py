"""What the purge removes beside the ledger's records, and when their time is over."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

import pytest

from bot.console.evidence import EvidenceStore
from bot.console.memory import MemoryConsole
from bot.ledger.ledger import Ledger
from bot.ledger.records import Event
from bot.operation.purge import cutoffs
from bot.secret import Redactor
from bot.settings.retention import RetentionSettings
from tests.acts_kit import in_ledger
from tests.house import FRIDAY, House
from tests.purge_kit import (
    OVER,
    old_house,
    purge,
)


@pytest.fixture
def console() -> MemoryConsole:
    """An empty console."""
    return MemoryConsole()


@pytest.fixture
def house(tmp_path: Path, console: MemoryConsole) -> House:
    """A house with requests of 2021: one revoked, one refused for its day; and nothing since."""
    return old_house(tmp_path, console)


def test_only_old_files_go_and_no_link_is_followed(house: House, tmp_path: Path) -> None:
    """The inbox, new evidence, links, and what lies behind them stay; empty folders of evidence go."""
    outside = tmp_path / "outside"
    outside.mkdir()
    old = [
        house.path / "evidence" / "tw1" / "001-create.png",
        house.path / "mailbox" / "inbox" / "old.eml",
        outside / "a",
    ]
    new = house.path / "evidence" / "tw2" / "001-create.png"
    for file in (*old, new):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    (house.path / "evidence" / "link").symlink_to(outside)
    (house.path / "mailbox" / "processed" / "link.eml").symlink_to(outside / "a")
    for file in old:
        os.utime(file, (FRIDAY.timestamp(), FRIDAY.timestamp()))
    os.utime(new, (OVER.timestamp(), OVER.timestamp()))
    assert purge(house, OVER)["evidence"] == 1
    assert [file.exists() for file in (*old, new)] == [False, True, True, True]
    assert not old[0].parent.exists()
    assert (house.path / "mailbox" / "processed" / "link.eml").is_symlink()


def test_old_lines_of_the_log_go(house: House) -> None:
    """Lines older than keep_days go from the log in use, in place; a rotated file without newer lines goes whole."""
    log = house.path / "log" / "bot.jsonl"
    log.parent.mkdir(exist_ok=True)
    lines = [json.dumps({"time": moment.isoformat(), "message": "上野原"}) + "\n" for moment in (FRIDAY, OVER)]
    log.write_text("".join(lines), encoding="utf-8")
    rotated = log.with_name("bot.jsonl.1")
    rotated.write_text(lines[0], encoding="utf-8")
    with log.open("a", encoding="utf-8") as running:
        assert purge(house, OVER)["logs"] == 2
        running.write(lines[1])
    assert log.read_text(encoding="utf-8") == lines[1] * 2
    assert not rotated.exists()


def test_evidence_goes_on_after_the_numbers_there_are(tmp_path: Path) -> None:
    """When the oldest pictures of a subject are gone, a new one does not take the name of one that is left."""
    store = EvidenceStore(tmp_path, Redactor())
    first, *_ = store._keep("tw1", "create", {"png": b"1"})
    second, *_ = store._keep("tw1", "create", {"png": b"2"})
    first.path.unlink()
    third, *_ = store._keep("tw1", "create", {"png": b"3"})
    assert (second.path.read_bytes(), third.path.name) == (b"2", "003-create.png")


def test_events_of_no_request_lose_their_person_too(house: House) -> None:
    """Logins named by a restore, say, go with their year; those of this year stay."""

    async def note(ledger: Ledger) -> None:
        await ledger.note(Event(action="ledger.restore", outcome="done", person={"logins": ["tw1"]}))

    in_ledger(house, note)
    house.clock.set(OVER)
    in_ledger(house, note)
    assert purge(house, OVER)["events"] == 1
    events = in_ledger(house, lambda ledger: ledger.of_action("ledger.restore"))
    assert [bool(one.event.person) for one in events] == [False, True]


@pytest.mark.parametrize(
    ("now", "years", "expected"),
    [
        ("2025-04-01", 3, "2022-04-01"),
        ("2025-03-31", 3, "2021-04-01"),
        ("2026-01-01", 1, "2024-04-01"),
        ("2026-12-31", 10, "2016-04-01"),
    ],
)
def test_years_count_from_the_april_after_the_fiscal_year(now: str, years: int, expected: str) -> None:
    """A record of fiscal 2021 (to March 2022) kept for three years goes on 1 April 2025, and not a day before."""
    found = cutoffs(RetentionSettings(years=years), datetime.fromisoformat(f"{now}T00:00+09:00"), log_days=90)
    assert found.records == datetime.fromisoformat(f"{expected}T00:00+09:00")
