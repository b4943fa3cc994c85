"""A ledger on a PostgreSQL server: one writer at a time, readers on one moment, durable, and what its errors mean."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from typing import Any

from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.exc import DBAPIError

from bot.errors import BotError, Conflict, LedgerBusy, LedgerUnusable, Transient
from bot.ledger.tables import metadata
from bot.secret import Secret

#: The first half of the locks' keys; the second is the schema, so that several ledgers can be in one database.
WRITER, SOLE = 1_953_262_948, 1_953_262_949
HERE = "quote_ident(current_schema())::regnamespace::oid::int4"
_OLDEST = 130_000  # the oldest release that is known to hold what is asked of it here
_MARK = "telework-bot"
_LONGEST_NAME = 63
# A writer sees what the writer before it committed; its snapshot must not be older than its lock.
_WRITE = f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({WRITER}, {HERE})"
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
#: Which row of pg_locks it is that keeps other machines away.
HELD = f"locktype = 'advisory' AND classid = {SOLE} AND objid::int4 = {HERE} AND granted"
_HOLDS = f"SELECT EXISTS (SELECT FROM pg_locks WHERE {HELD} AND pid = %s)"  # noqa: S608 - constants of this program
# A site may ask for more than `on` (remote_apply); it never gets less than what survives a power cut. Its limits for idle
# sessions and long questions are not for who holds a lock for hours, or reads a chain of a million events.
_SESSION = """
SELECT set_config('lock_timeout', %s, false),
  set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
    ELSE current_setting('synchronous_commit') END, false),
  (SELECT count(set_config(name, '0', false)) FROM pg_settings WHERE name IN ('idle_session_timeout', 'statement_timeout'))"""
_STATE = "SELECT current_schema(), current_setting('server_encoding'), current_setting('server_version_num')::int"
_NARROW = """
SELECT table_name, column_name, CASE data_type WHEN 'integer' THEN 'bigint' ELSE 'text COLLATE "C"' END
FROM information_schema.columns
WHERE table_schema = current_schema() AND (data_type IN ('integer', 'character varying')
  OR data_type = 'text' AND collation_name IS DISTINCT FROM 'C')
ORDER BY table_name, ordinal_position"""
_GUARDS = """
SELECT tgname, tgenabled, pg_get_triggerdef(pg_trigger.oid), prosrc FROM pg_trigger
JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid
WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal"""
#: The triggers that keep events as they are, each with what it guards against.
GUARDS = {
    "events_are_append_only": "BEFORE UPDATE ON", "events_are_never_removed": "BEFORE DELETE ON",
    "events_are_never_emptied": "BEFORE TRUNCATE ON",
}  # fmt: skip
_BODY = (
    "BEGIN IF TG_OP = 'UPDATE' THEN IF NEW.person IS NULL AND NEW.person_salt IS NULL "
    "AND to_jsonb(NEW) - 'person' - 'person_salt' = to_jsonb(OLD) - 'person' - 'person_salt' THEN RETURN NEW; "
    "END IF; END IF; RAISE EXCEPTION 'audit events are append-only'; END"
)
#: A server that is gone must be noticed: nothing else ends a wait for its answer.
_PATIENCE = {
    "connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000,
}  # fmt: skip
#: By address, the server's sessions that hold the lock of this process (bot/ledger/sole.py).
holders: dict[URL, int] = {}
#: Another try may go well: a lock not had, a deadlock, too many connections, a limit of the server's own.
_BUSY = frozenset({"55P03", "40001", "40P01", "53300", "57014"})
#: What was to be added was there already.
_TAKEN = "23505"
#: What to do, by the beginning of the SQLSTATE; the first that fits.
_ADVICE = (
    ("25006", "it takes no writes: ledger.url must lead to the primary, with default_transaction_read_only off"),
    ("28", "see ledger.url and ledger.password, and the server's pg_hba.conf"),
    ("3D", "create the database (docs/guides/install.md)"),
    ("42501", "the role must own the database (docs/guides/install.md)"),
    ("53100", "the server's disk is full: make room there; the next pass goes on"),
    ("53", "the server has run out of something: see its log"),
    ("57P", "the server was stopped or restarted: see that it runs; the next pass goes on"),
    ("08", "the server was stopped or restarted: see that it runs; the next pass goes on"),
    ("58", "the server can't use its own files: see its log and its disk"),
    ("XX", "the server's data may be damaged: see its log; restore the ledger from the last backup"),
)
_UNREACHED = "see that the server runs and can be reached, and ledger.url and ledger.password; the next pass goes on"


def engine_for(url: URL, password: Secret | None, seconds: int) -> Engine:
    """Return an engine on the database ``url``; a writer waits ``seconds`` where ``?timeout=`` does not say otherwise.

    Once a connection of it was lost, or the session that holds the lock which keeps other machines away (bot/ledger/sole.py), it
    only reads, and for a writer there is ``LedgerUnusable``: whoever worked under that lock must not go on.
    """
    wait = _milliseconds(str(url.query.get("timeout", seconds)))
    given: dict[str, int | str] = {name: value for name, value in _PATIENCE.items() if name not in url.query}
    if password:
        given["password"] = password.reveal()
    engine = create_engine(
        url.difference_update_query(["timeout"]).set(drivername="postgresql+psycopg"),
        # SQLAlchemy begins transactions itself (see _listen); the driver must not do so behind its back.
        connect_args={"autocommit": True, "application_name": _own_name(), **given},
        # As many as there are threads that ask: none ever waits for another's connection.
        pool_size=2, max_overflow=-1, hide_parameters=True,
    )  # fmt: skip
    _listen(engine, wait, place_of(url))
    return engine


def place_of(url: URL) -> URL:
    """Return an address without what differs from one who goes there to the next."""
    return url.difference_update_query(["timeout"]).set(drivername="postgresql+psycopg", password=None)


def _milliseconds(seconds: str) -> int:
    try:
        # The server takes 0 for no limit.
        return max(1, int(float(seconds) * 1000))
    except (ValueError, OverflowError):
        raise LedgerUnusable(f"ledger.url: timeout={seconds} is no number of seconds") from None


def _listen(engine: Engine, wait: int, place: URL) -> None:
    lost = threading.Event()

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - whatever the driver gives
        connection.execute(_SESSION, [f"{wait}ms"])

    @event.listens_for(engine, "handle_error")
    def _note(context: ExceptionContext) -> None:
        if context.is_disconnect:
            lost.set()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        """Take the lock of writers at once, or hold everything that is read to one moment."""
        options = connection.get_execution_options()
        if options.get("bare"):
            return
        if not options.get("writes"):
            connection.exec_driver_sql(_READ)
            return
        if not lost.is_set():
            connection.exec_driver_sql(_WRITE)
            holder = holders.get(place)
            if holder is None or connection.exec_driver_sql(_HOLDS, (holder,)).scalar():
                return
        raise LedgerUnusable("the connection to the ledger's server was lost in this run; the next pass goes on")


def must_fit(connection: Connection, what: str) -> None:
    """Raise ``LedgerUnusable`` for a database that can't hold a ledger."""
    schema, encoding, version = connection.exec_driver_sql(_STATE).one()
    if version < _OLDEST:
        raise LedgerUnusable(f"the ledger {what} is on PostgreSQL {version // 10_000}: 13 or newer is needed")
    if encoding != "UTF8":
        raise LedgerUnusable(
            f"the ledger {what} can't hold Japanese names: its encoding is {encoding}; create the database with ENCODING 'UTF8'"
        )
    if schema is None:
        raise LedgerUnusable(f"the ledger {what} has no schema that the role may use: see its search_path and rights")


def settle(connection: Connection) -> None:
    """Make the columns hold and compare what a file's do: text of any length by its bytes, numbers of 64 bits."""
    changes: dict[str, list[str]] = {}
    for table, column, kind in connection.exec_driver_sql(_NARROW):
        if table in metadata.tables:
            changes.setdefault(table, []).append(f'ALTER COLUMN "{column}" TYPE {kind}')
    for table, columns in changes.items():
        connection.exec_driver_sql(f'ALTER TABLE "{table}" {", ".join(columns)}')


def compact(engine: Engine, what: str) -> None:
    """Write the tables anew without what was removed; raises ``Transient`` while others use them."""
    try:
        with engine.connect().execution_options(bare=True) as connection:
            for table in metadata.sorted_tables:
                connection.exec_driver_sql(f'VACUUM (FULL) "{table.name}"')
    except DBAPIError as error:
        raise Transient(f"the ledger {what} can't be compacted now: {_said(error)}; call it again") from error


def faults_of_guards(connection: Connection) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the triggers, by name: of ours that are missing, off or altered, and of any that are not ours."""
    there = {
        str(name): (str(state), str(does), str(body)) for name, state, does, body in connection.exec_driver_sql(_GUARDS)
    }
    for name in sorted(GUARDS.keys() | there.keys()):
        if name not in there:
            yield name, f"the trigger {name} is missing: events can be changed"
            continue
        state, does, body = there[name]
        if name not in GUARDS:
            yield name, f"the trigger {name} is none that the bot makes"
        elif state != "O":
            yield name, f"the trigger {name} is switched off: events can be changed"
        elif GUARDS[name] not in does or " ".join(body.split()) != _BODY:
            yield name, f"the trigger {name} is altered"


def others(connection: Connection) -> list[str]:
    """Return the other processes of the bot that have the database open, in words."""
    query = "SELECT DISTINCT application_name FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    names = set(connection.exec_driver_sql(query).scalars()) - {None, _own_name()}
    return sorted(filter(None, map(process_of, names)))


def explained(error: DBAPIError, what: str) -> BotError:
    """Return what an error of the server, or of the way to it, means for the ledger ``what``."""
    state = getattr(error.orig, "sqlstate", None) or ""
    if state == _TAKEN:
        return Conflict(f"another program wrote the same to the ledger {what} first ({_said(error)})")
    if state in _BUSY:
        return LedgerBusy(f"the ledger {what} is locked by another program, or its server has too much to do ({state})")
    advice = next((text for begin, text in _ADVICE if state.startswith(begin)), "" if state else _UNREACHED)
    return LedgerUnusable(f"the ledger {what} can't be used: {_said(error)}{f'; {advice}' if advice else ''}")


def process_of(name: str) -> str:
    """Return which process, on which machine, a connection's name tells of, in words; empty where it is none of ours."""
    mark, _, rest = name.partition(" ")
    process, _, host = rest.partition("@")
    return f"process {process} on {host}" if mark == _MARK and host else ""


def _said(error: DBAPIError) -> str:
    """Return the server's sentence alone: its details repeat values of rows, and those are of persons."""
    told = getattr(getattr(error.orig, "diag", None), "message_primary", None)
    return str(told or str(error.orig).strip().partition("\n")[0])


def _own_name() -> str:
    name = f"{_MARK} {os.getpid()}@{socket.gethostname()}"
    return name.encode("ascii", "replace").decode()[:_LONGEST_NAME]
