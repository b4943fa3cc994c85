"""Where a story takes place: a house, a mailbox and a console that outlive the bot, and what they themselves say."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from email.parser import BytesHeaderParser
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import yaml

from bot.clock import FixedClock
from bot.console.port import Console
from bot.mail.port import Folder
from bot.wiring import Workshop
from tests.house import ROOT, House
from tests.scenario.matrix.moments import Gate
from tests.scenario.matrix.stored_console import StoredConsole

Seen = tuple[str, str]
Settings = Mapping[str, Mapping[str, Any]]
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

    def prepare(self, settings: Settings) -> None:
        """Lay the house out."""
        ...

    def deliver(self) -> None:
        """Bring what lies in the house's inbox to where the bot looks for it."""
        ...

    def comparable(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Return those facts that are the same in every run."""
        ...

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


class FolderWorld:
    """What worlds with a folder mailbox have in common; subclasses add a console."""

    mails_may_double = False

    def __init__(self, base: Path) -> None:
        self.base = base
        self.house = House(path=base / "house")

    def prepare(self, settings: Settings) -> None:
        """Lay the house out."""
        thin(self.house.lay_out(settings))

    def deliver(self) -> None:
        """The bot looks into the house's own inbox."""

    def comparable(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Everything is the same in every run."""
        return facts

    def mails(self) -> list[Mail]:
        """Return what is in the outbox; what is hidden was never sent."""
        files = [file for file in self.house.files("outbox") if not file.name.startswith(".")]
        return [Mail(file=file, content=file.read_bytes()) for file in files]

    def filed(self) -> list[Filed]:
        """See :meth:`World.filed`."""
        names = (INBOX, *(folder.value for folder in Folder))
        return [filed(name, file) for name in names for file in self.house.files(name)]

    def save(self, to: Path) -> None:
        """See :meth:`World.save`."""
        shutil.copytree(self.base, to)


class MemoryWorld(FolderWorld):
    """A folder mailbox and a console in a file."""

    def __init__(self, base: Path) -> None:
        super().__init__(base)
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


def filed(folder: str, file: Path) -> Filed:
    """Return a mail that came, by its file."""
    content = file.read_bytes()
    name = str(BytesHeaderParser().parsebytes(content)["Message-ID"] or "").strip()
    return Filed(folder=folder, name=file.name, message_id=name, digest=sha256(content).hexdigest())


def thin(house: House) -> None:
    """Leave in config.yaml only what is not a default: it is read four times in every run."""
    defaults, own = (yaml.safe_load(file.read_text(encoding="utf-8")) for file in (ROOT / "config.yaml", house.config))
    kept = {
        section: {name: value for name, value in values.items() if value != defaults[section].get(name)}
        for section, values in own.items()
        if isinstance(values, dict)
    }
    slim = {"timezone": own["timezone"], **{name: values for name, values in kept.items() if values}}
    house.config.write_text(yaml.safe_dump(slim, allow_unicode=True), encoding="utf-8")


def received(base: Path, *, now: list[str] | None = None) -> Counter[str]:
    """Return the digests of everything that ever arrived; ``now`` adds what has just come."""
    file = base / "received.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    if now is not None:
        known += now
        file.write_text(json.dumps(known), encoding="utf-8")
    return Counter(known)
