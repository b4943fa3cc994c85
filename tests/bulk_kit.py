"""A ledger of any size, filled by bulk insert: rows as years of passes leave them, under a chain that verifies."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from bot.clock import FixedClock
from bot.ledger import chain
from bot.ledger.codec import application_to_text, canonical, decision_to_text, time_to_text
from bot.ledger.engine import open_engine
from bot.ledger.seals import take_stock
from bot.life import State
from bot.model import Application, Decision, Kind, Outcome, Severity, Violation
from tests.ledger_kit import open_ledger

#: Stands in a text for what differs from row to row.
_EMPLOYEE, _RECEIPT, _DAY = "@EMPLOYEE@", "@RECEIPT@", "2001-02-03"
_DAYS = 2_000  # the past is spread over so many days
_TOLD = {State.REJECTED: "rejected", State.HELD: "held", State.DONE: "cancelled"}
_LATE = Violation(
    code="V01", severity=Severity.REJECT, text="締切（前日13時）を過ぎています", text_en="received after the cutoff"
)


@dataclass(frozen=True, kw_only=True)
class Bulk:
    """What the ledger holds: ``requests`` from the past days until ``now``, of which ``live`` are delivered and go on.

    Nobody of the first ``applicants`` employees was ever granted anything; all others share what was.
    """

    requests: int
    events: int
    live: int
    staff: int
    applicants: int
    now: datetime
    texts: dict[bool, tuple[str, str]] = field(
        default_factory=lambda: {yes: _texts(granted=yes) for yes in (True, False)}
    )

    def fill(self, folder: Path) -> None:
        """Make the ledger in ``folder``; it must not exist."""
        open_ledger(folder, FixedClock(self.now)).close()
        with closing(sqlite3.connect(folder / "ledger.sqlite3", isolation_level=None)) as raw:
            for pragma in ("journal_mode=MEMORY", "synchronous=OFF", "cache_size=-500000"):
                raw.execute(f"PRAGMA {pragma}")
            indexes = raw.execute(
                "SELECT name, sql FROM sqlite_master WHERE type='index' AND sql IS NOT NULL"
            ).fetchall()
            for name, _ in indexes:
                raw.execute(f"DROP INDEX {name}")
            raw.execute("BEGIN")
            self._insert(raw)
            for _, statement in indexes:
                raw.execute(statement)
            raw.execute("COMMIT")
            raw.execute("PRAGMA journal_mode=WAL")
        with open_engine("sqlite:///ledger.sqlite3", folder).connect().execution_options(writes=True) as connection:
            take_stock(connection)
            connection.commit()

    def employee(self, number: int) -> str:
        """Return the employee of the request with this number: every tenth is one of the applicants'."""
        own = number % 10 == 0 and self.applicants
        return (
            f"{number // 10 % self.applicants if own else self.applicants + number % (self.staff - self.applicants):07}"
        )

    def name(self, number: int) -> str:
        """Return the id of a request."""
        return f"R-{self._day(number):%Y%m%d}-{number:07}"

    def state(self, number: int) -> State:
        """Return the state of a request: the newest few live, a few hundred waiting, all others at their end."""
        if int(self.employee(number)) < self.applicants:
            return State.REJECTED
        if number >= self.requests - self.live * 10 // 9:
            return State.DELIVERED
        if number % 20_000 == 11:
            return State.STUCK
        return (State.REVOKED, State.REJECTED, State.REVOKED, State.REVOKED, State.REJECTED, State.DONE)[number % 6]

    def _day(self, number: int) -> date:
        return (self.now - timedelta(days=1 + (self.requests - 1 - number) * _DAYS // self.requests)).date()

    def _at(self, number: int) -> str:
        return time_to_text(datetime.combine(self._day(number), time(1, number // 60 % 60, number % 60), UTC))

    def _insert(self, raw: sqlite3.Connection) -> None:
        numbers = range(self.requests)
        _put(raw, "messages", "id serial message_id received_at arrived_at digest name sender subject outcome reason recorded_at",
             map(self._message, numbers))  # fmt: skip
        _put(raw, "requests", "id serial message position state employee_no receipt_no application decision login_id window_start"
             " window_end attempts stuck_reason created_at updated_at", map(self._request, numbers))  # fmt: skip
        _put(raw, "granted_days", "request day employee_no", self._granted(numbers))
        _put(
            raw,
            "accounts",
            "login_id employee_no request state window_start window_end secret_version",
            self._accounts(),
        )
        _put(raw, "notices", "request kind attempt message_id recipient state", map(self._notice, numbers))
        _put(raw, "events", " ".join((*chain.HASHED, "person", "person_salt", "hash")), self._events())
        last = self.name(self.requests - 1).rpartition("-")[0]
        counters = (("messages", self.requests), ("requests", self.requests), (last, self.requests))
        _put(raw, "counters", "series value", counters)

    def _message(self, number: int) -> Sequence[object]:
        at = self._at(number)
        return (
            f"M-{number:010}", number + 1, f"<{number}@apply.city.example.jp>", at, at,
            hashlib.sha256(str(number).encode()).hexdigest(), f"{number:08}.eml", "noreply@apply.city.example.jp",
            "【例市電子申請】テレワーク用ID・パスワード発行申請", "applications", "", at,
        )  # fmt: skip

    def _request(self, number: int) -> Sequence[object]:
        state, employee = self.state(number), self.employee(number)
        granted = state not in {State.REJECTED, State.HELD}
        application, decision = self.texts[granted]
        day = self._days(number)[0].isoformat()
        application = application.replace(_EMPLOYEE, employee).replace(_RECEIPT, f"{number:010}").replace(_DAY, day)
        start, end = self._window(number) if granted else (None, None)
        return (
            self.name(number), number + 1, f"M-{number:010}", 0, state.value, employee, f"{number:010}", application,
            decision.replace(_DAY, day), f"tw{employee}" if granted else None, start, end, int(granted),
            "the console did not confirm" if state is State.STUCK else "", self._at(number), self._at(number),
        )  # fmt: skip

    def _days(self, number: int) -> list[date]:
        first = self.now.date() if self.state(number) is State.DELIVERED else self._day(number)
        return [first + timedelta(days=1 + ahead) for ahead in range(3)]

    def _window(self, number: int) -> tuple[str, str]:
        days, zone = self._days(number), self.now.tzinfo
        return (
            time_to_text(datetime.combine(days[0], time(7), zone)), time_to_text(datetime.combine(days[-1], time(22), zone)),
        )  # fmt: skip

    def _granted(self, numbers: Iterable[int]) -> Iterator[Sequence[object]]:
        for number in numbers:
            if self.state(number) not in {State.REJECTED, State.DONE}:
                for day in self._days(number):
                    yield self.name(number), day.isoformat(), self.employee(number)

    def _accounts(self) -> Iterator[Sequence[object]]:
        last = {self.employee(number): number for number in range(self.requests)}
        for employee, number in last.items():
            if int(employee) >= self.applicants:
                state = "created" if self.state(number) is State.DELIVERED else "disabled"
                yield f"tw{employee}", employee, self.name(number), state, *self._window(number), 1 + number % 20

    def _notice(self, number: int) -> Sequence[object]:
        kind = _TOLD.get(self.state(number), "credentials")
        name, to = self.name(number), f"p{self.employee(number)}@city.example.jp"
        return name, kind, 1, f"<{name}.{kind}.1@telework-id.city.example.jp>", to, "sent"

    def _events(self) -> Iterator[Sequence[object]]:
        previous = chain.GENESIS
        for seq in range(1, self.events + 1):
            number = seq * self.requests // (self.events + 1)
            person = canonical({"employee_no": self.employee(number), "receipt_no": f"{number:010}"})
            salt = f"{seq:032x}"
            details = canonical({"decision": "accept", "granted": [self._day(number)], "rules": [], "number": number})
            row: dict[str, object] = {
                "seq": seq, "at": f"{self._day(number)}T10:00:00.{seq % 1_000_000:06}+09:00", "actor_type": "bot",
                "actor": "bot@telework", "host": "rpa01", "version": "0.1.0", "config_digest": "c0ffee" * 10,
                "action": "request.decide", "outcome": "done", "request": self.name(number), "reason": "", "details": details,
                "person_digest": hashlib.sha256(f"{salt}{person}".encode()).hexdigest(), "prev_hash": previous,
            }  # fmt: skip
            previous = chain.digest(row)
            yield *(row[key] for key in chain.HASHED), person, salt, previous


def _put(raw: sqlite3.Connection, table: str, columns: str, rows: Iterable[Sequence[object]]) -> None:
    names = columns.split()
    marks = ", ".join("?" * len(names))
    raw.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", rows)


def _texts(*, granted: bool) -> tuple[str, str]:
    """Return an application and its decision as they are stored, with marks where rows differ."""
    days = (date.fromisoformat(_DAY),)
    application = Application(
        kind=Kind.ISSUE, form="mail", receipt_no=_RECEIPT, employee_no=_EMPLOYEE, name="丸山　優",
        department="商工観光部観光課", dates=days, place="自宅", terminal="市貸与PC", approval="承認済（吉澤　勝）",
    )  # fmt: skip
    decision = (
        Decision(outcome=Outcome.ACCEPT, granted=days)
        if granted
        else Decision(outcome=Outcome.REJECT, violations=(_LATE,))
    )
    return application_to_text(application), decision_to_text(decision)
