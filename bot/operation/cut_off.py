"""What a pass that was cut off came upon and could tell nobody of: the next pass tells it."""

from __future__ import annotations

from bot.ledger.ledger import Ledger
from bot.ledger.queries import WHOLE
from bot.ledger.records import StoredEvent
from bot.life import State
from bot.model import ReadOutcome
from bot.operation.alerts.catalogue import Trouble
from bot.operation.alerts.findings import Finding
from bot.operation.report import Report


async def tell_of_cut_off(ledger: Ledger, report: Report) -> None:
    """Say that the pass before did not come to its end, and name what it left for a person; nothing after a whole pass.

    Call it before the pass writes its own beginning. Urgent requests are not named: every pass tells of them.
    """
    last = await ledger.newest("run")
    if last is None or last.event.outcome in WHOLE:
        return
    report.warnings.append(f"the pass of {last.at:%Y-%m-%d %H:%M} was cut off: this one ends what it had begun")
    events = await ledger.since_whole_pass()
    for name in dict.fromkeys(str(one.event.details["message"]) for one in events if _unreadable(one)):
        if (await ledger.message(name)).outcome is ReadOutcome.UNREADABLE:
            report.problem(f"{name} could not be read: it lies in unreadable/ and waits for a person")
            if not any(_told(one) for one in events):
                report.find(Finding(trouble=Trouble.UNREADABLE, subjects=(name,)))
    for name in dict.fromkeys(one.event.request_id for one in events if one.event.request_id):
        request = await ledger.get(name)
        if request.state is State.STUCK:
            report.problem(f"{name}: {request.stuck_reason}")
        elif request.state is State.HELD and not (request.decision and request.decision.urgent):
            report.problem(f"{name} is held: approve or reject it")


def _told(one: StoredEvent) -> bool:
    """Tell whether operators were told of unreadable messages; what is held or stuck every pass sees by itself."""
    tells = one.event.action == "notice.conditions" and one.event.outcome in {"done", "unknown"}
    return tells and Trouble.UNREADABLE in one.event.details["conditions"]


def _unreadable(one: StoredEvent) -> bool:
    return one.event.action == "message.record" and one.event.details.get("read") == ReadOutcome.UNREADABLE
