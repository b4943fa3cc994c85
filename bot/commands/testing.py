"""``test``: all tests, with what they need installed where that is possible."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bot.commands.output import say
from bot.console.browser import ensure_browser
from bot.errors import Unusable
from bot.packages import apt_install, usable_apt
from bot.sandbox.meshcentral_install import ensure_meshcentral
from bot.sandbox.postgres import ensure_postgres
from bot.sandbox.postoffice import ensure_postoffice
from bot.settings.console import BrowserSettings

ROOT = Path(__file__).resolve().parent.parent.parent
#: What some tests need, how to get it, and which tests those are.
_NEEDS: tuple[tuple[Callable[[], object], tuple[str, ...]], ...] = (
    (
        lambda: ensure_browser(BrowserSettings(), say=say),
        (
            "tests/browser",
            "tests/scenario",
            "tests/contract",
            "tests/real/test_django_admin.py",
            "tests/real/test_meshcentral.py",
        ),
    ),
    (lambda: ensure_postoffice(say), ("tests/real", "tests/contract/test_mailbox.py")),
    (lambda: ensure_meshcentral(say), ("tests/real/test_meshcentral.py", "tests/contract/test_console.py")),
    (
        lambda: ensure_postgres(say),
        (
            "tests/unit/test_postgres.py",
            "tests/unit/test_postgres_told.py",
            "tests/scenario/test_on_postgres.py",
            "tests/scenario/test_killed_on_postgres.py",
        ),
    ),
    (lambda: ensure_systemd(say), ("tests/real/test_systemd.py",)),
)


def run(arguments: Sequence[str]) -> int:
    """Run pytest with ``arguments``; returns its exit status.

    What a test needs is installed where that is possible. Elsewhere the rest is run, and what was left out is named at
    the end; under ``CI=true`` that is an error.
    """
    left_out: dict[str, str] = {}
    for ensure, tests in _NEEDS:
        try:
            ensure()
        except Unusable as error:
            if os.environ.get("CI") == "true":
                raise
            left_out |= dict.fromkeys(tests, str(error))
    ignored = [f"--ignore={name}" for name in left_out]
    status = subprocess.run(  # noqa: S603 - pytest with what the person typed
        [sys.executable, "-m", "pytest", *ignored, *arguments], cwd=ROOT, check=False
    ).returncode
    for name, reason in left_out.items():
        say(f"left out  {name}: {reason}")
    return status


def ensure_systemd(say: Callable[[str], None]) -> str:
    """Return the program that checks a systemd unit, installing it where that is possible; raises ``Unusable`` otherwise."""
    found = shutil.which("systemd-analyze")
    if found is None and (apt := usable_apt()):
        say("no systemd-analyze found: installing systemd with apt-get")
        apt_install(apt, ["systemd"])
        found = shutil.which("systemd-analyze")
    if found is None:
        raise Unusable("systemd-analyze is needed: apt-get install systemd")
    return found
