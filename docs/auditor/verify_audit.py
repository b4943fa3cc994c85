"""Verifies the telework ID bot's audit chain for an auditor who does not trust the bot.

One file, Python 3.8 or later, standard library only; it shares no code with the bot and changes nothing.

    python3 verify_audit.py audit.jsonl                    an export (``run_bot.py audit export --to audit.jsonl``)
    python3 verify_audit.py ledger.sqlite3                 a copy of the ledger, or the ledger itself (read only)
    python3 verify_audit.py audit.jsonl --head HASH        HASH was noted earlier, outside the machine (see digest mails)
    python3 verify_audit.py audit.jsonl --heads heads.jsonl --key key.pem.pub
                                                           every line of heads must be in the chain at its place, and signed

Without heads it can't be seen that the newest events were cut off, or that the whole chain was written anew. Of a ledger every row is
compared with what the chain says of it, and the triggers that keep events as they are with how they were made; an export has no rows.
Exit status: 0 all holds, 5 something does not, 2 a file can't be read.

How a hash is made: SHA-256 of the UTF-8 bytes of the JSON object of the fields in HASHED (of ADDED too, where ``form`` is 2 or 3, and of SEALS, where it is 3),
with sorted keys, no spaces and no escapes beyond the necessary. ``prev_hash`` is the hash of the event before, 64 zeros for the
first. Personal data enter only as ``person_digest``, SHA-256 of ``person_salt`` followed by ``person``: retention may remove both, and
an event ``retention.remove`` then lists the requests, or the single events, that it did so to.
``rows`` is a JSON object: for each row of another table that was written with the event, its key (``table/key``) and ``[seal, values]``, or
null where the row was removed. The seal is the SHA-256 of the JSON object of the row's columns that are not empty;
``values`` are those that were written, of personal ones ``#`` and 16 digits of the SHA-256 of ``salt``, column and JSON of the value.
A head's signature is Ed25519 (RFC 8032), in base64, over the same kind of JSON of the line without ``signature``; ``key`` is
the SHA-256 of the 32 bytes of the public key.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sqlite3
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, Dict, Iterator, Tuple  # noqa: UP035 - read by Python 3.8 too

HASHED = (
    "seq", "at", "actor_type", "actor", "host", "version", "config_digest", "action", "outcome", "request", "reason",
    "details", "person_digest", "prev_hash",
)  # fmt: skip
ADDED = ("form", "run", "elapsed_ms", "state_before", "state_after")
SEALS = ("rows",)
FORMS = {1: HASHED, 2: (*HASHED, *ADDED), 3: (*HASHED, *ADDED, *SEALS)}
#: The sealed tables of a ledger: the columns of the key, and those that tell of a person.
TABLES = {
    "messages": (("id",), ("message_id", "name", "sender", "subject", "reason", "bounce_of", "passages")),
    "requests": (
        ("id",),
        ("employee_no", "receipt_no", "application", "first_application", "decision", "stuck_reason"),
    ),
    "joined": (("message", "request"), ()),
    "granted_days": (("request", "day"), ("employee_no",)),
    "accounts": (("login_id",), ("employee_no",)),
    "assignments": (("login_id", "request"), ()),
    "notices": (("request", "kind", "attempt"), ("recipient",)),
    "pauses": (("part", "cause"), ()),
}
REFUSE = "BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END"
MOST = 1000
NEEDED = (*HASHED, "hash", "person", "person_salt")
BROKEN, UNREADABLE = 5, 2
NEIGHBOUR = "it does not follow the event before it"
Row = Dict[str, Any]  # noqa: UP006 - evaluated by Python 3.8 too
Point = Tuple[int, int, int, int]  # noqa: UP006 - evaluated by Python 3.8 too

# Ed25519 in RFC 8032's words: the field, the curve, the order of the base point, extended coordinates (X, Y, Z, T).
P = 2**255 - 19
D = -121665 * pow(121666, P - 2, P) % P
Q = 2**252 + 27742317777372353535851937790883648493
ROOT = pow(2, (P - 1) // 4, P)
BASE = bytes.fromhex("58" + 31 * "66")


class NotReadable(Exception):
    """A file is not what it should be; the text says why."""


def main() -> int:
    """Verify what the command line names and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="an export (.jsonl) or a ledger (SQLite)")
    parser.add_argument("--head", help="a hash that was noted earlier: it must be in the chain")
    parser.add_argument("--heads", type=Path, help="a file of heads, one JSON line each: all must be in the chain")
    parser.add_argument("--key", type=Path, action="append", default=[], help="a public key (PEM) of the heads")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    words = parser.parse_args()
    if words.key and not words.heads:
        parser.error("--key checks the signatures of --heads FILE: name that too")
    try:
        keys = dict(read_key(path) for path in words.key)
        heads = read_heads(words.heads) if words.heads else []
        found = verify(words.file, words.head and words.head.strip().lower(), heads, keys)
    except NotReadable as error:
        print(error, file=sys.stderr)
        return UNREADABLE
    if words.json:
        print(json.dumps(found))
    elif found["ok"]:
        proved = f", {len(heads)} heads in place, {'all signed' if keys else 'signatures not checked'}" if heads else ""
        print("OK  {events} events, {removed_persons} without their person, head {head}".format(**found) + proved)
    else:
        where = f" at event {found['first_bad']}" if found["first_bad"] else ""
        print(f"BROKEN{where}: {found['reason']}")
        for finding in found["findings"][1:]:
            print(f"  {finding['reason']}")
    if not words.json:
        taken = found["head_taken"]
        print(f"the head was last taken out at {taken}" if taken else "the head was never taken out", file=sys.stderr)
    return 0 if found["ok"] else BROKEN


def verify(path: Path, head: str | None, heads: list[Row], keys: dict[str, bytes]) -> Row:
    """Recompute the chain, check the heads, compare the rows of a ledger; returns what ``--json`` prints."""
    said = Said()
    try:
        found = _verify_chain(path, head, heads, keys, said)
        found["head_taken"] = said.head_taken
        if found["ok"]:
            found["findings"] = said.differences(path)
        if found["findings"]:
            found.update(ok=False, fault="differs", reason=found["findings"][0]["reason"])
        return found
    finally:
        said.store.close()


def _verify_chain(path: Path, head: str | None, heads: list[Row], keys: dict[str, bytes], said: Said) -> Row:
    previous, count, removed, seen = "0" * 64, 0, 0, head is None
    wanted, passed = {one["events"] for one in heads}, {0: previous}
    for row in rows_of(path):
        reason = _wrong(row, count + 1, previous)
        if reason:
            fault, reason = _diagnosed(path, row, count + 1, previous, reason)
            return _verdict(count, removed, previous, fault, reason, count + 1)
        count += 1
        previous = row["hash"]
        removed += row["person"] is None and row["person_digest"] != _sha("")
        said.take(row)
        seen = seen or previous == head
        if count in wanted:
            passed[count] = previous
    if not seen:
        reason = "the head is not in it: the newest were removed, or all was rewritten"
        return _verdict(count, removed, previous, "rewritten", reason, count + 1)
    return _verdict(count, removed, previous, *_check_heads(heads, keys, passed, count))


def rows_of(path: Path) -> Iterator[Row]:
    """Yield the events of an export or a ledger in their order; raises ``NotReadable``."""
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise NotReadable(f"{path}: {error.strerror}") from error
    for row in _of_ledger(path) if start == b"SQLite format 3\0" else _lines(path):
        form = row.setdefault("form", 1)
        needed = FORMS[form] if isinstance(form, int) and form in FORMS else HASHED
        missing = [name for name in (*NEEDED, *needed) if name not in row]
        if missing:
            raise NotReadable(f"{path}: an event has no {', '.join(missing)}")
        yield row


def read_heads(path: Path) -> list[Row]:
    """Return the heads of a file; raises ``NotReadable``."""
    heads = list(_lines(path))
    for number, one in enumerate(heads, 1):
        if type(one.get("events")) is not int or one["events"] < 0 or not isinstance(one.get("head"), str):
            raise NotReadable(f"{path}: head {number} lacks at, events or head")
    if not heads:
        raise NotReadable(f"{path}: it holds no head")
    return heads


def read_key(path: Path) -> tuple[str, bytes]:
    """Return the number of a public key and its 32 bytes, out of PEM (RFC 8410); raises ``NotReadable``."""
    try:
        lines = path.read_text(encoding="ascii").strip().splitlines()
        der = base64.b64decode("".join(lines[1:-1]), validate=True)
    except (OSError, ValueError) as error:
        raise NotReadable(f"{path}: no public key ({error})") from error
    if lines[0].strip() != "-----BEGIN PUBLIC KEY-----" or der[:-32] != bytes.fromhex("302a300506032b6570032100"):
        raise NotReadable(f"{path}: no Ed25519 public key in PEM")
    return hashlib.sha256(der[-32:]).hexdigest(), der[-32:]


def signed_by(public: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether ``signature`` is Ed25519's over ``message`` (RFC 8032, 5.1.7)."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, commitment, base = _point(public), _point(signature[:32]), _point(BASE)
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or base is None or scalar >= Q:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % Q
    left, right = _times(scalar, base), _plus(commitment, _times(challenge, key))
    return not any((left[axis] * right[2] - right[axis] * left[2]) % P for axis in (0, 1))


def _check_heads(
    heads: list[Row], keys: dict[str, bytes], passed: dict[int, str], count: int
) -> tuple[str, str, int | None]:
    held = 0
    for one in sorted(heads, key=lambda head: head["events"]):
        number, name = one["events"], f"head of {one.get('at')}"
        fault, reason = _signature_fault(one, keys)
        if fault:
            return fault, f"{name}: {reason}", None
        if number > count:
            reason = f"{name}: it counts {number} events, there are {count}: the newest were cut off"
            return "truncated", reason, count + 1
        if passed[number] != one["head"].lower():
            reason = f"{name}: event {number} is not the one it was taken from; written anew after event {held}"
            return "rewritten", reason, held + 1
        held = number
    return "", "", None


def _signature_fault(one: Row, keys: dict[str, bytes]) -> tuple[str, str]:
    if not keys:
        return "", ""
    if not one.get("signature"):
        return "unsigned", "it bears no signature"
    if one.get("key") not in keys:
        return "forged", "it is signed with another key"
    try:
        signature = base64.b64decode(one["signature"], validate=True)
    except (TypeError, ValueError):
        signature = b""
    said = _canonical({name: value for name, value in one.items() if name != "signature"})
    if not signed_by(keys[one["key"]], said.encode("utf-8", "surrogatepass"), signature):
        return "forged", "its signature is not of this line: the line was changed, or forged"
    return "", ""


def _lines(path: Path) -> Iterator[Row]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    row = json.loads(line.decode("utf-8-sig"))
                    if not isinstance(row, dict):
                        raise NotReadable(f"{path}, line {number}: not an object")
                    yield row
    except OSError as error:
        raise NotReadable(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise NotReadable(f"{path}, line {number}: not JSON ({error})") from error


def _of_ledger(path: Path) -> Iterator[Row]:
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as ledger:
            ledger.row_factory = sqlite3.Row
            ledger.text_factory = _text
            for row in ledger.execute("SELECT * FROM events ORDER BY seq"):
                yield dict(row)
    except sqlite3.Error as error:
        raise NotReadable(f"{path}: not a ledger ({error})") from error


def _wrong(row: Row, seq: int, previous: str) -> str:
    if row["seq"] != seq:
        return f"event {seq} is missing"
    if row["prev_hash"] != previous:
        return NEIGHBOUR
    if not isinstance(row["form"], int) or row["form"] not in FORMS:
        return f"its form {row['form']!r} is none that this verifier knows"
    if not _whole(row):
        return "its content was changed"
    if row["person"] is not None and _sha(f"{row['person_salt'] or ''}{row['person']}") != row["person_digest"]:
        return "its personal part was changed"
    return ""


def _whole(row: Row) -> bool:
    names = FORMS.get(row["form"], ())
    later = [name for name in (*ADDED[1:], *SEALS) if name not in names]
    try:
        text = _canonical({name: row[name] for name in names})
    except (TypeError, ValueError):
        return False  # it holds bytes, or another thing that no ledger writes
    return bool(_sha(text) == row["hash"] and not any(row.get(name) is not None for name in later))


def _diagnosed(path: Path, row: Row, seq: int, previous: str, reason: str) -> tuple[str, str]:
    """Return what was done, from where the neighbours of the first bad event stand now."""
    if row["seq"] == seq and row["prev_hash"] == previous:
        return "changed", reason
    before = follower = None
    for place, other in enumerate(rows_of(path), 1):
        before = place if other["hash"] == row["prev_hash"] and before is None else before
        follower = place if other["prev_hash"] == previous and place > seq else follower
    if before is not None and before < seq - 1:
        return "inserted", f"{NEIGHBOUR}: an event was put in between"
    if follower is not None:
        return "reordered", f"{NEIGHBOUR}: the one that does stands at place {follower}"
    if row["seq"] != seq:
        return "removed", f"{reason}: what stands there is event {row['seq']}"
    if _whole(row):
        return "changed", f"{NEIGHBOUR}: that one was changed and its hash made anew"
    return "removed", f"{NEIGHBOUR}: one between was removed, and the rest numbered anew"


def _verdict(events: int, removed: int, head: str, fault: str, reason: str, bad: int | None) -> Row:
    return {
        "ok": not reason, "events": events, "removed_persons": removed, "head": head, "first_bad": bad,
        "fault": fault or None, "reason": reason, "findings": [], "head_taken": None,
    }  # fmt: skip


class Said:
    """What the chain says of rows and persons, put aside in a temporary file until all of it was read."""

    def __init__(self) -> None:
        self.head_taken: str | None = None
        self.store = sqlite3.connect("", isolation_level=None)
        self.store.executescript(
            "CREATE TABLE said (key TEXT PRIMARY KEY, seal TEXT, seq INTEGER) WITHOUT ROWID;"
            "CREATE TABLE there (key TEXT PRIMARY KEY, seal TEXT) WITHOUT ROWID;"
            "CREATE TABLE lost (seq INTEGER PRIMARY KEY, request TEXT, at TEXT);"
            "CREATE TABLE gone (request TEXT, before INTEGER); CREATE TABLE gone_event (seq INTEGER PRIMARY KEY);"
            "BEGIN"
        )
        #: Purges of earlier versions, which named nobody: the number of the event, and up to when records lost their person.
        self._purges: list[tuple[int, str]] = []

    def take(self, row: Row) -> None:
        """Take what an event that holds says."""
        seq = row["seq"]
        if row.get("rows") is not None:
            entries = [(key, entry and entry[0], seq) for key, entry in json.loads(row["rows"]).items()]
            self.store.executemany("INSERT OR REPLACE INTO said VALUES (?, ?, ?)", entries)
        if row["person"] is None and row["person_digest"] != _sha(""):
            self.store.execute("INSERT OR REPLACE INTO lost VALUES (?, ?, ?)", (seq, row["request"], row["at"]))
        if row["action"] == "audit.head" and row["outcome"] == "done":
            self.head_taken = row["at"]
        if row["action"] == "retention.remove":
            details = json.loads(row["details"])
            self.store.executemany(
                "INSERT INTO gone VALUES (?, ?)", [(name, seq) for name in details.get("requests", ())]
            )
            named = [(number,) for number in details.get("events", ())]
            self.store.executemany("INSERT OR IGNORE INTO gone_event VALUES (?)", named)
        if row["action"] == "retention.purge" and row["form"] < 3:
            self._purges.append((seq, json.loads(row["details"]).get("cutoffs", {}).get("records", "")))

    def differences(self, path: Path) -> list[Row]:
        """Return what is not as the chain says: removed persons always, rows and triggers where ``path`` is a ledger."""
        found = list(self._persons())
        with path.open("rb") as file:
            is_ledger = file.read(16) == b"SQLite format 3\0"
        if is_ledger:
            try:
                with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as ledger:
                    ledger.row_factory = sqlite3.Row
                    ledger.text_factory = _text
                    found += _triggers(ledger)
                    found += self._rows(ledger)
            except sqlite3.Error as error:
                found.append(_finding("removed", "", "", f"a table of the ledger can't be read: {error}"))
        return found[:MOST]

    def _persons(self) -> Iterator[Row]:
        query = (
            "SELECT seq, request, at FROM lost WHERE seq NOT IN (SELECT seq FROM gone_event) AND NOT EXISTS"
            " (SELECT 1 FROM gone WHERE gone.request = lost.request AND gone.before > lost.seq) ORDER BY seq"
        )
        for seq, request, at in self.store.execute(query):
            covered = [1 for purge, until in self._purges if seq < purge and until and _moment(at) < _moment(until)]
            if not covered:
                of = f" of {request}" if request else ""
                reason = f"the person in event {seq}{of} was removed, and no purge on the chain says so"
                yield _finding("person", "events", str(seq), reason, field="person", seq=seq)

    def _rows(self, ledger: sqlite3.Connection) -> Iterator[Row]:
        for table in TABLES:
            seals = ((_key(table, row), _seal(row)) for row in _rows_of(ledger, table))
            self.store.executemany("INSERT OR REPLACE INTO there VALUES (?, ?)", seals)
        differing = self.store.execute(
            "SELECT key, said.seal, there.seal, said.seq FROM there LEFT JOIN said USING (key)"
            " WHERE said.seal IS NOT there.seal UNION ALL SELECT key, said.seal, NULL, said.seq FROM said LEFT JOIN there USING (key)"
            " WHERE said.seal IS NOT NULL AND there.key IS NULL LIMIT ?",
            (MOST,),
        ).fetchall()
        values = _values_said(ledger, {key for key, *_ in differing})
        rows = _rows_there(ledger, {key for key, *_ in differing})
        for key, said, there, seq in differing:
            table, _, name = key.partition("/")
            if said is None:
                yield _finding("inserted", table, name, f"{key} was put in: the chain has nothing of it", seq=seq)
            elif there is None:
                yield _finding("removed", table, name, f"{key} was removed; event {seq} wrote it last", seq=seq)
            else:
                yield from _columns(key, rows[key], values[key], seq)


def _columns(key: str, row: Row, said: Row, seq: int) -> Iterator[Row]:
    table, _, name = key.partition("/")
    keys, personal = TABLES[table]
    found = [
        column for column, value in row.items()
        if column not in keys and column != "salt"
        and (_masked(row, column) if column in personal and value is not None else value) != said.get(column)
    ]  # fmt: skip
    for column in found or ["salt"]:
        chain, there = said.get(column), row.get(column)
        reason = f"{key} {column}: the chain says {chain!r} (event {seq}), the row says {there!r}"
        yield _finding("altered", table, name, reason, field=column, chain=chain, row=there, seq=seq)


def _finding(
    kind: str,
    table: str,
    name: str,
    reason: str,
    *,
    field: str | None = None,
    chain: object = None,
    row: object = None,
    seq: int | None = None,
) -> Row:
    texts = [None if value is None else value if isinstance(value, str) else repr(value) for value in (chain, row)]
    return {
        "kind": kind, "table": table, "id": name, "field": field, "chain": texts[0], "row": texts[1], "seq": seq,
        "reason": reason.encode("utf-8", "replace").decode(),
    }  # fmt: skip


def _values_said(ledger: sqlite3.Connection, keys: set[str]) -> dict[str, Row]:
    values: dict[str, Row] = {key: {} for key in keys}
    if keys:
        for (text,) in ledger.execute("SELECT rows FROM events WHERE rows IS NOT NULL ORDER BY seq"):
            rows = json.loads(text)
            for key in rows.keys() & keys:
                values[key].update(rows[key][1] if rows[key] else {})
    return values


def _rows_there(ledger: sqlite3.Connection, keys: set[str]) -> dict[str, Row]:
    tables = {key.partition("/")[0] for key in keys}
    every = ((_key(table, row), row) for table in tables for row in _rows_of(ledger, table))
    return {key: row for key, row in every if key in keys}


def _rows_of(ledger: sqlite3.Connection, table: str) -> Iterator[Row]:
    for row in ledger.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - names of this file
        yield {name: row[name] for name in sorted(row.keys())}


def _triggers(ledger: sqlite3.Connection) -> Iterator[Row]:
    names = [row["name"] for row in ledger.execute("PRAGMA table_info(events)")]
    same = " AND ".join(f"NEW.{name} IS OLD.{name}" for name in names if name not in ("person", "person_salt"))
    first, second = "events_are_append_only", "events_are_never_removed"
    ours = {
        first: f"CREATE TRIGGER {first} BEFORE UPDATE ON events"
        f" WHEN NOT (NEW.person IS NULL AND NEW.person_salt IS NULL AND {same}) {REFUSE}",
        second: f"CREATE TRIGGER {second} BEFORE DELETE ON events {REFUSE}",
    }
    statements = ledger.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    there = {str(name): " ".join(str(statement).split()) for name, statement in statements}
    for name in sorted(set(ours) | set(there)):
        if there.get(name) != ours.get(name):
            how = "missing" if name not in there else "altered" if name in ours else "none that the bot makes"
            yield _finding("trigger", "events", name, f"the trigger {name} is {how}")


def _key(table: str, row: Row) -> str:
    return "/".join([table, *(str(row[name]) for name in TABLES[table][0])]).encode("utf-8", "replace").decode()


def _seal(row: Row) -> str:
    held = {name: value for name, value in row.items() if value is not None}
    try:
        text = json.dumps(held, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()
    except (TypeError, ValueError):
        return ""  # it holds bytes, or another thing that no ledger writes


def _masked(row: Row, column: str) -> str:
    try:
        text = json.dumps(row[column], ensure_ascii=False, separators=(",", ":"))
        return "#" + _sha(f"{row['salt'] or ''}{column}{text}")[:16]
    except (TypeError, ValueError):
        return ""


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _canonical(value: Row) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _point(text: bytes) -> Point | None:
    """Decode a point (RFC 8032, 5.1.3); ``None`` where it is none."""
    sign, y = text[31] >> 7, int.from_bytes(text, "little") & ((1 << 255) - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x * ROOT % P if (x * x - square) % P else x
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def _plus(one: Point, other: Point) -> Point:
    a, b = (one[1] - one[0]) * (other[1] - other[0]) % P, (one[1] + one[0]) * (other[1] + other[0]) % P
    c, d = 2 * one[3] * other[3] * D % P, 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(number: int, point: Point) -> Point:
    total = (0, 1, 1, 0)
    while number:
        total = _plus(total, point) if number & 1 else total
        point, number = _plus(point, point), number >> 1
    return total


if __name__ == "__main__":
    sys.exit(main())
