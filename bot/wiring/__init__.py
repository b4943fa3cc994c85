"""The one place that names concrete adapters: config in, a ready bot out."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from getpass import getuser
from pathlib import Path
from typing import TypeVar

from bot import __version__
from bot.console.browser import ensure_browser
from bot.console.evidence import EvidenceStore
from bot.console.flows import load_flow
from bot.console.playwright_console import PlaywrightConsole
from bot.console.port import Console
from bot.console.screens import Screens
from bot.delivery.compose import Composer
from bot.errors import Unusable
from bot.ledger.copying import copy_of
from bot.ledger.engine import Engines, is_there
from bot.ledger.ledger import Ledger
from bot.ledger.records import ActorType, Run
from bot.ledger.sole import sole
from bot.mail.opening import open_mailbox
from bot.mail.port import Mailbox
from bot.operation.acts import Acts
from bot.operation.cycle import Cycle
from bot.operation.four_eyes import FourEyes
from bot.secret import Secret
from bot.wiring import alerts as alerting
from bot.wiring.assembly import Assembly
from bot.wiring.delivery import composer
from bot.wiring.sources import Sources

Say = Callable[[str], None]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Workshop(Sources):
    """Makes each part from one configuration; nothing is opened before it is asked for."""

    say: Say
    engines: Engines = field(default_factory=Engines, repr=False, compare=False)

    def ledger(self) -> Ledger:
        """Open the ledger (made if missing), for the bot's own acts."""
        return self._ledger(self.run())

    def _ledger(self, run: Run) -> Ledger:
        settings, base = self.config.settings.ledger, self.config.base
        engine = self.engines.open(settings.url, base, self.ledger_password())
        return Ledger(engine, clock=self.clock, run=run)

    def ledger_password(self) -> Secret | None:
        """Return the password of the ledger's server, where one is configured."""
        return self._secret(self.config.settings.ledger.password)

    def has_ledger(self) -> bool:
        """Tell whether there is one already, changing nothing; raises ``LedgerUnusable`` where its server can't be asked."""
        settings = self.config.settings.ledger
        return is_there(settings.url, self.config.base, self.ledger_password())

    @contextmanager
    def acts(self, operator: str) -> Iterator[Acts]:
        """Give the acts of an operator, recorded under that name."""
        with self.recording(operator) as ledger:
            settings = self.config.settings
            eyes = FourEyes(ledger=ledger, clock=self.clock, settings=settings.operators, operator=operator)
            own = settings.mailbox.address
            yield Acts(ledger=ledger, judge=self.judge(), clock=self.clock, four_eyes=eyes, own_address=own)

    @contextmanager
    def recording(self, person: str | None, kind: ActorType = ActorType.OPERATOR) -> Iterator[Ledger]:
        """Give the ledger in a person's name; without one for the bot's own acts."""
        ledger = self._ledger(self.run(person, kind))
        try:
            yield ledger
        finally:
            ledger.close()

    def run(self, person: str | None = None, kind: ActorType = ActorType.OPERATOR) -> Run:
        """Return the circumstances that stand in every audit event: the bot's own, or those of a person's act."""
        return Run(
            actor_type=kind if person else ActorType.BOT,
            actor=person or f"bot@{user()}",
            host=socket.gethostname(),
            version=__version__,
            config_digest=self.config.digest,
            id=secrets.token_hex(8),
        )

    def mailbox(self) -> Mailbox:
        """Return the mailbox; nothing is connected before its first use."""
        config = self.config
        return open_mailbox(
            config.settings.mailbox, path=config.path, zone=config.zone,
            secret=lambda reference: config.resolve(reference, self.redactor),
        )  # fmt: skip

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
            evidence=EvidenceStore(
                evidence or self.config.path(settings.evidence_dir), self.redactor, zone=self.config.zone
            ),
            screens=screens or self.screens(),
            redactor=self.redactor,
        )

    def cycle(self, *, ledger: Ledger, mailbox: Mailbox, console: Console) -> Cycle:
        """Put a pass together."""
        return Assembly(sources=self, ledger=ledger, mailbox=mailbox, console=console).cycle()

    def composer(self) -> Composer:
        """Return what makes notices; raises ``ConfigInvalid`` when a template would say too much or too little."""
        return composer(self.config, self.clock, self.kept)

    def copy_ledger(self, to: Path) -> None:
        """Copy the ledger as it is now to the file ``to``; nothing where there is no ledger yet."""
        settings = self.config.settings.ledger
        copy_of(settings.url, self.config.base, self.ledger_password(), to)

    @asynccontextmanager
    async def ready_cycle(self) -> AsyncIterator[Cycle]:
        """Give a cycle with everything open, and close it all afterwards; only one at a time works on a ledger.

        What keeps a pass from beginning or breaks it off is told to the operators, and raised: ``AlreadyRunning`` when another
        process works, ``ConfigInvalid`` before anything is touched.
        """
        outside = alerting.Outside(sources=self)
        with ExitStack() as holding:
            try:
                holding.enter_context(self.alone())
            except Unusable:
                async with outside.telling(mailbox=self.mailbox, ledger=self.ledger):
                    raise
            async with outside.telling(mailbox=self.mailbox, ledger=self.ledger):
                console, mailbox, ledger = self.console(), self.mailbox(), self.ledger()
                try:
                    # In a thread: a staff database that hangs must not hang whoever watches over the pass.
                    yield await asyncio.to_thread(self.cycle, ledger=ledger, mailbox=mailbox, console=console)
                finally:
                    await console.close()
                    await mailbox.close()
                    ledger.close()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other process from working on the ledger, on other machines too; raises ``AlreadyRunning`` while one does.

        Who must take it, and who need not: bot/ledger/process_lock.py.
        """
        url, base = self.config.settings.ledger.url, self.config.base
        with sole(url, base, self.ledger_password(), self.clock.now()):
            yield


def user() -> str:
    """Return the name under which the operating system knows who runs this."""
    try:
        return getuser()
    except (KeyError, OSError):
        return "unknown"
