"""`serve` as a process of its own: polls a real folder, issues at a real console, and stops when it is told to."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta

from bot.clock import SystemClock
from bot.sandbox.faults import AfterSubmit
from bot.sandbox.server import SandboxServer
from tests.house import ZONE, House

Start = Callable[..., subprocess.Popen[bytes]]
_PATIENCE = 90


def lay_out(house: House, server: SandboxServer) -> None:
    """Have it poll every second or so, all day, on any day the test is run on."""
    today = SystemClock(ZONE).now().date()
    opened = "".join(f"{today + timedelta(days=number)},open,\n" for number in range(2))
    house.lay_out({
        "console": {"url": server.url}, "calendar": {"overrides_file": "days.csv"}, "alerts": {"mail_to": []},
        "schedule": {"poll_minutes": 0.02, "poll_from": "00:00", "poll_until": "23:59:59"},
    })  # fmt: skip
    (house.path / "days.csv").write_text(f"date,open,reason\n{opened}", encoding="utf-8")


def until(seen: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait until something is so, while the process lives."""
    ends = time.monotonic() + _PATIENCE
    while not seen():
        assert process.poll() is None, "it has ended"
        assert time.monotonic() < ends, "it did not come to that"
        time.sleep(0.1)


def test_it_serves_until_it_is_told_to_stop(
    house: House, server: SandboxServer, start: Start, days: list[date], now: datetime
) -> None:
    """An application that comes while it runs is delivered; SIGTERM in mid-create: that one is finished, exit 0, lock and heartbeat are left well."""
    lay_out(house, server)
    process = start("serve")
    heartbeat = house.path / "var" / "heartbeat.json"
    until(heartbeat.exists, process)
    house.apply("0000701", employee_no="0041120", days=days[-1:], now=now)
    until(lambda: len(house.credentials()) == 1, process)
    second = start("serve")
    assert second.wait(_PATIENCE) == 3
    told = (house.path / "1.stderr").read_text(encoding="utf-8")
    assert f"process {process.pid} on" in told
    server.faults.after_submit = AfterSubmit.HOLD_MADE
    house.apply("0000702", employee_no="0042875", days=days[-1:], now=now)
    assert server.faults.arrived.wait(_PATIENCE), "the submit never arrived"
    process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert process.poll() is None, "it left what it had in hand"
    server.faults.clear()
    assert process.wait(_PATIENCE) == 0
    assert sorted(sent.login_id for sent in house.credentials()) == ["tw0041120", "tw0042875"]
    assert server.users.writes["create"] == 2
    assert "poll" in json.loads(heartbeat.read_text(encoding="utf-8"))["done"]
    assert not (house.path / "var" / "serve.lock.holder").exists()
