"""What tests of the ledger share: a ledger in a file or on a server, messages and readings to record."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, create_engine, make_url
from sqlalchemy.pool import NullPool

from bot.clock import FixedClock
from bot.ledger import on_sqlite
from bot.ledger.ledger import Ledger
from bot.ledger.records import ActorType, Changes, Event, Run
from bot.life import State
from bot.model import Application, Decision, Identity, Kind, Message, Outcome, Reading, ReadOutcome
from bot.secret import Secret
from tests.house import FRIDAY

RUN = Run(actor_type=ActorType.BOT, actor="bot@test", host="here", version="0", config_digest="c0ffee")
_FILE, _LEADS = "sqlite:///ledger.sqlite3", "server.json"
STEP = Event(action="test.step", outcome="done")


@dataclass(frozen=True, kw_only=True)
class Server:
    """A database on a server."""

    url: str
    password: str

    def put_into(self, folder: Path) -> None:
        """Have ``folder`` lead here."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _LEADS).write_text(json.dumps(asdict(self)), encoding="utf-8")

    def settings(self, folder: Path) -> dict[str, dict[str, str]]:
        """Return what config.yaml says of it; the password is in a file in ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "database").write_text(self.password, encoding="ascii")
        return {"ledger": {"url": self.url, "password": f"file:{folder / 'database'}"}}


def server_of(folder: Path) -> Server | None:
    """Return the server to which a folder leads."""
    leads = folder / _LEADS
    return Server(**json.loads(leads.read_text(encoding="utf-8"))) if leads.exists() else None


def open_ledger(folder: Path, clock: FixedClock | None = None, *, options: str = "") -> Ledger:
    """Open the ledger in ``folder``, or on the server to which it leads."""
    server = server_of(folder)
    return Ledger.open(
        (server.url if server else _FILE) + options, base=folder, clock=clock or FixedClock(FRIDAY), run=RUN,
        password=Secret(server.password) if server else None,
    )  # fmt: skip


@contextmanager
def raw(folder: Path) -> Iterator[Connection]:
    """Give a connection past the bot, as somebody with the file or the role has; each statement is true at once."""
    server = server_of(folder)
    url = make_url(server.url if server else f"sqlite:///{folder / 'ledger.sqlite3'}")
    engine = create_engine(
        url.set(drivername="postgresql+psycopg", password=server.password) if server else url,
        isolation_level="AUTOCOMMIT", poolclass=NullPool,
    )  # fmt: skip
    with engine.connect() as connection:
        yield connection


@contextmanager
def unguarded(connection: Connection) -> Iterator[None]:
    """Have events changed and removed on this connection, as nobody but who owns the database can; the triggers are put back."""
    on_server = connection.dialect.name != "sqlite"
    for name in on_sqlite.guards() if not on_server else ():
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    if on_server:
        connection.exec_driver_sql("ALTER TABLE events DISABLE TRIGGER USER")
    try:
        yield
    finally:
        for statement in ["ALTER TABLE events ENABLE TRIGGER USER"] if on_server else on_sqlite.guards().values():
            connection.exec_driver_sql(statement)


def message(name: str, received_at: datetime = FRIDAY) -> Message:
    """Return a message."""
    return Message(locator=name, name=f"{name}.eml", received_at=received_at, content=name.encode())


def application(
    number: str = "0048213", *, days: Sequence[date] = (date(2021, 8, 2),), receipt_no: str = "0000412"
) -> Application:
    """Return an application."""
    return Application(
        kind=Kind.ISSUE, form="test", employee_no=number, name="髙橋　みのり", dates=tuple(days), receipt_no=receipt_no
    )


def reading(name: str, *applications: Application, received_at: datetime = FRIDAY) -> Reading:
    """Return what was read out of the message ``name``."""
    identity = Identity(
        message_id=f"<{name}@example.jp>", received_at=received_at, digest=hashlib.sha256(name.encode()).hexdigest()
    )
    outcome = ReadOutcome.APPLICATIONS if applications else ReadOutcome.UNREADABLE
    return Reading(outcome=outcome, identity=identity, sender="a@example.jp", applications=applications)


async def recorded(ledger: Ledger, name: str, *applications: Application) -> str:
    """Record a message with one application and return the request's id."""
    done = await ledger.record(message(name), reading(name, *(applications or (application(),))))
    return done.requests[0].id


async def accepted(ledger: Ledger, name: str, *applications: Application) -> str:
    """Record and accept an application; returns the request's id."""
    request_id = await recorded(ledger, name, *applications)
    request = await ledger.get(request_id)
    decision = Decision(outcome=Outcome.ACCEPT, granted=request.application.dates)
    changes = Changes(decision=decision)
    await ledger.advance(request_id, expect=State.RECEIVED, to=State.ACCEPTED, event=STEP, changes=changes)
    return request_id


def later(hours: float) -> datetime:
    """Return a moment after the test's Friday."""
    return FRIDAY + timedelta(hours=hours)
