"""Heads noted outside the machine show what the chain alone can't: a cut end, a chain written anew; signatures show a forged head."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import BadUsage, ConfigInvalid, Unusable
from bot.ledger import chain
from bot.ledger.heads import Checked, Head, add_line, head_of, read_heads
from bot.ledger.keys import PublicKey, Signer, new_key, read_public
from bot.ledger.records import Fault, Verdict
from bot.secret import Secret
from tests.house import FRIDAY
from tests.ledger_kit import open_ledger
from tests.unit.test_audit import tamper, with_events


def head_now(folder: Path, signer: Signer | None = None) -> Head:
    """Return the head of the chain in ``folder``."""
    ledger = open_ledger(folder)
    try:
        return head_of(asyncio.run(ledger.verify()), FRIDAY).signed(signer)
    finally:
        ledger.close()


def checked(folder: Path, *heads: Head, keys: tuple[PublicKey, ...] = ()) -> tuple[Verdict, list[Checked]]:
    """Check heads against the chain in ``folder``."""
    ledger = open_ledger(folder)
    try:
        return asyncio.run(ledger.verify_heads(list(enumerate(heads, 1)), keys))
    finally:
        ledger.close()


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    """A signer with a key of its own."""
    new_key(tmp_path / "keys" / "key.pem")
    return Signer.of(Secret((tmp_path / "keys" / "key.pem").read_text().strip()), setting="audit.signing_key")


def test_heads_in_place_and_signed(tmp_path: Path, signer: Signer) -> None:
    """Heads of an untouched chain hold, the one of the empty chain included, however long it has grown since."""
    heads = [head_now(tmp_path, signer)]
    for _ in range(3):
        with_events(tmp_path, 2)
        heads.append(head_now(tmp_path, signer))
    verdict, found = checked(tmp_path, *heads, keys=(read_public(tmp_path / "keys" / "key.pem.pub"),))
    assert (verdict.ok, verdict.events, [one.fault for one in found]) == (True, 6, [None] * 4)


def test_a_cut_end(tmp_path: Path) -> None:
    """The newest events cut off: the older head holds, the newer one says how many there were."""
    with_events(tmp_path, 4)
    old = head_now(tmp_path)
    with_events(tmp_path, 4)
    new = head_now(tmp_path)
    tamper(tmp_path, "DELETE FROM events WHERE seq > 6")
    verdict, found = checked(tmp_path, old, new)
    assert (verdict.ok, verdict.fault, verdict.first_bad) == (False, Fault.TRUNCATED, 7)
    assert [one.fault for one in found] == [None, Fault.TRUNCATED]


def test_a_chain_written_anew(tmp_path: Path) -> None:
    """A chain computed anew from some event on holds in itself; the heads tell between which two events it was."""
    with_events(tmp_path, 4)
    old = head_now(tmp_path)
    with_events(tmp_path, 4)
    new = head_now(tmp_path)
    tamper(tmp_path, "DELETE FROM events WHERE seq > 5")
    with_events(tmp_path, 6)
    verdict, _ = checked(tmp_path, new, old)
    assert (verdict.ok, verdict.fault, verdict.first_bad) == (False, Fault.REWRITTEN, 5)


@pytest.mark.parametrize(
    "change",
    [{"head": "f" * 64}, {"events": 5}, {"at": "2021-07-30T13:05:00+09:00"}, {"signature": "AAAA"}, {"signature": "é"}],
)
def test_a_changed_line_is_forged(tmp_path: Path, signer: Signer, change: dict[str, object]) -> None:
    """Whatever is changed in a signed line, its signature no longer fits."""
    with_events(tmp_path)
    line = replace(head_now(tmp_path, signer), **change)  # type: ignore[arg-type] # one field or another
    verdict, _ = checked(tmp_path, line, keys=(signer.public,))
    assert (verdict.ok, verdict.fault) == (False, Fault.FORGED)


def test_another_key_and_none(tmp_path: Path, signer: Signer) -> None:
    """A line signed with a key that the auditor does not hold is forged, one without a signature unsigned."""
    with_events(tmp_path)
    other = new_key(tmp_path / "other.pem")
    assert checked(tmp_path, head_now(tmp_path, signer), keys=(other,))[0].fault is Fault.FORGED
    assert checked(tmp_path, head_now(tmp_path), keys=(other,))[0].fault is Fault.UNSIGNED
    assert checked(tmp_path, head_now(tmp_path, signer), keys=(other, signer.public))[0].ok


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE events SET reason = 'x' WHERE seq = 3", Fault.CHANGED),
        ("UPDATE events SET run = 'x' WHERE seq = 3", Fault.CHANGED),
        ("UPDATE events SET state_after = 'issued' WHERE seq = 3", Fault.CHANGED),
        ("UPDATE events SET form = 1 WHERE seq = 3", Fault.CHANGED),
        ("DELETE FROM events WHERE seq = 3", Fault.REMOVED),
        ("UPDATE events SET seq = CASE seq WHEN 2 THEN 903 WHEN 3 THEN 902 ELSE seq END", Fault.REORDERED),
    ],
)
def test_what_was_done_is_named(tmp_path: Path, statement: str, fault: Fault) -> None:
    """A broken chain says what was done to it, before any head is looked at."""
    with_events(tmp_path)
    head = head_now(tmp_path)
    tamper(tmp_path, statement)
    verdict, found = checked(tmp_path, head)
    assert (verdict.ok, verdict.fault, found) == (False, fault, [])


def test_an_insertion_is_named(tmp_path: Path) -> None:
    """An event put in between, with the rest numbered anew, is an insertion."""
    with_events(tmp_path)
    copied = (
        "INSERT INTO events SELECT 4, at, actor_type, actor, host, version, config_digest, action, outcome, request, reason,"
        " details, person, person_salt, person_digest, prev_hash, 'x', form, run, elapsed_ms, state_before, state_after"
        " FROM events WHERE seq = 3"
    )
    tamper(
        tmp_path, "UPDATE events SET seq = -1 - seq WHERE seq > 3", "UPDATE events SET seq = -seq WHERE seq < 0", copied
    )
    verdict, _ = checked(tmp_path)
    assert (verdict.fault, verdict.first_bad) == (Fault.INSERTED, 4)


def test_a_file_of_heads(tmp_path: Path) -> None:
    """Lines are added one by one, after a torn one too, and read back; what is no head is named with its line."""
    file = tmp_path / "heads.jsonl"
    head = Head(at=FRIDAY.isoformat(), events=3, head="a" * 64)
    add_line(head, file)
    with file.open("a") as opened:
        opened.write('{"at":')
    add_line(head, file)
    assert file.read_text().splitlines() == [head.line, '{"at":', head.line]
    with pytest.raises(BadUsage, match="line 2"):
        read_heads(file)
    file.write_text(f"\ufeff{head.line}\r\n\r\n{head.line}\r\n", encoding="utf-8")
    assert read_heads(file) == [(1, head), (3, head)]
    (tmp_path / "empty").touch()
    with pytest.raises(BadUsage, match="no head"):
        read_heads(tmp_path / "empty")
    with pytest.raises(Unusable):
        add_line(head, tmp_path / "nowhere" / "heads.jsonl")


def test_keys(tmp_path: Path) -> None:
    """The private half is for its owner alone, no key is overwritten, and what is no key is said without showing it."""
    made = new_key(tmp_path / "key.pem")
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600
    assert read_public(tmp_path / "key.pem.pub").id == made.id
    with pytest.raises(BadUsage, match="never overwritten"):
        new_key(tmp_path / "key.pem")
    with pytest.raises(BadUsage, match="no public key"):
        read_public(tmp_path / "key.pem")
    with pytest.raises(ConfigInvalid) as caught:
        Signer.of(Secret("hunter2"), setting="audit.signing_key")
    assert "hunter2" not in str(caught.value)


def test_events_of_the_first_form_still_verify(tmp_path: Path) -> None:
    """An event of an earlier version, without the columns that came later, is verified by its own form, and can't gain any."""
    with_events(tmp_path, 1)
    with sqlite3.connect(tmp_path / "ledger.sqlite3") as raw:
        raw.row_factory = sqlite3.Row
        raw.execute("DROP TRIGGER events_are_append_only")
        row = dict(raw.execute("SELECT * FROM events").fetchone())
        row |= {"form": 1, "run": None, "elapsed_ms": None, "state_before": None, "state_after": None}
        names = ", ".join(f"{name} = :{name}" for name in (*chain.ADDED, "hash"))
        raw.execute(f"UPDATE events SET {names}", {**row, "hash": chain.digest(row)})
    raw.close()
    with_events(tmp_path, 2)
    assert checked(tmp_path)[0].ok
    with sqlite3.connect(tmp_path / "ledger.sqlite3") as raw:
        raw.execute("UPDATE events SET run = 'x' WHERE seq = 1")
    raw.close()
    assert checked(tmp_path)[0].fault is Fault.CHANGED
