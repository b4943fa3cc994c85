"""What the alerts are put together from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

from loguru import logger

from bot.clock import Clock
from bot.config import Config
from bot.delivery.templates import Templates, templates_in
from bot.errors import BotError, LedgerUnusable
from bot.ledger.engine import place_of
from bot.ledger.ledger import Ledger
from bot.mail.port import Mailbox
from bot.operation.alerts.catalogue import Area, Level, Trouble
from bot.operation.alerts.evidence import Links
from bot.operation.alerts.findings import Finding, finding_of
from bot.operation.alerts.gate import Gate
from bot.operation.alerts.guards import WatchedOutgoing
from bot.operation.alerts.message import Terms
from bot.operation.alerts.store import FileStore, LedgerStore, Store
from bot.operation.alerts.survey import Survey
from bot.operation.alerts.watch import Alerts
from bot.operation.alerts.ways import AppriseWay, MailWay, Sending, Way, ready
from bot.operation.report import Report
from bot.wiring.delivery import composer
from bot.wiring.sources import Sources

#: Holds conditions while the ledger can't.
_BESIDE = "var/conditions.json"


def gate(config: Config, clock: Clock, ledger: Ledger) -> Gate:
    """Return what says which parts may work."""
    settings = config.settings.alerts
    return Gate(
        ledger=ledger, clock=clock, switch=config.path(settings.kill_switch), retry=timedelta(minutes=settings.retry_minutes)
    )  # fmt: skip


def watched(config: Config, mailbox: Mailbox, gate: Gate) -> WatchedOutgoing:
    """Return what mails go out by."""
    return WatchedOutgoing(mailbox, gate, most_refused=config.settings.delivery.stop_after_refused)


def alerts(sources: Sources, *, sending: Callable[[], Sending], ledger: Ledger | None) -> Alerts:
    """Return what tells operators; ``ledger`` is ``None`` while it can't be used.

    A way that can't be made ready, such as for a missing secret, says so when it is used: the others still tell.
    """
    config, clock = sources.config, sources.clock
    return Alerts(
        store=store(config, clock, ledger),
        gate=gate(config, clock, ledger) if ledger else None,
        ways=lambda: ways(sources, sending), settings=config.settings.alerts, terms=terms(sources),
    )  # fmt: skip


def terms(sources: Sources) -> Terms:
    """Return what the words of alerts depend on."""
    config = sources.config
    settings, directory = config.settings.alerts, config.path(config.settings.console.evidence_dir)
    link = Links(directory=directory.absolute(), base=settings.evidence_url)
    return Terms(
        retry_minutes=settings.retry_minutes, calm_minutes=settings.calm_minutes, clean=sources.redactor.clean, link=link
    )  # fmt: skip


def store(config: Config, clock: Clock, ledger: Ledger | None) -> Store:
    """Return where conditions are kept: in the ledger, and beside it while there is none that can be used."""
    beside = FileStore(path=config.path(_BESIDE), clock=clock)
    return LedgerStore(ledger=ledger, clock=clock, beside=beside) if ledger else beside


def ways(sources: Sources, sending: Callable[[], Sending]) -> Sequence[Way]:
    """Return the ways that are configured."""
    config = sources.config
    settings, delivery = config.settings.alerts, config.settings.delivery

    def mail() -> Way:
        to, least = settings.mail_to, Level(settings.mail_level)
        return MailWay(composer=composer(config, sources.clock, sources.kept), outgoing=sending(), to=to, least=least)

    def apprise(reference: str, name: str) -> Callable[[], Way]:
        return lambda: AppriseWay(
            url=config.resolve(reference, sources.redactor), least=Level(settings.apprise_level),
            templates=sources.kept.of("own templates", templates_in(None), Templates),
            english=delivery.english, city=delivery.city, name=name,
        )  # fmt: skip

    made = [ready(mail, name="mail", least=Level(settings.mail_level), by_mail=True)] if settings.mail_to else []
    for reference in settings.apprise:
        name = f"Apprise ({reference})"
        made.append(ready(apprise(reference, name), name=name, least=Level(settings.apprise_level)))
    return made


def survey(config: Config, *, ledger: Ledger, gate: Gate, warnings: Callable[[datetime], Sequence[str]]) -> Survey:
    """Return what is looked at after every pass."""
    return Survey(
        ledger=ledger, gate=gate, settings=config.settings.alerts, places=written_to(config), warnings=warnings
    )  # fmt: skip


def written_to(config: Config) -> Sequence[Path]:
    """Return the folders that every pass writes to, the ledger's first: each may be on a disk of its own."""
    settings = config.settings
    log = [config.path(settings.log.file).parent] if settings.log.file else []
    return (ledger_folder(config), config.path(settings.console.evidence_dir), *log)


def kept_private(config: Config) -> Sequence[Path]:
    """Return the files and folders that hold what is of persons, where they are on this machine."""
    settings = config.settings
    named = (
        settings.log.file, settings.console.evidence_dir, settings.schedule.backup_dir, settings.schedule.report_dir,
        settings.mailbox.path if settings.mailbox.kind == "folder" else "", settings.mailbox.drops,
    )  # fmt: skip
    return (place_of(settings.ledger.url, config.base), *(config.path(name) for name in named if name))


def ledger_folder(config: Config) -> Path:
    """Return the nearest folder there is on the way to the ledger: its disk is the one that must not fill up."""
    place = place_of(config.settings.ledger.url, config.base).parent
    return next(folder for folder in (place, *place.parents) if folder.is_dir())


@dataclass(frozen=True, kw_only=True)
class Outside:
    """Tells operators of what keeps a pass from beginning, or breaks it off: nobody else could."""

    sources: Sources

    @asynccontextmanager
    async def telling(self, *, mailbox: Callable[[], Mailbox], ledger: Callable[[], Ledger]) -> AsyncIterator[None]:
        """Tell of every error that leaves the block, and raise it again."""
        try:
            yield
        except Exception as error:
            try:
                found = (finding_of(error, Area.PASS),)
                await self.tell(found, mailbox=mailbox, ledger=None if isinstance(error, LedgerUnusable) else ledger)
            except Exception:  # noqa: BLE001 - a failed alert never hides the failure itself
                logger.exception("nobody could be told of this")
            raise

    async def tell(
        self, found: Sequence[Finding], *, mailbox: Callable[[], Mailbox], ledger: Callable[[], Ledger] | None,
        looked: Collection[Area] = (), only: Collection[Trouble] | None = None,
    ) -> None:  # fmt: skip
        """Have operators told of what was found beside a pass, by a ledger (``None``: it can't be used) and mailbox opened for it.

        ``only``: nothing but these is told; the rest is being told by a pass that runs at the same time.
        """
        clock = self.sources.clock
        opened: Ledger | None = None
        boxes: list[Mailbox] = []
        try:
            opened = ledger() if ledger else None
        except BotError as broken:
            logger.error("{}", broken)

        def sending() -> Sending:
            boxes.append(mailbox())
            box = boxes[-1]
            return (
                watched(self.sources.config, box, gate(self.sources.config, clock, opened)) if opened else Direct(box)
            )

        report = Report(findings=[*found], looked={*looked})
        try:
            told = alerts(self.sources, sending=sending, ledger=opened)
            await told.observe(report, clock.now(), only=only)
        finally:
            for box in boxes:
                await box.close()
            if opened:
                opened.close()


class Direct:
    """Sends alerts by a mailbox as they are."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        #: Who was refused, with what was said.
        self.left_out: dict[str, str] = {}

    async def alert(self, mail: EmailMessage) -> Mapping[str, str]:
        """See :meth:`bot.operation.alerts.ways.Sending.alert`."""
        refused = await self._mailbox.send(mail)
        self.left_out |= refused
        return refused
