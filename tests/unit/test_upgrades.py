"""From every schema that there ever was, with a year's kinds of rows in it: the newest program opens it, works on, and it verifies."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bot.errors import LedgerUnusable
from bot.ledger import chain, engine
from bot.ledger.codec import application_to_text, decision_to_text, time_to_text
from bot.ledger.ledger import Ledger
from bot.ledger.records import Changes
from bot.life import AccountRecordState, State
from bot.model import Decision, Outcome
from tests.house import FRIDAY
from tests.ledger_kit import STEP, application, later, open_ledger, recorded
from tests.unit.test_migrations import brought_to

#: The revision from which on events are of form 2.
_FORM_2 = "0004"
#: The one that puts the rows which are there on the chain; from then on each is written with its event.
_SEALED = "0011"
_DAY = date(2021, 7, 30)
_AT = time_to_text(FRIDAY)
_STATES = ("delivered", "held", "rejected", "accepted", "revoked")


def put(database: sqlite3.Connection, table: str, **values: Any) -> None:  # noqa: ANN401 - whatever stands in a column
    """Insert a row with what the table of that time has of ``values``; what it demands beside that is empty."""
    row: dict[str, Any] = {}
    for _, name, kind, needed, default, _ in database.execute(f"PRAGMA table_info({table})").fetchall():
        if name in values:
            row[name] = values[name]
        elif needed and default is None:
            row[name] = 0 if kind in {"INTEGER", "BOOLEAN"} else ""
    names = ", ".join(row)
    database.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in row)})", row)


def fill(path: Path, revision: str) -> str:
    """Put in what a ledger of that time held; returns the head of its chain."""
    with closing(sqlite3.connect(path)) as database, database:
        put(database, "messages", id="M-20210730-0001", serial=1, message_id="<a@x>", received_at=_AT, arrived_at=_AT,
            digest="d", name="a.eml", sender="a@x", subject="s", outcome="applications", recorded_at=_AT)  # fmt: skip
        for number, state in enumerate(_STATES, 1):
            _put_request(database, number, state)
        for series, value in {
            "messages": 1,
            "M-20210730": 1,
            "requests": len(_STATES),
            "R-20210730": len(_STATES),
        }.items():
            put(database, "counters", series=series, value=value)
        return _put_events(database, form=2 if revision >= _FORM_2 else 1)


def _put_request(database: sqlite3.Connection, number: int, state: str) -> None:
    name, used = f"R-20210730-000{number}", state in {"delivered", "revoked"}
    asked = application(f"004821{number}", days=[_DAY], receipt_no=f"00{number}")
    decision = Decision(outcome=Outcome.ACCEPT, granted=(_DAY,))
    window = {"window_start": time_to_text(later(-6)), "window_end": time_to_text(later(6))} if used else {}
    put(database, "requests", id=name, serial=number, message="M-20210730-0001", position=number, state=state,
        employee_no=asked.employee_no, receipt_no=asked.receipt_no, application=application_to_text(asked),
        decision=decision_to_text(decision), login_id=f"tw{number}" if used else None, created_at=_AT, updated_at=_AT,
        **window)  # fmt: skip
    put(database, "granted_days", request=name, day=_DAY.isoformat(), employee_no=asked.employee_no)
    if used:
        state = "created" if state == "delivered" else "disabled"
        put(database, "accounts", login_id=f"tw{number}", employee_no=asked.employee_no, request=name, state=state,
            secret_version=1, **window)  # fmt: skip
        put(database, "notices", request=name, kind="credentials", attempt=1, message_id=f"m{number}", recipient="a@x",
            state="sent")  # fmt: skip


def _put_events(database: sqlite3.Connection, *, form: int) -> str:
    previous = chain.GENESIS
    for seq in range(1, 4):
        row = {
            "seq": seq, "at": "2021-07-30T13:04:00.000000+09:00", "actor_type": "bot", "actor": "bot@test",
            "host": "here", "version": "0", "config_digest": "c0ffee", "action": "test", "outcome": "done",
            "request": "R-20210730-0001", "reason": "", "details": "{}", "person": '{"name":"髙橋"}',
            "person_salt": "salt", "person_digest": hashlib.sha256('salt{"name":"髙橋"}'.encode()).hexdigest(),
            "prev_hash": previous,
        }  # fmt: skip
        if form > 1:
            row |= {"form": form, "run": "a", "elapsed_ms": 5, "state_before": "issued", "state_after": "delivered"}
        previous = row["hash"] = chain.digest(row)
        put(database, "events", **row)
    return previous


@pytest.fixture(params=[revision for revision in engine.revisions() if revision < _SEALED])
def upgraded(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    """A ledger of each revision with data in it, and the head of its chain."""
    path = tmp_path / "ledger.sqlite3"
    brought_to(request.param, path)
    return path, fill(path, request.param)


def test_everything_in_it_is_understood(upgraded: tuple[Path, str]) -> None:
    """Every request has its state, application and decision, its login and window; what is due is known to be due."""
    path, head = upgraded
    ledger = open_ledger(path.parent)

    async def look() -> None:
        requests = await ledger.requests()
        assert [one.state.value for one in requests] == list(_STATES)
        assert [one.application.employee_no for one in requests] == [f"004821{number}" for number in range(1, 6)]
        assert all(one.decision and one.decision.granted == (_DAY,) for one in requests)
        assert [one.id for one in await ledger.due(later(7))] == ["R-20210730-0001"]
        assert [one.login_id for one in await ledger.accounts(states={AccountRecordState.CREATED})] == ["tw1"]
        assert (await ledger.notices("R-20210730-0001"))[0].to == "a@x"
        verdict = await ledger.verify(head)
        assert (verdict.ok, verdict.events > 3) == (True, True)

    with closing(ledger):
        asyncio.run(look())


def test_work_goes_on_in_it(upgraded: tuple[Path, str]) -> None:
    """A held request is accepted, a new message recorded after the old ones; the chain holds across both, and stays append-only."""
    path, head = upgraded
    ledger = open_ledger(path.parent)

    async def work(ledger: Ledger) -> None:
        changes = Changes(decision=Decision(outcome=Outcome.ACCEPT, granted=(_DAY,)))
        name = "R-20210730-0002"
        await ledger.advance(name, expect=State.HELD, to=State.ACCEPTED, event=STEP, changes=changes)
        await recorded(ledger, "new", application("0051207"))
        verdict = await ledger.verify(head)
        assert (verdict.ok, verdict.events > 8) == (True, True)
        assert len(await ledger.requests()) == len(_STATES) + 1

    with closing(ledger):
        asyncio.run(work(ledger))
    with closing(sqlite3.connect(path)) as database, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        database.execute("UPDATE events SET reason = 'other' WHERE seq = 1")


def test_it_is_the_same_as_a_new_one(upgraded: tuple[Path, str], tmp_path: Path) -> None:
    """Its columns, indexes and triggers are those of a ledger made today: what guards the chain guards an old one too."""
    path, _ = upgraded
    open_ledger(path.parent).close()
    (tmp_path / "new").mkdir()
    open_ledger(tmp_path / "new").close()
    assert _shape(path) == _shape(tmp_path / "new" / "ledger.sqlite3")


def _shape(path: Path) -> dict[str, object]:
    with closing(sqlite3.connect(path)) as database:
        things = database.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name").fetchall()
        revision = database.execute("SELECT version_num FROM alembic_version").fetchone()
        columns = {
            name: database.execute(f"PRAGMA table_info({name})").fetchall()
            for kind, name, _ in things if kind == "table"
        }  # fmt: skip
        others = [(kind, name, sql) for kind, name, sql in things if kind != "table"]
    return {"revision": revision, "columns": columns, "others": others}


def test_an_older_program_refuses_a_newer_ledger_and_leaves_it_alone(tmp_path: Path) -> None:
    """A ledger of a revision that this program does not know is told as such, and not a byte of it is changed."""
    path = tmp_path / "ledger.sqlite3"
    open_ledger(tmp_path).close()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    before = path.read_bytes()
    with pytest.raises(LedgerUnusable, match=r"newer version \(9999\); install that version"):
        open_ledger(tmp_path)
    assert path.read_bytes() == before
