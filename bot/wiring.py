"""The one place that names concrete adapters: config in, a ready bot out."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path

from filelock import FileLock, Timeout

from bot import __version__
from bot.clock import Clock
from bot.config import Config
from bot.console.browser import ensure_browser
from bot.console.evidence import EvidenceStore
from bot.console.flows import load_flow
from bot.console.playwright_console import PlaywrightConsole
from bot.console.port import Console
from bot.delivery.courier import Courier
from bot.errors import AlreadyRunning, ConfigInvalid, Problem
from bot.intake.reader import Reader
from bot.issuance.account import AccountKeeper
from bot.issuance.drive import Driver
from bot.issuance.expire import Expirer
from bot.ledger.ledger import Ledger
from bot.ledger.records import ActorType, Run
from bot.mail.folder import FolderMailbox
from bot.mail.port import Mailbox
from bot.operation.cycle import Cycle
from bot.operation.take_in import Deciding, Intake
from bot.rules.calendar import Calendar
from bot.rules.directory import Directory, load_directory
from bot.rules.rulebook import Rulebook
from bot.secret import Redactor

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """Makes each part from one configuration; nothing is opened before it is asked for."""

    config: Config
    clock: Clock
    redactor: Redactor
    say: Say

    def ledger(self) -> Ledger:
        """Open the ledger (made if missing)."""
        return Ledger.open(self.config.settings.ledger.url, base=self.config.base, clock=self.clock, run=self.run())

    def run(self) -> Run:
        """Return the circumstances that stand in every audit event of this process."""
        return Run(
            actor_type=ActorType.BOT,
            actor=f"bot@{_user()}",
            host=socket.gethostname(),
            version=__version__,
            config_digest=self.config.digest,
        )

    def mailbox(self) -> Mailbox:
        """Return the mailbox."""
        settings = self.config.settings.mailbox
        return FolderMailbox(
            self.config.path(settings.path), max_bytes=int(settings.max_message_mb * 2**20), zone=self.config.zone
        )

    def reader(self) -> Reader:
        """Return the reader of messages."""
        settings = self.config.settings
        return Reader(settings.forms, zone=self.config.zone, own_address=settings.mailbox.address)

    def directory(self) -> Directory:
        """Load the staff directory; raises ``ConfigInvalid`` with every problem of the file."""
        settings = self.config.settings.staff
        path = self.config.path(settings.file)
        return load_directory(_bytes_of(path, "staff.file"), name=path.name, settings=settings)

    def rulebook(self) -> Rulebook:
        """Return the rules with the city's calendar."""
        settings = self.config.settings
        return Rulebook(settings.rules, self.calendar(), self.config.zone)

    def calendar(self) -> Calendar:
        """Return the city's business days."""
        return Calendar(self.config.settings.calendar)

    def console(self) -> Console:
        """Return the console; no browser starts before its first verb."""
        settings = self.config.settings.console
        evidence = EvidenceStore(self.config.path(settings.evidence_dir), self.redactor)
        return PlaywrightConsole(
            load_flow(self.config.path(settings.flows_dir), settings.flow),
            settings,
            password=self.config.resolve(settings.password, self.redactor),
            browser=ensure_browser(settings.browser, say=self.say),
            evidence=evidence,
            redactor=self.redactor,
        )

    def cycle(self, *, ledger: Ledger, mailbox: Mailbox, console: Console) -> Cycle:
        """Put a pass together."""
        settings = self.config.settings
        directory, rulebook = self.directory(), self.rulebook()
        courier = Courier(
            ledger=ledger,
            outgoing=mailbox,
            staff=directory,
            rulebook=rulebook,
            mailbox=settings.mailbox,
            delivery=settings.delivery,
            clock=self.clock,
        )
        keeper = AccountKeeper(
            ledger=ledger,
            console=console,
            account=settings.account,
            password=settings.password,
            zone=self.config.zone,
            settle=settings.console.settle,
            redactor=self.redactor,
        )
        driver = Driver(
            ledger=ledger,
            console=console,
            keeper=keeper,
            courier=courier,
            staff=directory,
            attempts=settings.account.attempts,
        )
        return Cycle(
            ledger=ledger,
            console=console,
            courier=courier,
            driver=driver,
            clock=self.clock,
            intake=Intake(mailbox=mailbox, reader=self.reader(), ledger=ledger),
            deciding=Deciding(ledger=ledger, rulebook=rulebook, directory=directory, clock=self.clock),
            expirer=Expirer(ledger=ledger, console=console),
        )

    @asynccontextmanager
    async def ready_cycle(self) -> AsyncIterator[Cycle]:
        """Give a cycle with everything open, and close it all afterwards; only one at a time works on a ledger.

        Raises ``AlreadyRunning`` when another process does, ``ConfigInvalid`` before anything is touched.
        """
        with self._alone():
            console, mailbox, ledger = self.console(), self.mailbox(), self.ledger()
            try:
                yield self.cycle(ledger=ledger, mailbox=mailbox, console=console)
            finally:
                await console.close()
                await mailbox.close()
                ledger.close()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        path = self.config.path("var/bot.lock")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(path, timeout=0):
                yield
        except Timeout:
            raise AlreadyRunning(f"another run holds {path}") from None


def _user() -> str:
    try:
        return getuser()
    except (KeyError, OSError):
        return "unknown"


def _bytes_of(path: Path, setting: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigInvalid([Problem(path=setting, text=f"{path} can't be read ({error.strerror})")]) from None
