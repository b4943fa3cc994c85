"""Compares what is in the ledger with what its chain says: every row, every removal of a person, the evidence, the guards.

The chain is read once; what it says is put aside in a temporary file, so that the memory needed does not grow with the ledger.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, Table, and_, select
from sqlalchemy.exc import OperationalError

from bot.ledger import chain, on_postgres, on_sqlite, seals, tables
from bot.ledger.kept import read
from bot.ledger.purge import OF_EVENTS, OF_REQUESTS, REMOVAL
from bot.ledger.records import Difference, Fault, Mismatch, Verdict
from bot.ledger.seals import SEALED
from bot.ledger.tables import events

#: Differences that are named one by one; of more only the number is told.
MOST = 1_000
_BATCH = 5_000
_DAILY = re.compile(r"([MR]-\d{8})-(\d+)")
_NOBODY = hashlib.sha256(b"").hexdigest()
_PURGE = "retention.purge"
#: Evidence is written a little before the event that names it; retention goes by the file's own time.
_SPARE = timedelta(days=1)
_STORE = """
CREATE TABLE said (key TEXT PRIMARY KEY, seal TEXT, seq INTEGER) WITHOUT ROWID;
CREATE TABLE there (key TEXT PRIMARY KEY, seal TEXT) WITHOUT ROWID;
CREATE TABLE persons (seq INTEGER PRIMARY KEY, request TEXT, at TEXT);
CREATE TABLE gone_of_request (request TEXT, before INTEGER);
CREATE TABLE gone_of_event (seq INTEGER PRIMARY KEY);
CREATE TABLE evidence (file TEXT PRIMARY KEY, sha256 TEXT, seq INTEGER, at TEXT) WITHOUT ROWID;
PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-16000;
"""
_DIFFERING = """
SELECT key, said.seal, there.seal, said.seq FROM there LEFT JOIN said USING (key) WHERE said.seal IS NOT there.seal
UNION ALL
SELECT key, said.seal, NULL, said.seq FROM said LEFT JOIN there USING (key)
WHERE said.seal IS NOT NULL AND there.key IS NULL"""
_UNCOVERED = """
SELECT seq, at, request FROM persons AS lost
WHERE NOT EXISTS (SELECT 1 FROM gone_of_request AS gone WHERE gone.request = lost.request AND gone.before > lost.seq)
  AND seq NOT IN (SELECT seq FROM gone_of_event) ORDER BY seq"""


class Comparison:
    """What the chain says, gathered event by event with :meth:`look`, and then compared with what is there."""

    def __init__(self) -> None:
        self._store = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._store.executescript(_STORE)
        self._store.execute("BEGIN")
        self._said: list[tuple[str, str | None, int]] = []
        #: Up to where earlier versions, which named nobody, purged records, with the number of the purge.
        self._purged: list[tuple[int, datetime]] = []
        self._evidence_until: datetime | None = None

    def close(self) -> None:
        """Let go of what was put aside."""
        self._store.close()

    def look(self, row: Row[Any]) -> None:
        """Take what an event says; its hash holds."""
        if row.rows is not None:
            self._said += [(key, entry and entry[0], row.seq) for key, entry in json.loads(row.rows).items()]
            if len(self._said) > _BATCH:
                self._keep()
        if row.person is None and row.person_digest != _NOBODY:
            self._store.execute("INSERT OR REPLACE INTO persons VALUES (?, ?, ?)", (row.seq, row.request, row.at))
        if row.action in {REMOVAL, _PURGE}:
            self._take_purge(row)
        if '"evidence":[{' in row.details:
            found = [(item["file"], item["sha256"], row.seq, row.at) for item in json.loads(row.details)["evidence"]]
            self._store.executemany("INSERT OR REPLACE INTO evidence VALUES (?, ?, ?, ?)", found)

    def differences(self, connection: Connection, evidence: Path | None) -> Iterator[Difference]:
        """Yield everything that is not as the chain says; evidence is looked at where its folder is named and there."""
        self._keep()
        for table in SEALED:
            seen = _sealed(connection, table)
            self._store.executemany("INSERT OR REPLACE INTO there VALUES (?, ?)", seen)
        yield from _guards(connection)
        yield from self._rows(connection)
        yield from _counters(connection)
        yield from self._persons()
        if evidence is not None and evidence.is_dir():
            yield from self._files(evidence)

    def _keep(self) -> None:
        self._store.executemany("INSERT OR REPLACE INTO said VALUES (?, ?, ?)", self._said)
        self._said.clear()

    def _take_purge(self, row: Row[Any]) -> None:
        details = json.loads(row.details)
        of_requests = [(name, row.seq) for name in details.get(OF_REQUESTS, ())] if row.action == REMOVAL else []
        self._store.executemany("INSERT INTO gone_of_request VALUES (?, ?)", of_requests)
        of_events = [(seq,) for seq in details.get(OF_EVENTS, ())] if row.action == REMOVAL else []
        self._store.executemany("INSERT OR IGNORE INTO gone_of_event VALUES (?)", of_events)
        cutoffs = details.get("cutoffs", {})
        if row.form < chain.FORM and "records" in cutoffs:
            self._purged.append((row.seq, datetime.fromisoformat(cutoffs["records"])))
        if "evidence" in cutoffs:
            until = datetime.fromisoformat(cutoffs["evidence"])
            self._evidence_until = max(until, self._evidence_until or until)

    def _rows(self, connection: Connection) -> Iterator[Difference]:
        found = self._store.execute(f"{_DIFFERING} LIMIT {MOST}").fetchall()
        if found:
            said = _Said(connection, {key for key, *_ in found})
            for key, of_chain, of_row, seq in found:
                yield from said.named(key, said=bool(of_chain), there=of_row is not None, seq=seq)

    def _persons(self) -> Iterator[Difference]:
        for seq, at, request in self._store.execute(_UNCOVERED):
            moment = datetime.fromisoformat(at)
            if not any(seq < purge and moment < cutoff for purge, cutoff in self._purged):
                of = f" of {request}" if request else ""
                reason = f"the person in event {seq}{of} was removed, and no purge on the chain says so"
                yield Difference(
                    kind=Mismatch.PERSON, table="events", id=str(seq), field="person", seq=seq, reason=reason
                )

    def _files(self, folder: Path) -> Iterator[Difference]:
        for file, sha256, seq, at in self._store.execute("SELECT * FROM evidence ORDER BY seq, file"):
            path = folder / file
            try:
                there = hashlib.sha256(path.read_bytes()).hexdigest()
            except OSError:
                there = None
            if there == sha256 or (there is None and self._over(at)):
                continue
            reason = f"the evidence {file} of event {seq} {'was altered' if there else 'is missing'}"
            yield Difference(
                kind=Mismatch.EVIDENCE, table="evidence", id=file, field="sha256", chain=sha256, row=there, seq=seq,
                reason=reason,
            )  # fmt: skip

    def _over(self, at: str) -> bool:
        until = self._evidence_until
        return until is not None and datetime.fromisoformat(at) - _SPARE < until


class _Said:
    """What the chain says of some rows, column by column: read for those alone that are not as it says."""

    def __init__(self, connection: Connection, keys: set[str]) -> None:
        self.values: dict[str, dict[str, Any]] = {key: {} for key in keys}
        self.rows: dict[str, dict[str, Any]] = {}
        for table in {_split(key)[0] for key in keys}:
            there = ((seals.key_of(table, row), row) for row in every(connection, table))
            self.rows |= {key: row for key, row in there if key in keys}
        #: What events told in clear, by request and column: of a person only as long as it is kept.
        self.told: dict[str | None, dict[str, list[Any]]] = {}
        query = select(events.c.request, events.c.rows, events.c.person, events.c.details).order_by(events.c.seq)
        with connection.execute(query.where(events.c.rows.is_not(None)).execution_options(yield_per=_BATCH)) as found:
            for event in found:
                rows = json.loads(event.rows)
                for key in rows.keys() & keys:
                    self.values[key].update(rows[key][1] if rows[key] else {})
                if rows.keys() & keys:
                    self._hear(event.request, event.person, event.details)

    def named(self, key: str, *, said: bool, there: bool, seq: int | None) -> Iterator[Difference]:
        """Yield the differences of one row, each with the column, what the chain says and what the row says."""
        table, name = _split(key)
        base = partial(Difference, table=table.name, id=name, seq=seq)
        if not said:
            nothing = f"{key} was put in: the chain has nothing of it"
            reason = nothing if seq is None else f"{key} is there, and event {seq} removed it"
            yield base(kind=Mismatch.INSERTED, reason=reason)
            return
        if not there:
            yield base(kind=Mismatch.REMOVED, reason=f"{key} was removed; event {seq} wrote it last")
            return
        row = self.rows[key]
        found = list(self._columns(table, key, row))
        for column, of_chain, of_row in found or [("salt", None, row.get("salt"))]:
            reason = f"{key} {column}: the chain says {_shown(of_chain)} (event {seq}), the row says {_shown(of_row)}"
            yield base(kind=Mismatch.ALTERED, field=column, chain=_text(of_chain), row=_text(of_row), reason=reason)

    def _columns(self, table: Table, key: str, row: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
        values, personal = self.values[key], SEALED[table]
        for column in row:
            of_chain, of_row = values.get(column), row[column]
            of_row = int(of_row) if isinstance(of_row, bool) else of_row
            of_chain = int(of_chain) if isinstance(of_chain, bool) else of_chain
            if column == "salt" or column in table.primary_key.columns:
                continue
            if column in personal and of_row is not None and not isinstance(of_row, bytes):
                if seals.masked(row["salt"], column, of_row) != of_chain:
                    yield column, self._heard(key, row, column, of_chain), of_row
            elif type(of_row) is not type(of_chain) or of_row != of_chain:
                yield column, of_chain if column not in personal else self._heard(key, row, column, of_chain), of_row

    def _hear(self, request: str | None, personal: str | None, text: str) -> None:
        heard = self.told.setdefault(request, {})
        person = json.loads(personal) if personal else {}
        for name, value in person.items():
            heard.setdefault({"to": "recipient"}.get(name, name), []).append(value)
        details = json.loads(text)
        if "granted" in details:
            heard.setdefault("decision", []).append(
                {name: details[name] for name in ("decision", "granted", "rules") if name in details}
            )
        if "dates" in details:
            heard.setdefault("application", []).append({name: details.get(name) for name in ("kind", "dates")} | person)

    def _heard(self, key: str, row: Mapping[str, Any], column: str, masked: object) -> object:
        """Return what events told of a value that is on the chain as a digest alone; the digest where none did."""
        table, _ = _split(key)
        request = row.get("id") if table is tables.requests else row.get("request")
        told = self.told.get(request, {}).get(column, [])
        exact = [value for value in told if seals.masked(row["salt"], column, value) == masked]
        return exact[-1] if exact else told[-1] if told and column in {"decision", "application"} else masked


def every(connection: Connection, table: Table) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table as they are stored: nothing is taken for what it should be."""
    names = sorted(table.columns.keys())
    return (dict(zip(names, values, strict=True)) for values in _stored(connection, table, names))


def _sealed(connection: Connection, table: Table) -> Iterator[tuple[str, str]]:
    """Yield key and seal of each row."""
    names = sorted(table.columns.keys())
    places = [names.index(column.name) for column in table.primary_key.columns]
    for values in _stored(connection, table, names):
        yield seals.key_of_values(table, [values[place] for place in places]), seals.seal_of_values(table, values)


def _stored(connection: Connection, table: Table, names: Sequence[str]) -> Iterator[Sequence[Any]]:
    listed = ", ".join(f'"{name}"' for name in names)
    query, on_server = f'SELECT {listed} FROM "{table.name}"', connection.dialect.name != "sqlite"  # noqa: S608 - our own names
    options = {"stream_results": True, "yield_per": _BATCH}
    with connection.exec_driver_sql(query, execution_options=options) as found:
        for part in found.partitions():
            if on_server:
                yield from ([read(value) if isinstance(value, str) else value for value in values] for values in part)
            else:
                yield from part


def _guards(connection: Connection) -> Iterator[Difference]:
    """Yield what is wrong with the triggers that keep events as they are."""
    dialect = on_sqlite if connection.dialect.name == "sqlite" else on_postgres
    for name, reason in dialect.faults_of_guards(connection):
        yield Difference(kind=Mismatch.TRIGGER, table="events", id=name, reason=reason)


def _counters(connection: Connection) -> Iterator[Difference]:
    """Yield the counters that would give a number once more."""
    for table in (tables.messages, tables.requests):
        newest = connection.execute(select(table.c.id, table.c.serial).order_by(table.c.serial.desc()).limit(1)).first()
        if newest is None:
            continue
        given = {table.name: newest.serial}
        if found := _DAILY.fullmatch(str(newest.id)):
            given[found[1]] = int(found[2])
        for series, least in given.items():
            value = connection.scalar(select(tables.counters.c.value).where(tables.counters.c.series == series))
            if not isinstance(value, int) or not isinstance(least, int) or value < least:
                reason = f"counter {series} stands at {value}, and {least} has been given"
                yield Difference(
                    kind=Mismatch.ALTERED, table="counters", id=series, field="value", chain=_text(least),
                    row=_text(value), reason=reason,
                )  # fmt: skip


def _split(key: str) -> tuple[Table, str]:
    name, _, rest = key.partition("/")
    return next(table for table in SEALED if table.name == name), rest


def _text(value: object) -> str | None:
    return None if value is None else value if isinstance(value, str) else repr(value)


def _shown(value: object) -> str:
    text = _text(value)
    return "nothing" if text is None else text if len(text) <= 80 else f"{text[:80]}…"


def verify(connection: Connection, head: str | None = None, *, evidence: Path | None = None) -> Verdict:
    """Recompute the chain (:func:`bot.ledger.chain.verify`) and compare with it everything that is in the ledger.

    ``evidence`` is the folder of evidence. Of a chain that does not hold nothing is compared: what it says is not to be believed.
    """
    comparison = Comparison()
    try:
        verdict = chain.verify(connection, head, comparison.look)
        verdict = replace(verdict, head_taken=_head_taken(connection))
        if not verdict.ok:
            return verdict
        found = _found(comparison, connection, evidence)
    finally:
        comparison.close()
    if not found:
        return verdict
    return replace(verdict, ok=False, fault=Fault.DIFFERS, reason=found[0].reason, findings=found)


def _found(comparison: Comparison, connection: Connection, evidence: Path | None) -> tuple[Difference, ...]:
    try:
        return tuple(islice(comparison.differences(connection, evidence), MOST))
    except OperationalError as error:
        if "decode" not in str(error.orig):
            raise
        with on_sqlite.any_text(connection):
            return tuple(islice(comparison.differences(connection, evidence), MOST))


def _head_taken(connection: Connection) -> str | None:
    """Return when the head was last given to somebody outside, as the event has it."""
    taken = and_(events.c.action == "audit.head", events.c.outcome == "done")
    return connection.scalar(select(events.c.at).where(taken).order_by(events.c.seq.desc()).limit(1))
