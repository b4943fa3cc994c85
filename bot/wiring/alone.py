"""Keeps a second process away, and says who holds the place."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from bot.errors import AlreadyRunning, Unusable


@contextmanager
def alone(path: Path, since: datetime) -> Iterator[None]:
    """Hold the lock ``path``, with a note beside it of who holds it, since when.

    Raises ``AlreadyRunning`` that says so while another process does, ``Unusable`` when the lock can't be made.
    """
    lock, note = FileLock(path, timeout=0), path.with_name(f"{path.name}.holder")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise AlreadyRunning(f"another run holds {path}{_holder(note)}") from None
    except OSError as error:
        raise Unusable(f"the lock {path} can't be made ({error.strerror}): check the disk and the rights") from None
    try:
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": since.isoformat(timespec="seconds")}
        with suppress(OSError):  # the lock is what counts
            note.write_text(json.dumps(holder), encoding="utf-8")
        yield
    finally:
        with suppress(OSError):
            note.unlink(missing_ok=True)
        lock.release()


def _holder(note: Path) -> str:
    """Return who holds a lock, in words; empty where the note can't be read."""
    try:
        holder = json.loads(note.read_text(encoding="utf-8"))
        return f": process {holder['pid']} on {holder['host']}, since {holder['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
