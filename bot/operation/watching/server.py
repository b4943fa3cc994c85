"""Answers a monitoring system on a port of its own: ``/metrics``, ``/healthz``, ``/readyz``. No personal data is in any answer."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol

import uvicorn
from loguru import logger
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.errors import BotError, Unusable
from bot.ledger.conditions import Part
from bot.operation.watching.exposition import exposition
from bot.operation.watching.figures import Figures

#: Names what is not as it should be, in the program's own words; nothing while all is well.
Names = Callable[[], Collection[str]]
_START_SECONDS = 10
_STOP_SECONDS = 5
_NO_STORE = {"Cache-Control": "no-store"}


class Reads(Protocol):
    """What is asked for the figures."""

    async def read(self) -> Figures:
        """Return the figures of this moment; raises as the ledger does when it can't be read."""
        ...


def well() -> Collection[str]:
    """Return nothing: of a program of which nothing more is known than that it answers."""
    return ()


@dataclass(kw_only=True)
class Watching:
    """The server, in a thread with an event loop of its own: it answers also when the bot's own loop hangs, and says so.

    It changes nothing and asks nobody who they are: leave it on loopback, or in a network that only the monitoring
    system reaches.
    """

    gauge: Reads
    #: Names what does not beat any more: the program should be started anew. Called in the server's thread, as is ``fails``.
    hangs: Names = well
    #: Names the jobs that failed, without which nothing gets done: starting anew does not help.
    fails: Names = well
    address: str = "127.0.0.1"
    #: 0 takes a free one.
    port: int = 0
    url: str = field(default="", init=False)
    _server: uvicorn.Server | None = field(default=None, init=False, repr=False)
    _thread: threading.Thread | None = field(default=None, init=False, repr=False)

    async def start(self) -> None:
        """Answer from now on; raises ``Unusable`` when the port can't be had."""
        listening = self._listen()
        self.url = f"http://{self.address}:{listening.getsockname()[1]}"
        config = uvicorn.Config(
            self.application(), log_config=None, access_log=False, lifespan="off", ws="none", timeout_keep_alive=5,
            timeout_graceful_shutdown=1, limit_concurrency=20, server_header=False,
        )  # fmt: skip
        self._server = server = uvicorn.Server(config)
        self._thread = threading.Thread(target=server.run, args=([listening],), daemon=True, name="watching")
        self._thread.start()
        until = time.monotonic() + _START_SECONDS
        while not server.started:
            if time.monotonic() > until or not self._thread.is_alive():
                listening.close()
                raise Unusable(f"metrics.port: no answer at {self.url}")
            await asyncio.sleep(0.01)
        logger.info("metrics, healthz and readyz at {}", self.url)

    async def stop(self) -> None:
        """Answer no more; nothing where it was not started, or was stopped."""
        server, thread = self._server, self._thread
        self._server = self._thread = None
        if server and thread:
            server.should_exit = True
            await asyncio.to_thread(thread.join, _STOP_SECONDS)

    def application(self) -> Starlette:
        """Return what answers, for a web server that is there already."""
        pages = {"/metrics": self._metrics, "/healthz": self._healthz, "/readyz": self._readyz}
        return Starlette(routes=[Route(path, page, methods=["GET"]) for path, page in pages.items()])

    def _listen(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if sys.platform != "win32":  # there it would let two programs have one port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((self.address, self.port))
        except OSError as error:
            listening.close()
            why = f"{self.address}:{self.port} can't be had ({error.strerror})"
            raise Unusable(f"metrics.port: {why}: stop what uses it, or set another port or address") from None
        return listening

    async def _metrics(self, _: Request) -> Response:
        figures = await self._figures()
        if isinstance(figures, str):
            return _unavailable(figures)
        return Response(exposition(figures), media_type=CONTENT_TYPE_LATEST, headers=_NO_STORE)

    async def _healthz(self, _: Request) -> Response:
        """Does the program live: 503 asks whoever keeps it running to start it anew."""
        hangs = self._hanging()
        return _unavailable(*hangs) if hangs else _ok()

    async def _readyz(self, _: Request) -> Response:
        """Can it work now: 503 says that people have to do something, and starting anew would not help."""
        figures = await self._figures()
        stands = [figures] if isinstance(figures, str) else _standing(figures)
        stands += self._hanging() + [f"fails: {name}" for name in sorted(self.fails())]
        return _unavailable(*stands) if stands else _ok()

    def _hanging(self) -> list[str]:
        return [f"does not beat: {name}" for name in sorted(self.hangs())]

    async def _figures(self) -> Figures | str:
        """Return the figures, or the name of the error for which there are none: what an error says may name a person."""
        try:
            return await self.gauge.read()
        except BotError as error:
            return type(error).__name__
        except Exception as error:  # noqa: BLE001 - whatever it is, the answer is that nothing can be said
            logger.exception("no figures")
            return type(error).__name__


def _standing(figures: Figures) -> list[str]:
    stands = [f"stands still: {part}" for part, causes in figures.pauses.items() if causes and part is Part.ALL]
    return [*stands, *(["stands still: the kill switch is there"] if figures.kill_switch else [])]


def _ok() -> Response:
    return PlainTextResponse("ok\n", headers=_NO_STORE)


def _unavailable(*why: str) -> Response:
    status = HTTPStatus.SERVICE_UNAVAILABLE
    return PlainTextResponse("".join(f"{line}\n" for line in why), status_code=status, headers=_NO_STORE)
