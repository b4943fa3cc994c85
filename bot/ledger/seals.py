"""Seals: what each row held when an event left it, so that a row put in, changed or removed past the bot shows.

The seal of a row is the SHA-256 (hex) of the UTF-8 bytes of the canonical JSON of its columns that are not empty; truth values are
1 and 0. An event of form 3 has ``rows``: canonical JSON of an object that has, for each row that was written with it, ``[seal,
values]``, or ``null`` where the row was removed. The keys are ``table/key``, of several columns ``table/key/key``.
``values`` are those that were written; of what tells of a person only ``#`` and 16 hex digits of the SHA-256 of the row's ``salt``,
the column's name and the canonical JSON of the value. Retention gives a row another salt: without the old one, what is left in the
chain tells nothing of the person.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from json.encoder import encode_basestring
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, and_, delete, insert, literal_column, or_, select, update

from bot.errors import RowAltered
from bot.ledger import chain, tables
from bot.ledger.codec import canonical
from bot.ledger.records import ActorType, Event, Run
from bot.ledger.tables import events
from bot.life import AccountRecordState

#: The tables whose rows stand on the chain, each with the columns that tell of a person.
SEALED: Mapping[Table, frozenset[str]] = {
    tables.messages: frozenset({"message_id", "name", "sender", "subject", "reason", "bounce_of", "passages"}),
    tables.requests: frozenset(
        {"employee_no", "receipt_no", "application", "first_application", "decision", "stuck_reason"}
    ),
    tables.joined: frozenset(),
    tables.granted_days: frozenset({"employee_no"}),
    tables.accounts: frozenset({"employee_no"}),
    tables.assignments: frozenset(),
    tables.notices: frozenset({"recipient"}),
    tables.pauses: frozenset(),
}
#: The action of the events that put what was there before form 3 on the chain, as it was found.
BASELINE = "ledger.baseline"
#: The action of the event of a request whose rows are written along with the events of others.
WRITTEN = "ledger.write"
#: The actions of the events that write a message of which no request was made.
_OF_MESSAGES = ("message.record", "message.reread", "message.dismiss", "retention.remove", BASELINE)
#: Tables whose rows belong to one request: what is to be done for it is decided from these.
_OF_REQUEST = (tables.granted_days, tables.notices, tables.assignments, tables.joined)
_COLUMNS = {table: tuple(sorted(table.columns.keys())) for table in SEALED}
_HEADS = {table: tuple(f"{encode_basestring(name)}:" for name in names) for table, names in _COLUMNS.items()}
_KEYS = {table: tuple(column.name for column in table.primary_key.columns) for table in SEALED}
_ASKED = 500  # requests in one question
_BATCH = 20  # requests in one baseline event: whoever reads the chain holds many events at once
_INFO = "telework.seals"

#: The columns of a row, or those of its key.
Values = Mapping[str, Any] | RowMapping
#: Seals by key; ``None`` says that the row was removed.
Seals = dict[str, str | None]


def key_of(table: Table, row: Values) -> str:
    """Return the key of a row, of a mapping that holds at least the columns of its primary key."""
    return key_of_values(table, [row[name] for name in _KEYS[table]])


def key_of_values(table: Table, values: Iterable[Any]) -> str:
    """Return the key of a row from the values of its primary key."""
    return "/".join([table.name, *map(str, values)]).encode("utf-8", "replace").decode()


def seal_of(table: Table, row: Values) -> str:
    """Return the seal of a whole row; empty for one that holds what no ledger writes, such as bytes."""
    return seal_of_values(table, [row[name] for name in _COLUMNS[table]])


def seal_of_values(table: Table, values: Sequence[Any]) -> str:
    """Return the seal of a row's values in the order of its columns' names: millions of rows are sealed value by value."""
    try:
        pairs = zip(_HEADS[table], values, strict=True)
        held = [
            head + (encode_basestring(value) if type(value) is str else _number(value))
            for head, value in pairs
            if value is not None
        ]
        return hashlib.sha256(f"{{{','.join(held)}}}".encode()).hexdigest()
    except (TypeError, ValueError):
        return ""


def _number(value: object) -> str:
    if isinstance(value, int):
        return str(int(value))
    raise TypeError("no ledger writes that")


def masked(salt: str | None, column: str, value: object) -> str:
    """Return what the chain holds of a value that tells of a person."""
    return "#" + hashlib.sha256(f"{salt or ''}{column}{canonical(value)}".encode("utf-8", "replace")).hexdigest()[:16]


def new_salt() -> str:
    """Return a salt for a row whose person goes."""
    return secrets.token_hex(16)


@dataclass(frozen=True, kw_only=True)
class Touched:
    """A row that a transaction writes: which, of which request, and what of it."""

    table: Table
    key: Values
    request: str | None
    columns: set[str]


@dataclass
class Book:
    """What one transaction writes, kept until its end: rows are sealed as it leaves them."""

    rows: dict[str, Touched] = field(default_factory=dict)
    pending: list[Event] = field(default_factory=list)
    _known: dict[str, Seals] = field(default_factory=dict)

    def unnamed(self) -> list[str | None]:
        """Return the requests whose rows are written with no event of their own: they would not be found again."""
        named = {event.request_id for event in self.pending}
        owners = {row.request for row in self.rows.values()} - named
        loose: list[str | None] = [None] if None in owners and not named else []
        return [*sorted(owner for owner in owners if owner is not None), *loose]

    def seals(self, connection: Connection, request: str) -> Seals:
        """Return what the chain says of the rows that events of this request wrote."""
        if request not in self._known:
            self._known[request] = sealed_by(connection, request)
        return self._known[request]


def begin(connection: Connection) -> Book:
    """Begin to note what a transaction writes."""
    book = Book()
    connection.info[_INFO] = book
    return book


def book_of(connection: Connection) -> Book:
    """Return what the transaction in hand writes."""
    book: Book = connection.info[_INFO]
    return book


def put(connection: Connection, table: Table, key: Values, values: Mapping[str, Any], *, of: str | None = None) -> None:
    """Add or replace the row with this ``key``, on the chain; ``of`` is its request where no column of it says so.

    Raises ``RowAltered`` where the row that is replaced is not as the chain left it.
    """
    touch(connection, table, key, {*key, *values}, of=of or values.get("request"))
    where = _is(table, key)
    if not values or connection.execute(update(table).where(where).values(**values)).rowcount == 0:
        connection.execute(insert(table).values(**key, **values))


def remove(connection: Connection, table: Table, key: Values) -> None:
    """Remove the row with this ``key``, on the chain; raises as :func:`put`."""
    touch(connection, table, key, _KEYS[table])
    connection.execute(delete(table).where(_is(table, key)))


def touch(
    connection: Connection,
    table: Table,
    key: Values,
    columns: Iterable[str],
    *,
    of: str | None = None,
    trusting: bool = False,
) -> None:
    """Note that ``columns`` of a row are about to be written; the row is as the chain left it, or ``RowAltered`` is raised.

    ``trusting`` does not look: for what does nothing but take persons out.
    """
    book, name = book_of(connection), key_of(table, key)
    if touched := book.rows.get(name):
        touched.columns.update(columns)
        return
    request = key["id"] if table is tables.requests else key.get("request", of)
    if request is not None and not trusting:
        row = _row(connection, table, key)
        if row or table is not tables.requests:  # the id of a new request was never given before
            last = _last(connection, book, table, row or key, request, name)
            _must_agree(name, seal_of(table, row) if row else None, last)
    book.rows[name] = Touched(table=table, key={**key}, request=request, columns=set(columns))


def must_agree(connection: Connection, request: str, login_id: str | None = None) -> None:
    """Be sure that all that is to be done for a request follows from rows that the chain knows: before each act.

    Where the act is on a login, of all requests that hold it. Raises ``RowAltered`` with the row that is not as the chain left it.
    """
    book, column = book_of(connection), tables.requests.c
    names = {request}
    if login_id is not None:
        held = and_(column.login_id == login_id, column.state.not_in(_OVER))
        names |= set(connection.scalars(select(column.id).where(held)))
    for name in sorted(names):
        _all_agree(connection, book, name)
    account = login_id and _row(connection, tables.accounts, {"login_id": login_id})
    if account:
        key = key_of(tables.accounts, account)
        last = _last(connection, book, tables.accounts, account, request, key)
        _must_agree(key, seal_of(tables.accounts, account), last)


def message_must_agree(connection: Connection, name: str) -> None:
    """Be sure that a message of which no request was made is as the chain left it; raises ``RowAltered`` where it is not."""
    row = _row(connection, tables.messages, {"id": name})
    key = key_of(tables.messages, {"id": name})
    mentions = events.c.rows.contains(f'"{key}":', autoescape=True)
    where = (events.c.action.in_(_OF_MESSAGES), mentions)
    found = connection.execute(select(events).where(*where).order_by(events.c.seq.desc()).limit(1)).mappings().first()
    if found and chain.digest({**found}) != found["hash"]:
        raise RowAltered(f"events/{found['seq']}", "the event's content was changed")
    _must_agree(key, seal_of(tables.messages, row) if row else None, _seals(found["rows"])[key] if found else None)


def sealed_by(connection: Connection, request: str) -> Seals:
    """Return the last seal of each row that the events of a request wrote; raises ``RowAltered`` for an event that was changed."""
    columns = events.c
    query = select(events).where(columns.request == request, columns.rows.is_not(None)).order_by(columns.seq)
    found: Seals = {}
    for row in connection.execute(query).mappings():
        if chain.digest({**row}) != row["hash"]:
            raise RowAltered(f"events/{row['seq']}", "the event's content was changed")
        found |= _seals(row["rows"])
    name = f"requests/{request}"
    return found if name in found else _found_before(connection, request, name) | found


def entries(connection: Connection, book: Book) -> list[dict[str, Any]]:
    """Return ``rows`` for each pending event: a row goes with the last event of its request, else with the last of all.

    A message goes with every event: who sent it is a part of what each of its requests is decided from.
    """
    made: list[dict[str, Any]] = [{} for _ in book.pending]
    last = {event.request_id: number for number, event in enumerate(book.pending)}
    for name, touched in book.rows.items():
        row = _row(connection, touched.table, touched.key)
        entry = row and [seal_of(touched.table, row), _values(touched.table, row, touched.columns)]
        if touched.table is tables.messages:
            for rows in made:
                rows[name] = entry
        else:
            made[last.get(touched.request, len(made) - 1)][name] = entry
    return made


def take_stock(connection: Connection) -> None:
    """Put on the chain what is there, as it is found: of rows that were written before form 3 no event says what they held."""
    last = connection.execute(select(events.c.at).order_by(events.c.seq.desc()).limit(1)).scalar()
    at = datetime.fromisoformat(last) if last else datetime.now(UTC)
    run = Run(actor_type=ActorType.SYSTEM, actor="upgrade", host="", version="", config_digest="")
    for table in SEALED:
        _salt(connection, table)
    for request, rows in (*_stock_in_use(connection), *((None, rows) for rows in _stock(connection))):
        if rows:
            event = Event(action=BASELINE, outcome="done", request_id=request, details={"rows": len(rows)})
            chain.append(connection, event, run=run, at=at, rows=rows)


def _stock_in_use(connection: Connection) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each request of which something is still to be done, with ``rows`` of it, its message and its account."""
    requests, accounts = tables.requests.c, tables.accounts
    waits = or_(requests.state.not_in(_OVER), requests.to_tell.is_not(None))
    usable = select(accounts).where(accounts.c.state != AccountRecordState.DISABLED.value)
    logins: dict[str, dict[str, Any]] = {}
    for row in connection.execute(usable).mappings():
        logins.setdefault(row["request"], {})[key_of(accounts, row)] = _entry(accounts, row)
    waiting = connection.scalars(select(requests.id).where(waits)).all()
    for request in sorted({*waiting, *logins}):
        rows = logins.get(request, {})
        for table in (tables.requests, *_OF_REQUEST):
            column = table.c.id if table is tables.requests else table.c.request
            for row in connection.execute(select(table).where(column == request)).mappings():
                rows[key_of(table, row)] = _entry(table, row)
        message = select(tables.messages).join(tables.requests).where(requests.id == request)
        for row in connection.execute(message).mappings():
            rows[key_of(tables.messages, row)] = _entry(tables.messages, row)
        yield request, rows


def _stock(connection: Connection) -> Iterator[dict[str, Any]]:
    """Yield ``rows`` for event after event; all that belongs to a request stands in the same one."""
    requests = connection.scalars(select(tables.requests.c.id).order_by(tables.requests.c.serial)).all()
    for start in range(0, len(requests), _ASKED):
        names = requests[start : start + _ASKED]
        entries_of: dict[str, dict[str, Any]] = {name: {} for name in names}
        for table in (tables.requests, *_OF_REQUEST):
            column = table.c.id if table is tables.requests else table.c.request
            for row in connection.execute(select(table).where(column.in_(names))).mappings():
                entries_of[row[column]][key_of(table, row)] = _entry(table, row)
        for first in range(0, len(names), _BATCH):
            yield {key: entry for name in names[first : first + _BATCH] for key, entry in entries_of[name].items()}
    for table in (tables.messages, tables.accounts, tables.pauses):
        with connection.execute(select(table).order_by(*table.primary_key.columns)) as found:
            for part in found.mappings().partitions(_BATCH):
                yield {key_of(table, row): _entry(table, row) for row in part}


_OVER = ("rejected", "revoked", "done")


def _entry(table: Table, row: Values) -> list[Any]:
    return [seal_of(table, row), _values(table, row, _COLUMNS[table])]


def _salt(connection: Connection, table: Table) -> None:
    """Give a salt to the rows of a table that have none."""
    if "salt" in table.c:
        on_server = connection.dialect.name != "sqlite"
        salt = "replace(gen_random_uuid()::text, '-', '')" if on_server else "lower(hex(randomblob(16)))"
        connection.execute(update(table).where(table.c.salt.is_(None)).values(salt=literal_column(salt)))


def _values(table: Table, row: Values, columns: Iterable[str]) -> dict[str, Any]:
    personal = SEALED[table]
    return {
        name: masked(row.get("salt"), name, row[name]) if name in personal and row[name] is not None else row[name]
        for name in columns
        if name not in {"salt", *_KEYS[table]}
    }


def _all_agree(connection: Connection, book: Book, request: str) -> None:
    """Compare the row of a request, its message, and all rows that belong to it."""
    row = _row(connection, tables.requests, {"id": request})
    said = book.seals(connection, request)
    there = {key_of(tables.requests, row): seal_of(tables.requests, row)} if row else {}
    for table in _OF_REQUEST:
        found = connection.execute(select(table).where(table.c.request == request)).mappings()
        there |= {key_of(table, one): seal_of(table, one) for one in found}
    message = row and _row(connection, tables.messages, {"id": row["message"]})
    if message:
        there[key_of(tables.messages, message)] = seal_of(tables.messages, message)
    own = {name for name in said if _belongs(name, request)}
    for name in sorted(there.keys() | own, key=lambda name: (not name.startswith("requests/"), name)):
        _must_agree(name, there.get(name), said.get(name))


def _belongs(key: str, request: str) -> bool:
    table, _, rest = key.partition("/")
    return table in {"requests", *(other.name for other in _OF_REQUEST)} and request in rest.split("/")


def _must_agree(name: str, there: str | None, said: str | None) -> None:
    if there == said:
        return
    if there is None:
        raise RowAltered(name, "the row was removed, and the audit chain has it")
    raise RowAltered(
        name,
        "the row is not what the audit chain says" if said else "the row was put in: the audit chain has nothing of it",
    )


def _last(connection: Connection, book: Book, table: Table, row: Values, request: str, name: str) -> str | None:
    """Return the last seal of a row; that of an account may stand with the events of any request that had its login."""
    if table is not tables.accounts:
        return book.seals(connection, request).get(name)
    column = tables.requests.c
    had = select(column.id).where(column.login_id == row["login_id"]).order_by(column.serial.desc()).limit(50)
    ours = {request, row.get("request", request), *connection.scalars(had)}
    mentions = events.c.rows.contains(f'"{name}":', autoescape=True)
    found = connection.execute(select(events.c.seq, events.c.rows).where(events.c.request.in_(ours), mentions)).all()
    if found:
        return _seals(max(found, key=lambda event: int(event.seq)).rows)[name]
    # Where there is no row there was none before either, as far as anybody who is about to make one has to know.
    return _found_before(connection, name, name).get(name) if "state" in row else None


def _found_before(connection: Connection, request: str, name: str) -> Seals:
    """Return what was put on the chain of a request's rows when the ledger was brought to form 3; nothing where it is younger."""
    mentions = events.c.rows.contains(f'"{name}":', autoescape=True)
    query = select(events.c.rows).where(events.c.action == BASELINE, mentions).order_by(events.c.seq.desc()).limit(1)
    found = connection.scalar(query)
    if not found:
        return {}
    seals = _seals(found)
    message = json.loads(found)[name] if name.startswith("requests/") else None
    own = {key: seal for key, seal in seals.items() if key == name or _belongs(key, request)}
    if message:
        key = f"messages/{message[1]['message']}"
        own |= {key: _found_before(connection, key, key).get(key)}
    return own


def _seals(text: str) -> Seals:
    return {name: entry and entry[0] for name, entry in json.loads(text).items()}


def _row(connection: Connection, table: Table, key: Values) -> RowMapping | None:
    return connection.execute(select(table).where(_is(table, key))).mappings().first()


def _is(table: Table, key: Values) -> Any:  # noqa: ANN401 - SQLAlchemy's
    return and_(*(table.c[name] == key[name] for name in _KEYS[table]))
