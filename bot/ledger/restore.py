"""Puts a backup in the place of the ledger; what it replaces is kept beside it, and what only that one knew is told.

A restored ledger has forgotten what was done since its backup. So that nothing of that is taken for its own: request and
message ids go on after those that were given, and attempts of notices begin at numbers never used.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, delete, insert, select

from bot.errors import AlreadyRunning, BadUsage, LedgerBroken, Problem, Unusable
from bot.ledger import chain, tables
from bot.ledger.backup import Tell, copy, examine, sync
from bot.ledger.engine import open_engine, understood
from bot.ledger.notice_queries import RESTORES
from bot.ledger.records import Event, Run
from bot.private import make_folder

_DRAFT = ".ledger-restoring.tmp"
#: Where nobody can read how many ids were given since the backup: more than a day ever has.
_GAP = 100_000
_SIDES = ("-wal", "-shm", "-journal")
_SINCE = """
SELECT m.id, m.name, m.received_at, m.outcome, m.message_id, m.digest,
  EXISTS (SELECT 1 FROM requests r WHERE r.message = m.id AND r.state <> 'rejected') AS lives
FROM messages m ORDER BY m.serial"""


@dataclass(frozen=True, kw_only=True)
class LostMessage:
    """A message that only the replaced ledger knew: it must come into the inbox again."""

    id: str
    name: str
    received_at: str
    #: The mailbox folder that it was filed to.
    folder: str


@dataclass(frozen=True, kw_only=True)
class Replaced:
    """What could be read of the ledger that is replaced; ``head`` is empty where nothing could."""

    events: int = 0
    head: str = ""
    #: Its chain verifies: what it says of accounts can be believed.
    trusted: bool = False
    counters: dict[str, int] = field(default_factory=dict)
    logins: tuple[str, ...] = ()
    messages: tuple[LostMessage, ...] = ()


def must_be_whole(file: Path, place: Path) -> None:
    """Be sure that ``file`` can take the place of the ledger; raises ``BadUsage``, ``Unusable`` or ``LedgerBroken``."""
    if not file.is_file():
        raise BadUsage([Problem(path="FILE", text=f"there is no file {file}")])
    if place.exists() and place.samefile(file):
        raise BadUsage([Problem(path="FILE", text=f"{file} is the ledger in use, not a backup of it")])
    for side in _SIDES:
        beside = file.with_name(file.name + side)
        if side != "-shm" and beside.exists() and beside.stat().st_size:
            text = (
                f"{file} is a copy of a ledger in use ({beside.name} belongs to it); name one that `ledger backup` made"
            )
            raise BadUsage([Problem(path="FILE", text=text)])
    examine(file)


def close_down(place: Path) -> None:
    """Bring the present ledger into one file; raises ``AlreadyRunning`` while any program has it open.

    One that is damaged stays as it is.
    """
    if not place.exists():
        return
    try:
        with closing(sqlite3.connect(place, timeout=1)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            raise AlreadyRunning(f"another program has the ledger {place} open") from error
    except sqlite3.DatabaseError:
        return


def look_back(place: Path, file: Path) -> Replaced:
    """Return what the present ledger knows and the backup ``file`` does not; nothing where it can't be read."""
    trusted = True
    try:
        examine(place)
    except LedgerBroken:
        trusted = False
    except Unusable:
        return Replaced()
    events, head = _last(place)
    try:
        with closing(_reading(place)) as there, closing(_reading(file)) as here:
            known = {row[0] for row in here.execute("SELECT login_id FROM accounts")}
            seen = set(here.execute("SELECT message_id, received_at, digest FROM messages"))
            return Replaced(
                events=events, head=head, trusted=trusted,
                counters=dict(there.execute("SELECT series, value FROM counters")),
                logins=tuple(row[0] for row in there.execute("SELECT login_id FROM accounts") if row[0] not in known),
                messages=tuple(
                    LostMessage(id=row[0], name=row[1], received_at=row[2], folder=_folder(row[3], lives=bool(row[6])))
                    for row in there.execute(_SINCE) if (row[4], row[2], row[5]) not in seen
                ),
            )  # fmt: skip
    except sqlite3.Error:
        return Replaced(events=events, head=head)


def prepare(file: Path, place: Path, replaced: Replaced, event: Event, *, run: Run, now: datetime, tell: Tell) -> Path:
    """Return a copy of ``file`` beside ``place``, brought to the newest schema, with ``event`` as its last word.

    Raises ``Unusable`` for one that is newer than this program, ``LedgerBroken`` when its chain does not verify.
    """
    draft = place.with_name(_DRAFT)
    make_folder(place.parent)
    with understood(str(file)):
        drop(draft)
        try:
            copy(file, draft, tell)
        except sqlite3.Error as error:
            raise Unusable(f"{file} can't be copied to {place.parent}: {error}") from error
        engine = open_engine(f"sqlite:///{_DRAFT}", place.parent)
        try:
            with engine.connect().execution_options(writes=True) as connection, connection.begin():
                _go_on_after(connection, replaced, now.date(), aside=len(_kept(place)))
                chain.append(connection, event, run=run, at=now)
        finally:
            engine.dispose()
        close_down(draft)
        examine(draft)
        sync(draft)
    return draft


def put_in_place(draft: Path, place: Path, replaced: Replaced, now: datetime) -> Path | None:
    """Make ``draft`` the ledger in one step, and return where the one before it is kept; it is never deleted.

    Raises ``AlreadyRunning`` when somebody wrote to the present one since it was looked at.
    """
    close_down(place)
    if replaced.head and _last(place)[1] != replaced.head:
        drop(draft)
        raise AlreadyRunning(f"another program wrote to the ledger {place} in the meantime")
    with understood(str(place)):
        kept = keep_aside(place, now) if place.exists() else None
        draft.replace(place)
        sync(place.parent)
    return kept


def keep_aside(place: Path, now: datetime) -> Path:
    """Give the present ledger a second, dated name; what belongs to it goes there, or the new one would take it for its own."""
    stamp, number = f"{place.name}.replaced-{now:%Y%m%d-%H%M%S}", 1
    while (aside := place.with_name(stamp if number == 1 else f"{stamp}-{number}")).exists():
        number += 1
    try:
        os.link(place, aside)
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOSYS}:
            raise
        shutil.copy2(place, aside)
        sync(aside)
    for side in _SIDES:
        beside = place.with_name(place.name + side)
        if beside.exists():
            beside.replace(aside.with_name(aside.name + side))
    sync(place.parent)
    return aside


def _kept(place: Path) -> list[Path]:
    ours = place.parent.glob(f"{place.name}.replaced-*")
    return [path for path in ours if not path.name.endswith(_SIDES)]


def _go_on_after(connection: Connection, replaced: Replaced, today: date, *, aside: int) -> None:
    """Raise the counters beyond everything that was given since the backup, as far as anybody knows."""
    counters = tables.counters
    own = {row.series: int(row.value) for row in connection.execute(select(counters))}
    first = connection.scalar(select(tables.events.c.at).order_by(tables.events.c.seq.desc()).limit(1))
    days = _days(date.fromisoformat(str(first)[:10]), today)
    given = replaced.counters or {
        series: own.get(series, 0) + _GAP for day in days for series in (f"M-{day:%Y%m%d}", f"R-{day:%Y%m%d}")
    }
    values = {series: max(own.get(series, 0), given.get(series, 0)) for series in own | given}
    values[RESTORES] = 1 + max(own.get(RESTORES, 0), given.get(RESTORES, 0), aside)
    connection.execute(delete(counters))
    connection.execute(insert(counters), [{"series": series, "value": value} for series, value in values.items()])


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range(max(0, (last - first).days) + 1)]


def _last(place: Path) -> tuple[int, str]:
    """Return number and hash of the last event; 0 and nothing where there is none to be read."""
    try:
        with closing(_reading(place)) as there:
            found = there.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").fetchone()
    except sqlite3.Error:
        return 0, ""
    return (int(found[0]), str(found[1])) if found else (0, "")


def _folder(outcome: str, *, lives: bool) -> str:
    if outcome != "applications":
        return outcome
    return "processed" if lives else "rejected"


def _reading(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)


def drop(draft: Path) -> None:
    """Remove a file that was only worked on, with all that belongs to it."""
    for side in ("", *_SIDES):
        draft.with_name(draft.name + side).unlink(missing_ok=True)
