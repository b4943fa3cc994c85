"""Awkward mails and tables, with what a careful clerk makes of each: nothing is granted at which one would stop."""

from __future__ import annotations

import subprocess
import sys

from tests.house import ROOT

CASES = ROOT / "tests" / "cases" / "reading"


def test_no_case_is_granted_lost_or_refused_wrongly() -> None:
    """Of 435 cases none is granted, ignored or refused against the clerk, and few clear ones wait for a person."""
    done = subprocess.run(
        [sys.executable, str(CASES / "score.py"), str(ROOT), "-v"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5_000:] + done.stderr[-2_000:]
    assert "wrong 0, lost 0, refused 0" in done.stdout
