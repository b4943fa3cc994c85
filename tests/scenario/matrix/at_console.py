"""A world with a real browser: the embedded console runs as a server outside of the bot, which is killed with its Chromium."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import yaml

from bot.clock import FixedClock
from bot.console.playwright_console import PlaywrightConsole
from bot.console.port import Console
from bot.sandbox.server import SandboxServer
from bot.sandbox.users import LogLine
from bot.wiring import Workshop
from tests.scenario.matrix.moments import Gate
from tests.scenario.matrix.worlds import FolderWorld, Seen

_VERBS = {
    "ユーザー登録": "create", "パスワード再設定": "reset_password", "ユーザー編集": "edit", "無効化": "disable",
    "有効化": "enable", "ロック解除": "unlock",
}  # fmt: skip
_STATES = {"有効": "active", "無効": "disabled"}
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')
_ADMIN = "Console-admin-2021!"


class SandboxWorld(FolderWorld):
    """A folder mailbox and the embedded console behind a real browser."""

    def __init__(self, base: Path) -> None:
        super().__init__(base)
        self._users = base / "users.pickle"
        self._act: Callable[[int], None] = lambda _: None
        self._server: SandboxServer | None = None

    @contextmanager
    def running(self, at: datetime) -> Iterator[dict[str, str]]:
        """Have the console run, with the users that it had when it was last kept."""
        self.house.clock = FixedClock(at)
        with SandboxServer(FixedClock(at), password=_ADMIN, seeded=25) as server:
            self._server = server
            users, lines = pickle.loads(self._users.read_bytes()) if self._users.exists() else ([], [])
            for user in users:
                server.users.seed(user)
            server.users.log = _Record(lines, self._written)
            self._point_to(server.url)
            yield {"TELEWORK_BOT_CONSOLE_PASSWORD": _ADMIN}
            self._users.write_bytes(pickle.dumps((list(server.users.search("")), list(server.users.log))))

    def _point_to(self, url: str) -> None:
        raw = yaml.safe_load(self.house.config.read_text(encoding="utf-8"))
        raw["console"]["url"] = url
        self.house.config.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")

    def console(self, workshop: Workshop, gate: Gate) -> Console:
        """Return the bot's own console, with a boundary at each step of its flow."""
        return watched_console(workshop, gate)

    def on_write(self, act: Callable[[int], None]) -> None:
        """See :meth:`tests.scenario.matrix.worlds.World.on_write`."""
        self._act = act

    def _written(self, number: int) -> None:
        self._act(number)

    @property
    def server(self) -> SandboxServer:
        """The console, while it runs."""
        assert self._server is not None
        return self._server

    def accounts(self) -> dict[str, Seen]:
        """See :meth:`tests.scenario.matrix.worlds.World.accounts`."""
        return {
            user.user_id: (_STATES[user.status], str(user.valid_until))
            for user in self.server.users.search("tw")
            if user.user_id.startswith("tw")
        }

    def record(self) -> list[Seen]:
        """See :meth:`tests.scenario.matrix.worlds.World.record`."""
        return [(_VERBS[line.action], line.target) for line in self.server.users.log]

    def logs_in(self, login_id: str, password: str) -> bool:
        """Log in on the user side, at a time inside the validity: the first login leads to the change of the password."""
        user, clock = self.server.users.find(login_id), self.server.users.clock
        if user is None or user.valid_until is None or not isinstance(clock, FixedClock):
            return False
        before = clock.now()
        clock.set(user.valid_until - timedelta(hours=1))
        try:
            with httpx.Client(base_url=self.server.url, follow_redirects=True) as browser:
                token = _CSRF.findall(browser.get("login").text)[0]
                answer = browser.post("login", data={"csrf": token, "user": login_id, "password": password})
                return answer.url.path == "/password"
        finally:
            clock.set(before)
            user.failures = 0

    def passwords(self) -> list[str]:
        """The admin's; of the users' it knows only digests."""
        return [_ADMIN]


def watched_console(workshop: Workshop, gate: Gate) -> Console:
    """Return the console that the bot would work with, its flow watched."""
    made = Workshop.console(workshop)
    assert isinstance(made, PlaywrightConsole)
    made._flow_class = gate.watch_flow(made._flow_class)
    return made


class _Record(list[LogLine]):
    """The console's own record of writes; tells of each new line before the browser gets its answer."""

    def __init__(self, lines: list[LogLine], tell: Callable[[int], None]) -> None:
        super().__init__(lines)
        self._tell, self._before = tell, len(lines)

    def append(self, line: LogLine) -> None:
        """Add a line."""
        super().append(line)
        self._tell(len(self) - self._before)
