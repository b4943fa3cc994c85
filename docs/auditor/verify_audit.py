"""Verifies the telework ID bot's audit chain for an auditor who does not trust the bot.

One file, Python 3.8 or later, standard library only; it shares no code with the bot and changes nothing.

    python3 verify_audit.py audit.jsonl                    an export (``run_bot.py audit export --to audit.jsonl``)
    python3 verify_audit.py ledger.sqlite3                 a copy of the ledger, or the ledger itself (read only)
    python3 verify_audit.py audit.jsonl --head HASH        HASH was noted earlier, outside the machine (see digest mails)

Without ``--head`` it can't be seen that the newest events were cut off, or that the whole chain was written anew.
Exit status: 0 the chain holds, 5 it is broken, 2 the file can't be read as a chain.

How a hash is made: SHA-256 of the UTF-8 bytes of the JSON object of the fields in HASHED, with sorted keys, no spaces
and no escapes beyond the necessary. ``prev_hash`` is the hash of the event before, 64 zeros for the first. Personal data
enter only as ``person_digest``, SHA-256 of ``person_salt`` followed by ``person``: retention may remove both later.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, Dict, Iterator, Optional  # noqa: UP035 - read by Python 3.8 too

HASHED = (
    "seq", "at", "actor_type", "actor", "host", "version", "config_digest", "action", "outcome", "request", "reason",
    "details", "person_digest", "prev_hash",
)  # fmt: skip
NEEDED = (*HASHED, "hash", "person", "person_salt")
BROKEN, UNREADABLE = 5, 2
Row = Dict[str, Any]  # noqa: UP006 - evaluated by Python 3.8 too


class NotAChain(Exception):
    """The file is neither an export nor a ledger; the text says why."""


def rows_of(path: Path) -> Iterator[Row]:
    """Yield the events of an export or a ledger in their order; raises ``NotAChain``."""
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise NotAChain(f"{path}: {error.strerror}") from error
    rows = _of_ledger(path) if start == b"SQLite format 3\0" else _of_export(path)
    for row in rows:
        missing = [name for name in NEEDED if name not in row]
        if missing:
            raise NotAChain(f"{path}: an event has no {', '.join(missing)}")
        yield row


def verify(rows: Iterator[Row], head: Optional[str] = None) -> Row:  # noqa: UP045 - Python 3.8
    """Recompute the chain and return ``ok, events, removed_persons, head, first_bad, reason``."""
    previous, count, removed, seen = "0" * 64, 0, 0, head is None
    for row in rows:
        reason = _fault(row, count + 1, previous)
        if reason:
            return _verdict(count, removed, previous, reason)
        count += 1
        previous = row["hash"]
        removed += row["person"] is None and row["person_digest"] != _sha("")
        seen = seen or previous == head
    if not seen:
        return _verdict(
            count, removed, previous, "the head is not in it: the newest were removed, or all was rewritten"
        )
    return _verdict(count, removed, previous, "")


def main() -> int:
    """Verify the file named on the command line and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="an export (.jsonl) or a ledger (SQLite)")
    parser.add_argument("--head", help="a hash that was noted earlier: it must be in the chain")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    words = parser.parse_args()
    try:
        found = verify(rows_of(words.file), words.head and words.head.strip().lower())
    except NotAChain as error:
        print(error, file=sys.stderr)
        return UNREADABLE
    if words.json:
        print(json.dumps(found))
    elif found["ok"]:
        print(f"OK  {found['events']} events, {found['removed_persons']} without their person, head {found['head']}")
    else:
        print(f"BROKEN at event {found['first_bad']}: {found['reason']}")
    return 0 if found["ok"] else BROKEN


def _of_export(path: Path) -> Iterator[Row]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                row = json.loads(line.decode("utf-8"))
            except ValueError as error:
                raise NotAChain(f"{path}, line {number}: not JSON ({error})") from error
            if not isinstance(row, dict):
                raise NotAChain(f"{path}, line {number}: not an event")
            yield row


def _of_ledger(path: Path) -> Iterator[Row]:
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as ledger:
            ledger.row_factory = sqlite3.Row
            for row in ledger.execute("SELECT * FROM events ORDER BY seq"):
                yield dict(row)
    except sqlite3.Error as error:
        raise NotAChain(f"{path}: not a ledger ({error})") from error


def _fault(row: Row, seq: int, previous: str) -> str:
    if row["seq"] != seq:
        return f"event {seq} is missing"
    if row["prev_hash"] != previous:
        return "it does not follow the event before it"
    text = json.dumps({name: row[name] for name in HASHED}, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    if _sha(text) != row["hash"]:
        return "its content was changed"
    if row["person"] is not None and _sha(f"{row['person_salt'] or ''}{row['person']}") != row["person_digest"]:
        return "its personal part was changed"
    return ""


def _verdict(events: int, removed: int, head: str, reason: str) -> Row:
    return {
        "ok": not reason, "events": events, "removed_persons": removed, "head": head,
        "first_bad": events + 1 if reason else None, "reason": reason,
    }  # fmt: skip


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
