"""Runs the embedded console on loopback, in a thread of its own."""

from __future__ import annotations

import secrets
import socket
import threading
import time
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from bot.clock import Clock
from bot.sandbox.admin import Admin
from bot.sandbox.faults import Faults, FaultyConnection
from bot.sandbox.pages import refuse
from bot.sandbox.user_side import UserSide
from bot.sandbox.users import ZONES, User, Users

_STATIC = Path(__file__).parent / "static"
_FAMILY = ("佐藤", "鈴木", "高橋", "田中", "伊藤", "渡辺", "山本", "中村", "小林", "加藤")
_GIVEN = ("太郎", "花子", "健一", "美咲", "大輔")
_DEPARTMENTS = ("総務部総務課", "市民部市民課", "建設部道路課", "健康福祉部福祉政策課", "財政部税務課")


class SandboxServer:
    """The embedded VDI console as a web server on 127.0.0.1; use it as a context manager.

    ``users``, ``faults`` and ``admin`` are there for the program that started it; the pages reach no fault.
    """

    def __init__(
        self, clock: Clock, *, port: int = 0, admin: str = "bot-admin", password: str | None = None, seeded: int = 45,
    ) -> None:  # fmt: skip
        self.users = Users(clock=clock)
        self.faults = Faults()
        self.password = password or secrets.token_urlsafe(18)
        self.admin = Admin(users=self.users, faults=self.faults, name=admin, password=self.password)
        self._port = port
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.url = ""
        for number in range(1, seeded + 1):
            self.users.seed(_somebody(number, clock))

    def start(self) -> Self:
        """Serve from now on; returns when the first request can be answered."""
        # Named as TCP, or asyncio leaves Nagle's delay on: 40 ms for every answer.
        if self.faults.released.is_set():  # by a stop before: what is held from now on is held again
            self.faults.released = threading.Event()
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", self._port))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        routes = [*self.admin.routes(), *UserSide(users=self.users).routes()]
        application = Starlette(
            routes=[*routes, Mount("/static", StaticFiles(directory=_STATIC))],
            exception_handlers={HTTPException: refuse},
        )
        config = uvicorn.Config(
            FaultyConnection(application, self.faults), log_config=None, access_log=False, lifespan="off", ws="none",
            timeout_graceful_shutdown=1,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listening],), daemon=True, name="sandbox")
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.01)
        return self

    def stop(self) -> None:
        """Stop serving; held requests are let go."""
        self.faults.released.set()
        if self._server and self._thread:
            self._server.should_exit = True
            self._thread.join(timeout=10)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()


def _somebody(number: int, clock: Clock) -> User:
    now = clock.now()
    return User(
        user_id=f"vdi{number:05d}", name=f"{_FAMILY[number % 10]}　{_GIVEN[number % 5]}",
        department=_DEPARTMENTS[number % 5], mail=f"vdi{number:05d}@city.example.jp", zones=ZONES[:2],
        valid_from=now - timedelta(days=90), valid_until=now + timedelta(days=275), must_change=False,
        enabled=number % 7 != 0,
    )  # fmt: skip
