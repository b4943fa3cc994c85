"""The console's part of a pass: order, several at once, and what stops it by itself."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.console.memory import Fault, MemoryConsole
from bot.errors import Transient, Unreachable
from bot.model import Account, AccountSpec
from bot.operation.report import Report
from bot.secret import Secret
from tests.house import FRIDAY, House

#: alerts.retry_minutes.
RETRY = timedelta(minutes=15)
TUESDAY, WEDNESDAY = date(2021, 8, 3), date(2021, 8, 4)


class Watched(MemoryConsole):
    """Notes in which order accounts are made, and how many creates ran at once."""

    def __init__(self, sessions: int = 1) -> None:
        super().__init__()
        self.sessions = sessions
        self.order: list[str] = []
        self.at_work = 0
        self.most = 0
        self.all_there = asyncio.Event()

    async def create(self, spec: AccountSpec, secret: Secret) -> Account:
        """Take a moment over it, the first ones until all sessions are at work: on a slow machine they come one by one."""
        self.at_work += 1
        self.most = max(self.most, self.at_work)
        self.order.append(spec.login_id)
        if self.at_work >= self.sessions:
            self.all_there.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(self.all_there.wait(), 2)
        await asyncio.sleep(0.05)
        self.at_work -= 1
        return await super().create(spec, secret)


def lay_out(path: Path, **console: object) -> House:
    """Return a house with these settings of the console."""
    return House(path=path).lay_out({"console": {"settle": 0.3, **console}})


def employees(house: House, count: int) -> list[str]:
    """Return employees who may telework."""
    rows = (house.path / "staff.csv").read_bytes().decode("cp932").splitlines()[1:]
    numbers = [row.split(",")[0] for row in rows]
    return [number for number in numbers if number][:count]


def apply(house: House, days: list[date]) -> list[str]:
    """Have somebody apply for each of these days; returns who."""
    who = employees(house, len(days))
    for number, (employee, day) in enumerate(zip(who, days, strict=True)):
        house.apply(f"000080{number}", employee_no=employee, days=(day,), now=FRIDAY)
    return who


def run(house: House, console: MemoryConsole) -> Report:
    """Make one pass."""
    return asyncio.run(house.run(console))


def test_the_nearest_day_is_first(tmp_path: Path) -> None:
    """However the applications came, who needs the login first gets it first."""
    house, console = lay_out(tmp_path), Watched()
    who = apply(house, [WEDNESDAY, TUESDAY, WEDNESDAY, TUESDAY])
    run(house, console)
    delivered = [name.removeprefix("tw") for name in console.order]
    assert [set(delivered[:2]), set(delivered[2:])] == [{who[1], who[3]}, {who[0], who[2]}]


@pytest.mark.parametrize("sessions", [1, 3])
def test_as_many_at_once_as_there_are_sessions(tmp_path: Path, sessions: int) -> None:
    """Everybody gets a working login, and no more are worked on at once than there are sessions."""
    house, console = lay_out(tmp_path), Watched(sessions)
    apply(house, [TUESDAY] * 6)
    report = run(house, console)
    assert (report.delivered, console.most, report.problems) == (6, sessions, [])
    assert all(console.accepts(sent.login_id, sent.password) for sent in house.credentials())


def test_one_employee_is_never_worked_on_twice_at_once(tmp_path: Path) -> None:
    """Two requests of one employee share an account: one after the other, and the newest mail works."""
    house, console = lay_out(tmp_path), Watched(4)
    (who,) = employees(house, 1)
    for number, day in enumerate((TUESDAY, WEDNESDAY)):
        house.apply(f"000090{number}", employee_no=who, days=(day,), now=FRIDAY)
    assert run(house, console).delivered == 2
    assert (console.writes["create"], console.writes["reset_password"]) == (1, 1)
    *_, newest = sorted(house.credentials(), key=lambda sent: sent.request_id)
    assert console.accepts(newest.login_id, newest.password)


def test_failures_in_a_row_stop_the_console_and_nothing_else(tmp_path: Path) -> None:
    """After three failures the rest waits; tried again after alerts.retry_minutes, all are delivered."""
    house, console = lay_out(tmp_path), MemoryConsole()
    apply(house, [TUESDAY] * 6)
    for _ in range(3):
        console.fail_next(Fault(verb="find", error=Transient("not now")))
    report = run(house, console)
    assert (report.delivered, report.waiting, report.accepted) == (0, 6, 6)
    assert [text for text in report.problems if "3 failures in a row" in text]
    house.clock.set(FRIDAY + RETRY)
    assert run(house, console).delivered == 6


def test_a_console_that_goes_away_in_mid_pass_is_told_as_that(tmp_path: Path) -> None:
    """Three requests that do not reach the console: it is gone, the rest waits, and the very next pass tries again."""
    house, console = lay_out(tmp_path), MemoryConsole()
    apply(house, [TUESDAY] * 6)
    for _ in range(3):
        console.fail_next(Fault(verb="find", error=Unreachable("the connection was cut")))
    report = run(house, console)
    assert (report.delivered, report.waiting, report.conditions) == (0, 6, ["console_unusable"])
    assert run(house, console).delivered == 6


def test_more_than_a_pass_may_issue_is_told(tmp_path: Path) -> None:
    """A pass issues no more than ``stop_after_issues`` and says so; after alerts.retry_minutes another goes on."""
    house, console = lay_out(tmp_path, stop_after_issues=2), MemoryConsole()
    apply(house, [TUESDAY] * 3)
    report = run(house, console)
    assert (report.delivered, report.waiting) == (2, 1)
    assert [text for text in report.problems if "stop_after_issues" in text]
    house.clock.set(FRIDAY + RETRY)
    assert run(house, console).delivered == 1


@pytest.mark.parametrize(
    ("hours", "opens"),
    [
        ({"open_from": "14:00", "open_until": "22:00"}, "14:00"),
        ({"open_until": "13:00"}, "00:00"),
        ({"open_from": "22:00", "open_until": "06:00"}, "22:00"),
    ],
)
def test_outside_its_hours_the_console_is_left_alone(tmp_path: Path, hours: dict[str, str], opens: str) -> None:
    """While the console is closed requests wait, intake goes on, and nobody logs in; it is told when it opens."""
    house, console = lay_out(tmp_path, **hours), MemoryConsole()
    console.fail_next(Fault(verb="probe", error=Transient("nobody should have knocked")))
    apply(house, [TUESDAY])
    report = run(house, console)
    assert (report.accepted, report.delivered, report.waiting, report.problems) == (1, 0, 1, [])
    assert opens in report.warnings[0]
    hour = int(opens.partition(":")[0])
    house.clock.set(FRIDAY.replace(hour=hour, minute=0) + timedelta(days=hour == 0))
    console._faults.clear()
    assert run(house, console).delivered == 1


def test_a_request_that_hangs_is_cut_off(tmp_path: Path) -> None:
    """One that takes too long is left for the next pass to find out about; the others get their logins."""

    class Hanging(MemoryConsole):
        async def create(self, spec: AccountSpec, secret: Secret) -> Account:
            made = await super().create(spec, secret)
            if self.writes["create"] == 1:
                await asyncio.sleep(60)
            return made

    house, console = lay_out(tmp_path, request_timeout=2), Hanging()
    apply(house, [TUESDAY] * 2)
    report = run(house, console)
    assert report.delivered == 1
    assert [text for text in report.problems if "request_timeout" in text]
    assert run(house, console).delivered == 1
    assert console.writes["create"] == 2
    assert all(console.accepts(sent.login_id, sent.password) for sent in house.credentials())
