"""The one place that names concrete adapters: config in, a ready bot out."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from getpass import getuser
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout
from sqlalchemy import make_url

from bot import __version__
from bot.clock import Clock
from bot.config import Config
from bot.console.browser import ensure_browser
from bot.console.evidence import EvidenceStore
from bot.console.flows import load_flow
from bot.console.playwright_console import PlaywrightConsole
from bot.console.port import Console
from bot.console.screens import Screens
from bot.delivery.compose import Composer
from bot.delivery.courier import Courier
from bot.errors import AlreadyRunning, ConfigInvalid, Problem
from bot.intake.reader import Reader
from bot.issuance.account import AccountKeeper
from bot.issuance.drive import Driver
from bot.issuance.expire import Expirer
from bot.issuance.hours import Hours
from bot.ledger.ledger import Ledger
from bot.ledger.records import ActorType, Run
from bot.mail.opening import open_mailbox
from bot.mail.port import Mailbox
from bot.operation.acts import Acts
from bot.operation.at_console import AtConsole
from bot.operation.cycle import Cycle
from bot.operation.judge import Judge
from bot.operation.left_open import LeftOpen
from bot.operation.switching import Switching, keeps_validity
from bot.operation.take_back import TakeBack
from bot.operation.take_in import Deciding, Intake
from bot.rules.calendar import Calendar
from bot.rules.calendar_files import load_holidays, load_overrides
from bot.rules.directory import Directory, load_directory
from bot.rules.register import OwnPcs, load_own_pcs
from bot.rules.rulebook import Rulebook
from bot.rules.sql_source import query_directory, query_own_pcs
from bot.secret import Redactor, Secret
from bot.wiring.delivery import certificates, composer, letters

Say = Callable[[str], None]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """Makes each part from one configuration; nothing is opened before it is asked for."""

    config: Config
    clock: Clock
    redactor: Redactor
    say: Say

    def ledger(self) -> Ledger:
        """Open the ledger (made if missing), for the bot's own acts."""
        return self._ledger(self.run())

    def _ledger(self, run: Run) -> Ledger:
        return Ledger.open(self.config.settings.ledger.url, base=self.config.base, clock=self.clock, run=run)

    @contextmanager
    def acts(self, operator: str) -> Iterator[Acts]:
        """Give the acts of an operator, recorded under that name."""
        with self.recording(operator) as ledger:
            own = self.config.settings.mailbox.address
            yield Acts(ledger=ledger, judge=self.judge(), clock=self.clock, own_address=own)

    @contextmanager
    def recording(self, operator: str) -> Iterator[Ledger]:
        """Give the ledger in an operator's name."""
        ledger = self._ledger(self.run(operator))
        try:
            yield ledger
        finally:
            ledger.close()

    def run(self, operator: str | None = None) -> Run:
        """Return the circumstances that stand in every audit event: the bot's own, or those of an operator's act."""
        return Run(
            actor_type=ActorType.OPERATOR if operator else ActorType.BOT,
            actor=operator or f"bot@{_user()}",
            host=socket.gethostname(),
            version=__version__,
            config_digest=self.config.digest,
        )

    def mailbox(self) -> Mailbox:
        """Return the mailbox; nothing is connected before its first use."""
        config = self.config
        return open_mailbox(
            config.settings.mailbox, path=config.path, zone=config.zone,
            secret=lambda reference: config.resolve(reference, self.redactor),
        )  # fmt: skip

    def reader(self) -> Reader:
        """Return the reader of messages."""
        settings = self.config.settings
        return Reader(settings.forms, zone=self.config.zone, own_address=settings.mailbox.address)

    def directory(self) -> Directory:
        """Load the staff directory, from the database where a query is configured.

        Raises ``ConfigInvalid`` with every problem of it, ``Unusable`` when the database does not answer.
        """
        settings = self.config.settings.staff
        if settings.sql.url:
            return query_directory(settings, self._secret(settings.sql.password))
        path = self.config.path(settings.file or "")
        as_of = datetime.fromtimestamp(path.stat().st_mtime, self.config.zone) if path.exists() else None
        return load_directory(_bytes_of(path, "staff.file"), name=path.name, settings=settings, as_of=as_of)

    def own_pcs(self) -> OwnPcs | None:
        """Load the register of own PCs, where one is configured; raises as :meth:`directory` does."""
        settings = self.config.settings.staff.own_pcs
        if settings.sql.url:
            return query_own_pcs(settings, self._secret(settings.sql.password))
        if settings.file is None:
            return None
        path = self.config.path(settings.file)
        return load_own_pcs(_bytes_of(path, "staff.own_pcs.file"), name=path.name, settings=settings)

    def _secret(self, reference: str | None) -> Secret | None:
        return self.config.resolve(reference, self.redactor) if reference else None

    def rulebook(self) -> Rulebook:
        """Return the rules with the city's calendar."""
        settings = self.config.settings
        return Rulebook(settings.rules, self.calendar(), self.config.zone)

    def calendar(self) -> Calendar:
        """Return the city's business days."""
        settings = self.config.settings.calendar
        overrides, holidays = settings.overrides_file, settings.holidays_file
        return Calendar(
            settings,
            overrides=self._days(overrides, "calendar.overrides_file", load_overrides) if overrides else None,
            holidays=self._days(holidays, "calendar.holidays_file", load_holidays) if holidays else None,
        )

    def _days(self, file: str, setting: str, load: Callable[..., T]) -> T:
        path = self.config.path(file)
        return load(_bytes_of(path, setting), name=path.name)

    def screens(self, *, learns: bool = True) -> Screens:
        """Return the fingerprints of the console's screens; without ``learns`` none is written."""
        settings = self.config.settings.console
        return Screens(directory=self.config.path(settings.screens_dir) / settings.flow, learns=learns)

    def console(self, screens: Screens | None = None, *, evidence: Path | None = None) -> PlaywrightConsole:
        """Return the console; no browser starts before its first verb."""
        settings = self.config.settings.console
        return PlaywrightConsole(
            load_flow(self.config.path(settings.flows_dir), settings.flow),
            settings,
            password=self.config.resolve(settings.password, self.redactor),
            browser=ensure_browser(settings.browser, say=self.say),
            evidence=EvidenceStore(evidence or self.config.path(settings.evidence_dir), self.redactor),
            screens=screens or self.screens(),
            redactor=self.redactor,
        )

    def cycle(self, *, ledger: Ledger, mailbox: Mailbox, console: Console) -> Cycle:
        """Put a pass together."""
        settings = self.config.settings
        judge = self.judge()
        directory, rulebook = judge.directory, judge.rulebook
        courier = Courier(
            ledger=ledger,
            outgoing=mailbox,
            staff=directory,
            clock=self.clock,
            letters=letters(self.config, self.clock, rulebook),
            certificates=certificates(self.config),
            operators=settings.alerts.mail_to,
        )
        keeper = AccountKeeper(
            ledger=ledger, console=console, account=settings.account, password=settings.password, zone=self.config.zone,
            settle=settings.console.settle, redactor=self.redactor, own_address=settings.mailbox.address,
        )  # fmt: skip
        driver = Driver(
            ledger=ledger,
            console=console,
            keeper=keeper,
            courier=courier,
            staff=directory,
            clock=self.clock,
            attempts=settings.account.attempts,
        )
        switching = self.switching(ledger, console)
        late = timedelta(hours=settings.account.escalate_after_hours)
        return Cycle(
            ledger=ledger,
            courier=courier,
            left_open=LeftOpen(ledger=ledger, switching=switching, courier=courier, late=late),
            take_back=TakeBack(ledger=ledger, clock=self.clock, account=settings.account, zone=self.config.zone),
            at_console=AtConsole(
                console=console,
                driver=driver,
                expirer=Expirer(ledger=ledger, console=console, staff=directory, account=settings.account),
                switching=switching,
                clock=self.clock,
                settings=settings.console,
            ),
            clock=self.clock,
            intake=self.intake(mailbox, ledger),
            deciding=Deciding(ledger=ledger, judge=judge, clock=self.clock),
        )

    def switching(self, ledger: Ledger, console: Console) -> Switching:
        """Return what opens logins in the morning and closes them in the evening."""
        hours = Hours(account=self.config.settings.account, zone=self.config.zone, by_validity=keeps_validity(console))
        return Switching(ledger=ledger, console=console, hours=hours, settings=self.config.settings.console)

    def intake(self, mailbox: Mailbox, ledger: Ledger) -> Intake:
        """Return what takes messages in."""
        days = self.config.settings.forms.join_days
        return Intake(mailbox=mailbox, reader=self.reader(), ledger=ledger, join_days=days)

    def composer(self) -> Composer:
        """Return what makes notices; raises ``ConfigInvalid`` when a template would say too much or too little."""
        return composer(self.config, self.clock)

    def judge(self) -> Judge:
        """Return what applies the rules to an application."""
        return Judge(rulebook=self.rulebook(), directory=self.directory(), own_pcs=self.own_pcs())

    def copy_ledger(self, to: Path) -> None:
        """Copy the ledger as it is now to the file ``to``; nothing where there is no ledger yet."""
        source = self.config.path((make_url(self.config.settings.ledger.url).database) or "")
        if not source.is_file():
            return
        with (
            closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as there,
            closing(sqlite3.connect(to)) as here,
        ):
            there.backup(here)

    @asynccontextmanager
    async def ready_cycle(self) -> AsyncIterator[Cycle]:
        """Give a cycle with everything open, and close it all afterwards; only one at a time works on a ledger.

        Raises ``AlreadyRunning`` when another process does, ``ConfigInvalid`` before anything is touched.
        """
        with self.alone():
            console, mailbox, ledger = self.console(), self.mailbox(), self.ledger()
            try:
                yield self.cycle(ledger=ledger, mailbox=mailbox, console=console)
            finally:
                await console.close()
                await mailbox.close()
                ledger.close()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other process from working on the ledger; raises ``AlreadyRunning`` while one does."""
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
