"""What is to be done on a day, and when. Pure: `serve` and `serve --plan` ask the same function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.config import Settings
from bot.rules.calendar import Calendar
from bot.rules.cutoff import Cutoffs
from bot.settings.calendar import Weekday
from bot.settings.schedule import WeeklyAt

_DAY = timedelta(days=1)
_WEEKDAYS = tuple(Weekday)
#: The cutoff itself is in time, to the second: what came in that second is there in the next one.
_AFTER_CUTOFF = timedelta(seconds=1)


class Task(StrEnum):
    """The jobs' names."""

    #: `check`: is everything there that the day needs?
    PREFLIGHT = "preflight"
    #: One pass.
    POLL = "poll"
    #: The pass that takes in what was received up to the cutoff.
    CUTOFF = "cutoff_sweep"
    #: The pass that opens the logins of the day.
    ENABLE = "morning_enable"
    #: The pass that closes them, and disables those whose telework is over.
    DISABLE = "evening_disable"
    #: The pass that makes good what that one could not.
    EXPIRY = "expiry_sweep"
    #: Tells what is not done shortly before a deadline.
    AT_RISK = "at_risk"
    DIGEST = "digest"
    RECONCILE = "reconcile"
    REPORT = "monthly_report"
    PURGE = "retention_purge"
    BACKUP = "backup"

    @property
    def is_pass(self) -> bool:
        """Whether it is a whole pass: one that began later does for all that were due before."""
        return self in {Task.POLL, Task.CUTOFF, Task.ENABLE, Task.DISABLE, Task.EXPIRY}

    @property
    def alone(self) -> bool:
        """Whether nothing else may work on the ledger and the console meanwhile."""
        return self not in {Task.AT_RISK, Task.DIGEST}

    @property
    def made_good(self) -> bool:
        """Whether it is done at the next start when it was missed; what is meant for one moment is not."""
        return self.is_pass or self in {Task.RECONCILE, Task.REPORT, Task.PURGE, Task.BACKUP}


@dataclass(frozen=True, kw_only=True)
class Due:
    """One job at one moment, in the city's zone."""

    at: datetime
    job: Task


Planner = Callable[[date], Sequence[Due]]


def plan(day: date, settings: Settings, calendar: Calendar) -> tuple[Due, ...]:
    """Return what is to be done on a day, the first first. A closed day has no polls and no digests; logins are switched on it too."""
    zone, schedule = ZoneInfo(settings.timezone), settings.schedule
    made = {*_every_day(day, settings), *_sweeps(day, settings, calendar)}
    if calendar.is_open(day):
        passes = {due.at for due in made if due.job.is_pass} | set(cutoffs(day, settings, calendar))
        made |= {due for due in _open_day(day, settings) if due.job is not Task.POLL or due.at not in passes}
        if schedule.report and not calendar.open_days(day.replace(day=1), day - _DAY):
            made.add(Due(at=datetime.combine(day, schedule.report, zone), job=Task.REPORT))
        if schedule.reconcile and _moved_here(day, schedule.reconcile, calendar):
            made.add(Due(at=datetime.combine(day, schedule.reconcile.time, zone), job=Task.RECONCILE))
    made |= {Due(at=at, job=Task.AT_RISK) for at in _warnings(day, settings, calendar)}
    return tuple(sorted(made, key=lambda due: (due.at, due.job)))


def cutoffs(day: date, settings: Settings, calendar: Calendar) -> tuple[datetime, ...]:
    """Return the cutoffs that fall on a day: those of telework days that are open, or of every day where closed days are held."""
    deadline = settings.rules.deadline
    rules = Cutoffs(deadline, calendar, ZoneInfo(settings.timezone))
    furthest = 2 * max(rule.days_before for rule in (deadline, *deadline.former)) + 30
    ahead = (day + number * _DAY for number in range(furthest + 1))
    wanted = (one for one in ahead if settings.rules.allow_closed_days or calendar.is_open(one))
    return tuple(sorted({at for one in wanted if (at := rules.cutoff_for(one)).date() == day}))


def deadlines(day: date, settings: Settings, calendar: Calendar) -> tuple[datetime, ...]:
    """Return the moments of a day by which what came before should be done: its cutoffs, and the end of a working day."""
    ends = datetime.combine(day, settings.schedule.poll_until, ZoneInfo(settings.timezone))
    found = cutoffs(day, settings, calendar)
    return tuple(sorted({*found, ends} if calendar.is_open(day) else found))


def next_due(planner: Planner, after: datetime, *, days: int = 400) -> Iterator[Due]:
    """Yield what is due after a moment, the first first, over so many days."""
    for number in range(days):
        yield from (due for due in planner(after.date() + number * _DAY) if due.at > after)


def _every_day(day: date, settings: Settings) -> Iterator[Due]:
    schedule, account = settings.schedule, settings.account
    at = {Task.ENABLE: account.enable_from, Task.DISABLE: account.disable_at, Task.EXPIRY: schedule.expiry}
    at[Task.BACKUP] = schedule.backup
    if schedule.purge and _WEEKDAYS[day.weekday()] is schedule.purge.weekday:
        at[Task.PURGE] = schedule.purge.time
    yield from _at(day, settings, at)


def _open_day(day: date, settings: Settings) -> Iterator[Due]:
    schedule, zone = settings.schedule, ZoneInfo(settings.timezone)
    yield from _at(day, settings, {Task.PREFLIGHT: schedule.preflight})
    for digest in schedule.digests:
        yield from _at(day, settings, {Task.DIGEST: digest})
    at, until = (datetime.combine(day, one, zone) for one in (schedule.poll_from, schedule.poll_until))
    while at <= until:
        yield Due(at=at, job=Task.POLL)
        at += timedelta(minutes=schedule.poll_minutes)


def _at(day: date, settings: Settings, times: dict[Task, time | None]) -> Iterator[Due]:
    zone = ZoneInfo(settings.timezone)
    for job, moment in times.items():
        if moment is not None:
            yield Due(at=datetime.combine(day, moment, zone), job=job)


def _sweeps(day: date, settings: Settings, calendar: Calendar) -> Iterator[Due]:
    """Yield the sweep after each cutoff; after one at 24:00 it is the next day."""
    for before in (day - _DAY, day):
        for cutoff in cutoffs(before, settings, calendar):
            if (at := cutoff + _AFTER_CUTOFF).date() == day:
                yield Due(at=at, job=Task.CUTOFF)


def _warnings(day: date, settings: Settings, calendar: Calendar) -> Iterator[datetime]:
    early = timedelta(minutes=settings.schedule.at_risk_minutes)
    for one in (day, day + _DAY):
        yield from (at for by in deadlines(one, settings, calendar) if (at := by - early).date() == day)


def _moved_here(day: date, weekly: WeeklyAt, calendar: Calendar) -> bool:
    """Tell whether a weekly job is due on this business day: its own day, or the first one after closed days."""
    back = (day.weekday() - _WEEKDAYS.index(weekly.weekday)) % 7
    return not calendar.open_days(day - back * _DAY, day - _DAY)
