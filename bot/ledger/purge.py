"""Takes persons out of old records: what was done, when and by which rule stays, who it was for goes.

Each function is one step inside a transaction that the caller holds, and does nothing to what it did before: a purge that was
killed is finished by the next one. The audit chain keeps verifying, because an event's hash holds the digest of its person only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, exists, func, literal, not_, or_, select, update

from bot.ledger import seals, tables
from bot.ledger.codec import (
    application_from_text,
    application_to_text,
    decision_from_text,
    decision_to_text,
    time_to_text,
)
from bot.ledger.records import PURGED, Event
from bot.life import TRANSITIONS, AccountRecordState
from bot.model import Application, Decision, Identity

#: The action of the events that say whose person was taken out: without one no event may lack its person.
REMOVAL = "retention.remove"
#: Where its details list the requests, all earlier events of which lost their person, and single events by number.
OF_REQUESTS, OF_EVENTS = "requests", "events"
#: Nothing more becomes of a request in one of these.
_FINAL = tuple(state.value for state, onward in TRANSITIONS.items() if not onward)
# Quotes inside a value are escaped in JSON: no applicant can write these marks.
_DONE = f'"form":"{PURGED}"'
_REASON = '"urgent_reason":"'

_requests, _messages, _events = tables.requests.c, tables.messages.c, tables.events.c
_accounts, _joined = tables.accounts.c, tables.joined.c


def old_requests(cutoff: datetime) -> Select[str]:
    """Ask for the requests whose person is to go: last changed before ``cutoff``, at their end, no login of theirs left open."""
    return select(_requests.id).where(_ripe(cutoff)).order_by(_requests.serial)


def kept_requests(cutoff: datetime) -> Select[int]:
    """Ask how many requests are as old and stay: not at their end, or with a login that is not disabled."""
    alive = or_(_requests.state.not_in(_FINAL), _open_login())
    return select(func.count()).select_from(tables.requests).where(_old(cutoff), alive)


def old_reasons(cutoff: datetime) -> Select[str]:
    """Ask for the requests whose urgent reason alone is to go: it tells of illness and family."""
    stated = (
        column.contains(_REASON, autoescape=True) for column in (_requests.application, _requests.first_application)
    )
    told = or_(*stated)
    where = (_requests.updated_at < time_to_text(cutoff), _requests.state.in_(_FINAL), told)
    return select(_requests.id).where(*where).order_by(_requests.serial)


def old_messages(cutoff: datetime) -> Select[str]:
    """Ask for the messages whose sender is to go: recorded before ``cutoff``, and every request they told of goes or has gone."""
    gone = or_(_requests.application.contains(_DONE, autoescape=True), _ripe(cutoff))
    stays = exists().where(_requests.message == _messages.id, not_(gone))
    joined = exists().where(_joined.message == _messages.id, _joined.request == _requests.id, not_(gone))
    where = (_messages.recorded_at < time_to_text(cutoff), _messages.message_id.not_in(_marks()), ~stays, ~joined)
    return select(_messages.id).where(*where).order_by(_messages.serial)


def loose_events() -> Select[int, str]:
    """Ask for the events of no request, or of a message, that hold a person, with their times; the caller compares these."""
    where = (or_(_events.request.is_(None), _events.request.startswith("M-")), _events.person.is_not(None))
    return select(_events.seq, _events.at).where(*where).order_by(_events.seq)


def purge_request(connection: Connection, name: str) -> None:
    """Take the person out of a request, its notices, its granted days, its events, and an account that nobody else uses."""
    row = connection.execute(select(tables.requests).where(_requests.id == name)).one()
    days, notices = tables.granted_days.c, tables.notices.c
    values = {
        "employee_no": PURGED, "receipt_no": None, "login_id": None,
        "stuck_reason": PURGED if row.stuck_reason else "",
        "application": application_to_text(_facts(application_from_text(row.application))),
        "first_application": _first(row.first_application, _facts),
        "decision": decision_to_text(_codes(decision_from_text(row.decision))) if row.decision else None,
    }  # fmt: skip
    _write(connection, tables.requests, _requests.id == name, values)
    _write(connection, tables.granted_days, days.request == name, {"employee_no": PURGED})
    _write(connection, tables.notices, notices.request == name, {"recipient": PURGED})
    purge_events(connection, _events.request == name)
    if row.login_id:
        _purge_account(connection, row.login_id)


def purge_reason(connection: Connection, name: str) -> None:
    """Take the urgent reason out of a request; neither the sentences of the rules nor its events repeat it."""
    row = connection.execute(select(tables.requests).where(_requests.id == name)).one()
    values = {
        "application": application_to_text(_without_reason(application_from_text(row.application))),
        "first_application": _first(row.first_application, _without_reason),
    }
    _write(connection, tables.requests, _requests.id == name, values)


def purge_message(connection: Connection, name: str) -> None:
    """Take sender, subject and names out of a message; the same message is still known again by its digest."""
    given = connection.scalar(select(_messages.message_id).where(_messages.id == name)) or ""
    mark = f"{Identity.DROPPED if given.startswith(Identity.DROPPED) else ''}{PURGED}:{name}"
    values = {"message_id": mark, "name": PURGED, "sender": PURGED, "subject": PURGED, "reason": "", "passages": None}
    _write(connection, tables.messages, _messages.id == name, values)


def purge_events(connection: Connection, *where: ColumnElement[bool]) -> None:
    """Take the person and its salt out of these events: without the salt the digest that stays tells nothing."""
    query = update(tables.events).where(*where, _events.person.is_not(None))
    connection.execute(query.values(person=None, person_salt=None))


def removal(act: Callable[[Connection, str], None], names: Sequence[str]) -> Event | None:
    """Return the event that says of whom a step took out what; it stands in the same transaction, ``None`` where of nobody."""
    named = {purge_request.__name__: OF_REQUESTS, purge_reason.__name__: "reasons", purge_message.__name__: "messages"}
    what = named[act.__name__]
    return Event(action=REMOVAL, outcome="done", details={what: list(names)}) if names else None


def found(connection: Connection, query: Select[str]) -> Sequence[str]:
    """Return the ids that a question of this module finds."""
    return connection.scalars(query).all()


def _purge_account(connection: Connection, login_id: str) -> None:
    """Forget whose a disabled account was, once no record of its person is left; that it is ours stays known."""
    own = connection.execute(select(tables.accounts).where(_accounts.login_id == login_id)).first()
    if own is None or own.state != AccountRecordState.DISABLED.value:
        return
    left = select(_requests.id).where(or_(_requests.login_id == login_id, _requests.employee_no == own.employee_no))
    if connection.execute(left.limit(1)).first() is None:
        _write(connection, tables.accounts, _accounts.login_id == login_id, {"employee_no": PURGED}, of=own.request)


def _write(
    connection: Connection,
    table: Table,
    where: ColumnElement[bool],
    values: Mapping[str, object],
    *,
    of: str | None = None,
) -> None:
    """Write what is left of rows, under another salt: without the old one their earlier seals tell nothing."""
    keys = connection.execute(select(*table.primary_key.columns).where(where)).mappings().all()
    for key in keys:
        seals.touch(connection, table, key, values, of=of, trusting=True)
        mine = and_(*(table.c[name] == value for name, value in key.items()))
        connection.execute(update(table).where(mine).values(**values, salt=seals.new_salt()))


def _ripe(cutoff: datetime) -> ColumnElement[bool]:
    return and_(_old(cutoff), _requests.state.in_(_FINAL), not_(_open_login()))


def _old(cutoff: datetime) -> ColumnElement[bool]:
    done = _requests.application.contains(_DONE, autoescape=True)
    return and_(_requests.updated_at < time_to_text(cutoff), not_(done))


def _open_login() -> ColumnElement[bool]:
    disabled = AccountRecordState.DISABLED.value
    mine = exists().where(_accounts.login_id == _requests.login_id, _accounts.state != disabled)
    # A login of the pool may be open for another employee by now.
    given_back = exists().where(tables.assignments.c.request == _requests.id, tables.assignments.c.until.is_not(None))
    return and_(mine, ~given_back)


def _marks() -> list[ColumnElement[str]]:
    return [literal(f"{begin}{PURGED}:").concat(_messages.id) for begin in ("", Identity.DROPPED)]


def _facts(application: Application) -> Application:
    """Return what was asked for, and when, of nobody."""
    return Application(
        kind=application.kind, form=PURGED, applied_at=application.applied_at, dates=application.dates,
        zones=application.zones, number_only=application.number_only,
    )  # fmt: skip


def _first(text: str | None, left_of: Callable[[Application], Application]) -> str | None:
    return application_to_text(left_of(application_from_text(text))) if text else None


def _without_reason(application: Application) -> Application:
    doubts = tuple(doubt for doubt in application.doubts if doubt.field != "urgent_reason")
    return replace(application, urgent_reason=None, doubts=doubts)


def _codes(decision: Decision) -> Decision:
    """Return the decision with which rules found something, not the sentences."""
    violations = tuple(replace(item, text=PURGED, text_en=PURGED, hint="") for item in decision.violations)
    return replace(decision, violations=violations)
