"""Faults on demand. Only the program that started the server can reach them; no page does."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from enum import StrEnum

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class AfterSubmit(StrEnum):
    """What happens to the next registration of a user instead of an answer."""

    #: The connection is cut; the account was made.
    CUT_MADE = "cut_made"
    #: The connection is cut; the account was not made.
    CUT_NOT_MADE = "cut_not_made"
    #: No answer until released; the account is made when the request arrives.
    HOLD_MADE = "hold_made"
    #: No answer until released; the account was not made.
    HOLD_NOT_MADE = "hold_not_made"


@dataclass(kw_only=True)
class Faults:
    """What goes wrong from now on; set the fields, and :meth:`clear` to be well again."""

    #: Seconds each page takes longer.
    slow: float = 0.0
    #: So many of the next admin pages below ``failing_path`` answer HTTP 500.
    failing: int = 0
    #: … after so many that are well.
    skip: int = 0
    failing_path: str = "/admin/"
    #: So many of the next admin pages below ``failing_path`` never come: the connection is cut.
    cutting: int = 0
    #: So many of the next admin pages below ``failing_path`` never come: nothing is said until released.
    silent: int = 0
    #: So many of the next admin pages find the session ended; ``expiring_path`` says below which path.
    expiring: int = 0
    #: … after so many that are well.
    expire_skip: int = 0
    expiring_path: str = "/admin/"
    #: Labels shown under another name.
    renamed: dict[str, str] = field(default_factory=dict)
    after_submit: AfterSubmit | None = None
    #: A duplicate is answered as success, and stored under the ID with ``_1``.
    duplicate_as_success: bool = False
    #: New accounts stay "being created".
    stuck_creating: bool = False
    #: Set when a registration has arrived that is cut or held.
    arrived: threading.Event = field(default_factory=threading.Event)
    #: Set by the test to let held requests go on.
    released: threading.Event = field(default_factory=threading.Event)

    def clear(self) -> None:
        """Be well again; held requests go on."""
        self.slow, self.failing, self.skip, self.expiring, self.expire_skip = 0.0, 0, 0, 0, 0
        self.cutting = self.silent = 0
        self.failing_path = self.expiring_path = "/admin/"
        self.renamed.clear()
        self.after_submit, self.duplicate_as_success, self.stuck_creating = None, False, False
        self.released.set()
        self.released, self.arrived = threading.Event(), threading.Event()

    def expire_now(self, path: str) -> bool:
        """Tell whether this request shall find its session ended."""
        if self.expiring <= 0 or not path.startswith(self.expiring_path):
            return False
        if self.expire_skip > 0:
            self.expire_skip -= 1
            return False
        self.expiring -= 1
        return True

    def fail_now(self, path: str) -> bool:
        """Tell whether this request shall be answered with HTTP 500."""
        if self.failing <= 0 or not path.startswith(self.failing_path):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.failing -= 1
        return True

    def cut_now(self, path: str) -> bool:
        """Tell whether this request shall be cut off."""
        if self.cutting <= 0 or not path.startswith(self.failing_path):
            return False
        self.cutting -= 1
        return True

    def say_nothing_now(self, path: str) -> bool:
        """Tell whether this request shall get no answer."""
        if self.silent <= 0 or not path.startswith(self.failing_path):
            return False
        self.silent -= 1
        return True


class FaultyConnection:
    """The outermost layer: slow answers, server errors, renamed labels, cut connections."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with the faults in force."""
        if scope["type"] != "http" or scope["path"].startswith("/static/"):
            await self._app(scope, receive, send)
            return
        await asyncio.sleep(self._faults.slow)
        if self._faults.fail_now(scope["path"]):
            await _plain_error(send)
            return
        if self._faults.say_nothing_now(scope["path"]):
            await asyncio.to_thread(self._faults.released.wait)
        answer = _Answer(send, self._faults.renamed)
        if self._faults.cut_now(scope["path"]):
            scope["cut"] = True
        else:
            await self._app(scope, receive, answer.take)
        if scope.get("cut"):
            # uvicorn gives no other way to drop a connection than its own transport.
            send.__self__.transport.abort()  # type: ignore[attr-defined] # the bound method of uvicorn's request cycle
            return
        await answer.give()


class _Answer:
    """Keeps an answer until it is complete, so that it can be changed or dropped."""

    def __init__(self, send: Send, renamed: dict[str, str]) -> None:
        self._send = send
        self._renamed = renamed
        self._start: Message | None = None
        self._body = b""

    async def take(self, message: Message) -> None:
        """Keep a part of the answer."""
        if message["type"] == "http.response.start":
            self._start = message
        else:
            self._body += message.get("body", b"")

    async def give(self) -> None:
        """Send the whole answer with the renamed labels."""
        if self._start is None:
            return
        body = self._body
        for old, new in self._renamed.items():
            body = body.replace(old.encode(), new.encode())
        headers = [(name, value) for name, value in self._start["headers"] if name != b"content-length"]
        headers.append((b"content-length", str(len(body)).encode()))
        await self._send({**self._start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


async def _plain_error(send: Send) -> None:
    headers = [(b"content-type", b"text/html; charset=utf-8")]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": "<h1>システムエラー</h1>".encode()})
