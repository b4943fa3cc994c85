"""A file put into the inbox by name: whole or not at all, beside what lies there, and with its receipt from now on."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from bot.errors import BadUsage, Problem, Transient
from bot.mail.folder import INBOX, message_from_file
from bot.model import Message
from bot.private import make_folder
from bot.settings.mailbox import MailboxSettings

ENDINGS = (".eml", ".csv", ".tsv", ".xlsx", ".xlsm", ".xls")


def inbox_of(settings: MailboxSettings, path: Callable[[str], Path]) -> Path:
    """Return the folder that files are put into; raises ``BadUsage`` where the mailbox has none."""
    folder = settings.path if settings.kind == "folder" else settings.drops
    if folder is None:
        text = "is not set: name the folder that dropped files are taken from, then put the file in again"
        raise BadUsage([Problem(path="mailbox.drops", text=text)])
    return path(folder) / INBOX


class Draft:
    """A copy of a file beside the inbox's messages that no pass takes yet; ``with`` removes it again where it is not put in."""

    def __init__(self, file: Path, inbox: Path, *, now: datetime, zone: ZoneInfo, max_bytes: int) -> None:
        if file.suffix.lower() not in ENDINGS or file.name.startswith((".", "~$")):
            raise BadUsage([Problem(path=str(file), text=f"is none of {', '.join(ENDINGS)}")])
        try:
            content = file.read_bytes()
        except OSError as error:
            raise BadUsage([Problem(path=str(file), text=f"can't be read ({error.strerror})")]) from None
        self.place = inbox / _free(inbox, file.name)
        self._path = inbox / f".{self.place.name}.{os.getpid()}.tmp"
        self._zone, self._max_bytes = zone, max_bytes
        try:
            make_folder(inbox)
            _write(self._path, content)
        except OSError as error:
            raise Transient(f"the inbox {inbox} can't be written: {error.strerror}") from error
        os.utime(self._path, (now.timestamp(), now.timestamp()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._path.unlink(missing_ok=True)

    def message(self) -> Message:
        """Return what a pass will fetch once it is put in."""
        return message_from_file(self._path, name=self.place.name, max_bytes=self._max_bytes, zone=self._zone)

    def put_in(self) -> None:
        """Have the next pass take it; raises ``Transient`` where that can't be done, or another file has its name by now."""
        try:
            os.link(self._path, self.place)
        except OSError as error:
            raise Transient(f"{self.place} can't be made: {error.strerror}; put it in again") from error


def _free(inbox: Path, name: str) -> str:
    """Return the name, with a number where a file in the inbox has it."""
    stem, ending = Path(name).stem, Path(name).suffix
    number, free = 0, name
    while (inbox / free).exists():
        number += 1
        free = f"{stem}-{number}{ending}"
    return free


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
