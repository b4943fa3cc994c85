"""The verifier that ships for auditors finds what the bot's own finds, and needs nothing but Python."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.ledger import chain
from bot.ledger.heads import Head, add_line
from bot.ledger.keys import Signer, new_key
from bot.ledger.records import Event
from bot.secret import Secret
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
    """Retention takes a person out of an event: it is counted, holds where a later event says so, and is a finding elsewhere."""

    def removed(rows: Rows) -> None:
        rows[1].update(person=None, person_salt=None)
        rows[5].update(action="retention.remove", details='{"events":[2]}')
        rows[5]["hash"] = chain.digest(rows[5])

    status, said = verified(rewritten(exported, removed), "--json")
    assert (status, json.loads(said)["removed_persons"]) == (0, 1)
    status, said = verified(rewritten(exported, lambda rows: rows[2].update(person=None, person_salt=None)), "--json")
    assert (status, [one["id"] for one in json.loads(said)["findings"]]) == (5, ["3"])


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
    status, said = verified(place)
    assert (status, said.splitlines()[0]) == (5, "BROKEN at event 4: its content was changed")


def test_what_is_no_chain_is_said(tmp_path: Path) -> None:
    """A file that is none, one of other JSON and one that is not there: status 2 and the reason, no traceback."""
    (tmp_path / "a.txt").write_text("x\n")
    (tmp_path / "b.jsonl").write_text("{}\n")
    said = [verified(tmp_path / name) for name in ("a.txt", "b.jsonl", "c.jsonl")]
    assert [status for status, _ in said] == [2, 2, 2]
    assert not any("Traceback" in text for _, text in said)


#: RFC 8032, 7.1, TEST 1 to 3 and TEST SHA(abc): public key, message, signature.
RFC8032 = [
    ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
    ("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
    ("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
    ("ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"),
]  # fmt: skip


@pytest.fixture(scope="module")
def verifier() -> ModuleType:
    """The verifier as a module."""
    spec = importlib.util.spec_from_file_location("verify_audit", VERIFIER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("public", "message", "signature"), RFC8032)
def test_signatures_of_the_standard(verifier: ModuleType, public: str, message: str, signature: str) -> None:
    """The examples of RFC 8032 hold, and not with any one bit of message or signature changed."""
    key, text, made = (bytes.fromhex(part) for part in (public, message, signature))
    assert verifier.signed_by(key, text, made)
    assert not verifier.signed_by(key, text + b"x", made)
    for place in (0, 31, 32, 63):
        assert not verifier.signed_by(key, text, made[:place] + bytes([made[place] ^ 1]) + made[place + 1 :])
    order = 2**252 + 27742317777372353535851937790883648493
    shifted = (int.from_bytes(made[32:], "little") + order).to_bytes(32, "little")
    assert not verifier.signed_by(key, text, made[:32] + shifted), "a second form of the same signature"


@settings(max_examples=15, deadline=None)
@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=200), place=st.integers(0, 511))
def test_signatures_of_the_library(verifier: ModuleType, seed: bytes, message: bytes, place: int) -> None:
    """Whatever `cryptography` signs holds, and it agrees about every signature with one bit changed."""
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, made = key.public_key().public_bytes_raw(), bytearray(key.sign(message))
    assert verifier.signed_by(public, message, bytes(made))
    made[place // 8] ^= 1 << place % 8
    assert not verifier.signed_by(public, message, bytes(made))


@pytest.fixture
def signed(exported: Path) -> tuple[str, ...]:
    """The words that have the heads of the exported chain checked, after three and after six events."""
    rows = [json.loads(line) for line in exported.read_text(encoding="utf-8").splitlines()]
    new_key(exported.with_name("key.pem"))
    signer = Signer.of(Secret(exported.with_name("key.pem").read_text()), setting="audit.signing_key")
    for number in (3, 6):
        head = Head(at="2021-07-30T13:04:00+09:00", events=number, head=rows[number - 1]["hash"])
        add_line(head.signed(signer), exported.with_name("heads.jsonl"))
    return "--heads", str(exported.with_name("heads.jsonl")), "--key", str(exported.with_name("key.pem.pub"))


def test_signed_heads_hold(exported: Path, signed: tuple[str, ...]) -> None:
    """Heads in their place, signed by the key that the auditor holds: all is well."""
    status, said = verified(exported, *signed)
    assert (status, "2 heads in place, all signed" in said) == (0, True)


def rewritten_whole(rows: Rows) -> None:
    """Write the chain anew from event 2 on, as somebody with the bot's own code could."""
    rows[1]["reason"] = "another"
    for before, row in pairwise(rows):
        row["prev_hash"] = before["hash"]
        row["hash"] = chain.digest(row)


@pytest.mark.parametrize(
    ("attack", "fault"),
    [
        (ATTACKS["a change"], "changed"), (ATTACKS["a change of a person"], "changed"), (ATTACKS["a removal"], "removed"),
        (ATTACKS["an insertion"], "inserted"), (ATTACKS["a reordering"], "reordered"), (lambda rows: rows.pop(), "truncated"),
        (rewritten_whole, "rewritten"), (lambda rows: rows[2].update(state_after="issued"), "changed"),
        (lambda rows: rows[2].update(form=1), "changed"), (lambda rows: rows[2].pop("form"), "changed"),
    ],
)  # fmt: skip
def test_what_was_done_is_named(
    exported: Path, signed: tuple[str, ...], attack: Callable[[Rows], object], fault: str
) -> None:
    """Change, removal, insertion, reordering, cut end and whole rewrite are each called by their name."""
    status, said = verified(rewritten(exported, attack), *signed, "--json")
    assert (status, json.loads(said)["fault"]) == (5, fault)


@pytest.mark.parametrize(
    ("change", "fault"),
    [({"events": 5}, "forged"), ({"head": "0" * 64}, "forged"), ({"signature": None}, "unsigned"), ({"key": "0"}, "forged"),
     ({"signature": "x"}, "forged"), ({"note": "added"}, "forged")],
)  # fmt: skip
def test_a_forged_head_shows(exported: Path, signed: tuple[str, ...], change: dict[str, object], fault: str) -> None:
    """A head that its key did not sign as it stands is not believed, whatever it says."""
    heads = Path(signed[1])
    lines = [json.loads(line) for line in heads.read_text().splitlines()]
    lines[0].update(change)
    heads.write_text("".join(json.dumps(line) + "\n" for line in lines))
    status, said = verified(exported, *signed, "--json")
    assert (status, json.loads(said)["fault"]) == (5, fault)


def test_the_old_form_still_verifies(exported: Path) -> None:
    """An export made by an earlier version, without the fields that came later, holds."""

    def old(rows: Rows) -> None:
        previous = chain.GENESIS
        for row in rows:
            for name in (*chain.ADDED, *chain.SEALS):
                del row[name]
            row["prev_hash"] = previous
            previous = row["hash"] = chain.digest(row)

    assert verified(rewritten(exported, old))[0] == 0
