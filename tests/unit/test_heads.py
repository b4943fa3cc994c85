"""Heads noted outside the machine show what the chain alone can't: a cut end, a chain written anew; signatures show a forged head."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from bot.errors import BadUsage, ConfigInvalid, Unusable
from bot.ledger import chain
from bot.ledger.heads import Checked, Head, add_line, head_of, read_heads
from bot.ledger.keys import PublicKey, Signer, new_key, read_public
from bot.ledger.records import Fault, Verdict
from bot.ledger.tables import events
from bot.secret import Secret
from tests.house import FRIDAY
from tests.ledger_kit import open_ledger, raw, unguarded
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
def signer(folder: Path) -> Signer:
    """A signer with a key of its own."""
    new_key(folder / "keys" / "key.pem")
    return Signer.of(Secret((folder / "keys" / "key.pem").read_text().strip()), setting="audit.signing_key")


def test_heads_in_place_and_signed(folder: Path, signer: Signer) -> None:
    """Heads of an untouched chain hold, the one of the empty chain included, however long it has grown since."""
    heads = [head_now(folder, signer)]
    for _ in range(3):
        with_events(folder, 2)
        heads.append(head_now(folder, signer))
    verdict, found = checked(folder, *heads, keys=(read_public(folder / "keys" / "key.pem.pub"),))
    assert (verdict.ok, verdict.events, [one.fault for one in found]) == (True, 6, [None] * 4)


def test_a_cut_end(folder: Path) -> None:
    """The newest events cut off: the older head holds, the newer one says how many there were."""
    with_events(folder, 4)
    old = head_now(folder)
    with_events(folder, 4)
    new = head_now(folder)
    tamper(folder, "DELETE FROM events WHERE seq > 6")
    verdict, found = checked(folder, old, new)
    assert (verdict.ok, verdict.fault, verdict.first_bad) == (False, Fault.TRUNCATED, 7)
    assert [one.fault for one in found] == [None, Fault.TRUNCATED]


def test_a_chain_written_anew(folder: Path) -> None:
    """A chain computed anew from some event on holds in itself; the heads tell between which two events it was."""
    with_events(folder, 4)
    old = head_now(folder)
    with_events(folder, 4)
    new = head_now(folder)
    tamper(folder, "DELETE FROM events WHERE seq > 5")
    with_events(folder, 6)
    verdict, _ = checked(folder, new, old)
    assert (verdict.ok, verdict.fault, verdict.first_bad) == (False, Fault.REWRITTEN, 5)


@pytest.mark.parametrize(
    "change",
    [{"head": "f" * 64}, {"events": 5}, {"at": "2021-07-30T13:05:00+09:00"}, {"signature": "AAAA"}, {"signature": "é"}],
)
def test_a_changed_line_is_forged(folder: Path, signer: Signer, change: dict[str, object]) -> None:
    """Whatever is changed in a signed line, its signature no longer fits."""
    with_events(folder)
    line = replace(head_now(folder, signer), **change)  # type: ignore[arg-type] # one field or another
    verdict, _ = checked(folder, line, keys=(signer.public,))
    assert (verdict.ok, verdict.fault) == (False, Fault.FORGED)


def test_another_key_and_none(folder: Path, signer: Signer) -> None:
    """A line signed with a key that the auditor does not hold is forged, one without a signature unsigned."""
    with_events(folder)
    other = new_key(folder / "other.pem")
    assert checked(folder, head_now(folder, signer), keys=(other,))[0].fault is Fault.FORGED
    assert checked(folder, head_now(folder), keys=(other,))[0].fault is Fault.UNSIGNED
    assert checked(folder, head_now(folder, signer), keys=(other, signer.public))[0].ok


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
def test_what_was_done_is_named(folder: Path, statement: str, fault: Fault) -> None:
    """A broken chain says what was done to it, before any head is looked at."""
    with_events(folder)
    head = head_now(folder)
    tamper(folder, statement)
    verdict, found = checked(folder, head)
    assert (verdict.ok, verdict.fault, found) == (False, fault, [])


def test_an_insertion_is_named(folder: Path) -> None:
    """An event put in between, with the rest numbered anew, is an insertion."""
    with_events(folder)
    copied = (
        "INSERT INTO events SELECT 4, at, actor_type, actor, host, version, config_digest, action, outcome, request, reason,"
        " details, person, person_salt, person_digest, prev_hash, 'x', form, run, elapsed_ms, state_before, state_after, rows"
        " FROM events WHERE seq = 3"
    )
    tamper(
        folder, "UPDATE events SET seq = -1 - seq WHERE seq > 3", "UPDATE events SET seq = -seq WHERE seq < 0", copied
    )
    verdict, _ = checked(folder)
    assert (verdict.fault, verdict.first_bad) == (Fault.INSERTED, 4)


def test_a_file_of_heads(folder: Path) -> None:
    """Lines are added one by one, after a torn one too, and read back; what is no head is named with its line."""
    file = folder / "heads.jsonl"
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
    (folder / "empty").touch()
    with pytest.raises(BadUsage, match="no head"):
        read_heads(folder / "empty")
    with pytest.raises(Unusable):
        add_line(head, folder / "nowhere" / "heads.jsonl")


def test_keys(folder: Path) -> None:
    """The private half is for its owner alone, no key is overwritten, and what is no key is said without showing it."""
    made = new_key(folder / "key.pem")
    assert (folder / "key.pem").stat().st_mode & 0o777 == 0o600
    assert read_public(folder / "key.pem.pub").id == made.id
    with pytest.raises(BadUsage, match="never overwritten"):
        new_key(folder / "key.pem")
    with pytest.raises(BadUsage, match="no public key"):
        read_public(folder / "key.pem")
    with pytest.raises(ConfigInvalid) as caught:
        Signer.of(Secret("hunter2"), setting="audit.signing_key")
    assert "hunter2" not in str(caught.value)


def test_events_of_the_first_form_still_verify(folder: Path) -> None:
    """An event of an earlier version, without the columns that came later, is verified by its own form, and can't gain any."""
    with_events(folder, 1)
    with raw(folder) as connection, unguarded(connection):
        row = dict(connection.execute(select(events)).mappings().one())
        row |= {"form": 1, "rows": None, "run": None, "elapsed_ms": None, "state_before": None, "state_after": None}
        connection.execute(update(events).values({**row, "hash": chain.digest(row)}))
    with_events(folder, 2)
    assert checked(folder)[0].ok
    tamper(folder, "UPDATE events SET run = 'x' WHERE seq = 1")
    assert checked(folder)[0].fault is Fault.CHANGED
