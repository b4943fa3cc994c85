"""What a clerk is to do: one item for each request that is not delivered, and for each login that must be disabled now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.errors import NoneFree
from bot.issuance.login_ids import login_id
from bot.issuance.sharing import login_to_renew, shared_window, still_needed
from bot.issuance.staff import Staff
from bot.issuance.windows import span, window_for
from bot.ledger.ledger import Ledger
from bot.ledger.records import PURGED, AccountRecord, Request
from bot.life import AccountRecordState, State
from bot.model import Employee, Kind, Window
from bot.operation.at_console import DRIVABLE, by_urgency
from bot.settings.account import AccountSettings, Scope


class Todo(StrEnum):
    """What is to be done in the console, as it stands in the list."""

    #: Make the account.
    CREATE = "新規作成 / create"
    #: Set a new password on the account that is there, enable it, set its time.
    RESET = "パスワード再設定・有効化 / reset"
    #: The telework is over.
    DISABLE = "無効化 / disable"
    #: Nothing: the note says why.
    NOTHING = "発行しない / do nothing"


#: Notes, in both languages.
LOOK_FIRST = "結果不明：アカウントがあるか必ず先に検索する。あれば再設定だけ行う / unknown: look first whether the account exists; if so only reset"
_MAILED = "通知メールが届いている可能性あり / its credential mail may have arrived"
_POOLED = "共用ID：あれば再設定、なければ新規作成 / ID of the pool: reset it, or create it where it is not there"
_NOT_STAFF = "職員名簿にない / not in the staff directory"
_NO_LOGIN = "更新できるログインがない / there is no login that works now"
_NONE_FREE = "空きIDがない / no login ID of the pool is free"
_SECOND = "同じIDの2件目：1件目の作成後に再設定 / the second request of this login: reset it once the first is made"
_OTHERS = "他の職員のログインID / the login ID is another employee's"


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing to do."""

    request: Request
    todo: Todo
    login_id: str = ""
    employee: Employee | None = None
    #: The time of this request, and the time to be set in the console: one login serves all of an employee's requests.
    own: Window | None = None
    window: Window | None = None
    #: What the ledger knows of the account.
    record: AccountRecord | None = None
    note: str = ""

    @property
    def urgent(self) -> bool:
        """Whether it is of the fast lane."""
        return self.request.decision is not None and self.request.decision.urgent


@dataclass(frozen=True, kw_only=True)
class Items:
    """Finds them in the ledger; says of each which login, by the rules that the bot issues by."""

    ledger: Ledger
    staff: Staff
    account: AccountSettings
    zone: ZoneInfo

    async def all(self, now: datetime) -> list[Item]:
        """Return everything to do, in the order of work. Cancellations are the bot's: they need no console."""
        waiting = [one for one in await self.ledger.requests(states=DRIVABLE) if one.kind is not Kind.CANCEL]
        issue = [await self.to_issue(request, now) for request in by_urgency(waiting)]
        return [*_one_create_each(issue), *await self._all_to_disable(await self.ledger.due(now), now)]

    async def to_issue(self, request: Request, now: datetime) -> Item:
        """Return what is to be done for a request; one that uses the pool holds a login ID of it from now on."""
        employee = self.staff.find(request.application.employee_no or "")
        if employee is None:
            return Item(request=request, todo=Todo.NOTHING, note=_NOT_STAFF)
        live = await self.ledger.live(employee.employee_no)
        if request.kind is Kind.REISSUE:
            found = login_to_renew(live, now)
            if found is None:
                return Item(request=request, todo=Todo.NOTHING, employee=employee, note=_NO_LOGIN)
            name, own = found
        else:
            own = window_for(request.granted, self.account, self.zone)
            try:
                name = await self._login_id(request, own)
            except NoneFree:
                return Item(request=request, todo=Todo.NOTHING, employee=employee, note=_NONE_FREE)
        record = await self.ledger.account(name)
        window = span([shared_window(request, own, live, name), *self._beside(request, live)])
        todo, note = self._how(request, name, record, employee)
        return Item(
            request=request, todo=todo, login_id=name, employee=employee, own=own, window=window, record=record, note=note
        )  # fmt: skip

    async def to_disable(self, request: Request, now: datetime) -> Item | None:
        """Return the login of a request that is over, to be disabled; ``None`` where there is none, or somebody needs it."""
        name = request.login_id
        record = await self.ledger.account(name) if name else None
        number = request.application.employee_no or ""
        if name is None or record is None or record.employee_no != number:
            return None
        over = record.state is AccountRecordState.DISABLED
        if over or await still_needed(self.ledger, self.account, request, now):
            return None
        return Item(
            request=request, todo=Todo.DISABLE, login_id=name, employee=self.staff.find(number), own=request.window,
            window=request.window, record=record,
        )  # fmt: skip

    def pooled(self, name: str) -> bool:
        """Tell whether a login ID is one of the pool: its account names none of its holders."""
        return self.account.scope is Scope.POOL and name in self.account.pool_ids

    async def _all_to_disable(self, over: Iterable[Request], now: datetime) -> Sequence[Item]:
        found: dict[str, Item] = {}
        for request in over:
            if item := await self.to_disable(request, now):
                found.setdefault(item.login_id, item)
        return list(found.values())

    def _beside(self, request: Request, live: Iterable[Request]) -> Iterable[Window]:
        """Yield what the employee's other requests need that are on the list too, and so have no window yet."""
        if self.account.scope is Scope.PER_REQUEST:
            return ()
        others = (one for one in live if one.id != request.id and one.state in DRIVABLE and one.window is None)
        return (window_for(one.granted, self.account, self.zone) for one in others if one.kind.asks_for_days)

    async def _login_id(self, request: Request, own: Window) -> str:
        if request.login_id is None and self.account.scope is Scope.POOL:
            request = await self.ledger.assign(request, self.account.pool_ids, own)
        number = request.application.employee_no or ""
        return request.login_id or login_id(self.account, employee_no=number, request_id=request.id)

    def _how(self, request: Request, name: str, record: AccountRecord | None, employee: Employee) -> tuple[Todo, str]:
        if self.pooled(name):
            return Todo.RESET, _POOLED
        if record and record.employee_no not in {employee.employee_no, PURGED}:
            return Todo.NOTHING, _OTHERS
        begun = record is not None and record.state is AccountRecordState.CREATING
        if begun or request.state in {State.ISSUING, State.UNKNOWN}:
            return (Todo.CREATE if begun else Todo.RESET), LOOK_FIRST
        return (Todo.RESET if record else Todo.CREATE), _MAILED if request.state is State.DELIVERING else ""


def _one_create_each(items: Iterable[Item]) -> Iterator[Item]:
    """Yield them, but of several of one login only the first to make it."""
    made: set[str] = set()
    for item in items:
        if item.todo is Todo.CREATE and item.login_id in made:
            yield replace(item, todo=Todo.RESET, note=item.note or _SECOND)
        else:
            made.add(item.login_id)
            yield item
