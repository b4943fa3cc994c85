"""Sends notices by the recipe: the intent on record, then the mail, then the outcome on record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.message import EmailMessage
from typing import Protocol

from loguru import logger

from bot.clock import Clock
from bot.delivery.compose import Composer, Envelope, Needs, Possible, message_id
from bot.delivery.outgoing import Outgoing
from bot.delivery.parcels import CARRIES, KINDS, Parcel, Recipient, parcels, person
from bot.delivery.smime import Certificates
from bot.errors import BotError, DeliveryFailed, OutcomeUnknown
from bot.ledger.ledger import Ledger
from bot.ledger.records import Event, Notice, NoticeKind, NoticeState, Request
from bot.life import State
from bot.model import Employee, Severity
from bot.secret import Secret
from bot.settings.delivery import Mode

#: The states that an applicant is told of, and the notice that does it; the first only where it is asked for.
TOLD = {State.ACCEPTED: NoticeKind.RECEIPT, State.REJECTED: NoticeKind.REJECTED, State.HELD: NoticeKind.HELD}
_SETTLED = frozenset({NoticeState.SENT, NoticeState.NOBODY, NoticeState.FAILED})


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
    composer: Composer
    staff: Staff
    certificates: Certificates
    clock: Clock
    #: Says which days can still be applied for at a moment, and by when.
    possible: Callable[[datetime], Sequence[Possible]]
    #: Says from when on a request is issued and sent (``delivery.send_at``); ``None`` is at once.
    send_from: Callable[[Request], datetime | None]
    #: The operators' addresses, and what they must make sure of before they approve an urgent request.
    operators: tuple[str, ...]
    needs: Needs

    async def send_credentials(self, request: Request, employee: Employee, secret: Secret) -> Request:
        """Mail the credentials: ISSUED to DELIVERED, or to DELIVERING when the outcome is unknown.

        They go to the applicant's address in the directory, or where ``delivery.mode`` says so to the supervisor's. Raises
        what sending raises when a mail certainly did not go out; the request is then back at ISSUED.
        """
        carried = self._parcels(request, employee)
        notices = [await self._next(request, parcel.kind, ", ".join(parcel.to.addresses)) for parcel in carried]
        now = self.clock.now()
        mails = [
            self.certificates.sealed(
                self._credentials(request, employee, secret, notice, parcel), parcel.to.employee_no, now
            )
            for notice, parcel in zip(notices, carried, strict=True)
        ]
        request = await self._advance(request, State.DELIVERING, notices[0], "intended")
        for notice, mail in zip(notices, mails, strict=True):
            if notice is not notices[0]:
                await self._note(notice, "intended")
            try:
                await self.outgoing.send(mail)
            except OutcomeUnknown as error:
                return await self._advance(request, State.DELIVERING, notice, "unknown", str(error))
            except BotError as error:
                await self._advance(request, State.ISSUED, _with(notice, NoticeState.FAILED), "failed", str(error))
                raise
            logger.info("{} sent to {}", notice.kind, notice.to)
            if notice is not notices[-1]:
                await self._note(_with(notice, NoticeState.SENT), "done")
        return await self._advance(request, State.DELIVERED, _with(notices[-1], NoticeState.SENT), "done")

    async def settle(self, request: Request) -> Request:
        """Find out whether the newest credentials of a DELIVERING request went out.

        The last of their mails was sent: DELIVERED. Not sent, or not to be known: ISSUED, from where a new password is set
        and mailed, so that the newest mail works whichever of them arrives.
        """
        carried = [notice for notice in await self.ledger.notices(request.id) if notice.kind in CARRIES]
        notice = next((one for one in carried if one.state is NoticeState.SENDING), carried[-1])
        is_last = notice.state is NoticeState.SENDING and notice.kind is KINDS[self._mode(request)][-1]
        if is_last and await self.outgoing.was_sent(notice.message_id):
            sent = _with(notice, NoticeState.SENT)
            return await self._advance(request, State.DELIVERED, sent, "done", "found as sent")
        lost = _with(notice, NoticeState.FAILED) if notice.state is NoticeState.SENDING else notice
        return await self._advance(request, State.ISSUED, lost, "failed", "not found as sent")

    def _mode(self, request: Request) -> Mode:
        urgent = request.decision is not None and request.decision.urgent
        return self.composer.delivery.urgent_mode if urgent else self.composer.delivery.mode

    def _parcels(self, request: Request, employee: Employee) -> list[Parcel]:
        supervisor = self.staff.find(employee.supervisor_no)
        hands = person(supervisor) if supervisor else None
        if self.composer.delivery.hand_to == "operators":
            hands = Recipient(name="テレワークID担当者", addresses=self.operators)
        found = parcels(self._mode(request), employee, hands)
        if found is None:
            raise DeliveryFailed(
                "there is nobody to hand the password over: no supervisor in the directory, or no alerts.mail_to"
            )
        return found

    async def untold(self) -> list[Request]:
        """Return the rejected and held requests whose applicant has not been told; a notice without answers has none."""
        kinds = {state: kind for state, kind in TOLD.items() if self.tells(state)}
        return [request for request in await self.ledger.untold(kinds) if not request.application.number_only]

    def tells(self, state: State) -> bool:
        """Tell whether applicants are told of this state."""
        return state in TOLD and (state is not State.ACCEPTED or self.composer.delivery.receipt)

    async def tell(self, request: Request) -> None:
        """Tell the applicant of a rejection or a hold, once; a mail that may have gone out before is looked up first.

        Raises ``DeliveryFailed`` when there is nobody it may be sent to, on record, once.
        """
        kind, employee = TOLD[request.state], self._whom(request)
        notice = await self._unsettled(request, kind, employee.mail if employee else "")
        if notice is None:
            return
        if employee is None:
            await self._note(_with(notice, NoticeState.NOBODY), "failed", "nobody it may be sent to")
            raise DeliveryFailed(f"{request.state}, and nobody in the staff directory can be told: an operator must")
        await self._post(notice, lambda: self._result(request, employee, notice))

    async def alert(self, request: Request) -> None:
        """Tell the operators that this held request can't wait, once; nothing where no operator has an address."""
        if not self.operators:
            return
        notice = await self._unsettled(request, NoticeKind.ALERT, ", ".join(self.operators))
        if notice is None:
            return
        employee = self.staff.find(request.application.employee_no or "")
        envelope = self._envelope(request, employee, notice, to=self.operators)
        application = request.application
        await self._post(
            notice,
            lambda: self.composer.alert(
                envelope, received_at=request.received_at, asked=application.dates, needs=self.needs
            ),
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
        return earlier[-1]

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
            await self.outgoing.send(mail)
        except OutcomeUnknown as error:
            await self._note(notice, "unknown", str(error))
            raise
        except DeliveryFailed as error:
            await self._note(_with(notice, NoticeState.FAILED), "failed", str(error))
            raise
        except BotError as error:
            await self._note(notice, "failed", str(error))  # it stays to be sent: the next pass tries again
            raise
        await self._note(_with(notice, NoticeState.SENT), "done")

    def _whom(self, request: Request) -> Employee | None:
        """Return who may be told: by the employee number, else the owner of the sending address; never an outsider."""
        if request.decision is not None and not request.decision.tell_applicant:
            return None
        return self.staff.find(request.application.employee_no or "") or self.staff.by_mail(request.sender)

    def _credentials(
        self, request: Request, employee: Employee, secret: Secret, notice: Notice, parcel: Parcel
    ) -> EmailMessage:
        if request.window is None or request.login_id is None:
            raise DeliveryFailed("the request has no login to tell of")
        envelope = self._envelope(request, employee, notice, to=parcel.to.addresses)
        if parcel.kind is NoticeKind.SECRET:
            return self.composer.secret(envelope, to_name=parcel.to.name, secret=secret, window=request.window)
        if parcel.kind is NoticeKind.HANDOVER:
            return self.composer.handover(
                envelope, to_name=parcel.to.name, login_id=request.login_id, secret=secret, window=request.window,
                granted=request.granted,
            )  # fmt: skip
        violations = request.decision.violations if request.decision else ()
        return self.composer.credentials(
            envelope,
            login_id=request.login_id,
            secret=secret if self._mode(request) is Mode.SINGLE else None,
            window=request.window,
            granted=request.granted,
            renewed=notice.attempt > 1 or request.attempts == 0,
            refused=[item for item in violations if item.severity is Severity.REJECT or item.code in {"V09", "V18"}],
        )

    def _result(self, request: Request, employee: Employee, notice: Notice) -> EmailMessage:
        envelope = self._envelope(request, employee, notice)
        if notice.kind is NoticeKind.HELD:
            return self.composer.held(envelope, received_at=request.received_at)
        if notice.kind is NoticeKind.RECEIPT:
            return self.composer.receipt(
                envelope, received_at=request.received_at, granted=request.granted, send_from=self.send_from(request)
            )
        return self.composer.rejected(
            envelope,
            received_at=request.received_at,
            asked=request.application.dates,
            violations=request.decision.violations if request.decision else (),
            possible=self.possible(self.clock.now()),
        )

    def _envelope(
        self, request: Request, employee: Employee | None, notice: Notice, *, to: tuple[str, ...] = ()
    ) -> Envelope:
        return Envelope(
            employee=employee,
            to=to or ((employee.mail,) if employee else ()),
            request_id=request.id,
            receipt_no=request.application.receipt_no,
            message_id=notice.message_id,
            attempt=notice.attempt,
            now=self.clock.now(),
        )

    async def _notices(self, request: Request, kind: NoticeKind) -> list[Notice]:
        return [notice for notice in await self.ledger.notices(request.id) if notice.kind is kind]

    async def _next(self, request: Request, kind: NoticeKind, to: str) -> Notice:
        attempt = 1 + len(await self._notices(request, kind))
        name = message_id(request.id, kind, attempt, self.composer.mailbox.address)
        return Notice(
            request_id=request.id, kind=kind, attempt=attempt, message_id=name, to=to, state=NoticeState.SENDING
        )

    async def _advance(self, request: Request, to: State, notice: Notice, outcome: str, reason: str = "") -> Request:
        event = _event(notice, outcome, reason)
        return await self.ledger.advance(request.id, expect=request.state, to=to, event=event, notice=notice)

    async def _note(self, notice: Notice, outcome: str, reason: str = "") -> None:
        await self.ledger.note(_event(notice, outcome, reason), notice=notice)


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
