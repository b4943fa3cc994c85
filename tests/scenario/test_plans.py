"""What a pass asks the ledger is found by an index, so that it costs the same after many years."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from bot.console.memory import MemoryConsole
from bot.ledger.ledger import Ledger
from bot.life import State
from tests.acts_kit import in_ledger
from tests.house import FRIDAY, MONDAY, House

Asked = dict[str, Sequence[Any]]
#: Tables that grow with every application.
_GROW = r"messages|requests|joined|granted_days|accounts|notices|events"
_WALKS = re.compile(rf"^SCAN (?:{_GROW})(?:_\d+)?\b")
#: States in which requests end, and therefore gather: no index by state alone finds a few of them.
_GATHER = {State.REJECTED.value, State.REVOKED.value, State.DONE.value}
_NEWEST = "FROM events ORDER BY events.seq DESC LIMIT"  # one step from the end of the table


@contextmanager
def listening() -> Iterator[Asked]:
    """Give every statement that any ledger is asked, with parameters of one time."""
    asked: Asked = {}

    def note(_conn: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:  # noqa: ANN401 - the driver's
        asked[statement] = parameters[0] if isinstance(parameters, list) else parameters

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def walks(house: House, asked: Asked) -> list[str]:
    """Return the statements that would go through a whole table that grows, each with the step that does."""
    found = []
    with closing(sqlite3.connect(house.path / "ledger.sqlite3")) as raw:
        for statement, parameters in asked.items():
            if not statement.startswith(("SELECT", "UPDATE", "DELETE", "INSERT")) or _NEWEST in " ".join(
                statement.split()
            ):
                continue
            for *_, step in raw.execute(f"EXPLAIN QUERY PLAN {statement}", parameters):
                gathers = "requests_by_state" in step and not _GATHER.isdisjoint(map(str, parameters))
                if _WALKS.match(step) or gathers:
                    found.append(f"{step}: {' '.join(statement.split())}")
    return found


def with_everything(folder: Path) -> House:
    """Return a house with every sample in its inbox, and an empty ledger: migrations walk through what there is, once."""
    house = House(path=folder).lay_out({"console": {"settle": 0.1}, "delivery": {"receipt": True}})
    house.receive()
    house.workshop().ledger().close()
    return house


def test_no_pass_walks_through_the_ledger(tmp_path: Path) -> None:
    """Neither taking in, deciding, telling and issuing, nor a pass that revokes, reads a whole table that grows."""
    house, console = with_everything(tmp_path), MemoryConsole()
    with listening() as asked:
        report = asyncio.run(house.run(console))
        house.clock.set(MONDAY + timedelta(days=30))
        after = asyncio.run(house.run(console))
    assert min(report.delivered, report.rejected, report.held, report.unreadable, after.revoked) > 0
    assert len(asked) > 30
    assert walks(house, asked) == []
    with closing(sqlite3.connect(house.path / "ledger.sqlite3")) as raw:
        still = raw.execute("SELECT state, application FROM requests WHERE to_tell IS NOT NULL").fetchall()
    # Whoever was told is looked at no more; a notice without answers waits for its row, and is never told.
    assert [state for state, application in still if '"number_only":true' not in application] == []


def test_no_question_about_a_day_walks_through_the_ledger(tmp_path: Path) -> None:
    """What people ask about one day, one request or one state that is to be looked at is found by an index too."""
    house = with_everything(tmp_path)
    asyncio.run(house.run(MemoryConsole()))

    async def ask(ledger: Ledger) -> None:
        today = FRIDAY.date()
        for request in await ledger.requests(since=today):
            await ledger.timeline(request.id)
            await ledger.notices(request.id)
        await ledger.requests(states={State.HELD}, since=today)
        await ledger.messages(since=today)
        await ledger.size()

    with listening() as asked:
        in_ledger(house, ask)
    assert walks(house, asked) == []
