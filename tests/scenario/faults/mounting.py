"""The right to mount a small file system: root's, or that of a namespace in which everybody is root."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_INSIDE = "TELEWORK_BOT_FAULTS_IN_NAMESPACE"


def may_mount() -> bool:
    """Tell whether this process may mount a tmpfs: tried, since a container's root may not."""
    with tempfile.TemporaryDirectory() as place:
        tried = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], capture_output=True, check=False
        )
        if tried.returncode == 0:
            subprocess.run(["umount", place], check=True)
        return tried.returncode == 0


def prove_in_namespace(name: str) -> None:
    """Prove the fault of this name in a process that may mount; raises ``AssertionError`` when it fails, or none may."""
    assert _INSIDE not in os.environ, "no right to mount a file system, not even in a namespace of our own"
    assert shutil.which("unshare"), "the disk can't be made small here: run as root, or install util-linux (unshare)"
    proved = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", sys.executable, "-m", "tests.scenario.faults", "--only", name],
        env={**os.environ, _INSIDE: "1"}, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert proved.returncode == 0, f"{proved.stdout}\n{proved.stderr}"
