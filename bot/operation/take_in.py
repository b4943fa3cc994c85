"""The first half of a pass: every message in the inbox becomes a record, is decided, and leaves the inbox only then."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from loguru import logger

from bot.clock import Clock
from bot.errors import AccessDenied, BotError, Transient, Unfetched
from bot.ledger.brought import FileKey, brought_files, key_of_file
from bot.ledger.conditions import Part
from bot.ledger.ledger import Ledger
from bot.ledger.records import Changes, MessageRecord, Request
from bot.ledger.unfiled import UnfiledMessage, keep_unfiled, unfiled
from bot.life import State
from bot.mail.port import Folder, Mailbox
from bot.model import Decision, Outcome, ReadOutcome
from bot.operation.alerts.catalogue import Area, Trouble
from bot.operation.alerts.findings import Finding
from bot.operation.alerts.gate import Gate
from bot.operation.attempts import ReadingQueue
from bot.operation.bounces import Bounces
from bot.operation.judge import Judge, decision_event
from bot.operation.report import Progress, Report
from bot.reading.isolated import IsolatedReader
from bot.rules.case import bare_address
from bot.rules.directory import Directory
from bot.text import listed

#: So many of the files that are not read are named.
_NAMED = 5
_FOLDERS = {ReadOutcome.UNREADABLE: Folder.UNREADABLE, ReadOutcome.IGNORED: Folder.IGNORED}
_STATES = {Outcome.ACCEPT: State.ACCEPTED, Outcome.REJECT: State.REJECTED, Outcome.HOLD: State.HELD}


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A message that is recorded and still lies in the inbox."""

    locator: str
    record: MessageRecord


@dataclass(kw_only=True)
class Inbox:
    """What a pass has still to read: first what comes from those who may apply, then the rest; each the oldest receipt first."""

    known: deque[str] = field(default_factory=deque)
    strangers: deque[str] = field(default_factory=deque)
    #: Recorded by an earlier pass that could not move them: nothing of them is read again.
    recorded: list[Taken] = field(default_factory=list)
    #: Everything that was ever in it: nothing is read twice in one pass.
    seen: set[str] = field(default_factory=set)
    #: Seconds that second attempts at messages have taken.
    spent: float = 0
    #: The mailbox has told what lies in it.
    listed: bool = False
    #: Who put files into it by name.
    brought: Mapping[FileKey, str] = field(default_factory=dict)

    @property
    def waiting(self) -> int:
        """How many are still to be read."""
        return len(self.known) + len(self.strangers)

    def clear(self) -> None:
        """Leave what is not read to the next pass."""
        self.known.clear()
        self.strangers.clear()


@dataclass(frozen=True, kw_only=True)
class Intake:
    """Polls, reads, records and files messages."""

    mailbox: Mailbox
    reader: IsolatedReader
    ledger: Ledger
    #: So many days a notice with only a number waits for its row of a table.
    join_days: int
    #: Addresses or domains of the form systems: only their notices are joined with rows of a file.
    systems: Sequence[str]
    directory: Directory
    gate: Gate
    bounces: Bounces
    #: Addresses and domains whose mails are read first.
    read_first: tuple[str, ...]
    #: After so long a batch ends.
    batch: timedelta

    async def look(self, inbox: Inbox, report: Report) -> None:
        """Put into ``inbox`` what lies there now; looked at again, only what has come since from those who may apply."""
        first = not inbox.listed
        found = [locator for locator in await self.mailbox.list_new() if locator not in inbox.seen]
        if first and (left := await self.mailbox.passed_over()):
            self._tell_of(left, report)
        report.looked.add(Area.MAILBOX)
        inbox.brought = await self.ledger.ask(brought_files) if found else {}
        if first:
            inbox.recorded += await self._on_record(found)
            inbox.seen |= {message.locator for message in inbox.recorded}
            found = [locator for locator in found if locator not in inbox.seen]
        senders = await self._senders(found)
        for locator in found:
            is_known = locator not in senders or listed(bare_address(senders[locator]), self.read_first)
            if is_known or first:
                (inbox.known if is_known else inbox.strangers).append(locator)
                inbox.seen.add(locator)
        inbox.listed = True

    async def run(self, inbox: Inbox, report: Report, progress: Progress) -> list[Taken]:
        """Record a batch: of the known senders' messages, else of the strangers', what can be read in the time of one.

        One bad message never stops the rest, a pause does. Returns what is recorded; it is still in the mailbox, until
        :meth:`file` is called with it.
        """
        try:
            return await self._read(inbox.known or inbox.strangers, inbox, report, progress)
        except BaseException:
            inbox.clear()
            raise

    async def _read(self, waiting: deque[str], inbox: Inbox, report: Report, progress: Progress) -> list[Taken]:
        taken, inbox.recorded = inbox.recorded, []
        progress.start("受信メールを読む / reading mails", len(waiting))
        ends = time.monotonic() + self.batch.total_seconds()
        async with ReadingQueue.over(waiting, self.reader, self.ledger, spent=inbox.spent) as queue:
            waiting.clear()
            for locator in report.until_stopped(queue):
                if paused := await self.gate.stands(Part.INTAKE):
                    report.stands(paused)
                    inbox.clear()
                    queue.waiting.clear()
                    break
                with report.one_of_many(ascii(locator)):
                    if record := await self._take(locator, queue, report, inbox.brought):
                        taken.append(Taken(locator=locator, record=record))
                progress.step()
                if time.monotonic() >= ends:
                    break
            inbox.spent = queue.spent
            waiting.extend(queue.waiting)
        if not inbox.waiting and not report.interrupted:
            report.looked.add(Area.MAILS)
        return taken

    async def _senders(self, locators: Sequence[str]) -> dict[str, str]:
        """Return whom messages say they are from; nobody's order depends on it where that can't be asked."""
        try:
            return await self.mailbox.senders(locators) if len(locators) > 1 else {}
        except AccessDenied:
            raise
        except BotError as error:
            logger.warning("the mails are read in the order of their receipt: {}", error)
            return {}

    @staticmethod
    def _tell_of(left: Sequence[str], report: Report) -> None:
        named = ", ".join(left[:_NAMED])
        text = f"{len(left)} in the inbox are not read: {named}{' …' if len(left) > _NAMED else ''}"
        report.warnings.append(text)
        report.find(Finding(trouble=Trouble.PASSED_OVER, detail=text))

    async def file(self, taken: Sequence[Taken], report: Report) -> None:
        """Move recorded messages out of the inbox, each to the folder that tells what became of it.

        One that can't be moved is remembered: the next pass moves it without reading it again, and tells of it.
        """
        before = {message.locator for message in await self.ledger.ask(unfiled)}
        left: list[UnfiledMessage] = []
        for one in taken:
            self.gate.check_switch()
            with report.one_of_many(one.record.id):
                try:
                    await self.mailbox.file(one.locator, await self._folder(one.record))
                except Transient as error:
                    report.find(Finding(trouble=Trouble.UNFILED, detail=str(error), subjects=(one.record.id,)))
                    left += await self._left(one)
                    raise
        gone = (before & {message.locator for message in taken}) - {message.locator for message in left}
        if gone or left:
            await self.ledger.change(lambda connection: keep_unfiled(connection, left, gone))
        report.looked.add(Area.FILING)

    async def forget_unfiled(self) -> None:
        """Have everything that lies in the inbox read again at the next pass."""
        gone = {message.locator for message in await self.ledger.ask(unfiled)}
        await self.ledger.change(lambda connection: keep_unfiled(connection, (), gone))

    async def _on_record(self, waiting: Sequence[str]) -> list[Taken]:
        """Return those that an earlier pass recorded and could not move: nothing of them is fetched."""
        kept = {message.locator: message for message in await self.ledger.ask(unfiled)}
        if vanished := kept.keys() - waiting:
            await self.ledger.change(lambda connection: keep_unfiled(connection, (), vanished))
        taken = []
        for locator in waiting:
            message = kept.get(locator)
            if message and message.stamp == await self._stamp(locator):
                taken.append(Taken(locator=locator, record=await self.ledger.message(message.message)))
        return taken

    async def _left(self, taken: Taken) -> list[UnfiledMessage]:
        stamp = await self._stamp(taken.locator)
        return [UnfiledMessage(locator=taken.locator, stamp=stamp, message=taken.record.id)] if stamp else []

    async def _stamp(self, locator: str) -> str:
        """Return the message's stamp; nothing where it can't be told, so that it is read again."""
        try:
            return await self.mailbox.stamp(locator)
        except (KeyError, Transient):
            return ""

    async def _folder(self, record: MessageRecord) -> Folder:
        if record.outcome is not ReadOutcome.APPLICATIONS:
            return _FOLDERS[record.outcome]
        requests = await self.ledger.of_message(record.id)
        all_refused = all(request.state is State.REJECTED for request in requests)
        return Folder.REJECTED if all_refused else Folder.PROCESSED

    async def _take(
        self, locator: str, queue: ReadingQueue, report: Report, brought: Mapping[FileKey, str]
    ) -> MessageRecord | None:
        try:
            message = await self.mailbox.fetch(locator)
        except KeyError:
            logger.info("a message was taken away by somebody else before it was read")
            return None
        except Unfetched as error:
            report.find(Finding(trouble=Trouble.UNFETCHED, detail=str(error), subjects=(error.which,)))
            raise
        if brought:
            message = replace(message, brought_by=brought.get(key_of_file(message), ""))
        reading = await queue.read(locator, message)
        if reading is None:
            return None
        reading = self.directory.spelled(await self.bounces.judged(reading))
        recorded = await self.ledger.record(message, reading, join_days=self.join_days, systems=self.systems)
        queue.recorded(locator)
        report.messages += 1
        if not recorded.new:
            report.repeated += 1
            logger.info("{} is {} once more: nothing new", message.name, recorded.message.id)
            return recorded.message
        self.bounces.tell(reading, recorded.message, report)
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
