"""What operators do with single requests, each act with who and why on the record."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection

from bot.clock import Clock
from bot.delivery.compose import message_id
from bot.delivery.parcels import CARRIES
from bot.errors import ActRefused
from bot.issuance.windows import ended
from bot.ledger.ledger import Ledger
from bot.ledger.records import AccountRecord, Changes, Event, Notice, NoticeKind, NoticeState, Request
from bot.ledger.steps import Step, take
from bot.ledger.writing import must_be_unknown
from bot.life import State
from bot.model import Decision, Kind, Outcome, Severity, Violation
from bot.operation.four_eyes import FourEyes
from bot.operation.judge import Judge, decision_event
from bot.wording import days_en, days_ja, quote

#: The code under which an operator's own reason stands among the violations.
BY_HAND = "担当者"
_FROM_THE_START = Changes(attempts=0, stuck_reason="")


@dataclass(frozen=True, kw_only=True)
class Act:
    """What an act did to a request, or to a message."""

    id: str
    before: str
    after: str
    #: Nothing has changed yet: a second person must give the same command (``operators.four_eyes``).
    proposed: bool = False


@dataclass(frozen=True, kw_only=True)
class Acts:
    """Operators' acts; ``ledger`` is opened in the operator's name, so that every event carries it.

    Each raises ``Conflict`` where the request was changed by somebody else while it was decided on: nothing is done then.
    """

    ledger: Ledger
    judge: Judge
    clock: Clock
    four_eyes: FourEyes
    #: The bot's own mail address: notices carry its domain in their identity.
    own_address: str

    async def approve(self, request_id: str, reason: str, *, days: Collection[date] = ()) -> Act:
        """Let pass what asks for a person: HELD to ACCEPTED; the caller issues.

        With ``days`` only these are granted, and the applicant is told of the others. Raises as :meth:`approval` does.
        """
        request, decision = await self.approval(request_id, reason, days=days)
        option = ",".join(day.isoformat() for day in sorted(set(days)))
        if not await self.four_eyes.agreed("approve", request_id, reason, option=option):
            return _proposed(request)
        return await self._settle(request, State.ACCEPTED, "request.approve", decision, reason)

    async def approval(self, request_id: str, reason: str, *, days: Collection[date] = ()) -> tuple[Request, Decision]:
        """Return a held request and what its approval would decide; changes nothing.

        The rules are applied anew, as of now. Raises ``ActRefused`` where they refuse what nobody may pass over, where
        nothing is left to grant or not all of ``days``, and for a request that is not held; ``KeyError`` for one that does not
        exist.
        """
        request = await self._held(request_id)
        decision = await self.judge.approve(self.ledger, request, self.clock.now())
        if decision.outcome is not Outcome.ACCEPT:
            found = " ".join(item.text for item in decision.violations if item.severity is not Severity.WARN)
            raise ActRefused(f"{request_id} can't be approved: {found or 'nothing is left to grant'}")
        if request.kind is Kind.CANCEL and not decision.granted:
            raise ActRefused(
                f"{request_id} names no granted day: `revoke ID --at-wish` what is meant, and reject this one"
            )
        return request, _only(request, decision, days, reason) if days else decision

    async def reject(self, request_id: str, reason: str) -> Act:
        """Refuse a held request: HELD to REJECTED; the reason is mailed to the applicant.

        Raises ``ActRefused`` for a request that is not held, ``KeyError`` for one that does not exist.
        """
        request = await self._held(request_id)
        if not await self.four_eyes.agreed("reject", request_id, reason):
            return _proposed(request)
        earlier = request.decision or Decision(outcome=Outcome.HOLD)
        text = quote(reason)
        by_hand = Violation(
            code=BY_HAND, severity=Severity.REJECT, text=f"担当者が確認し、承認できませんでした（{text}）。",
            text_en=f"An operator looked at it and did not approve ({text}).",
        )  # fmt: skip
        decision = replace(earlier, outcome=Outcome.REJECT, granted=(), violations=(*earlier.violations, by_hand))
        return await self._settle(request, State.REJECTED, "request.reject", decision, reason)

    async def revoke(self, request_id: str, reason: str, *, at_wish: bool = False) -> Act:
        """End a granted request now: its window is over, so the caller's pass disables the account and tells the applicant.

        What is not issued yet goes from ACCEPTED to REVOKED at once. ``at_wish``: the applicant asked for it, and is told of a
        cancellation. Raises ``ActRefused`` for a request in any other state, ``KeyError`` for one that does not exist.
        """
        request = await self._open(request_id, {State.ACCEPTED, State.DELIVERED}, "accepted or delivered is revoked")
        if not await self.four_eyes.agreed("revoke", request_id, reason, option="at wish" if at_wish else ""):
            return _proposed(request)
        kind = NoticeKind.CANCELLED if at_wish else NoticeKind.REVOKED
        notice = Notice(
            request_id=request_id, kind=kind, attempt=1, to="", state=NoticeState.SENDING,
            message_id=message_id(request_id, kind, 1, self.own_address),
        )  # fmt: skip
        event = Event(
            action="request.revoke", outcome="done", request_id=request_id, reason=reason, details={"at_wish": at_wish}
        )
        return await self._end(request, event, notice)

    async def dismiss(self, request_id: str, reason: str) -> Act:
        """Close what is stuck: an account that was made for it is disabled by the caller's pass, and nobody is told.

        Raises ``ActRefused`` for a request in any other state, ``KeyError`` for one that does not exist.
        """
        request = await self._open(request_id, {State.STUCK}, "stuck is dismissed")
        if not await self.four_eyes.agreed("dismiss", request_id, reason):
            return _proposed(request)
        return await self._end(
            request, Event(action="request.dismiss", outcome="done", request_id=request_id, reason=reason)
        )

    async def rerun(self, request_id: str, reason: str) -> Act:
        """Have what is stuck tried once more, from looking in the console on: STUCK to ACCEPTED; the caller issues.

        Raises ``ActRefused`` for a request in any other state, and when its days are over; ``KeyError`` for one that does not
        exist.
        """
        request = await self._ready_to_rerun(request_id)
        if not await self.four_eyes.agreed("rerun", request_id, reason):
            return _proposed(request)
        after = await self.ledger.advance(
            request_id, expect=request, to=State.ACCEPTED, event=_rerun(request, reason), changes=_FROM_THE_START
        )
        return Act(id=request_id, before=request.state, after=after.state)

    async def adopt(self, request_id: str, reason: str, event: Event, account: AccountRecord) -> Act:
        """Do what :meth:`rerun` does for a login that is taken for ours, with its ``event``, both or neither; raises as it does."""
        request = await self._ready_to_rerun(request_id)
        now, rerun = self.clock.now(), replace(_rerun(request, reason), before=request.state, after=State.ACCEPTED)
        step = Step(request=request, to=State.ACCEPTED, changes=_FROM_THE_START, account=account)

        def work(connection: Connection) -> None:
            must_be_unknown(connection, account.login_id)
            take(connection, [step], now)

        await self.ledger.change(work, event, rerun)
        return Act(id=request_id, before=request.state, after=State.ACCEPTED)

    async def retry_notices(self, request_id: str, reason: str) -> Act:
        """Have what was not sent of a request sent once more by the caller's pass; credentials with a new password (rerun).

        Raises ``ActRefused`` where nothing waits for it, ``KeyError`` for a request that does not exist.
        """
        request, unsent = await self._unsent(request_id)
        if request.state is State.STUCK and any(notice.kind in CARRIES for notice in unsent):
            return await self.rerun(request_id, reason)
        for notice in unsent:
            if notice.kind not in CARRIES:  # an issued one is mailed by every pass, with a new password
                event = _of_notice("notice.retry", notice, reason)
                await self.ledger.note(event, notice=replace(notice, state=NoticeState.SENDING))
        return Act(id=request_id, before=request.state, after=request.state)

    async def close_notices(self, request_id: str, reason: str) -> Act:
        """Close what was not sent of a request: whom it was for was told otherwise, or need not be; nothing is mailed.

        Raises ``ActRefused`` where there is nothing to close, and for credentials; ``KeyError`` for a request that does not exist.
        """
        request, unsent = await self._unsent(request_id)
        if any(notice.kind in CARRIES for notice in unsent):
            raise ActRefused(
                f"{request_id}: its login works for nobody without the mail: `notices retry` or `dismiss` it"
            )
        for notice in unsent:
            event = _of_notice("notice.close", notice, reason)
            await self.ledger.note(event, notice=replace(notice, state=NoticeState.CLOSED))
        return Act(id=request_id, before=request.state, after=request.state)

    async def _unsent(self, request_id: str) -> tuple[Request, list[Notice]]:
        request = await self.ledger.get(request_id)
        unsent = [notice for notice, _ in await self.ledger.unsent() if notice.request_id == request_id]
        if not unsent:
            raise ActRefused(f"{request_id} has no notice that was not sent: `notices list` shows which have")
        return request, unsent

    async def hand_over(self, request_id: str, *, to: str, reason: str) -> Act:
        """Record who gave the credentials of a delivered request to whom, and how; changes nothing else.

        Raises ``ActRefused`` where they were mailed to the applicant, ``KeyError`` for a request that does not exist.
        """
        request = await self.ledger.get(request_id)
        kinds = {notice.kind for notice in await self.ledger.notices(request_id)}
        if request.state is not State.DELIVERED:
            raise ActRefused(f"{request_id} is {request.state}, not delivered: there is nothing to hand over")
        if not kinds & {NoticeKind.SECRET, NoticeKind.HANDOVER}:
            raise ActRefused(
                f"{request_id}: its credentials were mailed to the applicant; there is nothing to hand over"
            )
        event = Event(
            action="credentials.handover",
            outcome="done",
            request_id=request_id,
            reason=reason,
            person={"to": quote(to)},
        )
        await self.ledger.note(event)
        return Act(id=request_id, before=request.state, after=request.state)

    async def _ready_to_rerun(self, request_id: str) -> Request:
        request = await self._open(request_id, {State.STUCK}, "stuck is rerun")
        if request.granted and max(request.granted) < self.clock.now().date():
            raise ActRefused(f"{request_id}: its days are over; dismiss it")
        return request

    async def _open(self, request_id: str, states: Collection[State], only: str) -> Request:
        request = await self.ledger.get(request_id)
        if request.state not in states:
            raise ActRefused(f"{request_id} is {request.state}: only what is {only}")
        if request.window and request.window.end <= self.clock.now():
            raise ActRefused(f"{request_id} ended at {request.window.end:%Y-%m-%d %H:%M}: the next pass disables it")
        return request

    async def _end(self, request: Request, event: Event, notice: Notice | None = None) -> Act:
        """End a request now: at once where nothing was made for it, else by the pass that finds its window over."""
        now = self.clock.now()
        after = await self.ledger.advance(
            request.id, expect=request, event=event, notice=notice,
            to=request.state if request.login_id and request.state is not State.ACCEPTED else State.REVOKED,
            changes=Changes(window=ended(request.window, now) if request.window else None),
        )  # fmt: skip
        return Act(id=request.id, before=request.state, after=after.state)

    async def _held(self, request_id: str) -> Request:
        request = await self.ledger.get(request_id)
        if request.state is not State.HELD:
            raise ActRefused(f"{request_id} is {request.state}, not held: there is nothing to decide")
        return request

    async def _settle(self, request: Request, to: State, action: str, decision: Decision, reason: str) -> Act:
        event = decision_event(action, request, decision, reason)
        changes = Changes(decision=decision)
        after = await self.ledger.advance(request.id, expect=request, to=to, event=event, changes=changes)
        return Act(id=request.id, before=request.state, after=after.state)


def _only(request: Request, decision: Decision, days: Collection[date], reason: str) -> Decision:
    """Return the decision with these days alone granted; the others are refused in the operator's words."""
    if beyond := sorted(set(days) - set(decision.granted)):
        why = " ".join(item.text for item in decision.violations if set(item.dates) & set(beyond))
        can_be = days_en(decision.granted) or "none"
        raise ActRefused(
            f"{request.id}: {days_en(beyond)} can't be granted: {why or 'not asked for'}; days that can be: {can_be}"
        )
    left = [day for day in decision.granted if day not in days]
    if not left:
        return decision
    by_hand = Violation(
        code=BY_HAND, severity=Severity.REJECT, dates=tuple(left),
        text=f"{days_ja(left)}は担当者が確認し、承認しませんでした（{quote(reason)}）。",
        text_en=f"{days_en(left)}: an operator looked at it and did not approve ({quote(reason)}).",
    )  # fmt: skip
    return replace(decision, granted=tuple(sorted(set(days))), violations=(*decision.violations, by_hand))


def _rerun(request: Request, reason: str) -> Event:
    return Event(
        action="request.rerun", outcome="done", request_id=request.id, reason=reason, details={"attempts": request.attempts}
    )  # fmt: skip


def _of_notice(action: str, notice: Notice, reason: str) -> Event:
    return Event(
        action=action, outcome="done", request_id=notice.request_id, reason=reason,
        details={"notice": notice.kind, "message_id": notice.message_id, "attempt": notice.attempt},
        person={"to": notice.to},
    )  # fmt: skip


def _proposed(request: Request) -> Act:
    return Act(id=request.id, before=request.state, after=request.state, proposed=True)
