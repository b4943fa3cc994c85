"""Where a story takes place: a house, a mailbox and a console that outlive the bot, and what they themselves say."""

from __future__ import annotations

import email
import email.policy
import json
import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from bot.clock import FixedClock
from bot.console.port import Console
from bot.mail.port import Folder
from bot.wiring import Workshop
from tests.house import House
from tests.scenario.matrix.moments import Gate
from tests.scenario.matrix.stored_console import StoredConsole

Seen = tuple[str, str]
INBOX = "inbox"


@dataclass(frozen=True, kw_only=True)
class Filed:
    """A mail that came, where it is now."""

    folder: str
    name: str
    message_id: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail that went out."""

    file: Path
    content: bytes


class World(Protocol):
    """A house with what is around it; asked from outside, never through the bot."""

    base: Path
    house: House
    #: The mail server does not tell what went out: after a kill a notice may go out again, under its one Message-ID.
    mails_may_double: bool

    def running(self, at: datetime) -> AbstractContextManager[dict[str, str]]:
        """Have everything run that the bot talks to; gives what the bot's environment needs."""
        ...

    def console(self, workshop: Workshop, gate: Gate) -> Console:
        """Return the console as the bot has it, with its boundaries; called in the bot's process."""
        ...

    def on_write(self, act: Callable[[int], None]) -> None:
        """Have ``act`` called with its number for each write that the console has made and not answered yet."""
        ...

    def accounts(self) -> dict[str, Seen]:
        """Return the console's own list of the accounts that are the bot's: state and validity."""
        ...

    def record(self) -> list[Seen]:
        """Return the console's own record of writes, in order: verb and login ID."""
        ...

    def logs_in(self, login_id: str, password: str) -> bool:
        """Tell whether somebody with this password gets in."""
        ...

    def passwords(self) -> list[str]:
        """Return every password that is known to have been set, or that opens something; those in mails come on top."""
        ...

    def mails(self) -> list[Mail]:
        """Return every mail that really went out."""
        ...

    def filed(self) -> list[Filed]:
        """Return every mail in the inbox and in the folders it may be filed to."""
        ...

    def save(self, to: Path) -> None:
        """Keep everything as it is now."""
        ...


class MemoryWorld:
    """A folder mailbox and a console in a file."""

    mails_may_double = False

    def __init__(self, base: Path) -> None:
        self.base = base
        self.house = House(path=base / "house")
        self._file = base / "console.json"

    def running(self, at: datetime) -> AbstractContextManager[dict[str, str]]:
        """Nothing has to run."""
        self.house.clock = FixedClock(at)
        return nullcontext({})

    def console(self, workshop: Workshop, gate: Gate) -> Console:  # noqa: ARG002 - it needs no settings
        """Return the console in the file."""
        return StoredConsole(self._file, gate)

    def on_write(self, act: Callable[[int], None]) -> None:
        """The bot's own process has these moments: the console is in it."""

    def accounts(self) -> dict[str, Seen]:
        """See :meth:`World.accounts`."""
        return {
            name: (one.state.value, str(one.window and one.window.end))
            for name, one in StoredConsole(self._file).accounts.items()
        }

    def record(self) -> list[Seen]:
        """See :meth:`World.record`."""
        return StoredConsole(self._file).record

    def logs_in(self, login_id: str, password: str) -> bool:
        """See :meth:`World.logs_in`."""
        return StoredConsole(self._file).accepts(login_id, password)

    def passwords(self) -> list[str]:
        """See :meth:`World.passwords`."""
        return StoredConsole(self._file).passwords

    def mails(self) -> list[Mail]:
        """See :meth:`World.mails`; what is hidden was never sent."""
        return in_outbox(self.house)

    def filed(self) -> list[Filed]:
        """See :meth:`World.filed`."""
        return in_folders(self.house)

    def save(self, to: Path) -> None:
        """See :meth:`World.save`."""
        shutil.copytree(self.base, to)


def in_outbox(house: House) -> list[Mail]:
    """Return the mails in the outbox of a folder mailbox; what is hidden was never sent."""
    files = [file for file in house.files("outbox") if not file.name.startswith(".")]
    return [Mail(file=file, content=file.read_bytes()) for file in files]


def in_folders(house: House) -> list[Filed]:
    """Return the mails in each folder of a folder mailbox."""
    names = (INBOX, *(folder.value for folder in Folder))
    return [filed(name, file) for name in names for file in house.files(name)]


def filed(folder: str, file: Path) -> Filed:
    """Return a mail that came, by its file."""
    content = file.read_bytes()
    name = str(email.message_from_bytes(content, policy=email.policy.default)["Message-ID"] or "").strip()
    return Filed(folder=folder, name=file.name, message_id=name, digest=sha256(content).hexdigest())


def received(base: Path, *, now: list[str] | None = None) -> Counter[str]:
    """Return the digests of everything that ever arrived; ``now`` adds what has just come."""
    file = base / "received.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    if now is not None:
        known += now
        file.write_text(json.dumps(known), encoding="utf-8")
    return Counter(known)
