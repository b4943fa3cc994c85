"""A bot that waits is small: what only some sites, some mails or a new version need is loaded when it is needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.house import ROOT, House

#: Each takes megabytes: for tables in mails, for workbooks, for a new schema, for an Exchange mailbox, for the demo.
_HEAVY = {"openpyxl", "xlrd", "alembic", "exchangelib", "lxml", "starlette", "uvicorn", "rich"}
_MOST_MB = 100
_PROGRAM = """
import json, re, sys
from pathlib import Path
import bot.wiring

def state():
    pss = re.search(r"^Pss:\\s+(\\d+)", Path("/proc/self/smaps_rollup").read_text(), re.MULTILINE)[1]
    return sorted({name.partition(".")[0] for name in sys.modules}), int(pss) / 1024

at_rest = state()
import asyncio
from bot.console.memory import MemoryConsole
from tests.house import House
report = asyncio.run(House(path=Path(sys.argv[1])).run(MemoryConsole()))
print(json.dumps({"at_rest": at_rest, "after_a_pass": state(), "delivered": report.delivered}))
"""


def test_a_bot_at_rest_holds_only_what_it_uses(tmp_path: Path) -> None:
    """With the default settings, at its start and after a pass over a mail, nothing heavy is loaded: 100 MB at most."""
    house = House(path=tmp_path).lay_out()
    house.workshop().ledger().close()
    house.receive("02")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(tmp_path)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["delivered"] == 1
    for modules, megabytes in (found["at_rest"], found["after_a_pass"]):
        assert _HEAVY.isdisjoint(modules), _HEAVY.intersection(modules)
        assert megabytes <= _MOST_MB
