"""Opens the database: durability, one writer at a time, migrations, and what its errors mean."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, inspect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from bot.errors import LedgerUnusable
from bot.ledger import on_postgres, on_sqlite, seals
from bot.secret import Secret

_MIGRATIONS = Path(__file__).parent / "migrations"
#: From this revision on events seal the rows that are written with them.
_SEALED = "0011"
_BUSY = 30  # seconds a writer waits for another, where the address does not say ``?timeout=``
_SERVERS = frozenset({"postgresql", "postgresql+psycopg"})
_COPIES = "var/server-ledger.sqlite3"
_EXAMPLES = "sqlite:///var/ledger.sqlite3, postgresql://telework@db.example.jp/telework"


def open_engine(url: str, base: Path, password: Secret | None = None) -> Engine:
    """Open the database at ``url`` (a relative SQLite path starts at ``base``) and bring it to the newest schema.

    Raises ``LedgerUnusable`` when it can't be opened, is no ledger, or is newer than this program.
    """
    engine = reach(url, base, password)
    try:
        with understood(engine):
            _migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


class Engines:
    """Keeps engines on files from one ledger to the next: what was put into SQL for one pass need not be for every other."""

    def __init__(self) -> None:
        self._kept: dict[Path, Engine] = {}

    def open(self, url: str, base: Path, password: Secret | None = None) -> Engine:
        """As :func:`open_engine`; a server is reached anew each time, as an engine on it may have lost its lock."""
        file = file_of(url, base)
        if file is None:
            return open_engine(url, base, password)
        engine = self._kept.get(file)
        if engine is None:
            engine = self._kept[file] = open_engine(url, base)
            return engine
        with understood(engine):
            on_sqlite.create_private(file)
            _migrate(engine)
        return engine


def reach(url: str, base: Path, password: Secret | None = None) -> Engine:
    """Return an engine on the database at ``url`` as it is; a file that is missing is made.

    Raises ``LedgerUnusable`` for an address that leads to no database which a ledger can be in.
    """
    address = _address(url)
    file = file_of(url, base)
    if file is None:
        return on_postgres.engine_for(address, password, _BUSY)
    with understood(str(file)):
        return on_sqlite.engine_for(address, file, _BUSY)


def file_of(url: str, base: Path) -> Path | None:
    """Return the file of the ledger at ``url``; ``None`` where it is on a server. Raises ``LedgerUnusable`` as :func:`reach`.

    It is the real path, so that all who come to one ledger by links and ways round find the same lock, log and copies beside it.
    """
    address = _address(url)
    if address.get_backend_name() != "sqlite":
        return None
    try:
        return (base / (address.database or "ledger.sqlite3")).resolve()
    except (OSError, RuntimeError) as error:
        raise LedgerUnusable(f"ledger.url: {address.database} leads nowhere: {error}") from None


def place_of(url: str, base: Path) -> Path:
    """Return where a ledger's file is; of one on a server, where copies of it are put on this machine."""
    return file_of(url, base) or base / _COPIES


def name_of(url: URL) -> str:
    """Return what people call the database: its file, or its name and its server."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return f"{url.database or url.username or ''} on {url.host or 'this machine'}".strip()


def is_there(url: str, base: Path, password: Secret | None = None) -> bool:
    """Tell whether there is a ledger at ``url``, changing nothing; raises as :func:`open_engine`."""
    file = file_of(url, base)
    if file is not None:
        return file.exists()
    engine = reach(url, base, password)
    try:
        with understood(engine), engine.connect() as connection:
            return _revision(connection) is not None
    finally:
        engine.dispose()


@contextmanager
def understood(what: str | Engine) -> Iterator[None]:
    """Turn the database's errors into the house's: ``LedgerBusy`` for a lock, ``LedgerUnusable`` with what to do for the rest."""
    name = what if isinstance(what, str) else name_of(what.url)
    try:
        yield
    except DBAPIError as error:
        dialect = on_sqlite if isinstance(error.orig, sqlite3.Error) else on_postgres
        raise dialect.explained(error, name) from error
    except OSError as error:
        raise LedgerUnusable(f"the ledger {name} can't be opened: {error.strerror}") from error
    except SQLAlchemyError as error:
        raise LedgerUnusable(f"the ledger {name} can't be used: {error}") from error


def forget(connection: Connection) -> None:
    """Have what this transaction removes overwritten with zeros, where the database is a file of ours."""
    if connection.dialect.name == "sqlite":
        on_sqlite.forget(connection)


def compact(engine: Engine) -> None:
    """Write the database anew without what was removed; raises ``Transient`` while others use it."""
    dialect = on_sqlite if engine.dialect.name == "sqlite" else on_postgres
    with understood(engine):
        dialect.compact(engine, name_of(engine.url))


def revisions() -> list[str]:
    """Return the schema's revisions that this program knows, the newest last: each file begins with its own."""
    return sorted(file.name[:4] for file in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def must_be_newest(connection: Connection, name: str) -> None:
    """Raise ``LedgerUnusable`` for a ledger of another schema than this program's: for those who may not change it."""
    current, newest = _revision(connection), revisions()[-1]
    if current != newest:
        raise LedgerUnusable(
            f"the ledger {name} has the schema {current}, not {newest}: the next `run` brings it there"
        )


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError:
        raise LedgerUnusable(f"ledger.url is not a database address; examples: {_EXAMPLES}") from None
    if address.get_backend_name() != "sqlite" and address.drivername not in _SERVERS:
        raise LedgerUnusable(f"ledger.url: {address.drivername} is not supported; examples: {_EXAMPLES}")
    return address


def _migrate(engine: Engine) -> None:
    known, name = revisions(), name_of(engine.url)
    with engine.connect().execution_options(writes=True) as connection:
        on_server = connection.dialect.name != "sqlite"
        if on_server:
            on_postgres.must_fit(connection, name)
        current = _revision(connection)
        if current is not None and current not in known:
            raise LedgerUnusable(f"the ledger {name} was written by a newer version ({current}); install that version")
        if current != known[-1]:
            _upgrade(connection)
            if on_server:
                on_postgres.settle(connection)
            if current is not None and current < _SEALED:
                seals.take_stock(connection)
            connection.commit()


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if found is None else str(found)


def _upgrade(connection: Connection) -> None:
    from alembic import command, config  # noqa: PLC0415 - 11 MB, needed once after each new version

    settings = config.Config()
    settings.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    settings.attributes["connection"] = connection
    command.upgrade(settings, "head")
