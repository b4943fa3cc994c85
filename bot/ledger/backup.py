"""Backups of a ledger, each a file: whole while others write, proved before they get their name, readable for the owner alone."""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from bot.errors import BadUsage, LedgerBroken, Problem, Unusable
from bot.ledger import chain
from bot.ledger.engine import understood
from bot.ledger.records import Verdict
from bot.private import make_folder

#: Tells how far a copy has come: pages (of a server's ledger: rows) done, and in all.
Tell = Callable[[int, int], None]
#: Makes a copy of the ledger as it is at this moment, in a new file.
Copier = Callable[[Path, Tell], None]
_PAGES = 256  # a step; between two of them the one who waits is told
_FILE_ENDINGS = frozenset({".sqlite3", ".sqlite", ".db"})
#: What this module names, and therefore what it may delete.
_OURS = re.compile(r"ledger-\d{8}-\d{6}-[0-9a-f]{8}\.sqlite3")
_BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Backup:
    """A finished backup: what it holds, and how to tell later that it is still the same."""

    file: Path
    size: int
    events: int
    head: str
    revision: str
    sha256: str
    #: Older ones that were removed to keep no more than asked for.
    removed: tuple[Path, ...] = ()


def names_a_file(to: Path) -> bool:
    """Tell whether ``to`` names one backup, by its ending; anything else is a directory for many."""
    return to.suffix.lower() in _FILE_ENDINGS and not to.is_dir()


def back_up(copier: Copier, to: Path, *, now: datetime, keep: int, tell: Tell) -> Backup:
    """Have the ledger as it is at this moment copied to the file ``to``, or under a dated name into the directory ``to``.

    The copy is proved (:func:`examine`) before it gets its name; in a directory the newest ``keep`` remain, and nothing is
    removed that does not bear a name given here. Raises ``BadUsage`` for a file that exists, ``LedgerBroken`` when the chain
    does not verify, ``Unusable`` when something can't be read or written; then nothing is left behind.
    """
    single = names_a_file(to)
    if single and to.exists():
        raise BadUsage([Problem(path="--to", text=f"{to} exists; name a new file, or a directory")])
    folder = to.parent if single else to
    draft = folder / f".ledger-{os.getpid()}.tmp"
    with _told(to):
        make_folder(folder)
        try:
            copier(draft, tell)
            found, revision = examine(draft)
            sync(draft)
            file = to if single else folder / f"ledger-{now:%Y%m%d-%H%M%S}-{found.head[:8]}.sqlite3"
            made = Backup(
                file=file, size=draft.stat().st_size, events=found.events, head=found.head, revision=revision,
                sha256=digest(draft), removed=() if single else _too_many(folder, file, keep),
            )  # fmt: skip
            draft.replace(file)
            for old in made.removed:
                old.unlink(missing_ok=True)
            sync(folder)
        finally:
            draft.unlink(missing_ok=True)
    return made


def copy(source: Path, to: Path, tell: Tell) -> None:
    """Copy the database ``source`` to the new file ``to``, mode 0600, as it is when this begins, while others write.

    Raises ``sqlite3.Error`` or ``OSError``.
    """
    to.unlink(missing_ok=True)
    os.close(os.open(to, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)) as there,
        closing(sqlite3.connect(to, isolation_level=None)) as here,
    ):
        # An open reading transaction holds the copy to one moment: without it, each write of others starts it anew.
        there.execute("BEGIN")
        there.execute("SELECT count(*) FROM sqlite_master").fetchone()
        there.backup(here, pages=_PAGES, progress=lambda _status, left, total: tell(total - left, total), sleep=0)
        # One file and no more: a backup that needs a -wal beside it would be lost without it.
        here.execute("PRAGMA journal_mode=DELETE")


def examine(file: Path) -> tuple[Verdict, str]:
    """Prove that ``file`` is a whole ledger, changing nothing: its pages, its audit chain; returns verdict and revision.

    Raises ``Unusable`` when it is none or is damaged, ``LedgerBroken`` when the chain does not verify.
    """
    with _looking(file) as connection:
        try:
            state = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
            tables = {row[0] for row in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type='table'")}
        except DBAPIError as error:
            raise Unusable(f"{file} is no ledger, or is damaged: {error.orig}") from error
        if not {"alembic_version", "events", "requests"} <= tables:
            raise Unusable(f"{file} is no ledger")
        if state != "ok":
            raise Unusable(f"{file} is damaged: {state}")
        revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        verdict = chain.verify(connection, None)
    if not verdict.ok:
        raise LedgerBroken(verdict.first_bad or 0, f"{file}: {verdict.reason}")
    return verdict, str(revision)


def digest(file: Path) -> str:
    """Return the SHA-256 (hex) of a file, as ``sha256sum`` prints it."""
    found = hashlib.sha256()
    with file.open("rb") as opened:
        while block := opened.read(_BLOCK):
            found.update(block)
    return found.hexdigest()


def sync(path: Path) -> None:
    """Make what stands in the file, or the names in the directory, survive a power cut, where the system can."""
    if os.name != "posix" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _looking(file: Path) -> Iterator[Connection]:
    """Open a finished file for reading alone, also on a medium that can't be written."""
    uri = f"{file.resolve().as_uri()}?mode=ro&immutable=1"
    engine = create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(uri, uri=True, check_same_thread=False), poolclass=NullPool
    )
    with understood(str(file)), engine.connect() as connection:
        yield connection


@contextmanager
def _told(to: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise Unusable(f"no backup was made to {to}: {error}; check the ledger, the disk and its space") from error
    except OSError as error:
        raise Unusable(f"no backup was made to {to}: {error.strerror}") from error


def _too_many(folder: Path, new: Path, keep: int) -> tuple[Path, ...]:
    """Return our backups beyond the newest ``keep``, the new one counted; never the new one."""
    ours = (path for path in folder.iterdir() if _OURS.fullmatch(path.name) and path.is_file() and path != new)
    older = sorted((path for path in ours if not path.is_symlink()), reverse=True)
    return tuple(older[max(0, keep - 1) :])
