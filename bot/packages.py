"""Installs Debian packages where this process may: on a Debian-like system, as root."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence

_SECONDS = 900


def usable_apt(platform: str = sys.platform, search_path: str | None = None) -> str:
    """Return Debian's installer if this process may use it, else nothing."""
    may_install = platform == "linux" and os.geteuid() == 0
    path = os.environ.get("PATH", "") if search_path is None else search_path
    return (shutil.which("apt-get", path=path) or "") if may_install else ""


def apt_install(apt: str, packages: Sequence[str]) -> bool:
    """Install the packages without a question; tells whether that went well."""
    install = [apt, "install", "-y", "-q", "--no-install-recommends", *packages]
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if ran(install, _SECONDS, quiet):
        return True
    # Package lists that are missing or old are the usual reason: fetch them, and try once more.
    ran([apt, "update", "-q"], _SECONDS, quiet)
    return ran(install, _SECONDS, quiet)


def ran(command: Sequence[str], seconds: float, environment: Mapping[str, str]) -> bool:
    """Run a fixed command in silence and tell whether it went well."""
    try:
        done = subprocess.run(  # noqa: S603 - fixed commands, no shell
            command, timeout=seconds, check=False, env=dict(environment), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, umask=0o022,  # what is installed is for everybody
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
