"""The verifier that ships for auditors finds what the bot's own finds, and needs nothing but Python."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.ledger.records import Event
from tests.house import ROOT
from tests.ledger_kit import open_ledger

VERIFIER = ROOT / "docs" / "auditor" / "verify_audit.py"
Rows = list[dict[str, Any]]
ATTACKS: dict[str, Callable[[Rows], object]] = {
    "a change": lambda rows: rows[2].update(reason="another"),
    "a change of a person": lambda rows: rows[2].update(person='{"name":"別人"}'),
    "a removal": lambda rows: rows.pop(2),
    "an insertion": lambda rows: rows.insert(2, dict(rows[2])),
    "a reordering": lambda rows: rows.insert(1, rows.pop(3)),
    "a number that says the same": lambda rows: rows[2].update(seq="3"),
}


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """An export of six events, each with a personal part, beside their ledger."""

    async def write() -> None:
        ledger = open_ledger(tmp_path)
        for number in range(6):
            await ledger.note(
                Event(action="test", outcome="done", details={"number": number}, person={"name": f"髙橋{number}"})
            )
        await ledger.export(tmp_path / "audit.jsonl")
        ledger.close()

    asyncio.run(write())
    return tmp_path / "audit.jsonl"


def verified(*words: object) -> tuple[int, str]:
    """Run the verifier as an auditor does, in a Python without any other package; returns status and answer."""
    command = [sys.executable, "-I", "-S", str(VERIFIER), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


def rewritten(file: Path, change: Callable[[Rows], object]) -> Path:
    """Change an export's events."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    change(rows)
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return file


def test_a_whole_chain_holds(exported: Path) -> None:
    """An export and the ledger it came from give the same head."""
    answers = [verified(file, "--json") for file in (exported, exported.with_name("ledger.sqlite3"))]
    assert [status for status, _ in answers] == [0, 0]
    assert answers[0] == answers[1]
    assert json.loads(answers[0][1])["events"] == 6


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_an_attack_shows(exported: Path, attack: Callable[[Rows], object]) -> None:
    """Whatever is done to an event shows, with the number of the first that does not fit."""
    status, said = verified(rewritten(exported, attack))
    assert (status, said.startswith("BROKEN at event ")) == (5, True)


def test_a_removed_person_breaks_nothing(exported: Path) -> None:
    """Retention takes a person out of an event: the chain holds, and it is counted."""
    status, said = verified(rewritten(exported, lambda rows: rows[1].update(person=None, person_salt=None)), "--json")
    assert (status, json.loads(said)["removed_persons"]) == (0, 1)


def test_cut_off_events_show_against_a_head(exported: Path) -> None:
    """The newest events removed: the rest holds by itself, and not against the head that was noted before."""
    head = json.loads(verified(exported, "--json")[1])["head"]
    cut = rewritten(exported, lambda rows: rows.pop())
    assert (verified(cut)[0], verified(cut, "--head", head)[0]) == (0, 5)


def test_a_changed_ledger_shows(exported: Path) -> None:
    """A row changed behind the bot's back shows in the database itself."""
    place = exported.with_name("ledger.sqlite3")
    with sqlite3.connect(place) as ledger:
        for (trigger,) in ledger.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            ledger.execute(f"DROP TRIGGER {trigger}")
        ledger.execute("UPDATE events SET outcome = 'failed' WHERE seq = 4")
    ledger.close()
    assert verified(place) == (5, "BROKEN at event 4: its content was changed\n")


def test_what_is_no_chain_is_said(tmp_path: Path) -> None:
    """A file that is none, one of other JSON and one that is not there: status 2 and the reason, no traceback."""
    (tmp_path / "a.txt").write_text("x\n")
    (tmp_path / "b.jsonl").write_text("{}\n")
    said = [verified(tmp_path / name) for name in ("a.txt", "b.jsonl", "c.jsonl")]
    assert [status for status, _ in said] == [2, 2, 2]
    assert not any("Traceback" in text for _, text in said)
