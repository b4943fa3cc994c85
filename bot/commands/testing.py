"""``test``: all tests, with what they need installed where that is possible."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bot.commands.output import say
from bot.console.browser import ensure_browser
from bot.errors import Unusable
from bot.settings.console import BrowserSettings

ROOT = Path(__file__).resolve().parent.parent.parent
_NEEDS_BROWSER = ("tests/browser", "tests/scenario", "tests/contract")


def run(arguments: Sequence[str]) -> int:
    """Run pytest with ``arguments``; returns its exit status.

    Without a browser, and where none can be installed, the rest is run and what was left out is named at the end;
    under ``CI=true`` that is an error.
    """
    left_out: list[str] = []
    try:
        ensure_browser(BrowserSettings(), say=say)
    except Unusable as error:
        if os.environ.get("CI") == "true":
            raise
        left_out = [f"{name}: {error}" for name in _NEEDS_BROWSER]
    ignored = [f"--ignore={name}" for name in _NEEDS_BROWSER] if left_out else []
    status = subprocess.run(  # noqa: S603 - pytest with what the person typed
        [sys.executable, "-m", "pytest", *ignored, *arguments], cwd=ROOT, check=False
    ).returncode
    for line in left_out:
        say(f"left out  {line}")
    return status
