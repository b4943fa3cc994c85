"""Compares ledger, console and staff directory, and disables what is ours and must not work any more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from loguru import logger

from bot.clock import Clock
from bot.console.port import Ability, Console
from bot.errors import AccountConflict, BotError, OutcomeUnknown
from bot.issuance.account import evidence_of, same_address
from bot.issuance.expire import Expirer
from bot.issuance.hours import Hours, Verb
from bot.issuance.login_ids import login_id, own_ids
from bot.issuance.sharing import goes_on
from bot.ledger.ledger import Ledger
from bot.ledger.login_queries import HOLDING
from bot.ledger.records import AccountRecord, Event, Request
from bot.life import AccountRecordState, State
from bot.model import Account, AccountState, Employee
from bot.operation.adopt import forgotten
from bot.operation.differences import FIXABLE, Difference, Gap, Sides, compare, difference
from bot.operation.four_eyes import FourEyes
from bot.operation.leavers import Leavers
from bot.operation.leftovers import HALF_DONE
from bot.operation.report import Progress, Report
from bot.rules.directory import Directory
from bot.settings.account import AccountSettings

_LEFT = "the employee has left (V20)"


@dataclass(frozen=True, kw_only=True)
class Reconciler:
    """Looks, and on an operator's word disables; it never touches an account that is not certainly ours."""

    ledger: Ledger
    console: Console
    directory: Directory
    leavers: Leavers
    expirer: Expirer
    hours: Hours
    #: Asked before anything is resolved.
    four_eyes: FourEyes
    account: AccountSettings
    clock: Clock

    async def look(self, progress: Progress) -> Sequence[Difference]:
        """Return every difference, by login ID; looking is on record with their number and ids.

        Where the console can't list its accounts, those that nobody told the ledger of are not seen.
        """
        live = await self.ledger.requests(states=HOLDING)
        records = {record.login_id: record for record in await self.ledger.accounts()}
        seen = await self._seen(records, progress)
        sides = await self._sides(records, seen, live)
        found = [one for pair in sides.pairs() for one in compare(pair)]
        found += await self._without_account(found, live)
        found += [_unfinished(request) for request in live if request.state in HALF_DONE]
        await self.ledger.note(_event(found))
        return found

    async def fix(
        self, found: Sequence[Difference], reason: str, report: Report, progress: Progress
    ) -> list[Difference]:
        """Disable what is ours and must not work (``FIXABLE``); returns all differences, the resolved ones as such.

        Under four eyes the first person's command proposes it.
        What can't be disabled now is told in the report and stays as it is. Raises what makes the rest useless too.
        """
        todo = [one for one in found if one.kind in FIXABLE]
        if any(one.login_id for one in todo):
            await self.console.probe()
        progress.start("無効化する / disabling", len(todo))
        fixed: set[Difference] = set()
        proposed: set[Difference] = set()
        for one in todo:
            with report.one_of_many(one.login_id or one.request or one.kind):
                if await self.four_eyes.agreed("reconcile", one.request or "reconcile", reason, option=one.kind):
                    await self._resolve(one, reason)
                    fixed.add(one)
                else:
                    proposed.add(one)
            progress.step()
        return [replace(one, fixed=one in fixed, proposed=one in proposed) for one in found]

    async def _resolve(self, one: Difference, reason: str) -> None:
        if one.kind is Gap.LEAVER and one.employee_no:
            await self.leavers.end(one.employee_no, f"{_LEFT}: {reason}")
        now = self.clock.now()
        for request in await self.ledger.due(now):
            if request.application.employee_no == one.employee_no and (
                one.kind is Gap.LEAVER or request.login_id == one.login_id
            ):
                await self.expirer.expire(request, now)
        record = await self.ledger.account(one.login_id or "")
        seen = await self.console.find(record.login_id) if record else None
        if record and seen and (record.state is not AccountRecordState.DISABLED or one.kind is Gap.ENABLED_AGAIN):
            closed = one.kind is Gap.OPENED_BY_HAND
            await self._disable(record, one, reason, verb=Verb.CLOSE if closed else Verb.DISABLE)

    async def _disable(self, record: AccountRecord, one: Difference, reason: str, *, verb: Verb) -> None:
        """Close an account until its next day, or disable one for which no request is left: the intent on record, the act, the outcome."""
        logger.info("{} {}: {}", verb, record.login_id, one.kind)
        closes = verb is Verb.CLOSE

        def event(outcome: str, text: str) -> Event:
            evidence = evidence_of(self.console.take_evidence())
            return Event(
                action=verb, outcome=outcome, request_id=one.request, reason=text,
                details={"login_id": record.login_id, "difference": one.kind, "evidence": evidence},
            )  # fmt: skip

        # Whatever becomes of closing it, the next pass has it stand as it should.
        doubtful = replace(record, state=AccountRecordState.SWITCHING) if closes else None
        await self.ledger.note(event("intended", reason), account=doubtful)
        try:
            await self.console.disable(record.login_id)
        except BotError as error:
            await self.ledger.note(event("unknown" if isinstance(error, OutcomeUnknown) else "failed", str(error)))
            raise
        after = AccountRecordState.CLOSED if closes else AccountRecordState.DISABLED
        await self.ledger.note(event("done", reason), account=replace(record, state=after))

    async def _seen(self, records: Mapping[str, AccountRecord], progress: Progress) -> dict[str, Account]:
        """Return what the console has of ours and of what looks like ours; what matters and its list does not show is looked up."""
        seen: dict[str, Account] = {}
        beginning, pattern = own_ids(self.account)
        listed = Ability.LIST in self.console.abilities
        if listed:
            progress.start("管理コンソールの一覧を読む / listing accounts", 1)
            everyone = await self.console.everyone(beginning)
            seen = {one.login_id: one for one in everyone if one.login_id in records or pattern.fullmatch(one.login_id)}
            progress.step()

        def unsure(login: str) -> bool:
            if account := seen.get(login):
                return not account.mail and account.state is not AccountState.DISABLED
            looked = listed and login.startswith(beginning)
            return not looked or records[login].state is not AccountRecordState.DISABLED

        to_find = sorted(login for login in {*records, *seen} if unsure(login))
        progress.start("アカウントを照会する / looking up accounts", len(to_find))
        for login in to_find:
            account = await self.console.find(login)
            if account:
                seen[login] = account
            else:
                seen.pop(login, None)
            progress.step()
        return seen

    async def _sides(
        self, records: Mapping[str, AccountRecord], seen: Mapping[str, Account], live: Iterable[Request]
    ) -> Sides:
        needed: dict[str, list[Request]] = {}
        stuck_on: dict[str, str] = {}
        now = self.clock.now()
        for request in live:
            name = self._login_of(request)
            if name and request.kind.asks_for_days and goes_on(request, now):
                needed.setdefault(name, []).append(request)
            if name and request.stuck_reason.startswith(AccountConflict.__name__):
                stuck_on[name] = request.id
        lost, (_, pattern) = await forgotten(self.ledger), own_ids(self.account)

        def whose(name: str) -> str | None:
            match = pattern.fullmatch(name)
            return match.groupdict().get("employee_no", "") if match else None

        def has_left(employee_no: str, requests: Sequence[Request]) -> bool:
            today = now.date()
            return self.leavers.has_left(employee_no, [day for one in requests for day in one.granted if day >= today])

        def known_before(account: Account, employee: Employee | None) -> bool:
            same = employee is not None and same_address(account.mail, employee.mail)
            return account.login_id in lost.logins or (lost.anything and same)

        logins = await self.ledger.logins(now)
        switches = [switch for login in logins if (switch := self.hours.switch(login, now))]
        opening = {switch.login.account.login_id for switch in switches if switch.verb is Verb.OPEN}
        return Sides(
            opening=opening, records=records, seen=seen, whose=whose, find=self.directory.find, by_mail=self.directory.by_mail,
            has_left=has_left, needed_by=needed, stuck_on=stuck_on, forgotten=known_before,
        )  # fmt: skip

    async def _without_account(self, found: Iterable[Difference], live: Iterable[Request]) -> list[Difference]:
        """Return those who left and have no login yet."""
        told = {one.employee_no for one in found}
        left = [number for number in await self.leavers.found() if number not in told]
        first = {one.application.employee_no: one.id for one in live if one.application.employee_no in left}
        return [
            difference(Gap.LEAVER, login_id=None, employee_no=number, request=first.get(number), facts={"login": "-"})
            for number in left
        ]

    def _login_of(self, request: Request) -> str | None:
        number = request.application.employee_no
        if request.login_id or not number:
            return request.login_id
        return login_id(self.account, employee_no=number, request_id=request.id)


def _unfinished(request: Request) -> Difference:
    return difference(
        Gap.UNFINISHED, login_id=request.login_id, employee_no=request.application.employee_no, request=request.id,
        facts={"state": State(request.state).value},
    )  # fmt: skip


def _event(found: Sequence[Difference]) -> Event:
    ids = [{"kind": one.kind, "login_id": one.login_id, "request": one.request} for one in found]
    return Event(
        action="reconcile", outcome="done",
        details={"counts": dict(sorted(Counter(one.kind.value for one in found).items())), "differences": ids},
        person={"employees": sorted({one.employee_no for one in found if one.employee_no})},
    )  # fmt: skip
