"""Keeps what was made from files for as long as they stay as they are: a pass every five minutes finds mostly the same ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")
Stamp = tuple[str, int, int, int]
#: A file changed so lately may change again without its time telling: what is made from it is not kept.
_SETTLED = 2_000_000_000


class Kept:
    """What was made, each by its name."""

    def __init__(self, now: Callable[[], int] = time.time_ns) -> None:
        """``now``: by the clock that stamps the files, in nanoseconds since 1970."""
        self._now = now
        self._made: dict[str, tuple[frozenset[Stamp], Any]] = {}
        self._lock = Lock()

    def of(self, name: str, files: Iterable[Path], make: Callable[[], T]) -> T:
        """Return what ``make`` made from ``files``, made anew when one of them was changed, added or taken away.

        Raises whatever ``make`` raises; nothing is kept then.
        """
        with self._lock:
            # Before it is read: what changes meanwhile is seen at the next look.
            stamps, now = frozenset(_stamps(files)), self._now()
            known = self._made.get(name)
            if known and known[0] == stamps:
                made: T = known[1]
                return made
            self._made.pop(name, None)
            made = make()
            if all(now - changed > _SETTLED for _, changed, _, _ in stamps):
                self._made[name] = (stamps, made)
            return made


def _stamps(files: Iterable[Path]) -> Iterable[Stamp]:
    for file in files:
        try:
            found = file.stat()
        except OSError:
            continue
        yield str(file), found.st_mtime_ns, found.st_size, found.st_ino
