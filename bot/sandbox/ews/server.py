"""The endpoint over HTTPS."""

from __future__ import annotations

import shutil
import ssl
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, Self

from bot.sandbox.certificates import make_certificates
from bot.sandbox.ews.faults import EwsFaults
from bot.sandbox.ews.logins import Logins
from bot.sandbox.ews.soap import busy, fault, request_of
from bot.sandbox.ews.store import Store
from bot.sandbox.ews.verbs import Verbs

_PATH = "/EWS/Exchange.asmx"


@dataclass(kw_only=True)
class EwsServer:
    """Starts on a free port of loopback; usable as a context manager."""

    user: str = "CITY\\telework-id"
    password: str = "Mailbox-pass-2021!"  # noqa: S105 - opens a throw-away server on loopback
    method: Literal["basic", "ntlm"] = "basic"
    #: What the certificate is for, and whether it is out of date.
    host: str = "localhost"
    expired: bool = False
    store: Store = field(default_factory=Store)
    faults: EwsFaults = field(default_factory=EwsFaults)
    #: How often each operation was asked for, refused logins as ``401``.
    calls: Counter[str] = field(default_factory=Counter)
    #: What was answered, without the faults.
    answers: list[bytes] = field(default_factory=list)
    url: str = ""
    ca_file: Path = field(init=False)

    def start(self) -> Self:
        """Serve from now on."""
        self._folder = Path(tempfile.mkdtemp(prefix="ews-"))
        certificates = make_certificates(self._folder, host=self.host, expired=self.expired)
        self.ca_file = certificates.ca
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.certificate, certificates.key)
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._logins = Logins(self.method, self.user, self.password, self._folder)
        self._http.office = self
        self._http.logins = self._logins
        self._http.verbs = Verbs(self.store, self.faults)
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self.url = f"https://localhost:{self._http.server_address[1]}{_PATH}"
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True, name="ews").start()
        return self

    def stop(self) -> None:
        """Stop serving."""
        self._http.shutdown()
        self._http.server_close()
        self._logins.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def deliver(self, content: bytes, received: datetime) -> None:
        """Put a mail into the inbox."""
        self.store.deliver(content, received)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    office: EwsServer
    logins: Logins
    verbs: Verbs

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that breaks off is no news here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Or each answer waits 40 ms for the client's word on its headers.
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Http

    def setup(self) -> None:
        """Begin a connection."""
        super().setup()
        self._said: dict[str, Any] = {}

    def do_POST(self) -> None:
        """Answer one request, with the faults in force."""
        office, faults = self.server.office, self.server.office.faults
        content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        login = self.server.logins.answer(self.headers.get("Authorization", ""), self._said)
        if (broken := faults.take("unauthorized")) or not login.let_in:
            office.calls["401"] += broken or login.refused
            self._say(401, b"", {"WWW-Authenticate": login.ask})
            return
        if faults.take("unavailable_before"):
            self._say(503, b"")
            return
        try:
            request = request_of(content)
        except ValueError:
            self._say(400, b"")
            return
        operation = request.tag.partition("}")[2]
        office.calls[operation] += 1
        if refused := _refused_as_a_whole(faults):
            self._say(500, refused)
            return
        answer = self.server.verbs.answer(operation, request)
        office.answers.append(answer)
        if faults.take("slow"):
            time.sleep(faults.delay)
        if faults.take("drop_after"):
            self.close_connection = True
            self.connection.close()
        elif faults.take("unavailable_after"):
            self._say(503, b"")
        elif faults.take("unauthorized_after"):
            self._say(401, b"", {"WWW-Authenticate": login.ask})
        elif faults.take("malformed"):
            self._say(200, answer[: len(answer) // 2])
        else:
            self._say(200, answer)

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the time by the endpoint's clock, which may be wrong."""
        return super().date_time_string((timestamp or time.time()) + self.server.office.faults.clock.total_seconds())

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _say(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "text/xml; charset=utf-8", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _refused_as_a_whole(faults: EwsFaults) -> bytes:
    if faults.take("busy"):
        return busy(faults.back_off_ms)
    understood = not faults.take("not_understood")
    return b"" if understood else fault("ErrorInvalidServerVersion", "The specified server version is invalid.")
