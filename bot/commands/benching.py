"""``bench``: the benchmarks of tests/bench, each a program that prints one JSON document."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bot.errors import BadUsage, Problem

ROOT = Path(__file__).resolve().parent.parent.parent
BENCHES = ROOT / "tests" / "bench"


def run(name: str, arguments: Sequence[str]) -> int:
    """Run the benchmark ``name`` and return its exit status; raises ``BadUsage`` that lists what there is."""
    known = sorted(file.stem for file in BENCHES.glob("*.py"))
    if name not in known:
        raise BadUsage([Problem(path="NAME", text=f"there is no {name!r}; known: {', '.join(known)}")])
    command = [sys.executable, str(BENCHES / f"{name}.py"), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 - one of our own programs
