"""Installs MeshCentral, the third-party console of the tests and the demo, in the version that is pinned beside this file."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from bot.errors import Unusable
from bot.packages import apt_install, usable_apt

VERSION = "1.1.55"
_PINNED = Path(__file__).parent / "meshcentral_npm"
_PACKAGES = ("nodejs", "npm")
_INSTALL_SECONDS = 600


def ensure_meshcentral(say: Callable[[str], None]) -> Path:
    """Return where the pinned MeshCentral is, installing it first if need be.

    It lies in a cache outside the source tree, named after its lock, and appears there whole or not at all: two processes
    may do this at once. Raises ``Unusable`` with what to install where it can't be had.
    """
    lock = hashlib.sha256((_PINNED / "package-lock.json").read_bytes()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "telework-id-bot"
    place = cache / f"meshcentral-{VERSION}-{lock}"
    program = place / "node_modules" / "meshcentral"
    if program.is_dir():
        node()
        return program
    _ensure_node(say)
    say(f"installing MeshCentral {VERSION} with npm (about half a minute, 450 MB)")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="installing-", dir=cache) as folder:
        draft = Path(folder) / "meshcentral"
        draft.mkdir()
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(_PINNED / name, draft / name)
        _npm_ci(draft)
        try:
            draft.rename(place)
        except OSError:
            if not program.is_dir():
                raise
            # Another process was faster; its copy is as good.
    return program


def node() -> str:
    """Return the program that runs MeshCentral; raises ``Unusable`` when it is missing."""
    found = shutil.which("node")
    if found is None:
        raise Unusable(f"MeshCentral needs Node.js and npm: apt-get install {' '.join(_PACKAGES)}")
    return found


def _ensure_node(say: Callable[[str], None]) -> None:
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    if missing and (apt := usable_apt()):
        say(f"no {' and no '.join(missing)} found: installing {' '.join(_PACKAGES)} with apt-get (a minute or two)")
        apt_install(apt, _PACKAGES)
        missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    if missing:
        raise Unusable(f"MeshCentral needs Node.js and npm: apt-get install {' '.join(_PACKAGES)}")


def _npm_ci(folder: Path) -> None:
    command = [shutil.which("npm") or "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    with tempfile.TemporaryFile() as said:
        try:
            done = subprocess.run(  # noqa: S603 - a fixed command, no shell
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said, check=False,
                timeout=_INSTALL_SECONDS,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise Unusable(f"npm did not install MeshCentral within {_INSTALL_SECONDS} s") from None
        said.seek(0)
        if done.returncode != 0:
            tail = said.read().decode(errors="replace").strip().splitlines()[-5:]
            raise Unusable(f"npm could not install MeshCentral: {' / '.join(tail)}")
