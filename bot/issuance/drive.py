"""drive(): takes one request onward from what is true, however it was left.

Called again after any crash, by anyone, it never repeats an outside effect it can't rule out: it looks first. The
password of an account lives only between two steps of one call; a call that finds an account without it sets a new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from loguru import logger

from bot.clock import Clock
from bot.console.port import Ability, Console
from bot.errors import AccountConflict, BotError, ConsoleDrift, DeliveryFailed, NoneFree, OutcomeUnknown
from bot.issuance.account import AccountKeeper, evidence_of, same_address
from bot.issuance.sharing import login_to_renew
from bot.issuance.staff import Staff
from bot.ledger.ledger import Ledger
from bot.ledger.records import PURGED, AccountRecord, Changes, Event, Request
from bot.life import AccountRecordState, State
from bot.model import Account, Employee, Kind
from bot.secret import Secret
from bot.settings.account import Scope

#: More steps than any life needs; a request that takes more goes round in circles and a person must look.
_MOST_STEPS = 10


class Courier(Protocol):
    """What driving needs of delivery (bot/delivery/courier.py)."""

    async def send_credentials(self, request: Request, employee: Employee, secret: Secret) -> Request:
        """Mail the credentials home: ISSUED to DELIVERED, or to DELIVERING when the outcome is unknown."""
        ...

    async def settle(self, request: Request) -> Request:
        """Find out whether the credentials of a DELIVERING request went out: to DELIVERED, or back to ISSUED."""
        ...


@dataclass(frozen=True, kw_only=True)
class Driver:
    """Drives requests from ``accepted`` to ``delivered``."""

    ledger: Ledger
    console: Console
    keeper: AccountKeeper
    courier: Courier
    staff: Staff
    clock: Clock
    #: How often a request may submit a create, over all passes.
    attempts: int

    async def drive(self, request_id: str) -> Request:
        """Take the request as far as it goes and return it.

        What can't go on by itself ends as ``stuck`` with its reason. Raises what concerns more than this request:
        ``Transient`` (nothing was submitted; the next pass goes on), ``AccessDenied``, ``Unusable``.
        """
        request = await self.ledger.get(request_id)
        with logger.contextualize(request=request.id):
            try:
                return await self._onward(request)
            except (ConsoleDrift, AccountConflict, NoneFree, DeliveryFailed, OutcomeUnknown) as error:
                logger.error("{}", error)
                return await self._stuck(request_id, error)

    async def issue_many(self, requests: Sequence[Request]) -> None:
        """Create accounts for those of the requests that need a new one, at once, and mail the credentials.

        What does not come through is left in a state from which :meth:`drive` takes it onward. Raises what concerns all.
        """
        if self.keeper.account.scope is Scope.POOL:
            return  # a pool is made once; from then on there is nothing to import
        wanted: dict[str, tuple[Request, Employee]] = {}
        for request in requests:
            employee = self.staff.find(request.application.employee_no or "")
            is_new = request.state is State.ACCEPTED and request.kind is Kind.ISSUE and not request.attempts
            login_id = self.keeper.login_id(request)
            if is_new and employee and login_id not in wanted and await self._unused(login_id):
                wanted[login_id] = (request, employee)
        for request, came in await self.keeper.create_many(list(wanted.values())):
            with logger.contextualize(request=request.id):
                if isinstance(came, AccountConflict):
                    await self._stuck(request.id, came)
                elif came:
                    await self._mail(request, came)

    async def _unused(self, login_id: str) -> bool:
        return await self.ledger.account(login_id) is None and await self.ledger.namesake(login_id) is None

    async def _mail(self, request: Request, secret: Secret) -> None:
        """Mail credentials; what fails is left to :meth:`drive`, which sets a new password."""
        try:
            await self.courier.send_credentials(request, self._employee(request), secret)
        except BotError as error:
            logger.warning("{}: to be mailed with a new password: {}", request.id, error)

    async def _onward(self, request: Request) -> Request:
        secret: Secret | None = None
        for _ in range(_MOST_STEPS):
            match request.state:
                case State.ACCEPTED:
                    request, secret = await self._issue(request)
                case State.ISSUING | State.UNKNOWN:
                    request, secret = await self._find_out(request), None
                case State.ISSUED:
                    if secret is None:
                        request, secret = await self.keeper.renew(request, self._employee(request))
                        continue
                    request = await self.courier.send_credentials(request, self._employee(request), secret)
                    if request.state is State.DELIVERING:
                        return request  # the next pass settles it: the mail server needs a moment to tell the truth
                case State.DELIVERING:
                    request, secret = await self.courier.settle(request), None
                case _:
                    return request
        raise OutcomeUnknown("drive", f"no end after {_MOST_STEPS} steps")

    async def _issue(self, request: Request) -> tuple[Request, Secret | None]:
        employee = self._employee(request)
        if request.kind is Kind.REISSUE:
            request = await self._on_login_of(employee, request)
        request = await self.keeper.placed(request)
        login_id = self.keeper.login_id(request)
        seen = await self.keeper.look(login_id, patiently=False)
        record = await self.ledger.account(login_id)
        if seen:
            self._must_be_ours(seen, record, employee)
        if record is None and (namesake := await self.ledger.namesake(login_id)):
            text = f"{namesake.login_id} is on record, and many consoles take small and capital letters for the same"
            raise AccountConflict(login_id, text)
        if seen and record is None:
            await self.keeper.take_over(request)
            return await self.keeper.renew(request, employee)
        if seen and not self._half_made(seen, record):
            return await self.keeper.renew(request, employee)
        if request.kind is Kind.REISSUE:
            raise DeliveryFailed(f"{login_id} is no longer in the console: there is nothing to renew")
        if request.attempts >= self.attempts:
            raise OutcomeUnknown("create", f"submitted {request.attempts} times and the account never appeared")
        logger.info("creating {}", login_id)
        return await self.keeper.create(request, employee)

    async def _on_login_of(self, employee: Employee, request: Request) -> Request:
        """Return the reissue with the ID and the window of the login it renews: the employee's that works longest."""
        found = login_to_renew(await self.ledger.live(employee.employee_no), self.clock.now())
        if found is None:
            raise DeliveryFailed("there is no login of this employee that works now: reject it, or have it applied for")
        login_id, window = found
        return replace(request, login_id=login_id, window=window)

    async def _find_out(self, request: Request) -> Request:
        """Settle what became of a submit by looking: there, then it is issued; not there, then it is accepted as before."""
        employee = self._employee(request)
        login_id = self.keeper.login_id(request)
        seen = await self.keeper.look(login_id, patiently=True)
        record = await self.ledger.account(login_id)
        if seen:
            self._must_be_ours(seen, record, employee)
        found = Event(
            action="account.find",
            outcome="done",
            request_id=request.id,
            details={"login_id": login_id, "found": seen is not None, "evidence": self._evidence()},
        )
        to = State.ISSUED if seen and not self._half_made(seen, record) else State.ACCEPTED
        return await self.ledger.advance(request.id, expect=request.state, to=to, event=found)

    def _half_made(self, seen: Account, record: AccountRecord | None) -> bool:
        """Tell whether a create of ours stopped between two forms, so that another one completes it."""
        begun = record is not None and record.state is AccountRecordState.CREATING
        return begun and not seen.mail and Ability.COMPLETES in self.console.abilities

    def _must_be_ours(self, seen: Account, record: AccountRecord | None, employee: Employee) -> None:
        """Raise ``AccountConflict`` unless the ledger knows the account as this employee's, or it is of the pool."""
        if self.keeper.of_pool(seen.login_id):
            return
        if record is None or record.employee_no not in {employee.employee_no, PURGED}:
            raise AccountConflict(seen.login_id)
        # Between our look and our click somebody may have made the same ID by hand: then another address stands there.
        # Where retention took out whose it was, the address tells too whether the number was given to another since.
        unproven = record.state is AccountRecordState.CREATING or record.employee_no == PURGED
        if unproven and seen.mail and not same_address(seen.mail, employee.mail):
            raise AccountConflict(seen.login_id, "it carries another mail address")

    def _employee(self, request: Request) -> Employee:
        employee = self.staff.find(request.application.employee_no or "")
        if employee is None:
            raise DeliveryFailed("the employee is no longer in the staff directory: there is no address to send to")
        return employee

    async def _stuck(self, request_id: str, error: BotError) -> Request:
        request = await self.ledger.get(request_id)
        event = Event(
            action="request.stuck",
            outcome="done",
            request_id=request_id,
            reason=str(error),
            details={"error": type(error).__name__, "evidence": self._evidence()},
        )
        changes = Changes(stuck_reason=f"{type(error).__name__}: {error}")
        return await self.ledger.advance(request_id, expect=request.state, to=State.STUCK, event=event, changes=changes)

    def _evidence(self) -> list[dict[str, str]]:
        return evidence_of(self.console.take_evidence())
