"""Signs of life: the heartbeat file, systemd's socket, the ping; and who holds the lock."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from loguru import logger

from bot.errors import AlreadyRunning, Unusable
from bot.ledger.process_lock import process_lock
from bot.operation.schedule.plan import Task
from bot.operation.schedule.pulse import BEAT, Pulse, Supervisor, last_done
from bot.secret import Redactor
from tests.house import FRIDAY
from tests.serve_kit import Desk


@contextmanager
def systemd(path: Path) -> Iterator[socket.socket]:
    """Listen as systemd does, on a socket in the file system."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
        there.bind(str(path))
        there.settimeout(5)
        yield there


def heard(there: socket.socket) -> list[str]:
    """Return what was told so far."""
    there.settimeout(0)
    told = []
    try:
        while True:
            told.append(there.recv(200).decode())
    except BlockingIOError:
        return told


async def test_systemd_is_told_that_it_is_ready_lives_and_stops(tmp_path: Path) -> None:
    """READY=1 first, WATCHDOG=1 twice within the time it asks for, STOPPING=1 at the end."""
    with systemd(tmp_path / "notify") as there:
        environment = {
            "NOTIFY_SOCKET": str(tmp_path / "notify"),
            "WATCHDOG_USEC": "600000",
            "WATCHDOG_PID": str(os.getpid()),
        }
        supervisor = Supervisor.of(environment)
        assert supervisor.beat == 0.3
        desk = Desk(path=tmp_path, pulse=Pulse(file=tmp_path / "heartbeat.json", supervisor=supervisor))
        await desk.run(1.3)
        told = heard(there)
    assert told[:2] == ["READY=1", "WATCHDOG=1"]
    assert told[-2:] == ["STOPPING=1", "WATCHDOG=1"]
    assert told.count("WATCHDOG=1") >= 4


def test_an_abstract_socket_is_one_too() -> None:
    """NOTIFY_SOCKET=@NAME, as in containers."""
    name = f"telework-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
        there.bind(f"\0{name}")
        Supervisor.of({"NOTIFY_SOCKET": f"@{name}"}).tell("READY=1")
        assert heard(there) == ["READY=1"]


@pytest.mark.parametrize(
    ("environment", "beat"),
    [
        ({}, BEAT),
        ({"WATCHDOG_USEC": "20000000"}, 10),
        ({"WATCHDOG_USEC": "600000000"}, BEAT),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "1"}, BEAT),
        ({"WATCHDOG_USEC": "soon"}, BEAT),
    ],
)
def test_it_beats_twice_as_often_as_the_watchdog_asks(environment: dict[str, str], beat: float) -> None:
    """Half of WATCHDOG_USEC, thirty seconds at most; another process's watchdog is none of ours."""
    assert Supervisor.of(environment).beat == beat


async def test_the_heartbeat_is_written_each_time(tmp_path: Path) -> None:
    """Moment, process and what was done when; a folder that can't be written stops nothing, nor a supervisor that is gone."""
    pulse = Pulse(file=tmp_path / "deep" / "heartbeat.json", supervisor=Supervisor(address=str(tmp_path / "gone")))
    done = {Task.BACKUP: FRIDAY - timedelta(hours=1)}
    pulse.beat(FRIDAY, done)
    pulse.beat(FRIDAY + timedelta(seconds=30), done)
    found = json.loads(pulse.file.read_text(encoding="utf-8"))
    assert found == {
        "at": "2021-07-30T13:04:30+09:00",
        "pid": os.getpid(),
        "done": {"backup": "2021-07-30T12:04:00+09:00"},
    }
    assert last_done(pulse.file) == done
    (tmp_path / "file").write_text("", encoding="utf-8")
    blocked = Pulse(file=tmp_path / "file" / "heartbeat.json")
    blocked.beat(FRIDAY, done)
    assert blocked.beat_at is None


@contextmanager
def watchman(status: int) -> Iterator[tuple[str, list[str]]]:
    """Run a service that is pinged; yields its address and the paths that were fetched."""
    fetched: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Note it, and answer."""
            fetched.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/who-knows-this-can-lie", fetched
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def answered(pulse: Pulse) -> None:
    """Wait until the newest ping has come to its end."""
    assert pulse.pinging is not None
    await asyncio.wait_for(pulse.pinging, 20)


@pytest.mark.parametrize("status", [200, 500])
async def test_the_ping_is_fetched_every_few_minutes(tmp_path: Path, status: int) -> None:
    """At the first beat and again after ping_minutes, whatever the service answers; not while passes fail."""
    with watchman(status) as (url, fetched):
        pulse = Pulse(file=tmp_path / "heartbeat.json", ping=Redactor().new(url), ping_every=timedelta(minutes=5))
        for seconds, well, pings in (
            (0, True, 1),
            (30, True, 1),
            (299, True, 1),
            (301, True, 2),
            (700, False, 2),
            (730, True, 3),
        ):
            pulse.beat(FRIDAY + timedelta(seconds=seconds), {}, well=well)
            await answered(pulse)
            assert len(fetched) == pings


@pytest.mark.parametrize("url", ["file:///etc/hostname", "http://127.0.0.1:9/closed", "nothing"])
async def test_an_address_that_does_not_answer_stops_nothing(tmp_path: Path, url: str) -> None:
    """Nor does one that is none; no other scheme is fetched; the log says so without the address."""
    pulse = Pulse(file=tmp_path / "heartbeat.json", ping=Redactor().new(url))
    said: list[str] = []
    sink = logger.add(said.append, level="WARNING")
    try:
        pulse.beat(FRIDAY, {})
        await answered(pulse)
    finally:
        logger.remove(sink)
    assert pulse.beat_at == FRIDAY
    assert "did not arrive" in "".join(said)
    assert url not in "".join(said)


def test_who_holds_the_lock_is_said(tmp_path: Path) -> None:
    """Process, machine and since when; without the note beside it the lock holds all the same; afterwards both are free."""
    lock = tmp_path / "var" / "serve.lock"
    since = datetime.fromisoformat("2026-11-25T08:00:00+09:00")
    with process_lock(lock, since):
        with pytest.raises(AlreadyRunning) as raised, process_lock(lock, since):
            pass
        assert f"process {os.getpid()} on {socket.gethostname()}, since 2026-11-25T08:00:00+09:00" in str(raised.value)
        lock.with_name("serve.lock.holder").write_text("[]", encoding="utf-8")
        with pytest.raises(AlreadyRunning, match="another run holds"), process_lock(lock, since):
            pass
    with process_lock(lock, since):
        pass
    assert [path.name for path in lock.parent.iterdir() if path.name.endswith(".holder")] == []
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(Unusable, match="can't be made"), process_lock(tmp_path / "file" / "bot.lock", since):
        pass
