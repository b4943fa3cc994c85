"""What is left after a pass, as the ledger, the mailbox, the console and the mails themselves tell it."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from bot.ledger.reading import LedgerReader
from bot.ledger.records import Request
from tests.house import LOGIN_LINE, PASSWORD_LINE, text_of
from tests.scenario.matrix.worlds import Mail, World

_MESSAGE_ID = re.compile(r"<(R-[\d-]+)\.(\w+)\.(\d+)\.[0-9a-f]+@")
#: Kinds of notices that carry a password.
CREDENTIALS = "credentials"


@dataclass(frozen=True, kw_only=True)
class Told:
    """A mail that went out: of which request, of which kind, to whom; credentials with what they carry."""

    message_id: str
    request: str
    kind: str
    to: str
    raw: Mail
    text: str = field(repr=False)
    login_id: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class ChainEvent:
    """An event as it stands in the database, without the bot's own help to read it."""

    seq: int
    action: str
    outcome: str
    request: str
    details: dict[str, Any]


def told(world: World) -> list[Told]:
    """Return every mail that went out about a request; alerts of what is wrong differ from kill to kill."""
    return [one for one in map(_told, world.mails()) if one]


@cache
def _told(mail: Mail) -> Told | None:
    parsed = email.message_from_bytes(mail.content, policy=email.policy.default)
    identity = _MESSAGE_ID.search(str(parsed["Message-ID"]))
    if identity is None:
        assert "conditions." in str(parsed["Message-ID"])
        return None
    request, kind, _ = identity.groups()
    text = text_of(parsed)
    to = ", ".join(str(parsed[name]) for name in ("To", "Cc", "Bcc") if parsed[name])
    return Told(
        message_id=str(parsed["Message-ID"]), request=request, kind=kind, to=to, raw=mail, text=text,
        **(_carried(text) if kind == CREDENTIALS else {}),
    )  # fmt: skip


def _carried(text: str) -> dict[str, str]:
    (login_id,), (password,) = LOGIN_LINE.findall(text), PASSWORD_LINE.findall(text)
    return {"login_id": login_id, "password": password}


def chain(world: World) -> list[ChainEvent]:
    """Return the events that are committed at this moment, by plain SQL; none where there is no ledger yet."""
    rows = _rows(world, "SELECT seq, action, outcome, request, details FROM events ORDER BY seq")
    return [
        ChainEvent(seq=seq, action=action, outcome=outcome, request=request or "", details=json.loads(details))
        for seq, action, outcome, request, details in rows
    ]


def on_record(world: World) -> set[str]:
    """Return the names and Message-IDs of all messages that are recorded at this moment."""
    return {str(name) for row in _rows(world, "SELECT name, message_id FROM messages") for name in row}


def _rows(world: World, query: str) -> list[tuple[Any, ...]]:
    file = world.house.path / "ledger.sqlite3"
    if not file.exists():
        return []
    with closing(sqlite3.connect(file)) as connection:
        try:
            return connection.execute(query).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise


def gather(world: World) -> dict[str, Any]:
    """Return what must come out the same, however often the bot was killed on the way."""
    requests, messages, verified = asyncio.run(_asked(world))
    mails = told(world)
    found = {
        "requests": [_request(one) for one in requests],
        "ends": [(one.kind.value, one.state.value) for one in requests],
        "messages": sorted(messages),
        "chain": verified,
        "filed": sorted((mail.folder, mail.digest) for mail in world.filed()),
        "accounts": {name: list(seen) for name, seen in sorted(world.accounts().items())},
        "notices": sorted({(one.request, one.kind, one.to) for one in mails}),
        "works": sorted(one.login_id for one in newest(world, mails) if world.logs_in(one.login_id, one.password)),
    }
    plain: dict[str, Any] = json.loads(json.dumps(found))  # as it is kept to compare with
    return plain


def newest(world: World, mails: Sequence[Told]) -> list[Told]:
    """Return of each login its newest credential mail, by the order in which the chain tells that they were to go out."""
    intended = {
        str(one.details.get("message_id")): one.seq
        for one in reversed(chain(world))
        if one.action.startswith("notice.") and one.outcome == "intended"
    }
    last: dict[str, Told] = {}
    for one in sorted(mails, key=lambda mail: intended.get(mail.message_id, 0)):
        if one.password:
            last[one.login_id] = one
    return list(last.values())


async def _asked(world: World) -> tuple[tuple[Request, ...], list[tuple[str, str]], bool]:
    ledger = world.house.workshop().ledger()
    assert isinstance(ledger, LedgerReader)
    try:
        verdict = await ledger.verify()
        messages = [(one.message_id, one.outcome.value) for one in await ledger.messages()]
        return await ledger.requests(), messages, verdict.ok
    finally:
        ledger.close()


def _request(one: Request) -> dict[str, Any]:
    return {
        "id": one.id, "receipt": one.application.receipt_no, "position": one.position, "kind": one.kind.value,
        "state": one.state.value, "granted": [day.isoformat() for day in one.granted], "login_id": one.login_id,
        "ends": str(one.window and one.window.end), "stuck": one.stuck_reason,
    }  # fmt: skip
