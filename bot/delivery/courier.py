"""Sends notices by the recipe: the intent on record, then the mail, then the outcome on record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Protocol

from loguru import logger

from bot.clock import Clock
from bot.delivery.compose import message_id
from bot.delivery.letters import ANNOUNCED, Letters
from bot.delivery.outgoing import Outgoing
from bot.delivery.parcels import CARRIES, KINDS, Parcel, Recipient, parcels, person
from bot.delivery.smime import Certificates
from bot.errors import BotError, DeliveryFailed, OutcomeUnknown
from bot.ledger.ledger import Ledger
from bot.ledger.records import TOLD, Event, Notice, NoticeKind, NoticeState, Request
from bot.life import State
from bot.model import Employee, Kind
from bot.secret import Secret

_SETTLED = frozenset(NoticeState) - {NoticeState.SENDING}
#: What one mail after another can have us send to somebody who sent none of them.
_LIMITED = frozenset({NoticeKind.REJECTED, NoticeKind.HELD})
_DAY = timedelta(hours=24)


class Staff(Protocol):
    """What delivery needs of the staff directory: the only place that addresses come from."""

    def find(self, employee_no: str) -> Employee | None:
        """Return the employee with this number."""
        ...

    def by_mail(self, address: str) -> Employee | None:
        """Return the employee with this address."""
        ...


@dataclass(frozen=True, kw_only=True)
class Courier:
    """Tells people, each thing once; passwords go to the directory's address and nowhere else."""

    ledger: Ledger
    outgoing: Outgoing
    letters: Letters
    staff: Staff
    certificates: Certificates
    clock: Clock
    #: The operators' addresses.
    operators: tuple[str, ...]

    async def send_credentials(self, request: Request, employee: Employee, secret: Secret) -> Request:
        """Mail the credentials: ISSUED to DELIVERED, or to DELIVERING when the outcome is unknown.

        They go to the applicant's address in the directory, or where ``delivery.mode`` says so to the supervisor's. Raises
        what sending raises when a mail certainly did not go out; the request is then back at ISSUED.
        """
        carried = self._parcels(request, employee)
        notices = [await self._next(request, parcel.kind, ", ".join(parcel.to.addresses)) for parcel in carried]
        now, renewed = self.clock.now(), request.attempts == 0 and not await self._first_time(request)
        released = await self.ledger.released_for(request) if request.kind is Kind.CHANGE else ()
        mails = [
            self.certificates.sealed(
                self.letters.credentials(request, employee, secret, notice, parcel, renewed=renewed, released=released),
                parcel.to.employee_no,
                now,
            )
            for notice, parcel in zip(notices, carried, strict=True)
        ]
        request = await self._advance(request, State.DELIVERING, notices[0], "intended")
        for notice, mail in zip(notices, mails, strict=True):
            if notice is not notices[0]:
                await self._note(notice, "intended")
            try:
                refused = await self.outgoing.send(mail)
            except OutcomeUnknown as error:
                return await self._advance(request, State.DELIVERING, notice, "unknown", str(error))
            except BotError as error:
                await self._advance(request, State.ISSUED, _with(notice, NoticeState.FAILED), "failed", str(error))
                raise
            logger.info("{} sent to {}", notice.kind, notice.to)
            if notice is not notices[-1]:
                await self._note(_with(notice, NoticeState.SENT), "done", _not_to(refused))
        sent = _with(notices[-1], NoticeState.SENT)
        return await self._advance(request, State.DELIVERED, sent, "done", _not_to(refused))

    async def settle(self, request: Request) -> Request:
        """Find out whether the newest credentials of a DELIVERING request went out.

        The last of their mails was sent: DELIVERED. Not sent, or not to be known: ISSUED, from where a new password is set
        and mailed, so that the newest mail works whichever of them arrives.
        """
        carried = [notice for notice in await self.ledger.notices(request.id) if notice.kind in CARRIES]
        notice = next((one for one in carried if one.state is NoticeState.SENDING), carried[-1])
        is_last = notice.state is NoticeState.SENDING and notice.kind is KINDS[self.letters.mode(request)][-1]
        if is_last and await self.outgoing.was_sent(notice.message_id):
            sent = _with(notice, NoticeState.SENT)
            return await self._advance(request, State.DELIVERED, sent, "done", "found as sent")
        lost = _with(notice, NoticeState.FAILED) if notice.state is NoticeState.SENDING else notice
        return await self._advance(request, State.ISSUED, lost, "failed", "not found as sent")

    def _parcels(self, request: Request, employee: Employee) -> list[Parcel]:
        supervisor = self.staff.find(employee.supervisor_no)
        hands = person(supervisor) if supervisor else None
        if self.letters.composer.delivery.hand_to == "operators":
            hands = Recipient(name="テレワークID担当者", addresses=self.operators)
        found = parcels(self.letters.mode(request), employee, hands)
        if found is None:
            raise DeliveryFailed(
                "there is nobody to hand the password over: no supervisor in the directory, or no alerts.mail_to"
            )
        return found

    async def _first_time(self, request: Request) -> bool:
        """Tell whether the login is of a pool, and new to this employee."""
        held = await self.ledger.assignments(request.login_id)
        number = request.application.employee_no
        return bool(held) and all(one.request_id == request.id or one.employee_no != number for one in held)

    async def untold(self) -> list[Request]:
        """Return the requests whose applicant is to be told of their state and has not been; a notice without answers has none."""
        kinds = {state: kind for state, kind in TOLD.items() if self.tells(state)}
        untold = [*await self.ledger.untold(kinds), *await self.ledger.announced(State.REVOKED, ANNOUNCED)]
        return [request for request in untold if not request.application.number_only]

    def tells(self, state: State) -> bool:
        """Tell whether applicants are told of this state."""
        return state in TOLD and (state is not State.ACCEPTED or self.letters.composer.delivery.receipt)

    async def tell(self, request: Request) -> NoticeState | None:
        """Tell the applicant what became of the request, once; a mail that may have gone out before is looked up first.

        Of refusals and notices of what is held one address gets ``delivery.max_notices_per_day``; beyond that none is sent.
        Returns how it is settled now; ``None`` where it was settled before. Raises ``DeliveryFailed`` when there is nobody it may
        be sent to, on record, once.
        """
        kind, employee = TOLD.get(request.state) or await self._announced(request), self._whom(request)
        notice = await self._unsettled(request, kind, employee.mail if employee else "")
        if notice is None:
            return None
        if employee is None:
            await self._note(_with(notice, NoticeState.NOBODY), "failed", "nobody it may be sent to")
            raise DeliveryFailed(f"{request.state}, and nobody in the staff directory can be told: an operator must")
        if notice.kind in _LIMITED and await self._has_enough(notice):
            await self._note(_with(notice, NoticeState.KEPT_BACK), "failed", "delivery.max_notices_per_day")
            return NoticeState.KEPT_BACK
        await self._post(notice, lambda: self.letters.result(request, employee, notice))
        return NoticeState.SENT

    async def alert(self, request: Request) -> None:
        """Tell the operators that this held request can't wait, once; nothing where no operator has an address."""
        if not self.operators:
            return
        notice = await self._unsettled(request, NoticeKind.ALERT, ", ".join(self.operators))
        if notice is None:
            return
        employee = self.staff.find(request.application.employee_no or "")
        await self._post(notice, lambda: self.letters.alert(request, employee, notice, self.operators))

    async def left_open(self, request: Request, since: datetime, *, solved: bool) -> None:
        """Tell the operators that the request's login should have been closed at ``since``, or is closed now; each once a time."""
        if not self.operators:
            return
        kind = NoticeKind.SOLVED if solved else NoticeKind.OVERDUE
        told, over = [len(await self._notices(request, one)) for one in (NoticeKind.OVERDUE, NoticeKind.SOLVED)]
        to = ", ".join(self.operators)
        is_news = (told > over) is solved
        notice = await (self._next(request, kind, to) if is_news else self._unsettled(request, kind, to))
        if notice is not None:
            await self._post(notice, lambda: self.letters.left_open(request, notice, since, self.operators))

    async def _has_enough(self, notice: Notice) -> bool:
        """Tell whether its recipient got as many of its kind as one day may bring; one that is on record as begun counts itself."""
        since = self.clock.now() - _DAY
        lately = await self.ledger.told_lately(notice.to, _LIMITED, since)
        begun = await self.ledger.notice(notice.request_id, notice.kind, notice.attempt) is not None
        return lately - begun >= self.letters.composer.delivery.max_notices_per_day

    async def _announced(self, request: Request) -> NoticeKind:
        return next(
            notice.kind
            for notice in await self.ledger.notices(request.id)
            if notice.kind in ANNOUNCED and notice.state is NoticeState.SENDING
        )

    async def _unsettled(self, request: Request, kind: NoticeKind, to: str) -> Notice | None:
        """Return the notice to send; ``None`` when it is settled, or a look shows that it went out before."""
        earlier = await self._notices(request, kind)
        if not earlier:
            return await self._next(request, kind, to)
        if earlier[-1].state in _SETTLED:
            return None
        if await self.outgoing.was_sent(earlier[-1].message_id):
            await self._note(_with(earlier[-1], NoticeState.SENT), "done", "found as sent")
            return None
        return replace(earlier[-1], to=to)

    async def _post(self, notice: Notice, compose: Callable[[], EmailMessage]) -> None:
        try:
            mail = compose()
        except DeliveryFailed as error:
            await self._note(_with(notice, NoticeState.FAILED), "failed", str(error))
            raise
        await self._note(notice, "intended")
        await self._send(notice, mail)

    async def _send(self, notice: Notice, mail: EmailMessage) -> None:
        try:
            refused = await self.outgoing.send(mail)
        except OutcomeUnknown as error:
            await self._note(notice, "unknown", str(error))
            raise
        except DeliveryFailed as error:
            await self._note(_with(notice, NoticeState.FAILED), "failed", str(error))
            raise
        except BotError as error:
            await self._note(notice, "failed", str(error))  # it stays to be sent: the next pass tries again
            raise
        await self._note(_with(notice, NoticeState.SENT), "done", _not_to(refused))

    def _whom(self, request: Request) -> Employee | None:
        """Return who may be told: by the employee number, else the owner of the sending address; never an outsider."""
        if request.decision is not None and not request.decision.tell_applicant:
            return None
        return self.staff.find(request.application.employee_no or "") or self.staff.by_mail(request.sender)

    async def _notices(self, request: Request, kind: NoticeKind) -> list[Notice]:
        return [notice for notice in await self.ledger.notices(request.id) if notice.kind is kind]

    async def _next(self, request: Request, kind: NoticeKind, to: str) -> Notice:
        attempt = 1 + await self.ledger.attempts_before() + len(await self._notices(request, kind))
        name = message_id(request.id, kind, attempt, self.letters.composer.mailbox.address)
        return Notice(
            request_id=request.id, kind=kind, attempt=attempt, message_id=name, to=to, state=NoticeState.SENDING
        )

    async def _advance(self, request: Request, to: State, notice: Notice, outcome: str, reason: str = "") -> Request:
        event = _event(notice, outcome, reason)
        return await self.ledger.advance(request.id, expect=request.state, to=to, event=event, notice=notice)

    async def _note(self, notice: Notice, outcome: str, reason: str = "") -> None:
        await self.ledger.note(_event(notice, outcome, reason), notice=notice)


def _not_to(refused: Mapping[str, str]) -> str:
    """Return who of several was refused, for the record."""
    return f"not to {', '.join(refused)}" if refused else ""


def _with(notice: Notice, state: NoticeState) -> Notice:
    return replace(notice, state=state)


def _event(notice: Notice, outcome: str, reason: str) -> Event:
    return Event(
        action=f"notice.{notice.kind}",
        outcome=outcome,
        request_id=notice.request_id,
        reason=reason,
        details={"message_id": notice.message_id, "attempt": notice.attempt},
        person={"to": notice.to},
    )
