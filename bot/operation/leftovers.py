"""What a pass that was cut off left half done: told at the start of the next, and settled by looking, never by repeating."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from loguru import logger

from bot.delivery.courier import Courier
from bot.delivery.parcels import CARRIES
from bot.ledger.ledger import Ledger
from bot.ledger.records import Event, Notice, NoticeKind, NoticeState, Request
from bot.life import AccountRecordState, State
from bot.operation.report import Report

#: The outcome of an act in the console, or of a mail, was not seen.
HALF_DONE = frozenset({State.ISSUING, State.UNKNOWN, State.DELIVERING})
#: Notices that make sense in one state of their request only; a request that went on has overtaken them.
_ONLY_IN = {
    NoticeKind.RECEIPT: State.ACCEPTED,
    NoticeKind.HELD: State.HELD,
    NoticeKind.ALERT: State.HELD,
    **dict.fromkeys(CARRIES, State.DELIVERING),
}


@dataclass(frozen=True, kw_only=True)
class Leftovers:
    """Finds what has no outcome on record."""

    ledger: Ledger
    courier: Courier

    async def run(self, report: Report) -> None:
        """Say which requests were left half done: this pass looks what became of each. Settle notices that nobody will send again."""
        half_done = await self.ledger.requests(states=HALF_DONE)
        if half_done:
            names = ", ".join(request.id for request in half_done)
            logger.info("left half done by an earlier run: {}", names)
            report.warnings.append(f"left half done by an earlier run, and taken up by looking: {names}")
        for notice, state in await self.ledger.sending():
            if _ONLY_IN.get(notice.kind, state) is not state:
                with report.one_of_many(notice.request_id):
                    await self._settle(notice)

    async def half_made(self) -> Sequence[Request]:
        """Return the requests that are over and began to make an account of which nobody has seen whether it was made."""
        begun = await self.ledger.accounts(states={AccountRecordState.CREATING})
        return [
            await self.ledger.get(record.request_id)
            for record in begun
            if not any(record.login_id == one.login_id for one in await self.ledger.live(record.employee_no))
        ]

    async def _settle(self, notice: Notice) -> None:
        """Find out whether a notice that its request has overtaken went out; it is not sent any more."""
        sent = await self.courier.outgoing.was_sent(notice.message_id)
        event = Event(
            action=f"notice.{notice.kind}", outcome="done" if sent else "failed", request_id=notice.request_id,
            reason="found as sent" if sent else "not found as sent, and overtaken: its request has gone on",
            details={"message_id": notice.message_id, "attempt": notice.attempt}, person={"to": notice.to},
        )  # fmt: skip
        state = NoticeState.SENT if sent else NoticeState.FAILED
        await self.ledger.note(event, notice=replace(notice, state=state))
