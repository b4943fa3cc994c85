"""What tests of the alerts share: the messages that arrived, and a chat service on a real port."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bot.console.memory import Fault, MemoryConsole
from bot.console.screens import ScreenChange
from bot.errors import AccessDenied, BotError, Unusable
from bot.ledger.conditions import Condition, Pause
from bot.ledger.ledger import Ledger
from bot.mail.folder import FolderMailbox
from bot.mail.port import Mailbox
from bot.operation.alerts.gate import Gate
from bot.operation.report import Report, Silent
from bot.wiring.alerts import gate, store
from tests.acts_kit import in_ledger
from tests.house import FRIDAY, House, text_of

TUESDAY = date(2021, 8, 3)
STAFF = ("0031977", "0048213", "0047755", "0050031", "0017770", "0021450")


@dataclass(frozen=True, kw_only=True)
class Told:
    """A message to the operators: its subject and its text in both languages."""

    subject: str
    text: str


def told(house: House) -> list[Told]:
    """Return the alerts that went out by mail, the first first."""
    files = [file for file in house.files("outbox") if ".conditions." in file.name]
    mails = [
        email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        for file in sorted(files, key=lambda file: file.stat().st_mtime_ns)
    ]
    return [Told(subject=mail["Subject"], text=text_of(mail)) for mail in mails]


def conditions(house: House) -> list[Condition]:
    """Return what the ledger keeps of conditions."""
    workshop = house.workshop()
    return list(in_ledger(house, lambda ledger: store(workshop.config, workshop.clock, ledger).load()))


def gate_of(house: House, ledger: Ledger) -> Gate:
    """Return the gate of a house on this ledger."""
    workshop = house.workshop()
    return gate(workshop.config, workshop.clock, ledger)


def pauses(house: House) -> list[Pause]:
    """Return what stands still."""
    return list(in_ledger(house, lambda ledger: gate_of(house, ledger).pauses()))


@dataclass(kw_only=True)
class Chat:
    """A chat service's webhook: what was posted to it, and whether it takes it."""

    url: str = ""
    posted: list[dict[str, str]] = field(default_factory=list)
    refuses: bool = False


@contextmanager
def chat_service() -> Iterator[Chat]:
    """Run a webhook on a free port of this machine."""
    chat = Chat()

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Keep what is posted."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if not chat.refuses:
                chat.posted.append(json.loads(body))
            self.send_response(500 if chat.refuses else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    chat.url = f"json://127.0.0.1:{server.server_port}/hook-with-a-token"
    try:
        yield chat
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def apply(house: House, count: int = 1, *, first: int = 0) -> None:
    """Have employees apply for Tuesday."""
    for number in range(first, first + count):
        house.apply(f"000060{number}", employee_no=STAFF[number], days=(TUESDAY,), now=FRIDAY)


class Bot:
    """A bot at this console, kept open over its passes as in unattended life."""

    def __init__(self, house: House, console: MemoryConsole, mailbox: Mailbox | None = None) -> None:
        self._clock = house.clock
        workshop = house.workshop()
        self._cycle = workshop.cycle(ledger=workshop.ledger(), mailbox=mailbox or workshop.mailbox(), console=console)

    def run(self, *, after: float = 5) -> Report:
        """Make one pass, and have the clock go on by some minutes afterwards."""
        report = asyncio.run(self._cycle.run(Silent()))
        self._clock.set(self._clock.now() + timedelta(minutes=after))
        return report


def down(console: MemoryConsole, error: BotError | None = None) -> None:
    """Have the console fail at its next visit."""
    console.fail_next(Fault(verb="probe", error=error or Unusable("there is no console at the address")))


def beginnings(house: House) -> list[str]:
    """Return what each alert's subject begins with: how bad it is, or that it is over."""
    return [mail.subject.partition("］")[0][-2:] for mail in told(house)]


class Refusing(MemoryConsole):
    """Refuses the bot's login, and counts how often it was tried."""

    refuses = True
    tried = 0

    async def probe(self) -> Sequence[ScreenChange]:
        """Be logged in to."""
        self.tried += 1
        if self.refuses:
            raise AccessDenied("the console refused the admin 'bot-admin'")
        return ()


class Deaf(FolderMailbox):
    """A mailbox that sends nothing for a while: to those in ``fussy`` alone where there are any, and then its server is well."""

    error: BotError | None = None
    fussy: tuple[str, ...] = ()
    tried = 0

    async def send(self, mail: EmailMessage) -> Mapping[str, str]:
        """Fail as told."""
        self.tried += 1
        if self.error and (not self.fussy or mail["To"] in self.fussy):
            raise self.error
        return await super().send(mail)

    async def check(self) -> str:
        """Fail as told."""
        self.tried += 1
        if self.error and not self.fussy:
            raise self.error
        return await super().check()


def deaf(house: House, error: BotError | None) -> Deaf:
    """Return the house's mailbox, which fails so."""
    box = Deaf(house.path / "mailbox", max_bytes=1_000_000, zone=house.workshop().config.zone)
    box.error = error
    return box
