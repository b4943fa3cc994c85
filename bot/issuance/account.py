"""One account in the console by the recipe: record the intent, look, act, look again, record the outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from loguru import logger

from bot.console.port import Console, Evidence, Order
from bot.errors import AccountConflict, BotError, DeliveryFailed, NoneFree, OutcomeUnknown, RowAltered
from bot.issuance.login_ids import login_id
from bot.issuance.passwords import new_password
from bot.issuance.sharing import shared_window
from bot.issuance.windows import window_for
from bot.ledger.ledger import Ledger
from bot.ledger.records import AccountRecord, Changes, Event, Request
from bot.life import AccountRecordState, State
from bot.model import Account, AccountSpec, AccountState, Employee, Window
from bot.secret import Redactor, Secret
from bot.settings.account import AccountSettings, PasswordSettings, Scope

_CREATE = "account.create"
_LOOK_EVERY = 0.25  # seconds between looks while the console settles


@dataclass(frozen=True, kw_only=True)
class AccountKeeper:
    """Creates, renews and looks up the account of a request, each act on the record before it is done."""

    ledger: Ledger
    console: Console
    account: AccountSettings
    password: PasswordSettings
    zone: ZoneInfo
    #: Seconds that a new account may take to show up, or to stop being "being created".
    settle: float
    redactor: Redactor
    #: The address that logins of the pool carry: what their console mails must reach none of their holders.
    own_address: str

    async def placed(self, request: Request) -> Request:
        """Return the request with a login ID of its own, where logins are of a pool; raises ``NoneFree`` when none is free."""
        if self.account.scope is not Scope.POOL or request.login_id:
            return request
        return await self.ledger.assign(request, self.account.pool_ids, self._window(request))

    def of_pool(self, name: str) -> bool:
        """Tell whether a login ID is one of the pool: ours, whoever made it."""
        return self.account.scope is Scope.POOL and name in self.account.pool_ids

    def login_id(self, request: Request) -> str:
        """Return the login ID of a request: the one on record, else by the configured pattern."""
        if self.account.scope is Scope.POOL and not request.login_id:
            raise NoneFree(len(self.account.pool_ids))
        return request.login_id or login_id(
            self.account, employee_no=request.application.employee_no or "", request_id=request.id
        )

    async def look(self, name: str, *, patiently: bool) -> Account | None:
        """Look for the account; ``patiently`` waits up to the settle time for it to appear. Waits out "being created".

        Raises ``OutcomeUnknown`` when the account stays "being created" for longer than the settle time.
        """
        waited = 0.0
        while True:
            seen = await self.console.find(name)
            if seen and seen.state is not AccountState.CREATING:
                return seen
            if waited >= self.settle or (seen is None and not patiently):
                break
            await asyncio.sleep(_LOOK_EVERY)
            waited += _LOOK_EVERY
        if seen:
            raise OutcomeUnknown("look", f"the account is still being created after {self.settle:g} s")
        return None

    async def create(self, request: Request, employee: Employee) -> tuple[Request, Secret | None]:
        """Create the account: ACCEPTED to ISSUED with the password in memory, or to UNKNOWN; call it after a look saw nothing.

        An error before the submit leads back to ACCEPTED and is raised.
        """
        request, order = await self._intend(request, employee)
        made = await self._act(_CREATE, request, order.spec, lambda: self._create_to_the_end(order.spec, order.secret))
        return (made, order.secret) if made.state is State.ISSUED else (made, None)

    async def create_many(
        self, wanted: Sequence[tuple[Request, Employee]]
    ) -> Sequence[tuple[Request, Secret | AccountConflict | None]]:
        """Create many accounts at once: each request as :meth:`create` leaves it, with its password.

        An ID that the console had before stays at ISSUING and comes with its ``AccountConflict``. An error before anything
        was submitted leads all of them back to ACCEPTED and is raised.
        """
        intended = []
        for request, employee in wanted:
            try:
                intended.append(await self._intend(request, employee))
            except RowAltered as error:
                logger.error("{}: {}", request.id, error)  # told when it is driven by itself
        if not intended:
            return []
        try:
            made = await self.console.create_many([order for _, order in intended])
        except BotError as error:
            for request, _ in intended:
                await self._step(request, State.ACCEPTED, _CREATE, "failed", reason=error)
            raise
        done: list[tuple[Request, Secret | AccountConflict | None]] = []
        for (request, order), one in zip(intended, made, strict=True):
            if one.error is None:
                done.append((await self._issued(_CREATE, request, order.spec), order.secret))
            elif isinstance(one.error, AccountConflict):
                done.append((request, one.error))
            elif isinstance(one.error, OutcomeUnknown):
                done.append((await self._step(request, State.UNKNOWN, _CREATE, "unknown", reason=one.error), None))
            else:
                done.append((await self._step(request, State.ACCEPTED, _CREATE, "failed", reason=one.error), None))
        return done

    async def _intend(self, request: Request, employee: Employee) -> tuple[Request, Order]:
        """Put on record that an account is about to be created, and draw its password."""
        spec = self._spec(request, employee)
        secret = new_password(self.password, self.redactor)
        request = await self.ledger.advance(
            request.id,
            expect=State.ACCEPTED,
            to=State.ISSUING,
            event=_event(_CREATE, "intended", request, login_id=spec.login_id),
            changes=Changes(login_id=spec.login_id, window=spec.window, attempts=request.attempts + 1),
            account=self._record(request, spec, AccountRecordState.CREATING, version=1),
        )
        return request, Order(spec=spec, secret=secret)

    async def _create_to_the_end(self, spec: AccountSpec, secret: Secret) -> None:
        made = await self.console.create(spec, secret)
        if made.state is AccountState.CREATING:
            await self.look(spec.login_id, patiently=True)

    async def take_over(self, request: Request) -> None:
        """Put on record that a login of the pool, which the console had before, is ours from now on."""
        name = self.login_id(request)
        await self.ledger.note(
            _event("account.adopt", "done", request, "it stands in account.pool_ids", login_id=name),
            account=self._record(
                request, self._pooled(name, self._window(request)), AccountRecordState.CREATING, version=0
            ),
        )

    async def renew(self, request: Request, employee: Employee) -> tuple[Request, Secret | None]:
        """Set a new password and the widened window on an account of ours: ACCEPTED or ISSUED to ISSUED, or to UNKNOWN."""
        record = await self.ledger.account(self.login_id(request))
        version = 1 + (record.secret_version if record else 0)
        spec = await self._widened(request, employee)
        secret = new_password(self.password, self.redactor)
        request = await self.ledger.advance(
            request.id,
            expect=request.state,
            to=State.ISSUING,
            event=_event("password.reset", "intended", request, login_id=spec.login_id, secret_version=version),
            changes=Changes(login_id=spec.login_id, window=self._window(request)),
            account=self._record(request, spec, while_renewed(record), version=version),
        )
        made = await self._act(
            "password.reset", request, spec, lambda: self.console.reset_password(spec.login_id, secret, spec.window)
        )
        return (made, secret) if made.state is State.ISSUED else (made, None)

    async def _act(
        self, action: str, request: Request, spec: AccountSpec, verb: Callable[[], Awaitable[object]]
    ) -> Request:
        """Do the intended act and record what came of it; only an unknown outcome is not raised again."""
        try:
            await verb()
        except (OutcomeUnknown, AccountConflict) as error:
            # "Already taken", after a look that saw nothing, may be our own submit: a browser sends a request again by
            # itself when the connection breaks before the answer. A look tells whose account it is.
            return await self._step(request, State.UNKNOWN, action, "unknown", reason=error)
        except BotError as error:
            await self._step(request, State.ACCEPTED, action, "failed", reason=error)
            raise
        return await self._issued(action, request, spec)

    async def _issued(self, action: str, request: Request, spec: AccountSpec) -> Request:
        record = await self.ledger.account(spec.login_id)
        version = record.secret_version if record else 1
        return await self._step(
            request,
            State.ISSUED,
            action,
            "done",
            account=self._record(request, spec, AccountRecordState.CREATED, version=version),
        )

    async def _step(
        self,
        request: Request,
        to: State,
        action: str,
        outcome: str,
        *,
        reason: BotError | None = None,
        account: AccountRecord | None = None,
    ) -> Request:
        text = self.redactor.clean(str(reason)) if reason else ""
        event = _event(action, outcome, request, text, evidence=evidence_of(self.console.take_evidence()))
        return await self.ledger.advance(request.id, expect=request.state, to=to, event=event, account=account)

    async def _widened(self, request: Request, employee: Employee) -> AccountSpec:
        """Return the spec whose window spans all of the employee's live requests that have this login: it serves them all."""
        live, name = await self.ledger.live(employee.employee_no), self.login_id(request)
        return self._spec(request, employee, window=shared_window(request, self._window(request), live, name))

    def _spec(self, request: Request, employee: Employee, *, window: Window | None = None) -> AccountSpec:
        name, window = self.login_id(request), window or self._window(request)
        if self.of_pool(name):
            return self._pooled(name, window)
        return AccountSpec(
            login_id=name,
            name=employee.name,
            department=employee.department,
            mail=employee.mail,
            pool=self.account.pool,
            zones=self.account.zones,
            window=window,
        )

    def _pooled(self, name: str, window: Window) -> AccountSpec:
        """Return a login of the pool as the console has it: its holders change, so it names none of them."""
        return AccountSpec(
            login_id=name, name=name, department="", mail=self.own_address, pool=self.account.pool,
            zones=self.account.zones, window=window,
        )  # fmt: skip

    def _window(self, request: Request) -> Window:
        """Return the time a request asks for; a reissue has that of the login it renews."""
        if request.kind.asks_for_days:
            return window_for(request.granted, self.account, self.zone)
        if request.window is None:
            raise DeliveryFailed("there is no login to renew")
        return request.window

    @staticmethod
    def _record(request: Request, spec: AccountSpec, state: AccountRecordState, *, version: int) -> AccountRecord:
        return AccountRecord(
            login_id=spec.login_id,
            employee_no=request.application.employee_no or "",
            request_id=request.id,
            state=state,
            window=spec.window,
            secret_version=version,
        )


def while_renewed(record: AccountRecord | None) -> AccountRecordState:
    """Return how an account stands from the intent to renew it until that is done: what was closed may be open by then."""
    closed = {AccountRecordState.SWITCHING, AccountRecordState.CLOSED, AccountRecordState.DISABLED}
    return AccountRecordState.SWITCHING if record and record.state in closed else AccountRecordState.CREATED


def same_address(shown: str, known: str) -> bool:
    """Tell whether two mail addresses are one; consoles keep them in small letters, or as typed."""
    return shown.casefold() == known.casefold()


def evidence_of(taken: Sequence[Evidence]) -> list[dict[str, str]]:
    """Return evidence as an audit event keeps it: the step, the file below the evidence folder, its SHA-256."""
    return [
        {"step": item.step, "file": f"{item.path.parent.name}/{item.path.name}", "sha256": item.sha256}
        for item in taken
    ]


def _event(action: str, outcome: str, request: Request, reason: str = "", **details: object) -> Event:
    return Event(action=action, outcome=outcome, request_id=request.id, reason=reason, details=details)
