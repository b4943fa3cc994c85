"""The first half of a pass: every message in the inbox becomes a record, is decided, and leaves the inbox only then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loguru import logger

from bot.clock import Clock
from bot.intake.reader import Reader
from bot.ledger.conditions import Part
from bot.ledger.ledger import Ledger
from bot.ledger.records import Changes, MessageRecord, Request
from bot.life import State
from bot.mail.port import Folder, Mailbox
from bot.model import Decision, Outcome, ReadOutcome
from bot.operation.alerts.catalogue import Area, Trouble
from bot.operation.alerts.findings import Finding
from bot.operation.alerts.gate import Gate
from bot.operation.judge import Judge, decision_event
from bot.operation.report import Progress, Report
from bot.rules.directory import Directory

_FOLDERS = {ReadOutcome.UNREADABLE: Folder.UNREADABLE, ReadOutcome.IGNORED: Folder.IGNORED}
_STATES = {Outcome.ACCEPT: State.ACCEPTED, Outcome.REJECT: State.REJECTED, Outcome.HOLD: State.HELD}


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A message that is recorded and still lies in the inbox."""

    locator: str
    record: MessageRecord


@dataclass(frozen=True, kw_only=True)
class Intake:
    """Polls, reads, records and files messages."""

    mailbox: Mailbox
    reader: Reader
    ledger: Ledger
    #: So many days a notice with only a number waits for its row of a table.
    join_days: int
    #: Addresses or domains of the form systems: only their notices are joined with rows of a file.
    systems: Sequence[str]
    directory: Directory
    gate: Gate

    async def run(self, report: Report, progress: Progress) -> list[Taken]:
        """Record everything that is in the inbox now, oldest first; one bad message never stops the rest, a pause does.

        Returns what is recorded; it is still in the inbox, until :meth:`file` is called with it.
        """
        taken: list[Taken] = []
        waiting = await self.mailbox.list_new()
        report.looked.add(Area.MAILBOX)
        progress.start("受信メールを読む / reading mails", len(waiting))
        for locator in report.until_stopped(waiting):
            if paused := await self.gate.stands(Part.INTAKE):
                report.stands(paused)
                break
            with report.one_of_many(ascii(locator)):
                if record := await self._take(locator, report):
                    taken.append(Taken(locator=locator, record=record))
            progress.step()
        return taken

    async def file(self, taken: Sequence[Taken], report: Report) -> None:
        """Move recorded messages out of the inbox, each to the folder that tells what became of it."""
        for one in taken:
            self.gate.check_switch()
            with report.one_of_many(one.record.id):
                await self.mailbox.file(one.locator, await self._folder(one.record))

    async def _folder(self, record: MessageRecord) -> Folder:
        if record.outcome is not ReadOutcome.APPLICATIONS:
            return _FOLDERS[record.outcome]
        requests = await self.ledger.of_message(record.id)
        all_refused = all(request.state is State.REJECTED for request in requests)
        return Folder.REJECTED if all_refused else Folder.PROCESSED

    async def _take(self, locator: str, report: Report) -> MessageRecord | None:
        try:
            message = await self.mailbox.fetch(locator)
        except KeyError:
            logger.info("a message was taken away by somebody else before it was read")
            return None
        reading = self.directory.spelled(self.reader.read(message))
        recorded = await self.ledger.record(message, reading, join_days=self.join_days, systems=self.systems)
        report.messages += 1
        if not recorded.new:
            report.repeated += 1
            logger.info("{} is {} once more: nothing new", message.name, recorded.message.id)
            return recorded.message
        report.applications += len(recorded.requests) - recorded.joined
        report.unreadable += reading.outcome is ReadOutcome.UNREADABLE
        report.ignored += reading.outcome is ReadOutcome.IGNORED
        if reading.outcome is ReadOutcome.UNREADABLE:
            logger.warning("{} kept as unreadable ({}): {}", message.name, recorded.message.id, reading.reason)
            report.find(Finding(trouble=Trouble.UNREADABLE, subjects=(recorded.message.id,)))
        return recorded.message


@dataclass(frozen=True, kw_only=True)
class Deciding:
    """Decides recorded applications by the rules, each decision on the record."""

    ledger: Ledger
    judge: Judge
    clock: Clock

    async def run(self, report: Report, progress: Progress) -> None:
        """Decide every request that is still undecided, oldest first: an earlier one counts as granted for a later."""
        undecided = await self.ledger.requests(states={State.RECEIVED})
        progress.start("審査する / deciding", len(undecided))
        for request in report.until_stopped(undecided):
            with report.one_of_many(request.id):
                decision = await self.judge.decide(self.ledger, request, self.clock.now())
                await self._record(request, decision)
                report.accepted += decision.outcome is Outcome.ACCEPT
                report.rejected += decision.outcome is Outcome.REJECT
                report.held += decision.outcome is Outcome.HOLD
            progress.step()

    async def _record(self, request: Request, decision: Decision) -> None:
        found = " ".join(sorted({violation.code for violation in decision.violations}))
        await self.ledger.advance(
            request.id,
            expect=State.RECEIVED,
            to=_STATES[decision.outcome],
            event=decision_event("request.decide", request, decision, found),
            changes=Changes(decision=decision),
        )
