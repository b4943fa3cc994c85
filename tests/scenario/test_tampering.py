"""Somebody with the database changes what it holds: both verifiers name it, and nothing is done from what they changed."""

from __future__ import annotations

import asyncio
import importlib.util
import io
import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, redirect_stdout
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import ModuleType

import pytest
from loguru import logger
from sqlalchemy import Table

from bot.cli import main
from bot.console.memory import MemoryConsole
from bot.errors import RowAltered
from bot.ledger import conditions, seals, tables
from bot.ledger.ledger import Ledger
from bot.ledger.records import Difference, Event, Fault, Mismatch, Verdict
from bot.life import State
from bot.model import Window
from bot.operation.alerts.catalogue import Trouble
from bot.operation.correct import correct, correction
from bot.operation.report import Report
from tests.acts_kit import in_ledger
from tests.house import FRIDAY, MONDAY, ROOT, House

STEP = Event(action="test", outcome="done")
_KATO, _MARUYAMA, _MOMOSE = "0031977", "0041120", "0047755"
_DAYS = (date(2021, 8, 3), date(2021, 8, 4))
#: Columns in which nothing is decided and nothing told, with the reason.
_MEANINGLESS = {
    ("counters", "*"): "one set back is found (below); one that is ahead leaves a gap, as a restore does",
    ("conditions", "*"): "what is wrong is looked at anew in each pass; nothing is permitted by it",
    ("reading_attempts", "*"): "too many make a message unreadable, and told; too few have it read again",
    ("unfiled", "*"): "where a recorded message lies still; what a forged one does is said in SECURITY.md",
    ("events", "person_salt"): "without its person a salt says nothing; with it, the person's digest fails",
}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house after a real pass over all samples, with a row in every table."""
    house = House(path=tmp_path_factory.mktemp("tampering") / "house").lay_out({"console": {"settle": 0.3}})
    house.receive()
    asyncio.run(house.run(MemoryConsole()))
    in_ledger(house, _fill_the_rest)
    return house


async def _fill_the_rest(ledger: Ledger) -> None:
    requests = await ledger.requests()
    pause = conditions.Pause(
        part=conditions.Part.INTAKE, cause=conditions.BY_OPERATOR, since=FRIDAY, by="吉澤", reason="確認"
    )
    await ledger.change(lambda connection: conditions.put_pause(connection, pause), STEP)
    window = Window(start=MONDAY, end=MONDAY + timedelta(hours=8))
    held = next(request for request in requests if request.state is State.HELD)
    await ledger.assign(held, ["pool01"], window)
    joined = {"message": requests[-1].message_id, "request": held.id}
    await ledger.change(
        lambda connection: seals.put(connection, tables.joined, joined, {}), replace(STEP, request_id=held.id)
    )


@pytest.fixture
def house(original: House, tmp_path: Path) -> House:
    """A copy of it to do harm to."""
    shutil.copytree(original.path, tmp_path / "house")
    return House(path=tmp_path / "house")


def harm(house: House, *statements: str) -> None:
    """Change the ledger with sqlite3, as anybody with the file can; the triggers are put back as they were."""
    with closing(sqlite3.connect(house.path / "ledger.sqlite3", isolation_level=None)) as database:
        triggers = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            database.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            assert database.execute(statement).rowcount != 0, statement
        for _, statement in triggers:
            database.execute(statement)


def verify(house: House) -> Verdict:
    """Verify as `audit verify` does."""
    return in_ledger(house, lambda ledger: ledger.verify(evidence=house.path / "evidence"))


@pytest.fixture(scope="module")
def verifier() -> ModuleType:
    """The auditors' verifier as a module."""
    spec = importlib.util.spec_from_file_location("verify_audit", ROOT / "docs" / "auditor" / "verify_audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def both(house: House, verifier: ModuleType) -> tuple[Verdict, dict[str, object]]:
    """Return what both verifiers find."""
    return verify(house), verifier.verify(house.path / "ledger.sqlite3", None, [], {})


def test_what_nobody_touched_holds(house: House, verifier: ModuleType) -> None:
    """After a real pass rows, evidence, persons and triggers are as the chain says, for both verifiers."""
    ours, theirs = both(house, verifier)
    assert (ours.ok, ours.findings, theirs["ok"], theirs["findings"]) == (True, (), True, [])


def _columns() -> Iterator[tuple[Table, str]]:
    for table in tables.metadata.sorted_tables:
        for column in table.columns.keys():  # noqa: SIM118 - no dict
            if not {(table.name, column), (table.name, "*")} & _MEANINGLESS.keys():
                yield table, column


_ALTERATIONS = {
    "other": "CASE WHEN typeof({c}) = 'integer' THEN {c} + 7 WHEN {c} IS NULL THEN 'x' ELSE {c} || 'x' END",
    "blob": "CAST(coalesce({c}, 'x') || 'x' AS BLOB)",
    "huge": "9223372036854775807",
    "no UTF-8": "CAST(x'ff' AS TEXT)",
}


def altered(house: House, table: Table, column: str, expression: str) -> None:
    """Put something else into a column of the newest row that does not hold it already."""
    value = expression.format(c=column)
    newest = f"(SELECT max(rowid) FROM {table.name} WHERE {column} IS NOT {value})"
    harm(house, f"UPDATE {table.name} SET {column} = {value} WHERE rowid = {newest}")


@pytest.mark.parametrize(
    ("table", "column"), [pytest.param(table, column, id=f"{table.name}.{column}") for table, column in _columns()]
)
def test_any_column_altered_is_found(house: House, verifier: ModuleType, table: Table, column: str) -> None:
    """Whatever is put into any column of any row is found by both verifiers, and the column is named."""
    altered(house, table, column, _ALTERATIONS["other"])
    ours, theirs = both(house, verifier)
    assert (ours.ok, theirs["ok"]) == (False, False)
    if table is not tables.events and not table.c[column].primary_key and column != "salt":
        assert (table.name, column) in {(one.table, one.field) for one in ours.findings}
        assert (table.name, column) in {(one["table"], one["field"]) for one in theirs["findings"]}  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["blob", "huge", "no UTF-8"])
@pytest.mark.parametrize(
    ("table", "column"),
    [(tables.events, "reason"), (tables.events, "hash"), (tables.events, "prev_hash"), (tables.events, "rows"),
     (tables.messages, "id"), (tables.messages, "subject"), (tables.requests, "application"), (tables.requests, "state"),
     (tables.granted_days, "day"), (tables.accounts, "window_end"), (tables.notices, "recipient")],
    ids=str,
)  # fmt: skip
def test_what_no_ledger_writes_is_found(
    house: House, verifier: ModuleType, table: Table, column: str, kind: str
) -> None:
    """Bytes for text, a number for text, text that is no UTF-8: a finding of both verifiers, never a traceback."""
    altered(house, table, column, _ALTERATIONS[kind])
    ours, theirs = both(house, verifier)
    assert (ours.ok, theirs["ok"]) == (False, False)


def test_a_counter_set_back_is_found(house: House) -> None:
    """A counter that would give a number once more is named, before an insert fails for it."""
    harm(house, "UPDATE counters SET value = 1 WHERE series = 'requests'")
    assert [(one.table, one.id, one.row) for one in verify(house).findings] == [("counters", "requests", "1")]


_ROWS = list(seals.SEALED)


@pytest.mark.parametrize("table", _ROWS, ids=lambda table: table.name)
def test_a_row_removed_is_found(house: House, verifier: ModuleType, table: Table) -> None:
    """A row that is deleted is named by both verifiers."""
    harm(house, f"DELETE FROM {table.name} WHERE rowid = (SELECT max(rowid) FROM {table.name})")
    ours, theirs = both(house, verifier)
    assert [(one.kind, one.table) for one in ours.findings] == [(Mismatch.REMOVED, table.name)]
    assert [(one["kind"], one["id"]) for one in theirs["findings"]] == [("removed", ours.findings[0].id)]  # type: ignore[attr-defined]


def _copied(table: Table, **changed: str) -> str:
    names = list(table.columns.keys())
    values = [changed.get(name, f'"{name}"') for name in names]
    listed = ", ".join(f'"{name}"' for name in names)
    return f"INSERT INTO {table.name} ({listed}) SELECT {', '.join(values)} FROM {table.name} WHERE rowid = (SELECT min(rowid) FROM {table.name})"


_PUT_IN = {
    "messages": _copied(tables.messages, id="'M-20210730-9000'", serial="9000", message_id="'<x@y>'"),
    "requests": _copied(tables.requests, id="'R-20210730-9000'", serial="9000", position="9000"),
    "granted_days": _copied(tables.granted_days, day="'2021-12-24'"),
    "accounts": _copied(tables.accounts, login_id="'tw9999999'"),
    "assignments": _copied(tables.assignments, login_id="'pool02'"),
    "notices": _copied(tables.notices, attempt="9000"),
    "pauses": _copied(tables.pauses, part="'delivery'"),
    "joined": "INSERT INTO joined SELECT min(messages.id), max(requests.id) FROM messages, requests",
}


@pytest.mark.parametrize("table", _PUT_IN)
def test_a_row_put_in_is_found(house: House, verifier: ModuleType, table: str) -> None:
    """A row that no event wrote, a copy of a true one under another key included, is named by both verifiers."""
    harm(house, _PUT_IN[table])
    ours, theirs = both(house, verifier)
    assert (Mismatch.INSERTED, table) in {(one.kind, one.table) for one in ours.findings}
    named = {one.id for one in ours.findings if one.table != "counters"}
    assert {one["id"] for one in theirs["findings"]} == named  # type: ignore[attr-defined]


def found(house: House, **wanted: object) -> list[Difference]:
    """Return the findings with these values."""
    return [one for one in verify(house).findings if all(getattr(one, name) == value for name, value in wanted.items())]


def test_what_both_say_is_told(house: House) -> None:
    """A finding names table, id, field, what the chain says and what the row says; of a person as long as the chain keeps it."""
    name = in_ledger(house, lambda ledger: ledger.requests(states={State.DELIVERED}))[0].id
    before = in_ledger(house, lambda ledger: ledger.get(name))
    harm(
        house, f"UPDATE requests SET state = 'revoked', employee_no = '9999999' WHERE id = '{name}'",
        f"UPDATE notices SET recipient = 'x@evil.example' WHERE request = '{name}' AND kind = 'credentials'",
    )  # fmt: skip
    (state,), (employee,), (recipient,) = (found(house, field=field) for field in ("state", "employee_no", "recipient"))
    assert (state.table, state.id, state.chain, state.row) == ("requests", name, "delivered", "revoked")
    assert (employee.chain, employee.row) == (before.application.employee_no, "9999999")
    assert (str(recipient.chain).endswith("@city.example.jp"), recipient.row) == (True, "x@evil.example")


def test_decisions_swapped_are_found(house: House) -> None:
    """Two requests that have each other's decision are both named, with what was granted and what stands there."""
    first, second, *_ = in_ledger(house, lambda ledger: ledger.requests(states={State.DELIVERED}))
    names = f"'{first.id}', '{second.id}'"
    harm(
        house, f"CREATE TABLE swap AS SELECT id, decision FROM requests WHERE id IN ({names})",
        f"UPDATE requests SET decision = (SELECT decision FROM swap WHERE swap.id <> requests.id) WHERE id IN ({names})",
        "DROP TABLE swap",
    )  # fmt: skip
    assert {one.id for one in found(house, field="decision")} == {first.id, second.id}


@pytest.mark.parametrize(
    "statement",
    ["DROP TRIGGER events_are_append_only", "DROP TRIGGER events_are_never_removed",
     "CREATE TRIGGER more AFTER INSERT ON events BEGIN DELETE FROM pauses; END"],
)  # fmt: skip
def test_guards_taken_away_are_found(house: House, verifier: ModuleType, statement: str) -> None:
    """A trigger that is missing, or is none of ours, is named by both verifiers."""
    with closing(sqlite3.connect(house.path / "ledger.sqlite3", isolation_level=None)) as database:
        database.execute(statement)
    ours, theirs = both(house, verifier)
    assert ([one.kind for one in ours.findings], theirs["fault"]) == ([Mismatch.TRIGGER], "differs")


def test_evidence_altered_or_missing_is_found(house: House) -> None:
    """A file of evidence that is not the recorded one, or is gone before its time, is named."""
    folder = house.path / "evidence" / "R-1"
    folder.mkdir(parents=True)
    digests = {"001-a.txt": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", "002-b.txt": "0" * 64}
    (folder / "001-a.txt").write_text("hello")
    items = [{"step": "x", "file": f"R-1/{name}", "sha256": digest} for name, digest in digests.items()]
    in_ledger(house, lambda ledger: ledger.note(replace(STEP, details={"evidence": items})))
    assert [(one.id, one.row) for one in found(house, kind=Mismatch.EVIDENCE)] == [("R-1/002-b.txt", None)]
    (folder / "001-a.txt").write_text("hellO")
    assert [one.id for one in found(house, kind=Mismatch.EVIDENCE)] == ["R-1/001-a.txt", "R-1/002-b.txt"]
    until = {"cutoffs": {"evidence": (FRIDAY + timedelta(days=90)).isoformat()}}
    in_ledger(house, lambda ledger: ledger.note(Event(action="retention.purge", outcome="done", details=until)))
    assert [one.id for one in found(house, kind=Mismatch.EVIDENCE)] == ["R-1/001-a.txt"], (
        "removed by rule, never altered"
    )


def command(house: House, *words: str) -> tuple[int, str]:
    """Run a command in this process; returns its exit status and what it says on stdout."""
    said, before, status = io.StringIO(), sys.argv, 0
    sys.argv = ["run_bot.py", *words, "--config", str(house.config)]
    try:
        with redirect_stdout(said):
            main()
    except SystemExit as left:
        status = int(left.code or 0)
    finally:
        logger.remove()
        sys.argv = before
    return status, said.getvalue()


def test_the_command_says_it(house: House) -> None:
    """`audit verify --json` ends with 5 and names each finding, and when the head was last taken out."""
    harm(house, "UPDATE accounts SET state = 'disabled' WHERE rowid = (SELECT min(rowid) FROM accounts)")
    status, text = command(house, "audit", "verify", "--json")
    said = json.loads(text)
    assert (status, said["ok"], said["fault"], said["head_taken"]) == (5, False, "differs", None)
    assert [(one["table"], one["field"], one["row"]) for one in said["findings"]] == [("accounts", "state", "disabled")]
    status, text = command(house, "audit", "verify")
    assert (status, "disabled" in text) == (5, True)


@pytest.mark.parametrize("change", ["form = 77", "details = x'00ff'", "state_after = 'no state'", "at = 'never'",
                                    "reason = CAST(x'ff' AS TEXT)"])  # fmt: skip
def test_what_no_ledger_writes_is_no_traceback(house: House, change: str) -> None:
    """An unknown form, bytes for text, a state that is none: exit status 5 wherever events are read, told as a broken chain."""
    name = in_ledger(house, lambda ledger: ledger.requests(states={State.DELIVERED}))[0].id
    harm(house, f"UPDATE events SET {change} WHERE seq = (SELECT max(seq) FROM events WHERE request = '{name}')")
    export = str(house.path / "x.csv")
    for words in (("audit", "verify"), ("audit", "list"), ("show", name), ("audit", "export", "--to", export)):
        assert command(house, *words)[0] == 5, words


# --- what is done after it


@pytest.fixture
def waiting(tmp_path: Path) -> House:
    """A house with two accepted requests, of which nothing has been done; the first is harmed."""
    house = House(path=tmp_path / "house").lay_out({"console": {"settle": 0.3}})
    for number, employee in enumerate((_KATO, _MARUYAMA)):
        house.apply(f"000077{number}", employee_no=employee, days=_DAYS, now=FRIDAY)
    (house.path / "STOP").touch()
    ledger = house.workshop().ledger()

    async def accept() -> None:
        workshop = house.workshop()
        cycle = workshop.cycle(ledger=ledger, mailbox=workshop.mailbox(), console=MemoryConsole())
        await cycle._take_in_all(Report(), _Silent())

    (house.path / "STOP").unlink()
    asyncio.run(accept())
    ledger.close()
    assert {one.state for one in in_ledger(house, lambda ledger: ledger.requests())} == {State.ACCEPTED}
    return house


class _Silent:
    def start(self, what: str, total: int) -> None:
        """Say nothing."""

    def step(self) -> None:
        """Say nothing."""


_FIRST = "(SELECT min(id) FROM requests)"
HARM: dict[str, tuple[str, ...]] = {
    "dates of the decision": (
        f"UPDATE requests SET decision = replace(decision, '2021-08-03', '2021-08-05') WHERE id = {_FIRST}",
    ),
    "employee": (
        f"UPDATE requests SET employee_no = '{_MOMOSE}' WHERE id = {_FIRST}",
        f"UPDATE requests SET application = replace(application, '{_KATO}', '{_MOMOSE}') WHERE id = {_FIRST}",
    ),
    "a granted day put in": (
        f"INSERT INTO granted_days (request, day, employee_no) SELECT id, '2021-12-24', employee_no FROM requests WHERE id = {_FIRST}",
    ),
    "a granted day removed": (f"DELETE FROM granted_days WHERE request = {_FIRST} AND day = '2021-08-04'",),
    "an application that can't be read": (f"UPDATE requests SET application = x'00ff' WHERE id = {_FIRST}",),
    "the sender's proof": ("UPDATE messages SET authentic = 1 WHERE rowid = (SELECT min(rowid) FROM messages)",),
}


@pytest.mark.parametrize("what", HARM)
def test_nothing_is_done_from_what_was_changed(waiting: House, what: str) -> None:
    """What was accepted and changed since is not issued and told as critical; the other request is delivered."""
    harm(waiting, *HARM[what])
    console = MemoryConsole()
    report = asyncio.run(waiting.run(console))
    assert set(asyncio.run(_logins(console))) == {f"tw{_MARUYAMA}"}
    assert [sent.login_id for sent in waiting.credentials()] == [f"tw{_MARUYAMA}"]
    assert (report.delivered, report.exit_status) == (1, 5)
    assert Trouble.CHAIN in {finding.trouble for finding in report.findings}
    assert verify(waiting).fault is Fault.DIFFERS, "no later step covers it up"


async def _logins(console: MemoryConsole) -> list[str]:
    return [account.login_id for account in await console.everyone()]


PUT_IN: dict[str, Callable[[str], tuple[str, ...]]] = {
    "a copy of an accepted one": lambda name: (
        _copied(tables.requests, id=f"'{name}'", serial="9000", position="9", state="'accepted'", receipt_no="'999'"),
        f"INSERT INTO granted_days (request, day, employee_no) VALUES ('{name}', '2021-08-03', '{_KATO}')",
    ),
    "one for somebody else": lambda name: (
        _copied(
            tables.requests, id=f"'{name}'", serial="9000", position="9", state="'accepted'", receipt_no="'999'",
            employee_no=f"'{_MOMOSE}'", application=f"replace(application, '{_KATO}', '{_MOMOSE}')",
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", PUT_IN)
@pytest.mark.parametrize("at_once", [1, 0])
def test_a_row_put_in_as_accepted_is_not_issued(waiting: House, what: str, at_once: int) -> None:
    """A request that no event accepted is neither issued nor told, whether accounts are made one by one or at once."""
    name = "R-20210730-9000"
    harm(waiting, *PUT_IN[what](name))
    waiting.lay_out({"console": {"settle": 0.3, "import_from": at_once}})
    console = MemoryConsole()
    report = asyncio.run(waiting.run(console))
    assert set(asyncio.run(_logins(console))) == {f"tw{_KATO}", f"tw{_MARUYAMA}"}
    assert {sent.request_id for sent in waiting.credentials()} == {"R-20210730-0001", "R-20210730-0002"}
    assert (report.delivered, report.exit_status) == (2, 5)


def test_a_login_is_not_opened_for_days_put_in(waiting: House) -> None:
    """A login whose granted days were changed stays as it is; those of others are opened and closed."""
    console = MemoryConsole()
    asyncio.run(waiting.run(console))
    harm(waiting, f"UPDATE granted_days SET day = '2021-12-24' WHERE request = {_FIRST} AND day = '2021-08-04'",
         f"UPDATE requests SET window_end = '2021-12-25T00:00:00.000000+00:00' WHERE id = {_FIRST}")  # fmt: skip
    waiting.clock.set(FRIDAY + timedelta(days=30))
    report = asyncio.run(waiting.run(console))
    states = {one.login_id: one.state for one in in_ledger(waiting, lambda ledger: ledger.accounts())}
    assert states[f"tw{_MARUYAMA}"] == "disabled"
    assert report.exit_status == 5 or states[f"tw{_KATO}"] != "disabled"


@pytest.mark.parametrize("column", ["sender", "arrived_at"])
def test_nothing_becomes_an_application_of_a_message_that_was_changed(tmp_path: Path, column: str) -> None:
    """A message that nobody could read, whose sender or receipt was changed since, becomes no request by a correction."""
    house = House(path=tmp_path / "house").lay_out({"console": {"settle": 0.3}})
    table = house.path / "mailbox" / "inbox" / "memo.csv"
    table.write_text("欄,値\n12,34\n", encoding="utf-8")
    os.utime(table, (FRIDAY.timestamp(), FRIDAY.timestamp()))
    asyncio.run(house.run(MemoryConsole()))
    harm(house, f"UPDATE messages SET {column} = '2021-07-30T00:00:00.000000+00:00'")
    (message,) = in_ledger(house, lambda ledger: ledger.messages())

    async def put_right() -> None:
        config = house.workshop().config
        with house.workshop().acts("吉澤　勝") as acts:
            stated = {"employee_no": _KATO, "dates": "2021-08-03"}
            made = await correction(acts, config.settings.forms, config.zone, message.id, stated)
            await correct(acts, made, "本人に電話で確認")

    with pytest.raises(RowAltered):
        asyncio.run(put_right())
    assert in_ledger(house, lambda ledger: ledger.requests()) == ()
