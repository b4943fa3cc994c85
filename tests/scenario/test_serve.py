"""`serve` as a process of its own: polls a real folder, issues at a real console, and stops when it is told to."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import date, datetime

from bot.sandbox.faults import AfterSubmit
from bot.sandbox.server import SandboxServer
from tests.house import House
from tests.serve_kit import PATIENCE, come_to, poll_always

Start = Callable[..., subprocess.Popen[bytes]]


def test_it_serves_until_it_is_told_to_stop(
    house: House, server: SandboxServer, start: Start, days: list[date], now: datetime
) -> None:
    """An application that comes while it runs is delivered; SIGTERM in mid-create: that one is finished, exit 0, lock and heartbeat are left well."""
    poll_always(house, server.url)
    process = start("serve")
    heartbeat = house.path / "var" / "heartbeat.json"
    come_to(heartbeat.exists, process)
    house.apply("0000701", employee_no="0041120", days=days[-1:], now=now)
    come_to(lambda: len(house.credentials()) == 1, process)
    second = start("serve")
    assert second.wait(PATIENCE) == 3
    told = (house.path / "1.stderr").read_text(encoding="utf-8")
    assert f"process {process.pid} on" in told
    server.faults.after_submit = AfterSubmit.HOLD_MADE
    house.apply("0000702", employee_no="0042875", days=days[-1:], now=now)
    assert server.faults.arrived.wait(PATIENCE), "the submit never arrived"
    process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert process.poll() is None, "it left what it had in hand"
    server.faults.clear()
    assert process.wait(PATIENCE) == 0
    assert sorted(sent.login_id for sent in house.credentials()) == ["tw0041120", "tw0042875"]
    assert server.users.writes["create"] == 2
    assert "poll" in json.loads(heartbeat.read_text(encoding="utf-8"))["done"]
    assert not (house.path / "ledger.sqlite3.serve.lock.holder").exists()
