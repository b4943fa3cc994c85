"""Credentials that come back: which report is believed, and how many of them in one day.

Anybody may write that a mail could not be delivered. A report counts when a mail system wrote it and it names a notice as only
that notice itself does (bot/delivery/compose.py); whatever else says so is kept, and a person looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.clock import Clock
from bot.delivery.parcels import CARRIES
from bot.intake.returned import name_parts
from bot.ledger.ledger import Ledger
from bot.ledger.records import MessageRecord, Notice, NoticeState, Request
from bot.model import Reading, ReadOutcome, Returned
from bot.operation.alerts.catalogue import Trouble
from bot.operation.alerts.findings import Finding
from bot.operation.report import Report
from bot.settings.delivery import DeliverySettings

_DAY = timedelta(hours=24)
#: So many requests are named in one line.
_SHOWN = 20
_UNPROVEN = (
    "送ったメールが戻ったという報告ですが、本物と確かめられません。元の案件を show で確認してください / "
    "a report that a mail of ours came back, and nothing proves it: look at its request with `show`"
)
_UNMATCHED = (
    "メールが届かなかったという報告ですが、どの通知のものか分かりません。宛先を確かめてください / "
    "a report that some mail could not be delivered, and it names none of ours: see to whom it was"
)


@dataclass(frozen=True, kw_only=True)
class Bounces:
    """Judges the reports that mails of ours came back."""

    ledger: Ledger
    clock: Clock
    settings: DeliverySettings

    async def judged(self, reading: Reading) -> Reading:
        """Return a reading with the notice that has come back; a report that proves none is unreadable: a person looks at it.

        What it names must be on record as sent, or as being sent, with the very same Message-ID.
        """
        if reading.returned is None:
            return reading
        notice = await self._proven(reading.returned)
        if notice is not None:
            return replace(reading, outcome=ReadOutcome.IGNORED, bounce_of=notice.message_id)
        if reading.returned.notices:
            return replace(reading, outcome=ReadOutcome.UNREADABLE, reason=_UNPROVEN)
        return replace(reading, outcome=ReadOutcome.UNREADABLE, reason=_UNMATCHED, bounce_of="")

    def tell(self, reading: Reading, message: MessageRecord, report: Report) -> None:
        """Add to ``report`` what a person should know of a report that has just been recorded."""
        if reading.returned is None:
            return
        if not reading.bounce_of:
            trouble = Trouble.BOUNCE_DOUBTED if reading.returned.notices else Trouble.BOUNCE_UNMATCHED
            report.find(Finding(trouble=trouble, subjects=(message.id,)))
        else:
            request_id, kind, _ = name_parts(_name(reading.bounce_of)) or ("", "", 0)
            if kind not in CARRIES:
                told = f"{request_id}: the mail ({kind}) came back as undeliverable ({message.id})"
                report.find(Finding(trouble=Trouble.UNTOLD, detail=told, subjects=(request_id,)))

    async def believed(self, report: Report) -> Sequence[Request]:
        """Return the requests whose credentials came back and whose logins are to be disabled for it.

        Of more in 24 hours than ``delivery.max_bounces`` none is, nor where a Message-ID could be guessed: those made before it
        held a part that can't. Both are told for as long as they stand so.
        """
        came_back = await self.ledger.bounced(CARRIES)
        if not came_back:
            return ()
        proven = [request for request in came_back if await self._is_proven(request)]
        lately = {request.id for request in proven} | await self._lately()
        held = [*came_back] if len(lately) > self.settings.max_bounces else [r for r in came_back if r not in proven]
        if held:
            names = tuple(request.id for request in held)
            report.problem(
                f"the credentials of {len(held)} requests are said to have come back ({len(lately)} in 24 hours; "
                f"delivery.max_bounces: {self.settings.max_bounces}), and no login was disabled for it: {', '.join(names[:_SHOWN])}"
                f"{' …' if len(names) > _SHOWN else ''}. Ask whether they arrived; `revoke ID` what did not, `dismiss M-…` a report "
                "that is wrong"
            )
            report.find(Finding(trouble=Trouble.BOUNCES_HELD, subjects=names))
        return [request for request in proven if request not in held]

    async def _proven(self, returned: Returned) -> Notice | None:
        """Return the first notice that a certain report names as the ledger has it."""
        for name in returned.notices if returned.certain else ():
            parts = name_parts(name)
            notice = await self.ledger.notice(*parts) if parts else None
            went_out = notice is not None and notice.state in {NoticeState.SENDING, NoticeState.SENT}
            if notice is not None and went_out and _name(notice.message_id) == name:
                return notice
        return None

    async def _is_proven(self, request: Request) -> bool:
        newest = {notice.kind: notice for notice in await self.ledger.notices(request.id) if notice.kind in CARRIES}
        return all(name_parts(_name(notice.message_id)) for notice in newest.values())

    async def _lately(self) -> set[str]:
        """Return the requests whose credentials came back within 24 hours, disabled since or not."""
        parts = [name_parts(_name(name)) for name in await self.ledger.returned(self.clock.now() - _DAY)]
        return {part[0] for part in parts if part and part[1] in CARRIES}


def _name(message_id: str) -> str:
    return message_id.strip("<>").partition("@")[0]
