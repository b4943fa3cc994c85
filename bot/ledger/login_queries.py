"""What the ledger knows of logins: what each is still held for, and who holds or held those of the pool."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, tzinfo
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from bot.ledger import tables
from bot.ledger.codec import time_from_text, time_to_text
from bot.ledger.notice_queries import NoticeQueries
from bot.ledger.records import Assignment, Login
from bot.ledger.rows import account_from
from bot.life import AccountRecordState, State
from bot.model import Window

#: A request in one of these holds the days it was granted: nobody gets them a second time.
HOLDING = frozenset(
    {State.ACCEPTED, State.ISSUING, State.UNKNOWN, State.ISSUED, State.DELIVERING, State.DELIVERED, State.STUCK}
)
#: Nothing more is done for a request in one of these, and its account may work: when its window is over, it is disabled.
USABLE = frozenset({State.DELIVERED, State.STUCK})
#: For the days of a request in one of these its login is to work: its password was set, and may be in the applicant's hands.
WORKING = HOLDING - {State.ACCEPTED, State.STUCK}
#: An account in one of these is, or may be, open, or will be again.
_NOT_DISABLED = (AccountRecordState.CREATED, AccountRecordState.SWITCHING, AccountRecordState.CLOSED)


def _open() -> Select[Any]:
    """Return the question for every account that is not disabled."""
    accounts, own = tables.accounts, tables.requests.alias()
    return (
        select(accounts, own.c.updated_at).join(own, own.c.id == accounts.c.request)
        .where(accounts.c.state.in_([state.value for state in _NOT_DISABLED])).order_by(accounts.c.login_id)
    )  # fmt: skip


def _held() -> Select[Any]:
    """Return the question for what they are held for."""
    accounts, requests, days = tables.accounts, tables.requests, tables.granted_days
    return (
        select(accounts.c.login_id, requests.c.state, requests.c.window_start, requests.c.window_end, days.c.day)
        .join(requests, requests.c.login_id == accounts.c.login_id).outerjoin(days, days.c.request == requests.c.id)
        .where(
            accounts.c.state.in_([state.value for state in _NOT_DISABLED]),
            requests.c.state.in_([state.value for state in HOLDING]),
        )
    )  # fmt: skip


#: Put into words once: that costs more than the answer.
_OPEN, _HELD = _open(), _held()


class LoginQueries(NoticeQueries):
    """Questions about logins."""

    async def logins(self, now: datetime) -> tuple[Login, ...]:
        """Return every account of ours that is not disabled, by login ID, with what it is held for from ``now`` on."""

        # Asked for every login: what is the same for all is worked out once.
        from_now, zone = time_to_text(now), self._zone

        def work(connection: Connection) -> tuple[Login, ...]:
            holds: defaultdict[str, _Hold] = defaultdict(_Hold)
            for login_id, *held in connection.execute(_HELD):
                holds[login_id].add(*held, now=from_now)
            return tuple(_login(row, holds.get(row.login_id), zone) for row in connection.execute(_OPEN))

        return await self._read(work)

    async def assignments(self, login_id: str | None = None) -> tuple[Assignment, ...]:
        """Return who holds and held the login IDs of the pool, or one of them, the earliest first."""
        held, requests = tables.assignments, tables.requests
        query = select(held, requests.c.employee_no).join(requests, requests.c.id == held.c.request)
        if login_id is not None:
            query = query.where(held.c.login_id == login_id)
        rows = await self._read(
            lambda connection: connection.execute(query.order_by(held.c.since, held.c.login_id)).all()
        )
        return tuple(
            Assignment(
                login_id=row.login_id, request_id=row.request, employee_no=row.employee_no or "",
                since=time_from_text(row.since, self._zone),
                until=time_from_text(row.until, self._zone) if row.until else None,
            )
            for row in rows
        )  # fmt: skip

    def _free(self, connection: Connection, ids: Sequence[str], employee_no: str) -> str | None:
        """Return the login ID of the pool that this employee holds, else one that nobody holds or held today."""
        held, requests = tables.assignments, tables.requests
        midnight = time_to_text(datetime.combine(self._clock.now().date(), time(), self._zone))
        query = select(held.c.login_id, held.c.until, requests.c.employee_no).join(
            requests, requests.c.id == held.c.request
        )
        busy: set[str] = set()
        own: list[str] = []
        recent = query.where((held.c.until.is_(None)) | (held.c.until >= midnight))
        for row in connection.execute(recent.order_by(held.c.since, held.c.login_id)):
            if row.employee_no != employee_no:
                busy.add(row.login_id)
            elif row.until is None:
                own.append(row.login_id)
        return next((one for one in chain(own, ids) if one in ids and one not in busy), None)


@dataclass(slots=True)
class _Hold:
    """What a login is held for, as the ledger has it in text."""

    in_hand: bool = False
    days: set[str] = field(default_factory=set)
    start: str | None = None
    end: str | None = None

    def add(self, state: str, start: str | None, end: str | None, day: str | None, *, now: str) -> None:
        """Count a request that holds it, with one of its days."""
        self.in_hand = self.in_hand or state not in USABLE
        if end is not None and end <= now:
            return
        if day is not None and state in WORKING:
            self.days.add(day)
        # A reissue has no days, and the window of those that it renewed the login for, which may have been taken back since.
        if day is not None and start is not None and end is not None:
            self.start = start if self.start is None or start < self.start else self.start
            self.end = end if self.end is None or end > self.end else self.end


def _login(row: Row[Any], hold: _Hold | None, zone: tzinfo) -> Login:
    needed = None
    if hold and hold.start and hold.end:
        needed = Window(start=time_from_text(hold.start, zone), end=time_from_text(hold.end, zone))
    return Login(
        account=account_from(row, zone), needed=needed, held=hold is not None, in_hand=hold is not None and hold.in_hand,
        days=tuple(date.fromisoformat(day) for day in sorted(hold.days)) if hold else (),
        changed_at=time_from_text(row.updated_at, zone),
    )  # fmt: skip
