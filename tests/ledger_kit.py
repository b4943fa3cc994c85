"""What tests of the ledger share: a ledger on a file, messages and readings to record."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from bot.clock import FixedClock
from bot.ledger.ledger import Ledger
from bot.ledger.records import ActorType, Changes, Event, Run
from bot.life import State
from bot.model import Application, Decision, Identity, Kind, Message, Outcome, Reading, ReadOutcome
from tests.house import FRIDAY

RUN = Run(actor_type=ActorType.BOT, actor="bot@test", host="here", version="0", config_digest="c0ffee")
STEP = Event(action="test.step", outcome="done")


def open_ledger(folder: Path, clock: FixedClock | None = None) -> Ledger:
    """Open the ledger in ``folder``."""
    return Ledger.open("sqlite:///ledger.sqlite3", base=folder, clock=clock or FixedClock(FRIDAY), run=RUN)


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
