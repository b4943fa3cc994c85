"""The ledger that a backup is to replace: in a file, or on a server, of which a copy is worked on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine, func, select

from bot.ledger import restore
from bot.ledger.backup import Tell
from bot.ledger.copying import into_server, must_be_unused, to_file
from bot.ledger.engine import file_of, name_of, open_engine, place_of, understood
from bot.ledger.restore import Replaced
from bot.ledger.tables import events
from bot.private import make_folder
from bot.secret import Secret


class Present(Protocol):
    """What a restore needs of the ledger in use; ``place`` is where all of it can be read once it is closed down."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def place(self) -> Path:
        """Its file, or that of the copy."""
        ...

    @property
    def can_be_told(self) -> bool:
        """There is something in which the intent can be put on record."""
        ...

    def close_down(self, tell: Tell) -> None:
        """Have all of it in one file; raises ``AlreadyRunning`` while any program has it open."""
        ...

    def replace_by(self, draft: Path, replaced: Replaced, now: datetime, tell: Tell) -> Path | None:
        """Make ``draft`` the ledger in one step, and return where the one before it is kept.

        Raises ``AlreadyRunning`` when somebody wrote to it since it was closed down.
        """
        ...


@contextmanager
def present_at(url: str, base: Path, password: Secret | None) -> Iterator[Present]:
    """Give the ledger at ``url``; raises ``LedgerUnusable`` where its server can't be used."""
    place = place_of(url, base)
    if file_of(url, base) is not None:
        yield _InFile(place=place)
        return
    make_folder(place.parent)
    engine = open_engine(url, base, password)
    try:
        with understood(engine), engine.connect() as connection:
            holds = connection.scalar(select(func.count()).select_from(events)) or 0
        yield _OnServer(place=place, engine=engine, can_be_told=holds > 0)
    finally:
        engine.dispose()
        restore.drop(place)


@dataclass(frozen=True, kw_only=True)
class _InFile:
    place: Path

    @property
    def name(self) -> str:
        return str(self.place)

    @property
    def can_be_told(self) -> bool:
        return self.place.exists()

    def close_down(self, tell: Tell) -> None:  # noqa: ARG002 - nothing is copied
        restore.close_down(self.place)

    def replace_by(self, draft: Path, replaced: Replaced, now: datetime, tell: Tell) -> Path | None:  # noqa: ARG002 - nothing is copied
        return restore.put_in_place(draft, self.place, replaced, now)


@dataclass(frozen=True, kw_only=True)
class _OnServer:
    place: Path
    engine: Engine
    #: One without an event is new: nobody can read in it what was done since the backup.
    can_be_told: bool

    @property
    def name(self) -> str:
        return name_of(self.engine.url)

    def close_down(self, tell: Tell) -> None:
        with understood(self.engine), self.engine.connect() as connection:
            must_be_unused(connection, self.name)
        if self.can_be_told:
            to_file(self.engine, self.place, tell)

    def replace_by(self, draft: Path, replaced: Replaced, now: datetime, tell: Tell) -> Path | None:
        try:
            with understood(str(self.place)):
                kept = restore.keep_aside(self.place, now) if self.place.exists() else None
            into_server(draft, self.engine, head=replaced.head, tell=tell)
        finally:
            restore.drop(draft)
        return kept
