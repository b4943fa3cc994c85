"""The bot is killed while its ledger is on a database server: the lock goes with the process, and the recipe holds."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest

from bot.sandbox.faults import AfterSubmit
from bot.sandbox.server import SandboxServer
from tests.acts_kit import in_ledger
from tests.house import House
from tests.ledger_kit import Server
from tests.scenario.test_killed_process import kill_group

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def house(tmp_path: Path, database: Server, server: SandboxServer) -> House:
    """A house that works with the embedded console and the database server."""
    changes = {"console": {"url": server.url}, **database.settings(tmp_path)}
    return House(path=tmp_path / "house").lay_out(changes)


def test_killed_right_after_the_submit(
    house: House, server: SandboxServer, start: Start, days: list[date], now: datetime
) -> None:
    """While it works a second one is refused; killed between the submit and its answer, the next one mails the one account."""
    house.apply("0000506", employee_no="0041120", days=days[-1:], now=now)
    server.faults.after_submit = AfterSubmit.HOLD_MADE
    first = start("run")
    assert server.faults.arrived.wait(60), "the submit never arrived"
    second = start("run")
    assert second.wait(60) == 3
    told = (house.path / "1.stderr").read_text(encoding="utf-8")
    assert f"process {first.pid} on " in told
    kill_group(first)
    server.faults.clear()
    assert start("run", "--json").wait(90) == 0
    assert json.loads((house.path / "2.stdout").read_text(encoding="utf-8"))["delivered"] == 1
    assert [user.user_id for user in server.users.search("tw")] == ["tw0041120"]
    assert (server.users.writes["create"], len(house.credentials())) == (1, 1)
    assert in_ledger(house, lambda ledger: ledger.verify()).ok
