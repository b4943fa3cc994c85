"""Disables the login when the telework is over, or when its credentials came back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from loguru import logger

from bot.console.port import Console
from bot.errors import BotError, OutcomeUnknown
from bot.issuance.account import evidence_of, same_address
from bot.issuance.sharing import still_needed
from bot.issuance.staff import Staff
from bot.ledger.ledger import Ledger
from bot.ledger.records import Changes, Event, Request
from bot.life import AccountRecordState, State
from bot.settings.account import AccountSettings, Scope

_BOUNCED = "the mail with the credentials came back as undeliverable; the account is disabled: mend the address in the directory"


@dataclass(frozen=True, kw_only=True)
class Expirer:
    """Revokes requests whose window has ended."""

    ledger: Ledger
    console: Console
    staff: Staff
    account: AccountSettings

    async def expire(self, request: Request, now: datetime) -> Request:
        """Revoke ``request``; its account is disabled unless another live request of the employee still needs it.

        Raises what the console raises; the request then stays as it is, and the next pass tries again.
        """
        if request.login_id is None or await still_needed(self.ledger, self.account, request, now):
            return await self._leave(request, State.REVOKED, "the account serves a later request")
        if not await self._ours(request, request.login_id):
            return await self._leave(request, State.REVOKED, "no account that is ours was made for it")
        await self._disable(request, request.login_id)
        return await self._leave(request, State.REVOKED, "")

    async def bounced(self, request: Request) -> Request:
        """Disable the account of a request whose credentials came back: STUCK, until an operator decides.

        Nobody knows the newest password of the account, or somebody who should not. Raises as :meth:`expire` does.
        """
        if request.login_id:
            await self._disable(request, request.login_id)
        return await self._leave(request, State.STUCK, "", stuck_reason=_BOUNCED)

    async def settle(self, request: Request) -> bool:
        """Look what became of an account that a request now over began to make: ours is disabled, one that is not there never was.

        Tells whether that is settled: an account with another address is not ours, and stays as it is. Raises as :meth:`expire` does.
        """
        login_id = request.login_id or ""
        if await self._ours(request, login_id):
            await self._disable(request, login_id)
        elif await self.console.find(login_id) is not None:
            return False
        record = await self.ledger.account(login_id)
        event = self._event(request, "done", "begun, and never finished: looked")
        await self.ledger.note(event, account=replace(record, state=AccountRecordState.DISABLED) if record else None)
        return True

    async def _disable(self, request: Request, login_id: str) -> None:
        with logger.contextualize(request=request.id):
            logger.info("disabling {}", login_id)
            await self._note(request, "intended")
            try:
                await self.console.disable(login_id)
            except BotError as error:
                await self._note(request, "unknown" if isinstance(error, OutcomeUnknown) else "failed", str(error))
                raise

    async def _ours(self, request: Request, login_id: str) -> bool:
        """Tell whether the account is ours to disable; one whose making nobody confirmed must carry the employee's address."""
        record = await self.ledger.account(login_id)
        if record is None or record.employee_no != request.application.employee_no:
            return False
        pooled = self.account.scope is Scope.POOL and login_id in self.account.pool_ids
        if pooled or record.state is not AccountRecordState.CREATING:
            return True
        seen, employee = await self.console.find(login_id), self.staff.find(record.employee_no)
        return seen is not None and (not seen.mail or (employee is not None and same_address(seen.mail, employee.mail)))

    async def _note(self, request: Request, outcome: str, reason: str = "") -> None:
        await self.ledger.note(self._event(request, outcome, reason))

    async def _leave(self, request: Request, to: State, reason: str, *, stuck_reason: str | None = None) -> Request:
        account = await self.ledger.account(request.login_id) if request.login_id and not reason else None
        return await self.ledger.advance(
            request.id,
            expect=request.state,
            to=to,
            event=self._event(request, "done", reason or stuck_reason or ""),
            changes=Changes(stuck_reason=stuck_reason),
            account=replace(account, state=AccountRecordState.DISABLED) if account else None,
        )

    def _event(self, request: Request, outcome: str, reason: str) -> Event:
        return Event(
            action="account.disable",
            outcome=outcome,
            request_id=request.id,
            reason=reason,
            details={"login_id": request.login_id, "evidence": evidence_of(self.console.take_evidence())},
        )
