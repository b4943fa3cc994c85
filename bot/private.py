"""Keeps what the bot holds from other users of the machine: its memory, and every file and folder it makes."""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

_FILE, _FOLDER = 0o600, 0o700
_OTHERS = 0o007
#: prctl(2): the memory of a process that is not dumpable is in no core, also where the kernel pipes cores to a program, which a
#: limit of 0 does not prevent, and no other process of the same user can read it.
_PR_SET_DUMPABLE = 4


def protect_process(*, umask: bool = True) -> None:
    """Have this process and whatever it starts leave no core, and with ``umask`` make files for their owner alone.

    What the bot itself makes is for its owner alone in any case; the umask is for what a library or the browser makes.
    """
    if os.name != "posix":
        return
    import resource  # noqa: PLC0415 - there is none on Windows

    if umask:
        os.umask(0o077)
    with suppress(OSError, ValueError):  # where a supervisor forbids to ask, it has set the limit itself
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def make_folder(path: Path) -> None:
    """Make a folder and what is missing above it, each for its owner alone, whatever the umask; one that is there stays as it is."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=_FOLDER, exist_ok=True)
    path.mkdir(exist_ok=True)  # raises where a file has the name


def private_opener(path: str, flags: int) -> int:
    """Open a file, made for its owner alone whatever the umask: the ``opener`` of :func:`open`."""
    return os.open(path, flags, _FILE)


def open_private(path: Path, mode: str, *, encoding: str | None = None) -> IO[Any]:
    """Open ``path`` for writing; a file that is made is readable for its owner alone, one that others can read is closed to them."""
    close_to_others(path)
    return open(path, mode, encoding=encoding, opener=private_opener)


def write_private(path: Path, text: str) -> None:
    """Write a file of text that its owner alone can read."""
    with open_private(path, "w", encoding="utf-8") as file:
        file.write(text)


def close_to_others(path: Path) -> None:
    """Close a file of the bot's own to everybody but its owner where any user of the machine can read it.

    What only a group may read is a house's own decision, and stays. Whoever does not own the file can't: `check` tells of it.
    """
    with suppress(OSError):
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & _OTHERS:
            path.chmod(_FILE)


def open_to_others(path: Path) -> bool:
    """Tell whether any user of this machine can reach ``path``: it is open to others, and so is every folder above it."""
    try:
        place = path.resolve()
        return os.name == "posix" and all(
            folder.stat().st_mode & (0o004 if folder == place and folder.is_file() else 0o001)
            for folder in (place, *place.parents)
        )
    except OSError:
        return False
