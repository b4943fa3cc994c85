"""The log file: put aside when it is large, compressed, and removed when it is old; several processes may write to it."""

from __future__ import annotations

import gzip
import logging
import os
import re
import shutil
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import cast

from bot.private import close_to_others, open_private

#: What stands behind the name of a file put aside: when that was, or the number that earlier versions gave.
_ASIDE = re.compile(r"\.(\d{8}T\d{6}\.\d{6}Z|\d{1,3})(\.gz)?$")
_DAY_SECONDS = 86_400


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """When a file is put aside, and for how many days."""

    rotate_bytes: int = 10_000_000
    days: int = 90
    #: A file put aside is compressed when nothing was written to it for so long: another process may be about to.
    settle_seconds: float = 60


class LogFile(RotatingFileHandler):
    """The rotating file. loguru's own prints the error in flight, secrets and all, when the disk is full.

    The file in use keeps its name. Others may have it open when it is put aside: each goes on with the new one at its next
    line, so a file put aside is left to settle before it is compressed.
    """

    def __init__(self, file: Path, keeping: Keeping) -> None:
        super().__init__(file, maxBytes=keeping.rotate_bytes, encoding="utf-8", delay=True)
        self._file, self._keeping = file, keeping
        self._tidy()

    def shouldRollover(self, record: logging.LogRecord) -> bool:  # noqa: N802 - the name is the standard library's
        """Tell whether the file is full, having made sure that it is the one of this name."""
        if self.stream and self._is_put_aside(self.stream.fileno()):
            self.stream.close()
            self.stream = None  # the library opens it anew
        return bool(super().shouldRollover(record)) and self._file.stat().st_size > 0

    def doRollover(self) -> None:  # noqa: N802 - the name is the standard library's
        """Put the file aside and begin a new one."""
        if self.stream:
            self.stream.close()
        aside = self._file.with_name(f"{self._file.name}.{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
        # On Windows nobody may move it while another process has it open: it grows until a line of that one does.
        with suppress(OSError):
            self._file.rename(aside)
        self.stream = self._open()
        self._tidy()

    def _open(self) -> TextIOWrapper:
        """Open the file for its owner alone, whatever the umask."""
        return cast("TextIOWrapper", open_private(self._file, "a", encoding="utf-8"))

    def close(self) -> None:
        """Close the file; what could not be written was told when it was to be."""
        with suppress(OSError):
            super().close()

    def handleError(self, _record: logging.LogRecord) -> None:  # noqa: N802 - the name is the standard library's
        """Say that nothing can be written, and nothing of what it was."""
        sys.stderr.write(f"the log file can't be written: {type(sys.exc_info()[1]).__name__}\n")

    def _is_put_aside(self, descriptor: int) -> bool:
        try:
            named = self._file.stat()
        except FileNotFoundError:
            return True
        open_one = os.fstat(descriptor)
        return (named.st_dev, named.st_ino) != (open_one.st_dev, open_one.st_ino)

    def _tidy(self) -> None:
        """Remove what is too old, compress the rest; what can't be done now is done the next time."""
        for path in self._file.parent.glob(f"{self._file.name}.*"):
            if not _ASIDE.search(path.name):
                continue
            with suppress(OSError):
                close_to_others(path)  # as an earlier version left it
                age = time.time() - path.stat().st_mtime
                if age > self._keeping.days * _DAY_SECONDS:
                    path.unlink()
                elif path.suffix != ".gz" and age >= self._keeping.settle_seconds:
                    _compress(path)


def _compress(path: Path) -> None:
    """Put a compressed file in the place of ``path``, with its time; half of one never has the name."""
    draft, done = path.with_name(f"{path.name}.part{os.getpid()}"), path.with_name(f"{path.name}.gz")
    try:
        with (
            path.open("rb") as source, open_private(draft, "wb") as kept, gzip.open(kept, "wb") as target,
        ):  # fmt: skip
            shutil.copyfileobj(source, target)
        shutil.copystat(path, draft)
        draft.replace(done)
        path.unlink()
    finally:
        draft.unlink(missing_ok=True)
