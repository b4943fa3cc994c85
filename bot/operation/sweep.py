"""Removes old files: mails of a folder mailbox, evidence, lines of the log. Links and what lies elsewhere are left alone."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from loguru import logger

from bot.mail.folder import OUTBOX
from bot.mail.port import Folder

#: Where mails lie whose work is done; never the inbox.
_DONE_WITH = (*(folder.value for folder in Folder), OUTBOX)


def old_mails(mailboxes: Sequence[Path], before: datetime) -> list[Path]:
    """Return the files of these folder mailboxes, but for the inbox, that are older than ``before``."""
    places = [mailbox / name for mailbox in mailboxes for name in _DONE_WITH]
    return [path for place in places for path in _files(place, before)]


def old_evidence(directory: Path, before: datetime) -> list[Path]:
    """Return the files of evidence that are older than ``before``."""
    return [path for subject in _folders(directory) for path in _files(subject, before)]


def old_lines(log: Path | None, before: datetime) -> list[tuple[Path, int]]:
    """Return the log files with lines older than ``before``, each with the number of its bytes that are."""
    if log is None or not log.parent.is_dir():
        return []
    files = sorted(path for path in log.parent.glob(f"{log.name}*") if path.is_file() and not path.is_symlink())
    return [(path, size) for path in files if (size := _old_bytes(path, before))]


def remove(files: Sequence[Path]) -> int:
    """Remove files and return how many are gone by it; one that can't be removed is told in the log."""
    gone = 0
    for path in files:
        try:
            path.unlink(missing_ok=True)
            gone += 1
        except OSError as error:
            logger.warning("{} can't be removed: {}", path, error.strerror)
    return gone


def remove_empty(directory: Path) -> None:
    """Remove the empty folders of evidence."""
    for folder in _folders(directory):
        if not any(folder.iterdir()):
            folder.rmdir()


def cut(log: Path, path: Path, size: int) -> None:
    """Remove the first ``size`` bytes of a log file; a rotated one of which nothing is left is removed.

    In place: a bot that runs goes on appending to the same file.
    """
    if path != log and path.stat().st_size == size:
        path.unlink()
        return
    with path.open("r+b") as file:
        file.seek(size)
        rest = file.read()
        file.seek(0)
        file.write(rest)
        file.truncate()


def _old_bytes(path: Path, before: datetime) -> int:
    size = 0
    if path.suffix == ".gz":  # it keeps the time of its last line
        found = path.stat()
        return found.st_size if found.st_mtime < before.timestamp() else 0
    with path.open("rb") as file:
        for line in file:
            written = _time_of(line)
            if written is not None and written >= before:
                return size
            size += len(line)
    return size


def _time_of(line: bytes) -> datetime | None:
    try:
        written = datetime.fromisoformat(json.loads(line)["time"])
    except (ValueError, KeyError, TypeError):
        return None
    return written if written.tzinfo else None


def _folders(directory: Path) -> list[Path]:
    if not directory.is_dir():
        return []
    return [Path(entry.path) for entry in os.scandir(directory) if entry.is_dir(follow_symlinks=False)]


def _files(place: Path, before: datetime) -> Iterator[Path]:
    if not place.is_dir() or place.is_symlink():
        return
    for entry in os.scandir(place):
        if entry.is_file(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_mtime < before.timestamp():
            yield Path(entry.path)
