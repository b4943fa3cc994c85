"""The audit chain shows any change, removal, insertion or reordering, and given a head the newest rows too."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from bot.errors import BadUsage
from bot.ledger import chain
from bot.ledger.purge import OF_EVENTS, REMOVAL
from bot.ledger.records import Event, Fault, Mismatch, Verdict
from tests.house import ROOT
from tests.ledger_kit import open_ledger, raw, unguarded

_WRITER = """
import asyncio, sys
from pathlib import Path
from tests.ledger_kit import accepted, application, open_ledger
async def write():
    ledger = open_ledger(Path(sys.argv[1]))
    for number in range(10_000):
        await accepted(ledger, str(number), application(receipt_no=str(number)))
        print(number, flush=True)
asyncio.run(write())
"""


def with_events(folder: Path, count: int = 6) -> str:
    """Write events, each with a personal part, and return the head."""

    async def write() -> str:
        ledger = open_ledger(folder)
        for number in range(count):
            await ledger.note(
                Event(action="test", outcome="done", details={"number": number}, person={"name": f"髙橋{number}"})
            )
        verdict = await ledger.verify()
        ledger.close()
        return verdict.head

    return asyncio.run(write())


def verify(folder: Path, head: str | None = None) -> Verdict:
    """Verify the chain in ``folder``."""
    ledger = open_ledger(folder)
    try:
        return asyncio.run(ledger.verify(head))
    finally:
        ledger.close()


def tamper(folder: Path, *statements: str) -> None:
    """Change the database as somebody with the file would: without the triggers, which are put back."""
    with raw(folder) as connection, unguarded(connection):
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_an_untouched_chain_verifies(folder: Path) -> None:
    """What nobody touched is well, with its head and with any earlier one."""
    head = with_events(folder)
    with_events(folder)
    assert verify(folder, head) == Verdict(ok=True, events=12, head=verify(folder).head)


@pytest.mark.parametrize(
    ("statement", "first_bad"),
    [
        ("UPDATE events SET details = '{\"number\":99}' WHERE seq = 3", 3),
        ("UPDATE events SET reason = 'x' WHERE seq = 1", 1),
        ("UPDATE events SET at = '2021-07-30T13:05:00.000000+09:00' WHERE seq = 4", 4),
        ('UPDATE events SET person = \'{"name":"somebody else"}\' WHERE seq = 2', 2),
        ("DELETE FROM events WHERE seq = 3", 3),
        ("DELETE FROM events WHERE seq = 1", 1),
        ("UPDATE events SET seq = CASE seq WHEN 2 THEN 903 WHEN 3 THEN 902 ELSE seq END", 2),
    ],
)
def test_a_change_or_removal_is_noticed(folder: Path, statement: str, first_bad: int) -> None:
    """The first event that was changed, or that follows a gap, is named."""
    with_events(folder)
    tamper(folder, statement)
    verdict = verify(folder)
    assert (verdict.ok, verdict.first_bad) == (False, first_bad)
    assert verdict.reason


def test_swapped_events_are_noticed(folder: Path) -> None:
    """Two events that changed places don't follow those before them."""
    with_events(folder)
    tamper(
        folder, "UPDATE events SET seq = 100 WHERE seq = 2", "UPDATE events SET seq = 2 WHERE seq = 3",
        "UPDATE events SET seq = 3 WHERE seq = 100",
    )  # fmt: skip
    assert verify(folder).first_bad == 2


def test_a_cut_end_is_noticed_by_its_head(folder: Path) -> None:
    """Without the newest rows the rest still verifies; the head noted before does not."""
    head = with_events(folder)
    tamper(folder, "DELETE FROM events WHERE seq > 4")
    assert verify(folder).ok
    assert (verify(folder, head).ok, verify(folder, head).first_bad) == (False, 5)


def test_a_whole_rewrite_is_noticed_by_a_head(folder: Path) -> None:
    """A chain computed anew verifies in itself, and against no head noted before."""
    head = with_events(folder)
    tamper(folder, "DELETE FROM events")
    with_events(folder, 7)
    assert verify(folder).ok
    assert not verify(folder, head).ok


@pytest.mark.parametrize(
    "statement",
    ["UPDATE events SET reason = 'x' WHERE seq = 2", "DELETE FROM events WHERE seq = 2", "UPDATE events SET person = 'x'",
     "UPDATE events SET hash = 'x', person = NULL, person_salt = NULL"],
)  # fmt: skip
def test_the_database_itself_refuses(folder: Path, statement: str) -> None:
    """Events can't be changed or removed through SQL, as long as nobody drops the triggers."""
    with_events(folder)
    with raw(folder) as connection, pytest.raises(DBAPIError, match="append-only"):
        connection.exec_driver_sql(statement)


def test_a_person_can_be_removed(folder: Path) -> None:
    """Taking out the personal part and its salt is allowed where an event says so; the chain holds, and else it is named."""
    head = with_events(folder)
    with raw(folder) as connection:
        connection.exec_driver_sql("UPDATE events SET person = NULL, person_salt = NULL WHERE seq <= 3")
    found = verify(folder, head)
    assert (found.fault, [(one.kind, one.id) for one in found.findings]) == (
        Fault.DIFFERS, [(Mismatch.PERSON, "1"), (Mismatch.PERSON, "2"), (Mismatch.PERSON, "3")],
    )  # fmt: skip
    ledger = open_ledger(folder)
    asyncio.run(ledger.note(Event(action=REMOVAL, outcome="done", details={OF_EVENTS: [1, 2, 3]})))
    ledger.close()
    assert verify(folder, head).ok


def test_the_form_of_the_hash_never_changes() -> None:
    """A stand-alone verifier relies on these bytes: SHA-256 over canonical JSON of the named columns."""
    row = {
        "seq": 1, "at": "2021-07-30T13:04:00.000000+09:00", "actor_type": "bot", "actor": "bot@test", "host": "here",
        "version": "0", "config_digest": "c0ffee", "action": "test", "outcome": "done", "request": None, "reason": "",
        "details": '{"名":1}', "person_digest": "e3b0", "prev_hash": chain.GENESIS,
    }  # fmt: skip
    assert chain.digest(row) == "d98b4faedb8ef3e2b00f711d08ad46a25d51bd333ff59637b5dd22d8ec9a900d"


@pytest.mark.parametrize(
    "reason", ["", "髙橋\u3000\U00020b9f", '"\\/', "\0\n\t\x1f\x7f\u2028", "%s {} %%", None, 5, True]
)
def test_the_hash_is_of_the_canonical_json(reason: object) -> None:
    """Whatever a column holds, marks that JSON escapes included, the bytes are those that `json.dumps` gives."""
    row = dict.fromkeys(chain.HASHED, "x") | {"seq": 12, "request": None, "reason": reason}
    plain = json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert chain.digest(row) == hashlib.sha256(plain.encode()).hexdigest()


def test_killed_while_writing(folder: Path) -> None:
    """Killed at any moment, what was said to be written is there, and the chain verifies."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(folder)], env=environment, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        written = [int(writer.stdout.readline()) for _ in range(20)][-1]
        time.sleep(0.013)
        writer.send_signal(signal.SIGKILL)
    ledger = open_ledger(folder)
    try:
        requests, verdict = len(asyncio.run(ledger.requests())), asyncio.run(ledger.verify())
    finally:
        ledger.close()
    assert verdict.ok
    assert requests > written


def test_two_programs_at_once_lose_nothing(folder: Path) -> None:
    """Two ledgers on one file take turns: every event is there once, in one chain."""

    async def both() -> Verdict:
        first, second = open_ledger(folder), open_ledger(folder)
        notes = [ledger.note(Event(action=f"{n}", outcome="done")) for n in range(25) for ledger in (first, second)]
        await asyncio.gather(*notes)
        verdict = await first.verify()
        first.close()
        second.close()
        return verdict

    verdict = asyncio.run(both())
    assert (verdict.ok, verdict.events) == (True, 50)


def test_exports(folder: Path) -> None:
    """JSON lines keep what is hashed; CSV opens in a spreadsheet without running anything; other endings are refused."""

    async def write() -> None:
        ledger = open_ledger(folder)
        await ledger.note(
            Event(action="test", outcome="done", reason="=HYPERLINK(1)", details={"a": 1}, person={"名": "髙橋"})
        )
        assert (await ledger.export(folder / "all.jsonl")).rows == 1
        assert (await ledger.export(folder / "all.csv")).rows == 1
        with pytest.raises(BadUsage):
            await ledger.export(folder / "all.pdf")
        ledger.close()

    asyncio.run(write())
    line = json.loads((folder / "all.jsonl").read_text(encoding="utf-8"))
    assert chain.digest(line) == line["hash"]
    with (folder / "all.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["reason"] == "'=HYPERLINK(1)"
    assert "髙橋" in row["person"]
