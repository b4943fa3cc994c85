"""Shows the outside that the scheduler lives: a file, systemd's watchdog, and an address that is fetched."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from loguru import logger

from bot.operation.schedule.plan import Task
from bot.private import make_folder, write_private
from bot.secret import Secret

#: Seconds between two beats, where systemd does not ask for more.
BEAT = 30.0
_PATIENCE = 10
_MICRO = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Supervisor:
    """systemd, told over its socket (sd_notify(3)); without one nothing is told."""

    #: As in ``NOTIFY_SOCKET``: a path, or ``@`` and a name.
    address: str = ""
    #: Within so many seconds a sign of life is expected; 0: never.
    watchdog: float = 0

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Supervisor:
        """Return the one that started this process, by ``NOTIFY_SOCKET``, ``WATCHDOG_USEC`` and ``WATCHDOG_PID``."""
        ours = environment.get("WATCHDOG_PID", "") in {"", str(os.getpid())}
        microseconds = environment.get("WATCHDOG_USEC", "0") if ours else "0"
        watchdog = int(microseconds) / _MICRO if microseconds.isdecimal() else 0
        return cls(address=environment.get("NOTIFY_SOCKET", ""), watchdog=watchdog)

    def tell(self, state: str) -> None:
        """Send a state such as ``READY=1``; that it can't be sent stops nothing."""
        if not self.address or not hasattr(socket, "AF_UNIX"):
            return
        address = f"\0{self.address[1:]}" if self.address.startswith("@") else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
                there.sendto(state.encode(), address)
        except OSError as error:
            logger.warning("{} could not be told {}: {}", self.address, state, error)

    @property
    def beat(self) -> float:
        """Seconds between two signs of life: twice as often as they are expected."""
        return min(BEAT, self.watchdog / 2) if self.watchdog else BEAT


@dataclass(kw_only=True)
class Pulse:
    """Gives the signs of life."""

    file: Path
    supervisor: Supervisor = Supervisor()
    #: Fetched every ``ping_every`` while all is well; it is a secret: who knows it can make a dead bot look alive.
    ping: Secret | None = None
    ping_every: timedelta = timedelta(minutes=5)
    #: When the heartbeat was last written.
    beat_at: datetime | None = None
    #: The newest ping, perhaps still on its way.
    pinging: asyncio.Future[None] | None = None
    _pinged_at: datetime | None = None

    def beat(self, now: datetime, done: Mapping[Task, datetime], *, well: bool = True) -> None:
        """Give every sign of life; one that fails is logged, and stops nothing. ``done``: when each job was last done.

        While passes fail (not ``well``) nothing is pinged: the service that misses it is one more way to be told.
        """
        try:
            _write(self.file, {"at": now.isoformat(), "pid": os.getpid(), "done": _texts(done)})
            self.beat_at = now
        except OSError as error:
            logger.warning("the heartbeat {} can't be written: {}", self.file, error)
        self.supervisor.tell("WATCHDOG=1")
        idle = self.pinging is None or self.pinging.done()
        if self.ping and well and idle and (self._pinged_at is None or abs(now - self._pinged_at) >= self.ping_every):
            self._pinged_at = now
            self.pinging = asyncio.ensure_future(asyncio.to_thread(_fetch, self.ping))


def last_done(file: Path) -> dict[Task, datetime]:
    """Return when each job was last done, as the heartbeat of an earlier process says; nothing where it can't be read."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        found = json.loads(file.read_text(encoding="utf-8"))["done"]
        done = {Task(name): datetime.fromisoformat(at) for name, at in found.items()}
        return {task: at for task, at in done.items() if at.utcoffset() is not None}
    return {}


def _fetch(url: Secret) -> None:
    """Fetch an address over HTTP; that it does not answer is logged, without the address."""
    address = url.reveal()
    try:
        if not address.startswith(("https://", "http://")):
            raise ValueError("schedule.ping_url leads to no http(s) address")
        with urllib.request.urlopen(address, timeout=_PATIENCE):  # noqa: S310 - http(s) alone, see above
            pass
    except (OSError, ValueError) as error:
        logger.warning("the ping of schedule.ping_url did not arrive: {}", type(error).__name__)


def _write(file: Path, content: Mapping[str, object]) -> None:
    """Replace the file as a whole: whoever reads it never sees half of it."""
    make_folder(file.parent)
    new = file.with_name(f"{file.name}.new")
    write_private(new, json.dumps(content))
    new.replace(file)


def _texts(done: Mapping[Task, datetime]) -> dict[str, str]:
    return {task.value: at.isoformat() for task, at in done.items()}
