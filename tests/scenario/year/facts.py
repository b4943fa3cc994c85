"""What is there when the year is over: read from the ledger's file, the mail folders and the console's record, not through the bot."""

from __future__ import annotations

import json
import os
import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from tests.alerts_kit import chat_service
from tests.house import ZONE
from tests.scenario.matrix.stored_console import Write
from tests.scenario.year.bot_process import MET, WEIGHT
from tests.scenario.year.living import Lived, Say, live_through
from tests.scenario.year.story import CHAT, Size, Year
from tests.scenario.year.weather import Outage, What


@dataclass(frozen=True, kw_only=True)
class Case:
    """A request as the ledger has it."""

    id: str
    receipt_no: str
    state: str
    granted: tuple[date, ...]
    #: When its credentials went out, each time.
    delivered: tuple[datetime, ...]
    stuck_reason: str
    violations: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Told:
    """What happened to a condition: it began, was told, ended."""

    at: datetime
    what: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything the verdict is made from."""

    year: Year
    lived: Lived
    cases: Mapping[str, list[Case]]
    unreadable: int
    told: tuple[Told, ...]
    #: The console's writes by login ID, in order.
    writes: Mapping[str, list[Write]]
    met: tuple[Outage, ...]
    #: Megabytes at the end of each day.
    weights: tuple[tuple[int, float], ...]
    #: The titles of what arrived in the operators' chat.
    chat: tuple[str, ...]


def facts_of(size: Size, base: Path, *, poll_minutes: float = 5, say: Say = lambda _: None) -> Facts:
    """Have the bot live through a year below ``base``, and return what is there afterwards."""
    year = Year(base, size)
    year.lay_out(poll_minutes)
    with chat_service() as chat:
        os.environ[CHAT] = chat.url
        lived = live_through(year, say)
    return _gather(year, lived, tuple(one.get("title", "") for one in chat.posted))


def _gather(year: Year, lived: Lived, chat: tuple[str, ...]) -> Facts:
    """Read them."""
    with closing(sqlite3.connect(year.house.path / "ledger.sqlite3")) as ledger:
        ledger.row_factory = sqlite3.Row
        delivered = _delivered(ledger)
        cases: dict[str, list[Case]] = defaultdict(list)
        for row in ledger.execute("SELECT id, receipt_no, state, decision, stuck_reason FROM requests"):
            cases[str(row["receipt_no"])].append(_case(row, delivered))
        unreadable = ledger.execute("SELECT count(*) FROM messages WHERE outcome = 'unreadable'").fetchone()[0]
        told = tuple(_told(ledger))
    writes: dict[str, list[Write]] = defaultdict(list)
    for write in year.open_console().written:
        writes[write.account.login_id].append(write)
    return Facts(
        year=year, lived=lived, cases=cases, unreadable=unreadable, told=told, writes=writes, met=_met(year),
        weights=tuple((one["pid"], one["mb"]) for one in _lines(year, WEIGHT)), chat=chat,
    )  # fmt: skip


def _case(row: sqlite3.Row, delivered: Mapping[str, list[datetime]]) -> Case:
    decision = json.loads(row["decision"] or "{}")
    return Case(
        id=row["id"], receipt_no=row["receipt_no"], state=row["state"], stuck_reason=row["stuck_reason"],
        granted=tuple(date.fromisoformat(day) for day in decision.get("granted", ())),
        delivered=tuple(delivered.get(row["id"], ())),
        violations=tuple(one["code"] for one in decision.get("violations", ())),
    )  # fmt: skip


def _delivered(ledger: sqlite3.Connection) -> Mapping[str, list[datetime]]:
    found: dict[str, list[datetime]] = defaultdict(list)
    rows = ledger.execute(
        "SELECT at, request FROM events WHERE action = 'notice.credentials' AND outcome = 'done' ORDER BY seq"
    )
    for at, request in rows:
        found[request].append(_moment(at))
    return found


def _told(ledger: sqlite3.Connection) -> Any:  # noqa: ANN401 - an iterator
    rows = ledger.execute(
        "SELECT at, action, outcome, details FROM events "
        "WHERE action IN ('condition.begin', 'condition.end', 'notice.conditions') AND outcome = 'done' ORDER BY seq"
    )
    for at, action, _, details in rows:
        found = json.loads(details)
        for key in found.get("conditions") or [found["condition"]]:
            yield Told(at=_moment(at), what=action, key=key)


def _met(year: Year) -> tuple[Outage, ...]:
    started = {(one["what"], datetime.fromisoformat(one["start"])) for one in _lines(year, MET)}
    return tuple(one for one in year.weather.outages if (one.what.value, one.start) in started)


def _lines(year: Year, name: str) -> list[dict[str, Any]]:
    file = year.base / name
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(ZONE)


def what_of(key: str) -> What | None:
    """Return which server a condition is about."""
    return {
        "console_unusable": What.CONSOLE,
        "mailbox_unusable": What.MAIL,
        "sending_fails": What.MAIL,
        "failures_in_a_row": What.CONSOLE,
    }.get(key)
