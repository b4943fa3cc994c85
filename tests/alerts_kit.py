"""What tests of the alerts share: the messages that arrived, and a chat service on a real port."""

from __future__ import annotations

import email
import email.policy
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bot.ledger.conditions import Condition, Pause
from bot.ledger.ledger import Ledger
from bot.operation.alerts.gate import Gate
from bot.wiring.alerts import gate, store
from tests.acts_kit import in_ledger
from tests.house import House, text_of


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
