"""Versions of everything that a fault may hang on."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from bot import __version__

_SECONDS = 20


def about(browser: Path | None) -> dict[str, Any]:
    """Return the versions of the bot, Python, the system, its packages and the browser."""
    return {
        "bot": __version__, "python": sys.version, "system": platform.platform(), "distribution": _distribution(),
        "machine": platform.machine(), "processors": os.cpu_count(),
        "browser": {"path": str(browser) if browser else None, "version": _version_of(browser)},
        "packages": dict(sorted((one.metadata["Name"], one.version) for one in distributions())),
    }  # fmt: skip


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return ""


def _version_of(browser: Path | None) -> str:
    # On Windows a browser asked for its version opens a window in place of answering.
    if browser is None or os.name != "posix":
        return ""
    try:
        asked = [str(browser), "--version"]
        done = subprocess.run(asked, capture_output=True, text=True, timeout=_SECONDS, check=False)  # noqa: S603 - no shell, the configured browser
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"not told: {type(error).__name__}"
    return done.stdout.strip() or f"not told: exit status {done.returncode}"
