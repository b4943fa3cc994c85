"""Heads of the chain that leave the machine: one JSON line each, signed where a key is configured, and checked against the chain.

A line holds ``at`` (RFC 3339), ``events`` (how many there were) and ``head`` (the hash of the last), and where it is signed ``key``
and ``signature``: Ed25519 (RFC 8032) in base64 over the UTF-8 bytes of the canonical JSON of the line without ``signature``. ``key`` is
the SHA-256 (hex) of the 32 bytes of the public key.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, select

from bot.errors import BadUsage, Problem, Unusable
from bot.ledger.chain import GENESIS
from bot.ledger.codec import canonical
from bot.ledger.keys import PublicKey, Signer
from bot.ledger.records import Fault, Verdict
from bot.ledger.tables import events


@dataclass(frozen=True, kw_only=True)
class Head:
    """A head as its line has it; ``at`` is kept as written, for the signature is over it."""

    at: str
    events: int
    head: str
    key: str | None = None
    signature: str | None = None

    @property
    def line(self) -> str:
        """The line, without its end."""
        return canonical({name: value for name, value in asdict(self).items() if value is not None})

    @property
    def signed_bytes(self) -> bytes:
        """What the signature is over."""
        return replace(self, signature=None).line.encode()

    def signed(self, signer: Signer | None) -> Head:
        """Return the head with the signer's signature; as it is where there is none."""
        if signer is None:
            return self
        named = replace(self, key=signer.public.id, signature=None)
        return replace(named, signature=signer.sign(named.signed_bytes))


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What came of checking one head; ``line`` is its place in the file, from 1."""

    line: int
    head: Head
    fault: Fault | None = None
    reason: str = ""


def head_of(verdict: Verdict, now: datetime) -> Head:
    """Return the unsigned head of a chain that was verified at ``now``."""
    return Head(at=now.isoformat(timespec="seconds"), events=verdict.events, head=verdict.head)


def add_line(head: Head, to: Path) -> None:
    """Add the head to the end of a file, made where it is missing; raises ``Unusable`` when that can't be done."""
    try:
        with to.open("ab+") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 1))
            torn = file.read(1) not in {b"", b"\n"}  # by a line that was not finished: ours begins on its own
            file.write((b"\n" if torn else b"") + head.line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise Unusable(f"the head could not be added to {to}: {error.strerror}") from error


def read_heads(path: Path) -> list[tuple[int, Head]]:
    """Return the heads of a file with their line numbers; raises ``BadUsage`` with every line that is none."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadUsage([Problem(path="--heads", text=f"{path} can't be read: {error}")]) from None
    problems, found = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                found.append((number, _parsed(line)))
            except ValueError as error:
                problems.append(Problem(path="--heads", text=f"{path}, line {number}: {error}"))
    if not found and not problems:
        problems.append(Problem(path="--heads", text=f"{path} holds no head"))
    if problems:
        raise BadUsage(problems)
    return found


def check(
    connection: Connection, heads: Sequence[tuple[int, Head]], keys: Sequence[PublicKey], chain: Verdict
) -> tuple[Verdict, list[Checked]]:
    """Check heads against a chain that holds in itself: each must stand at its place, and be signed where ``keys`` are given.

    The verdict is that of the first head, by its place in the chain, that does not; the list has every one, in the file's order.
    """
    checked = [_signed(Checked(line=number, head=head), keys) for number, head in heads]
    hashes = _hashes(connection, {one.head.events for one in checked})
    placed = [one if one.fault else _placed(one, hashes, chain) for one in checked]
    proved = [one.head.events for one in placed if one.fault is None]
    bad = min((one for one in placed if one.fault), key=lambda one: (one.head.events, one.line), default=None)
    if bad is None:
        return chain, placed
    held = max((number for number in proved if number < bad.head.events), default=0)
    first_bad = {Fault.REWRITTEN: held + 1, Fault.TRUNCATED: chain.events + 1}.get(bad.fault or Fault.FORGED)
    reason = f"line {bad.line}, head of {bad.head.at}: {bad.reason}"
    if bad.fault is Fault.REWRITTEN:
        reason += f"; the record was written anew after event {held}, or the line is of another record"
    return replace(chain, ok=False, fault=bad.fault, first_bad=first_bad, reason=reason), placed


def _parsed(line: str) -> Head:
    raw = json.loads(line)
    if not isinstance(raw, dict) or not isinstance(raw.get("events"), int) or not isinstance(raw.get("head"), str):
        raise ValueError("no head: it needs at, events and head")
    at = datetime.fromisoformat(str(raw.get("at")))
    if at.tzinfo is None or raw["events"] < 0:
        raise ValueError("no head: at needs its offset, events counts from 0")
    return Head(
        at=str(raw["at"]), events=raw["events"], head=raw["head"].lower(), key=_text(raw, "key"),
        signature=_text(raw, "signature"),
    )  # fmt: skip


def _text(raw: Mapping[str, object], name: str) -> str | None:
    value = raw.get(name)
    return value if isinstance(value, str) else None


def _signed(one: Checked, keys: Sequence[PublicKey]) -> Checked:
    """Return the head with what is wrong with its signature; nothing is looked at without keys."""
    head, known = one.head, {key.id: key for key in keys}
    if not keys:
        return one
    if head.signature is None:
        return replace(one, fault=Fault.UNSIGNED, reason="it bears no signature")
    if head.key not in known:
        return replace(one, fault=Fault.FORGED, reason=f"it is signed with another key ({head.key})")
    if not known[head.key].made(head.signature, head.signed_bytes):
        text = "its signature is not of this line: the line was changed, or forged"
        return replace(one, fault=Fault.FORGED, reason=text)
    return one


def _placed(one: Checked, hashes: Mapping[int, str], chain: Verdict) -> Checked:
    number = one.head.events
    if number > chain.events:
        reason = f"it counts {number} events and the record has {chain.events}: the newest were cut off"
        return replace(one, fault=Fault.TRUNCATED, reason=reason)
    if hashes[number] != one.head.head:
        return replace(one, fault=Fault.REWRITTEN, reason=f"event {number} is not the one it was taken from")
    return one


def _hashes(connection: Connection, numbers: set[int]) -> dict[int, str]:
    found = {0: GENESIS}
    for batch in _batches(sorted(numbers)):
        query = select(events.c.seq, events.c.hash).where(events.c.seq.in_(batch))
        found |= {row.seq: row.hash for row in connection.execute(query)}
    return found


def _batches(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    yield from (numbers[start : start + 500] for start in range(0, len(numbers), 500))
