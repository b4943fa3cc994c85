"""A person puts a reading right: the rules run again on what is true, and both readings stay on record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from bot.errors import ActRefused, Conflict
from bot.intake.stated import put_right
from bot.ledger.codec import application_to_text
from bot.ledger.corrections import CORRECT, OF_MESSAGE, draft_of_message
from bot.ledger.records import PURGED, Request
from bot.life import State
from bot.model import Application, Decision, Kind, Outcome, ReadOutcome
from bot.operation.acts import Act, Acts
from bot.operation.judge import decision_event
from bot.operation.preview import Preview, preview
from bot.settings.forms import FormsSettings

_STATES = {Outcome.ACCEPT: State.ACCEPTED, Outcome.REJECT: State.REJECTED, Outcome.HOLD: State.HELD}
_CAN_BE = frozenset({State.HELD, State.REJECTED})
_UNREAD = frozenset({ReadOutcome.UNREADABLE, ReadOutcome.IGNORED})
#: On record only as stated or not: it tells of illness and family, and goes earlier than the rest.
_REASON = "urgent_reason"


@dataclass(frozen=True, kw_only=True)
class Correction:
    """A correction that is not made yet: of what, what is true, and what the rules say of it."""

    #: The request or message as the operator named it.
    name: str
    #: As it is on record; one of a message that had none has no id.
    request: Request
    stated: Mapping[str, str]
    application: Application
    decision: Decision
    preview: Preview
    #: What the message was taken for; empty for a request.
    read_as: str = ""


async def correction(
    acts: Acts, forms: FormsSettings, zone: ZoneInfo, name: str, stated: Mapping[str, str]
) -> Correction:
    """Return what a correction would do; changes nothing.

    Raises ``BadUsage`` for what can't be read (:func:`bot.intake.stated.put_right`), ``ActRefused`` where nothing of it may be
    put right, ``KeyError`` for a request or message that does not exist.
    """
    of_message = name.startswith(OF_MESSAGE)
    request = await (_unread(acts, name, zone) if of_message else _wrong(acts, name))
    true = put_right(request.application, stated, forms=forms, received_at=request.received_at, zone=zone)
    employee = acts.judge.directory.find(true.employee_no or "")
    true = replace(true, employee_no=employee.employee_no) if employee else true
    # A rejected one stays as it is: what is true becomes a request of its own, the newest of all.
    as_if = replace(request, application=true, id=request.id if request.state is State.HELD else "")
    now = acts.clock.now()
    decision = _named_days(true, await acts.judge.correct(acts.ledger, as_if, now))
    shown = await preview(acts.ledger, as_if, decision, now.astimezone(zone))
    read_as = (await acts.ledger.message(name)).outcome if of_message else ""
    return Correction(
        name=name, request=request, stated=stated, application=true, decision=decision, preview=shown, read_as=read_as
    )


async def correct(acts: Acts, made: Correction, reason: str) -> Act:
    """Carry a correction out: the request goes where the rules have it; the caller issues.

    Raises ``Conflict`` where the request, or what the rules say of it, is not what it was when the correction was made.
    """
    request = made.request
    before = made.read_as or request.state
    person = {"fields": _without_reason(made.stated)}
    if not await acts.four_eyes.agreed("correct", made.name, reason, person=person):
        return Act(id=made.name, before=before, after=before, proposed=True)
    as_if = replace(request, application=made.application, id=request.id if request.state is State.HELD else "")
    decision = _named_days(made.application, await acts.judge.correct(acts.ledger, as_if, acts.clock.now()))
    if decision != made.decision:
        raise Conflict(f"{made.name}: what the rules say of it has changed in the meantime; look at the preview again")
    event = decision_event(CORRECT, request, decision, reason)
    event = replace(
        event, details={**event.details, "of": made.name, "fields": sorted(made.stated)},
        person={**event.person, "first": _first(made), "corrected": _plain(made.application)},
    )  # fmt: skip
    after = await acts.ledger.correct(request, made.application, decision, to=_STATES[decision.outcome], event=event)
    return Act(id=after.id, before=before, after=after.state)


async def _wrong(acts: Acts, name: str) -> Request:
    """Return a request whose reading may be put right."""
    request = await acts.ledger.get(name)
    if request.state not in _CAN_BE:
        raise ActRefused(f"{name} is {request.state}: only what is held, rejected or unreadable is put right")
    if request.application.form == PURGED:
        raise ActRefused(f"{name}: its person was taken out of the record; have them apply anew")
    corrected = [item.event.details for item in await acts.ledger.timeline(name) if item.event.action == CORRECT]
    if became := next((details["became"] for details in corrected if "became" in details), None):
        raise ActRefused(f"{name} was put right before, and is {became} now: correct that")
    return request


async def _unread(acts: Acts, name: str, zone: ZoneInfo) -> Request:
    """Return the request that a message without one would become."""
    message = await acts.ledger.message(name)
    if message.outcome not in _UNREAD:
        told = ", ".join(request.id for request in await acts.ledger.of_message(name))
        raise ActRefused(f"{name} was read: correct its requests ({told})")
    if message.dismissed_at is not None or message.bounce_of or message.sender == PURGED:
        raise ActRefused(f"{name} is closed, purged, or a report that a mail came back: nothing of it is put right")
    nothing = Application(kind=Kind.ISSUE, form="other")
    return await acts.ledger.ask(lambda connection: draft_of_message(connection, name, nothing, zone))


def _named_days(true: Application, decision: Decision) -> Decision:
    """Return the decision; a cancellation that would take nothing back is held, as an approval of it is refused."""
    if true.kind is Kind.CANCEL and decision.outcome is Outcome.ACCEPT and not decision.granted:
        return replace(decision, outcome=Outcome.HOLD)
    return decision


def _first(made: Correction) -> dict[str, Any]:
    """Return what was read first, as the event has it."""
    return {"read": made.read_as} if made.read_as else _plain(made.request.application)


def _plain(application: Application) -> dict[str, Any]:
    """Return an application for the record: of its doubts only the fields, as they may quote anything."""
    plain: dict[str, Any] = json.loads(application_to_text(replace(application, doubts=())))
    return {
        **plain, _REASON: bool(application.urgent_reason), "doubts": [doubt.field for doubt in application.doubts]
    }  # fmt: skip


def _without_reason(stated: Mapping[str, str]) -> dict[str, str]:
    return {name: "stated" if name == _REASON else text for name, text in stated.items()}
