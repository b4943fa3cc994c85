"""Puts a pass together from its sources, a ledger, a mailbox and a console."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.clock import Standstill
from bot.config import Settings
from bot.console.port import Console
from bot.delivery.courier import Courier
from bot.issuance.account import AccountKeeper
from bot.issuance.drive import Driver
from bot.issuance.expire import Expirer
from bot.issuance.hours import Hours
from bot.ledger.ledger import Ledger
from bot.mail.port import Mailbox
from bot.operation.alerts.guards import GuardedConsole, WatchedOutgoing
from bot.operation.at_console import AtConsole
from bot.operation.beforehand import Clocks
from bot.operation.bounces import Bounces
from bot.operation.cycle import Cycle
from bot.operation.judge import Judge
from bot.operation.leavers import Leavers
from bot.operation.left_open import LeftOpen
from bot.operation.leftovers import Leftovers
from bot.operation.switching import Switching, keeps_validity
from bot.operation.take_back import TakeBack
from bot.operation.take_in import Deciding, Intake
from bot.rules.directory import Directory
from bot.wiring import alerts as alerting
from bot.wiring.delivery import certificates, letters
from bot.wiring.sources import Sources


def _clock_off(settings: Settings) -> timedelta:
    """Return by how much clocks may differ."""
    return timedelta(seconds=settings.alerts.clock_off_seconds)


def intake(sources: Sources, mailbox: Mailbox, ledger: Ledger, directory: Directory) -> Intake:
    """Return what takes messages in."""
    config, settings = sources.config, sources.config.settings
    return Intake(
        mailbox=mailbox, reader=sources.reader(), ledger=ledger, join_days=settings.forms.join_days,
        systems=settings.rules.senders.systems, directory=directory,
        gate=alerting.gate(config, sources.clock, ledger), bounces=bounces(sources, ledger),
        read_first=settings.rules.senders.allow, batch=timedelta(seconds=settings.mailbox.batch_seconds),
    )  # fmt: skip


def bounces(sources: Sources, ledger: Ledger) -> Bounces:
    """Return what judges reports of mails that came back."""
    return Bounces(ledger=ledger, clock=sources.clock, settings=sources.config.settings.delivery)


@dataclass(frozen=True, kw_only=True)
class Assembly:
    """The parts of one pass, all on the same ledger, mailbox and console."""

    sources: Sources
    ledger: Ledger
    mailbox: Mailbox
    console: Console

    def cycle(self) -> Cycle:
        """Return the pass."""
        sources, ledger, settings = self.sources, self.ledger, self.sources.config.settings
        config, clock = sources.config, sources.clock
        judge = sources.judge()
        gate = alerting.gate(config, clock, ledger)
        outgoing, console = alerting.watched(config, self.mailbox, gate), GuardedConsole(self.console, gate)
        courier = self._courier(outgoing, judge)
        switching, standstill = self._switching(console), Standstill()
        late = timedelta(hours=settings.account.escalate_after_hours)
        return Cycle(
            ledger=ledger, courier=courier, clock=clock, gate=gate, outgoing=outgoing, min_kept=settings.staff.min_kept,
            intake=intake(sources, self.mailbox, ledger, judge.directory),
            deciding=Deciding(ledger=ledger, judge=judge, clock=clock),
            bounces=bounces(sources, ledger),
            left_open=LeftOpen(ledger=ledger, switching=switching, courier=courier, late=late),
            leftovers=Leftovers(ledger=ledger, courier=courier),
            leavers=Leavers(ledger=ledger, staff=judge.directory, clock=clock, settings=settings.staff),
            take_back=TakeBack(ledger=ledger, clock=clock, account=settings.account, zone=config.zone),
            at_console=self._at_console(console, outgoing, courier, switching, judge, standstill), standstill=standstill,
            clocks=Clocks(clock=clock, mailbox=self.mailbox, console=console, most=_clock_off(settings)),
            survey=alerting.survey(config, ledger=ledger, gate=gate, warnings=judge.warnings),
            alerts=alerting.alerts(sources, sending=lambda: outgoing, ledger=ledger),
        )  # fmt: skip

    def _courier(self, outgoing: WatchedOutgoing, judge: Judge) -> Courier:
        config, clock = self.sources.config, self.sources.clock
        return Courier(
            ledger=self.ledger, outgoing=outgoing, staff=judge.directory, clock=clock,
            letters=letters(config, clock, judge.rulebook, self.sources.kept), certificates=certificates(config),
            operators=config.settings.alerts.mail_to,
        )  # fmt: skip

    def _at_console(
        self, console: GuardedConsole, outgoing: WatchedOutgoing, courier: Courier, switching: Switching, judge: Judge,
        standstill: Standstill,
    ) -> AtConsole:  # fmt: skip
        settings, clock = self.sources.config.settings, self.sources.clock
        return AtConsole(
            console=console, driver=self._driver(console, courier, judge), switching=switching, clock=clock,
            gate=alerting.gate(self.sources.config, clock, self.ledger), outgoing=outgoing,
            expirer=Expirer(ledger=self.ledger, console=console, staff=judge.directory, account=settings.account),
            settings=settings.console, clock_off=_clock_off(settings),
            standstill=standstill,
        )  # fmt: skip

    def _driver(self, console: GuardedConsole, courier: Courier, judge: Judge) -> Driver:
        settings, config = self.sources.config.settings, self.sources.config
        keeper = AccountKeeper(
            ledger=self.ledger, console=console, account=settings.account, password=settings.password, zone=config.zone,
            settle=settings.console.settle, redactor=self.sources.redactor, own_address=settings.mailbox.address,
        )  # fmt: skip
        return Driver(
            ledger=self.ledger, console=console, keeper=keeper, courier=courier, staff=judge.directory,
            clock=self.sources.clock, attempts=settings.account.attempts,
        )  # fmt: skip

    def _switching(self, console: GuardedConsole) -> Switching:
        """Return what opens logins in the morning and closes them in the evening."""
        config = self.sources.config
        hours = Hours(account=config.settings.account, zone=config.zone, by_validity=keeps_validity(console))
        return Switching(ledger=self.ledger, console=console, hours=hours, settings=config.settings.console)
