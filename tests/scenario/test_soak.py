"""The soak as there is time for it (docs/soak.md): `serve` lives, is disturbed, and everything comes to its end."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.house import ROOT
from tests.scenario.soak.disturbances import ALL
from tests.scenario.soak.vitals import Look, growth

_SECONDS = 900


@pytest.mark.long
@pytest.mark.timeout(_SECONDS)
def test_a_minute_with_every_disturbance() -> None:
    """Mails arrive for a minute while the bot is stopped, killed and cut off from everything: the verdict has no line that does not hold."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.scenario.soak", "--minutes", "1", "--every", "1.5", "--json"],
        cwd=ROOT, capture_output=True, text=True, timeout=_SECONDS - 60, check=False,
    )  # fmt: skip
    assert done.stdout, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    assert [line for line in found["lines"] if not line["ok"]] == []
    assert [one.name for one in ALL if one.name not in done.stderr] == []


def test_growth_is_seen_through_noise() -> None:
    """A leak of 60 MB an hour is found although every tenth look has a browser's spike, and a level figure is none."""
    noise = [0.0, 0.4, -0.3, 0.2, -0.1, 0.3, -0.4, 0.1, -0.2, 80.0]
    looks = [_look(5.0 * number, 100 + 5.0 * number / 60 + noise[number % 10]) for number in range(120)]
    assert growth(looks, "own") == pytest.approx(60, abs=3)
    assert growth(
        [_look(one.seconds, 100 + noise[number % 10]) for number, one in enumerate(looks)], "own"
    ) == pytest.approx(0, abs=1)


def _look(seconds: float, own: float) -> Look:
    return Look(
        seconds=seconds, life=1, pss=own, own=own, tree=own, files=8, threads=5, below=0, heartbeat=1, log_bytes=0, var_bytes=0,
    )  # fmt: skip
