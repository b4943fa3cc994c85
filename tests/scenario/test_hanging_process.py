"""Limits and SIGTERM hold whatever a thread does: `run` and `serve` as processes of their own that hang in four ways."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bot.clock import SystemClock
from tests.house import ROOT, ZONE, House
from tests.poison_kit import HANGS

_PATIENCE = 90
#: Minutes without a step: a second and a half.
_SOON = 0.025
#: The long ones are one of many like it.
_EACH = [pytest.param(how, marks=[] if how == "lock" else [pytest.mark.long]) for how in HANGS]


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house that tells operators by mail, and has missed its passes for two days: `serve` makes one at once."""
    made = House(path=tmp_path / "house").lay_out({"alerts": {"mail_to": ["operators@city.example.jp"]}})
    last = (SystemClock(ZONE).now() - timedelta(days=2)).isoformat()
    (made.path / "var").mkdir()
    (made.path / "var" / "heartbeat.json").write_text(json.dumps({"done": {"poll": last}}), encoding="utf-8")
    return made


@contextmanager
def hanging(house: House, command: str, how: str, minutes: float) -> Iterator[subprocess.Popen[str]]:
    """Give a process whose first pass hangs, once it does; ``minutes`` are its limit without a step."""
    raw = house.config.read_text(encoding="utf-8")
    house.config.write_text(raw.replace("job_limit_minutes: 20", f"job_limit_minutes: {minutes}"), encoding="utf-8")
    (house.path / "how").write_text(how, encoding="ascii")
    with subprocess.Popen(
        [sys.executable, "-m", "tests.poison_kit", command, str(house.path)], cwd=ROOT, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout
            assert process.stdout.readline() == f"hangs: {how}\n"
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for the process; return its exit status and what it said on stderr."""
    _, said = process.communicate(timeout=_PATIENCE)
    return process.returncode, said


@pytest.mark.parametrize("how", _EACH)
def test_a_pass_that_hangs_is_ended_at_its_limit(house: House, how: str) -> None:
    """`run` ends by itself with 1: where the interpreter still runs it says why and operators are told, else where it hangs."""
    with hanging(house, "run", how, _SOON) as process:
        status, said = ended(process)
    assert status == 1
    if how in {"thread", "wait"}:
        assert "TookTooLong: run got no step further for 0.025 minutes" in said
        assert [file for file in house.files("outbox") if ".conditions." in file.name]
    else:
        assert "Timeout" in said
        assert "poison_kit.py" in said


@pytest.mark.parametrize("how", _EACH)
def test_serve_ends_itself_at_its_limit(house: House, how: str) -> None:
    """`serve` with a thread that can't be ended, or hung itself, ends other than well, so that a supervisor starts a new one."""
    with hanging(house, "serve", how, _SOON) as process:
        status, said = ended(process)
    assert status == (4 if how in {"thread", "wait"} else 1), said


@pytest.mark.parametrize("command", ["run", pytest.param("serve", marks=pytest.mark.long)])
@pytest.mark.parametrize("how", _EACH)
def test_sigterm_ends_what_hangs_in_bounded_time(house: House, command: str, how: str) -> None:
    """Told to stop while it hangs, the process is gone within the time it has to stop, which no thread can lengthen."""
    with hanging(house, command, how, 0.05) as process:
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        status, _ = ended(process)
    assert status in {0, 1, 4}
    assert time.monotonic() - began < 60
