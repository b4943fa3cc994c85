"""Opens logins on the mornings of granted days and closes them in the evening; what it can't do now it does in the next pass.

Nothing is remembered but the account's state in the ledger: each pass compares how every login stands with how it should stand
now, so a pass that was missed, or that died in the middle, is made good by the next one. A user's password is never touched.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime

from loguru import logger

from bot.console.port import Ability, Console
from bot.errors import BotError, OutcomeUnknown
from bot.issuance.account import evidence_of
from bot.issuance.hours import Hours, Switch, Verb
from bot.ledger.ledger import Ledger
from bot.ledger.records import AccountRecord, Event, Request
from bot.life import AccountRecordState
from bot.operation.crew import Crew, Stands
from bot.operation.report import Progress, Report
from bot.settings.console import ConsoleSettings

_AFTER = {
    Verb.OPEN: AccountRecordState.CREATED,
    Verb.CLOSE: AccountRecordState.CLOSED,
    Verb.DISABLE: AccountRecordState.DISABLED,
}


@dataclass(kw_only=True)
class Answer:
    """What was due, and at which event and minute."""

    at: tuple[int, datetime] | None = None
    due: list[Switch] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Switching:
    """Has every login stand as it should, each act on the record before it is done."""

    ledger: Ledger
    console: Console
    hours: Hours
    settings: ConsoleSettings
    answered: Answer = field(default_factory=Answer)

    async def due(self, now: datetime) -> list[Switch]:
        """Return what is to be done now; the console is not asked.

        A pass asks more than once, and there may be thousands of logins: until the next event, or minute, the answer is the same.
        """
        at = (await self.ledger.size(), now.replace(second=0, microsecond=0))
        if self.answered.at != at:
            logins = await self.ledger.logins(now)
            self.answered.due = [switch for login in logins if (switch := self.hours.switch(login, now))]
            self.answered.at = at
        return self.answered.due

    async def run(
        self,
        report: Report,
        now: datetime,
        progress: Progress,
        *,
        stands: Stands,
        leaving: Collection[str] = (),
    ) -> Collection[str]:
        """Do what is due and return the login IDs it was due for; one that fails is told, and tried again by the next pass.

        ``stands`` is asked before each login: what is in hand is finished, and then all stand still. Those of ``leaving`` are
        left alone. Raises what stops the rest too; ``Unusable`` also after too many failures in a
        row. The caller closes the console.
        """
        every = {switch.login.account.login_id: switch for switch in await self.due(now)}
        due = {name: switch for name, switch in every.items() if name not in leaving}
        if not due:
            return ()
        progress.start("IDを開閉する / opening and closing", len(due))
        of_request = [(await self.ledger.get(one.login.account.request_id), one) for one in due.values()]
        switches: dict[str, list[Switch]] = {}
        for request, switch in of_request:
            switches.setdefault(request.id, []).append(switch)

        async def work(request: Request, report: Report) -> bool:
            for switch in switches[request.id]:
                await self._do(switch)
                report.opened += switch.verb is Verb.OPEN
                report.closed += switch.verb in {Verb.CLOSE, Verb.DISABLE}
            return True

        waiting = deque({request.id: request for request, _ in of_request}.values())
        crew = Crew(waiting=waiting, do=work, report=report, progress=progress, settings=self.settings, stands=stands)
        await asyncio.gather(*(crew.work() for _ in range(min(self.console.sessions, len(waiting)))))
        if crew.stopped_by:
            raise crew.stopped_by
        return tuple(due)

    async def _do(self, switch: Switch) -> None:
        account = switch.login.account
        narrowed = replace(account, window=switch.login.needed)
        before = account if switch.verb is Verb.NARROW else replace(account, state=AccountRecordState.SWITCHING)
        logger.info("{} {}", switch.verb, account.login_id)
        await self._note(switch, "intended", account=before)
        try:
            await self._act(switch)
        except KeyError:
            gone = BotError(f"{account.login_id} is no longer in the console: have it reissued, or revoke the request")
            await self._note(switch, "failed", str(gone))
            raise gone from None
        except BotError as error:
            await self._note(switch, "unknown" if isinstance(error, OutcomeUnknown) else "failed", str(error))
            raise
        after = narrowed if switch.verb is Verb.NARROW else replace(account, state=_AFTER[switch.verb])
        await self._note(switch, "done", account=after)

    async def _act(self, switch: Switch) -> None:
        login_id, needed = switch.login.account.login_id, switch.login.needed
        match switch.verb:
            case Verb.OPEN:
                await self.console.enable(login_id)
            case Verb.NARROW if needed:
                await self.console.set_window(login_id, needed)
            case _:
                await self.console.disable(login_id)

    async def _note(
        self, switch: Switch, outcome: str, reason: str = "", *, account: AccountRecord | None = None
    ) -> None:
        details = {"login_id": switch.login.account.login_id, "since": switch.since.isoformat()}
        if switch.verb is Verb.NARROW and switch.login.needed:
            details["until"] = switch.login.needed.end.isoformat()
        evidence = evidence_of(self.console.take_evidence())
        event = Event(
            action=switch.verb, outcome=outcome, request_id=switch.login.account.request_id, reason=reason,
            details={**details, "evidence": evidence},
        )  # fmt: skip
        await self.ledger.note(event, account=account)


def keeps_validity(console: Console) -> bool:
    """Tell whether the console opens and closes an account by itself."""
    return Ability.WINDOW in console.abilities
