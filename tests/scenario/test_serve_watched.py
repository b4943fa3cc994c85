"""`serve` with `metrics.port`: what a monitoring system is answered while all is well, and while something is not."""

from __future__ import annotations

import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import date, datetime

import pytest

from bot.sandbox.ports import free_port
from bot.sandbox.server import SandboxServer
from tests.house import House
from tests.serve_kit import PATIENCE, come_to, poll_always

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def port() -> int:
    """A port that nobody has."""
    return free_port()


def ask(port: int, path: str) -> tuple[int, str]:
    """Return the status and the text of an answer; 0 while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def test_it_is_watched_while_it_serves(
    house: House, server: SandboxServer, start: Start, days: list[date], now: datetime, port: int
) -> None:
    """Figures follow the work; a console that is down is a condition; failing passes and a lost ledger are not ready; it lives all the time."""
    poll_always(house, server.url, {"metrics": {"port": port}})
    process = start("serve")
    come_to(lambda: ask(port, "readyz") == (200, "ok\n"), process)
    house.apply("0000701", employee_no="0041120", days=days[-1:], now=now)
    come_to(lambda: 'telework_bot_requests{state="delivered"} 1.0' in ask(port, "metrics")[1], process)

    server.stop()
    house.apply("0000702", employee_no="0042875", days=days[-1:], now=now)
    down = 'telework_bot_conditions{level="critical",name="console_unusable"} 1.0'
    come_to(lambda: down in ask(port, "metrics")[1], process)
    assert [ask(port, path) for path in ("readyz", "healthz")] == [(200, "ok\n")] * 2

    staff = house.path / "staff.csv"
    whole = staff.read_bytes()
    staff.write_bytes(b"")
    come_to(lambda: ask(port, "readyz") == (503, "fails: poll\n"), process)
    staff.write_bytes(whole)
    come_to(lambda: ask(port, "readyz") == (200, "ok\n"), process)

    ledger = house.path / "ledger.sqlite3"
    ledger.rename(ledger.with_name("aside"))
    ledger.mkdir()
    come_to(lambda: ask(port, "readyz")[1].startswith("LedgerUnusable\n"), process)
    assert (ask(port, "metrics"), ask(port, "healthz")) == ((503, "LedgerUnusable\n"), (200, "ok\n"))
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    assert ask(port, "healthz") == (0, "")


def test_a_new_house_is_ready_before_its_first_pass(
    house: House, server: SandboxServer, start: Start, now: datetime, port: int
) -> None:
    """On a closed day nothing is to be done for hours: it is ready all the same, and the figures are those of an empty ledger."""
    house.lay_out({
        "console": {"url": server.url}, "calendar": {"overrides_file": "days.csv"}, "metrics": {"port": port},
        "account": {"enable_from": "00:00", "disable_at": "00:01"}, "schedule": {"expiry": "00:02", "backup": "00:03"},
    })  # fmt: skip
    (house.path / "days.csv").write_text(f"date,open,reason\n{now.date()},closed,休\n", encoding="utf-8")
    process = start("serve")
    come_to(lambda: ask(port, "readyz") == (200, "ok\n"), process)
    assert "telework_bot_chain_events 0.0" in ask(port, "metrics")[1]
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0


def test_a_port_in_use_is_told_before_anything_is_done(
    house: House, server: SandboxServer, start: Start, port: int
) -> None:
    """`serve` ends with 4 and says which setting to change; no pass was begun."""
    poll_always(house, server.url, {"metrics": {"port": port}})
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        assert start("serve").wait(PATIENCE) == 4
    told = (house.path / "0.stderr").read_text(encoding="utf-8")
    assert f"metrics.port: 127.0.0.1:{port} can't be had" in told
    assert "Traceback" not in told
    assert not (house.path / "ledger.sqlite3").exists()
