"""What operators do with messages that could not be read: have them read again as things are now, or close them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.errors import ActRefused
from bot.ledger.ledger import Ledger
from bot.ledger.records import Event, MessageRecord
from bot.mail.port import Folder
from bot.model import ReadOutcome
from bot.operation.acts import Act, Acts
from bot.operation.cycle import Cycle
from bot.operation.report import Progress, Report

#: How lists show a message that an operator has closed.
DISMISSED = "dismissed"


@dataclass(frozen=True, kw_only=True)
class Reread:
    """What a message that was unreadable is now, with the requests read out of it."""

    id: str
    after: ReadOutcome
    requests: Sequence[str]


async def unreadable(ledger: Ledger) -> Sequence[MessageRecord]:
    """Return the messages that nobody could read and no operator has closed."""
    found = await ledger.messages(outcomes={ReadOutcome.UNREADABLE})
    return [message for message in found if message.dismissed_at is None]


async def dismiss_message(acts: Acts, name: str, reason: str) -> Act:
    """Close a message that can't be read: it was handled by hand, or is nothing; it is not read again.

    A report that credentials came back is closed too: its login stays as it is. Raises ``ActRefused`` for any other that could
    be read and for one that is closed already, ``KeyError`` for one that does not exist.
    """
    message = await acts.ledger.message(name)
    can_be = message.outcome is ReadOutcome.UNREADABLE or message.bounce_of
    if not can_be or message.dismissed_at is not None:
        state = DISMISSED if message.dismissed_at else message.outcome
        raise ActRefused(f"{name} is {state}: only what is unreadable, or a report that a mail came back, is dismissed")
    if not await acts.four_eyes.agreed("dismiss", name, reason):
        return Act(id=name, before=message.outcome, after=message.outcome, proposed=True)
    event = Event(
        action="message.dismiss", outcome="done", request_id=name, reason=reason,
        details={"message": name, "read": message.outcome},
    )  # fmt: skip
    await acts.ledger.dismiss_message(name, event)
    return Act(id=name, before=message.outcome, after=DISMISSED)


async def read_again(ledger: Ledger, cycle: Cycle, reason: str, progress: Progress) -> tuple[Sequence[Reread], Report]:
    """Put what lies in the folder of unreadable messages back into the inbox and make a pass; ``ledger`` is in the operator's name.

    A message that can be read now gets its requests; one that can't goes back to where it was.
    """
    names = [message.id for message in await unreadable(ledger)]
    about = {"messages": names}
    await ledger.note(Event(action="message.rerun", outcome="intended", reason=reason, details=about))
    await cycle.intake.forget_unfiled()
    brought = await cycle.intake.mailbox.bring_back(Folder.UNREADABLE)
    report = await cycle.run(progress)
    read = [await _now(ledger, name) for name in names]
    left = [one.id for one in read if one.after is ReadOutcome.UNREADABLE]
    done = {**about, "brought_back": brought, "unreadable": left}
    await ledger.note(Event(action="message.rerun", outcome="done", reason=reason, details=done))
    if left:
        report.problem(
            f"{len(left)} can't be read still: {', '.join(left)}; mend forms in config.yaml, or dismiss them"
        )
    return read, report


async def _now(ledger: Ledger, name: str) -> Reread:
    message, requests = await ledger.message(name), await ledger.of_message(name)
    return Reread(id=name, after=message.outcome, requests=[request.id for request in requests])
