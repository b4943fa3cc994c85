"""The audit chain: each event carries the hash of the one before, so that any change, removal or reordering shows.

``hash`` is the SHA-256 (hex) of the UTF-8 bytes of the canonical JSON (:func:`bot.ledger.codec.canonical`) of the object
with the keys of :data:`HASHED`, in events of form 2 also those of :data:`ADDED`, and in events of form 3
``rows`` too, the seals of the rows that were written with it (bot/ledger/seals.py); events of an earlier form, written by earlier
versions, have none of these. ``details`` and ``person`` enter as the JSON text that is stored. ``person_digest`` is
the SHA-256 of the salt followed by that text: the person can be removed later and the chain still verifies.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from json.encoder import encode_basestring
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Row, RowMapping, insert, select
from sqlalchemy.exc import OperationalError

from bot.errors import LedgerBroken
from bot.ledger import on_sqlite
from bot.ledger.codec import canonical
from bot.ledger.diagnosis import diagnose
from bot.ledger.records import ActorType, Event, Fault, Run, StoredEvent, Verdict
from bot.ledger.tables import events
from bot.life import State

GENESIS = "0" * 64
HASHED = (
    "seq", "at", "actor_type", "actor", "host", "version", "config_digest", "action", "outcome", "request", "reason",
    "details", "person_digest", "prev_hash",
)  # fmt: skip
ADDED = ("form", "run", "elapsed_ms", "state_before", "state_after")
SEALS = ("rows",)
FORM = 3
_BATCH = 2_000
_SORTED = tuple(sorted((*HASHED, *ADDED, *SEALS)))
_READ = (*_SORTED, "hash", "person", "person_salt")
#: What each form hashes, and where its values stand among these.
_FORMS = {1: HASHED, 2: (*HASHED, *ADDED), FORM: _SORTED}
_CHOSEN = {form: itemgetter(*(_SORTED.index(name) for name in sorted(names))) for form, names in _FORMS.items()}
#: What must be empty in an event of a form, as its hash does not hold it.
_EMPTY = {1: (*ADDED[1:], *SEALS), 2: SEALS, FORM: ()}


def _frame(names: Iterable[str]) -> str:
    """Return the canonical JSON of an event with a place for each value: a million events are verified value by value."""
    return "{" + ",".join(f'"{name}":%s' for name in sorted(names)) + "}"


_FRAMES = {form: _frame(names) for form, names in _FORMS.items()}


def append(
    connection: Connection, event: Event, *, run: Run, at: datetime, elapsed_ms: int | None = None,
    rows: Mapping[str, Any] | None = None,
) -> StoredEvent:  # fmt: skip
    """Add an event at the end of the chain, with the seals of the ``rows`` written with it.

    The caller's transaction makes it true. ``at`` is kept with its offset.
    """
    last = connection.execute(select(events.c.seq, events.c.hash).order_by(events.c.seq.desc()).limit(1)).first()
    person = canonical(event.person) if event.person else None
    salt = secrets.token_hex(16) if person else None
    row: dict[str, Any] = {
        "seq": last.seq + 1 if last else 1, "at": at.isoformat(timespec="microseconds"),
        "actor_type": run.actor_type.value, "actor": run.actor, "host": run.host, "version": run.version,
        "config_digest": run.config_digest, "action": event.action, "outcome": event.outcome,
        "request": event.request_id, "reason": event.reason, "details": canonical(event.details),
        "person": person, "person_salt": salt, "person_digest": _person_digest(salt, person),
        "prev_hash": last.hash if last else GENESIS,
        "form": FORM, "run": run.id, "elapsed_ms": elapsed_ms, "state_before": event.before, "state_after": event.after,
        "rows": canonical(rows) if rows else None,
    }  # fmt: skip
    row["hash"] = digest(row)
    connection.execute(insert(events).values(row))
    return StoredEvent(
        seq=row["seq"], at=at, run=run, event=event, prev_hash=row["prev_hash"], hash=row["hash"], elapsed_ms=elapsed_ms
    )


def digest(row: Mapping[str, Any]) -> str:
    """Return the hash that belongs to an event's stored columns."""
    return _hash([row.get(name) for name in _SORTED], form=row.get("form", 1))


def verify(connection: Connection, head: str | None, look: Callable[[Row[Any]], None] | None = None) -> Verdict:
    """Recompute the whole chain, reading it in batches; with ``head``, that hash must still be in it.

    ``look`` is shown each event that holds. An event that can't even be read ends the chain that holds.
    A head that is missing means that the newest events were cut off, or the whole was rewritten: ``first_bad`` is then
    the number after the last event.
    """
    try:
        return _verified(connection, head, look)
    except OperationalError as error:
        if "decode" not in str(error.orig):
            raise
        # Text that is no UTF-8 is a fault of the event that holds it, and which one that is shows only with another reading.
        with on_sqlite.any_text(connection):
            return _verified(connection, head, look)


def _verified(connection: Connection, head: str | None, look: Callable[[Row[Any]], None] | None) -> Verdict:
    previous, seq, head_seen = GENESIS, 0, head is None
    columns = (events.c[name] for name in _READ)
    query = select(*columns).order_by(events.c.seq).execution_options(stream_results=True, yield_per=_BATCH)
    with connection.execute(query) as found:
        for row in found:
            seq += 1
            reason = _fault(row, seq, previous)
            if reason:
                read = dict(zip(_READ, row, strict=True))
                fault, reason = diagnose(connection, read, seq, previous, found=reason, whole=digest(read) == row.hash)
                return Verdict(ok=False, events=seq - 1, head=previous, first_bad=seq, reason=reason, fault=fault)
            if look:
                look(row)
            previous = row.hash
            head_seen = head_seen or previous == head
    if not head_seen:
        reason = "the head given is not in the chain: the newest events were removed, or the chain was rewritten"
        return Verdict(ok=False, events=seq, head=previous, first_bad=seq + 1, reason=reason, fault=Fault.REWRITTEN)
    return Verdict(ok=True, events=seq, head=previous)


def stored(row: Row[Any], parse: Any) -> StoredEvent:  # noqa: ANN401 - json.loads
    """Return a row of the events table as a value; raises ``LedgerBroken`` for one that no ledger wrote."""
    must_be_readable(row._mapping)  # noqa: SLF001 - SQLAlchemy's own name for it
    return _stored(row, parse)


def must_be_readable(row: Mapping[str, Any] | RowMapping) -> None:
    """Raise ``LedgerBroken`` for an event that holds what no ledger writes, such as bytes, or is of a form that nobody knows."""
    try:
        if row["form"] not in _FORMS:
            raise ValueError(f"its form {row['form']!r} is none that this program knows")
        if wrong := [name for name in _READ if not isinstance(row[name], str | int | None)]:
            raise ValueError(f"{wrong[0]} is no text")
        datetime.fromisoformat(row["at"])
        ActorType(row["actor_type"])
        json.loads(row["details"])
        for state in filter(None, (row["state_before"], row["state_after"])):
            State(state)
    except (TypeError, ValueError) as error:
        raise LedgerBroken(row["seq"], f"the event holds what no ledger writes: {error}") from None


def _stored(row: Row[Any], parse: Any) -> StoredEvent:  # noqa: ANN401 - json.loads
    run = Run(
        actor_type=ActorType(row.actor_type), actor=row.actor, host=row.host, version=row.version,
        config_digest=row.config_digest, id=row.run,
    )  # fmt: skip
    event = Event(
        action=row.action, outcome=row.outcome, request_id=row.request, reason=row.reason,
        details=parse(row.details), person=parse(row.person) if row.person else {},
        before=State(row.state_before) if row.state_before else None,
        after=State(row.state_after) if row.state_after else None,
    )  # fmt: skip
    return StoredEvent(
        seq=row.seq, at=datetime.fromisoformat(row.at), run=run, event=event, prev_hash=row.prev_hash, hash=row.hash,
        elapsed_ms=row.elapsed_ms,
    )  # fmt: skip


def _fault(row: Row[Any], seq: int, previous: str) -> str:
    if row.seq != seq:
        return f"event {seq} is missing"
    if row.prev_hash != previous:
        return "it does not follow the event before it"
    if row.form not in _FORMS:
        return f"its form {row.form!r} is none that this program knows"
    added = row.form != FORM and any(getattr(row, name) is not None for name in _EMPTY[row.form])
    if added or _hash(row[: len(_SORTED)], form=row.form) != row.hash:
        return "its content was changed"
    if row.person is not None and _person_digest(row.person_salt, row.person) != row.person_digest:
        return "its personal part was changed"
    return ""


def _hash(values: Sequence[Any], *, form: int) -> str:
    """Return the hash of the values of :data:`_SORTED`; their canonical JSON is that of the whole (test_audit.py).

    It is empty for an unknown form and for values that no ledger writes, such as bytes: no event has that.
    """
    if form not in _FORMS:
        return ""
    chosen = values if form == FORM else _CHOSEN[form](values)
    try:
        texts = tuple([encode_basestring(value) if isinstance(value, str) else canonical(value) for value in chosen])
        return hashlib.sha256((_FRAMES[form] % texts).encode()).hexdigest()
    except (TypeError, ValueError):
        return ""


def _person_digest(salt: str | None, person: str | None) -> str:
    return hashlib.sha256(f"{salt or ''}{person or ''}".encode("utf-8", "surrogatepass")).hexdigest()
