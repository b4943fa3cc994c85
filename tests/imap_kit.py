"""A man in the middle before the real IMAP server: it answers chosen commands itself and rewrites chosen lines."""

from __future__ import annotations

import os
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import BinaryIO

from bot.mail.imap import ImapMailbox
from bot.sandbox.postoffice import PostOffice
from tests.postoffice_kit import imap_mailbox, imap_settings

_LITERAL = re.compile(rb"\{(\d+)\+?\}\r\n$")
_TAGGED = re.compile(rb"^(\S+) (.*)\r\n$", re.DOTALL)


@dataclass(kw_only=True)
class OddServer:
    """Passes everything on between a client and the server at ``upstream``, but for what it is told to do wrong."""

    upstream: int
    #: Given a command without its tag, returns what is answered in the server's place (``TAG`` stands for its tag), or
    #: ``None`` to pass it on; empty bytes end the connection.
    answers: Callable[[str], bytes | None] = lambda _: None
    #: Given a line of the server that is no literal, returns what the client sees.
    rewrites: Callable[[bytes], bytes] = lambda line: line
    commands: list[str] = field(default_factory=list)
    port: int = 0

    def refuse(self, pattern: str, answer: str) -> None:
        """From now on answer the commands that ``pattern`` finds with ``answer``."""
        found = re.compile(pattern, re.IGNORECASE)
        self.answers = lambda command: answer.encode() if found.search(command) else None

    def well(self) -> None:
        """From now on do nothing wrong."""
        self.answers, self.rewrites = lambda _: None, lambda line: line

    def count(self, pattern: str) -> int:
        """Return how many commands there were that ``pattern`` finds."""
        return sum(bool(re.search(pattern, command, re.IGNORECASE)) for command in self.commands)

    def serve(self, listening: socket.socket) -> None:
        """Take connections until the listening socket is closed."""
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                threading.Thread(target=self._connection, args=(client,), daemon=True).start()

    def _connection(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self.upstream)) as server, suppress(OSError):
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            back = threading.Thread(target=self._back, args=(server.makefile("rb"), client), daemon=True)
            back.start()
            self._forth(client.makefile("rb"), client, server)
            for end in (client, server):
                end.shutdown(socket.SHUT_RDWR)
            back.join()

    def _forth(self, lines: BinaryIO, client: socket.socket, server: socket.socket) -> None:
        for line in lines:
            found = _TAGGED.match(line)
            tag, command = found.groups() if found else (b"", b"")
            self.commands.append(command.decode("utf-8", "replace"))
            answer = self.answers(self.commands[-1]) if found else None
            if answer is None:
                server.sendall(line)
            elif answer:
                client.sendall(answer.replace(b"TAG", tag) + b"\r\n")
            else:
                return

    def _back(self, lines: BinaryIO, client: socket.socket) -> None:
        with suppress(OSError):
            for line in lines:
                client.sendall(self.rewrites(line))
                if literal := _LITERAL.search(line):
                    client.sendall(lines.read(int(literal[1])))
            client.shutdown(socket.SHUT_RDWR)


@contextmanager
def odd_server(office: PostOffice) -> Iterator[OddServer]:
    """Give a man in the middle before the office's IMAP server."""
    made = OddServer(upstream=office.ports["imap"])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        made.port = listening.getsockname()[1]
        threading.Thread(target=made.serve, args=(listening,), daemon=True).start()
        yield made
        listening.shutdown(socket.SHUT_RDWR)


def odd_mailbox(office: PostOffice, server: OddServer, *, max_bytes: int = 200_000, **changes: object) -> ImapMailbox:
    """Return the adapter on the office by way of the man in the middle."""
    settings = imap_settings(office, **{"port": server.port, "tls": "none", **changes})
    return imap_mailbox(office, imap=settings, max_bytes=max_bytes)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Give up root's rights for a while: what forbids others then forbids us."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
