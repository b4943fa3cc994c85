"""Where the soak takes place: a house with many employees, a console, a chat service, and the bot's own process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from bot.clock import FixedClock, SystemClock
from bot.ledger.ledger import Ledger
from bot.sandbox.ports import free_port
from bot.sandbox.server import SandboxServer
from tests.acts_kit import in_ledger
from tests.alerts_kit import Chat, chat_service
from tests.house import PROVEN, ROOT, ZONE, House, in_kanji

T = TypeVar("T")
_PASSWORD, _CHAT = "TELEWORK_BOT_CONSOLE_PASSWORD", "TELEWORK_BOT_CHAT"
_EMPLOYEES = 900
_COLUMNS = "職員番号,氏名,フリガナ,所属,メールアドレス,任用区分,所属長職員番号,在職開始日,在職終了日"


@dataclass(frozen=True, kw_only=True)
class Employee:
    """Somebody who may apply."""

    number: str
    name: str
    department: str = "総務部総務課"

    @property
    def row(self) -> str:
        """As the staff directory has it."""
        mail = f"s{self.number}@city.example.jp"
        return f"{self.number},{self.name},ソーク　タロウ,{self.department},{mail},正規,,2010-04-01,"


@dataclass(kw_only=True)
class Place:
    """Everything around the bot, and the bot."""

    house: House
    server: SandboxServer
    chat: Chat
    now: datetime
    days: list[date]
    staff: list[Employee]
    #: The processes of `serve`, the last one the one that lives.
    lives: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def outbox(self) -> Path:
        """Where mails go out."""
        return self.house.path / "mailbox" / "outbox"

    @property
    def secrets(self) -> list[str]:
        """What may stand in no file, beside the mailed passwords."""
        return [self.server.password, self.chat.url]

    def begin(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start the command line in a process of its own, what it says in files of the house."""
        environment = {**os.environ, _PASSWORD: self.server.password, _CHAT: self.chat.url, "PYTHONPATH": str(ROOT)}
        said = self.house.path / "said"
        said.mkdir(exist_ok=True)
        number = len(list(said.iterdir())) // 2
        name = f"{number:03}-{arguments[0]}"
        with (said / f"{name}.stdout").open("wb") as out, (said / f"{name}.stderr").open("wb") as err:
            return subprocess.Popen(
                [sys.executable, "-m", "bot.cli", *arguments, "--config", str(self.house.config)],
                env=environment, stdout=out, stderr=err, stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    def serve(self) -> None:
        """Start a new life."""
        self.lives.append(self.begin("serve"))

    def said(self) -> str:
        """Return everything that any of its processes said."""
        files = sorted((self.house.path / "said").iterdir())
        return "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)

    def ask(self, question: Callable[[Ledger], Awaitable[T]]) -> T:
        """Ask the ledger, beside the bot."""
        return in_ledger(self.house, question)


@contextmanager
def place(path: Path, *, every: float, half: timedelta) -> Iterator[Place]:
    """Lay everything out below ``path``; polls come every so many seconds, digest and backup after the ``half`` of it all."""
    now = SystemClock(ZONE).now().replace(microsecond=0)
    staff = [
        Employee(number=f"{number:07}", name=f"相馬　{in_kanji(str(number))}")
        for number in range(60_001, 60_001 + _EMPLOYEES)
    ]
    with chat_service() as chat, SandboxServer(FixedClock(now), port=free_port()) as server:
        house = House(path=path / "house").lay_out(_settings(server.url, every, now, half))
        (house.path / "staff.csv").write_text("\n".join([_COLUMNS, *(one.row for one in staff), ""]), encoding="cp932")
        opened = "".join(f"{now.date() + timedelta(days=number)},open,\n" for number in range(2))
        (house.path / "days.csv").write_text(f"date,open,reason\n{opened}", encoding="utf-8")
        days = [day for day, _ in house.workshop().rulebook().next_possible(now, 4)][1:]
        here = Place(house=house, server=server, chat=chat, now=now, days=days, staff=staff)
        try:
            yield here
        finally:
            for life in here.lives:
                if life.poll() is None:
                    life.kill()
                    life.wait()


def _settings(url: str, every: float, now: datetime, half: timedelta) -> dict[str, dict[str, object]]:
    aside = now + half
    same_day = aside.date() == now.date()
    at = {"digests": [f"{aside:%H:%M}"], "backup": f"{aside + timedelta(minutes=1):%H:%M}"} if same_day else {}
    return {
        "console": {"url": url}, "calendar": {"overrides_file": "days.csv"},
        "schedule": {"poll_minutes": every / 60, "poll_from": "00:00", "poll_until": "23:59:59", **at},
        "alerts": {"apprise": [f"env:{_CHAT}"], "apprise_level": "critical", "retry_minutes": 1, "calm_minutes": 0, "disk_free_mb": 50},
        "forms": PROVEN, "rules": {"automatic_kinds": ["issue", "reissue", "cancel", "change"]},
        "log": {"file": "log/bot.jsonl", "rotate_mb": 1.0, "level": "INFO", "keep_days": 90},
    }  # fmt: skip
