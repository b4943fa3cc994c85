"""How conditions begin, last and end from pass to pass, and what of it is news."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from bot.errors import (
    AccessDenied,
    BadUsage,
    ConsoleDrift,
    LedgerBroken,
    LedgerUnusable,
    Problem,
    Stopped,
    Transient,
    Unusable,
)  # fmt: skip
from bot.ledger.conditions import Condition, Part, Pause
from bot.operation.alerts.catalogue import Area, Level, Trouble, Until
from bot.operation.alerts.findings import Finding, finding_of
from bot.operation.alerts.kinds import KINDS
from bot.operation.alerts.turns import is_done, news, passed_by, turned
from bot.settings.alerts import QuietHours
from tests.house import FRIDAY

DAY = timedelta(days=1)
CALM = timedelta(minutes=30)
MINUTE = timedelta(minutes=1)
DOWN = Finding(trouble=Trouble.CONSOLE, detail="no answer")


def told(condition: Condition, at: datetime = FRIDAY) -> Condition:
    """Return the condition as it is once people were told of it."""
    return replace(condition, told_at=at, told_of=condition.subjects)


@pytest.mark.parametrize(
    ("looked", "over"), [({Area.CONSOLE}, True), ({Area.PASS, Area.MAILBOX, Area.OUTGOING}, False), (set(), False)]
)
def test_only_a_look_ends_a_condition(looked: set[Area], *, over: bool) -> None:
    """A pass that did not visit the console knows nothing of it: what was wrong there stays wrong."""
    (begun,) = turned((), [DOWN], set(), FRIDAY, calm=CALM)
    (after,) = turned([begun], [], looked, FRIDAY + DAY, calm=CALM)
    assert (after.over_at is not None, after.first_seen) == (over, FRIDAY)


def test_what_is_found_is_not_over_though_it_was_looked_at() -> None:
    """The probe went well and the work failed: it lasts, with its first sight and its newest words."""
    (begun,) = turned((), [DOWN], set(), FRIDAY, calm=CALM)
    again = Finding(trouble=Trouble.CONSOLE, detail="no answer to create")
    (after,) = turned([told(begun)], [again], {Area.CONSOLE}, FRIDAY + DAY, calm=CALM)
    assert (after.over_at, after.first_seen, after.last_seen) == (None, FRIDAY, FRIDAY + DAY)
    assert (after.detail, after.told_at) == ("no answer to create", FRIDAY)


def outage(trouble: Trouble = Trouble.CONSOLE) -> Condition:
    """Return one that was told of and ended a minute after it began."""
    (begun,) = turned((), [Finding(trouble=trouble)], set(), FRIDAY, calm=CALM)
    (over,) = turned([told(begun)], [], set(Area), FRIDAY + MINUTE, calm=CALM)
    return over


def test_what_comes_back_soon_is_the_same_outage() -> None:
    """Back within the calm time, it lasts since its first sight, and nothing is told: neither its end nor that it is back."""
    over, back = outage(), FRIDAY + 30 * MINUTE
    assert not news([over], back, remind=DAY, calm=CALM)
    (again,) = turned([over], [replace(DOWN, anew=True)], set(), back, calm=CALM)
    assert (again.first_seen, again.told_at, again.over_at) == (FRIDAY, FRIDAY, None)
    assert not news([again], back, remind=DAY, calm=CALM)


def test_an_end_is_told_when_it_stayed_away() -> None:
    """From its end on it takes the calm time; then it is told once, with the moment at which it ended."""
    over = outage()
    assert not news([over], FRIDAY + 30 * MINUTE, remind=DAY, calm=CALM)
    due = news([over], FRIDAY + 31 * MINUTE, remind=DAY, calm=CALM)
    assert [one.over_at for one in due.over] == [FRIDAY + MINUTE]
    assert is_done(over, {over.key})


def test_what_comes_back_later_begins_again() -> None:
    """Back after the calm time, when nobody was told of its end yet: both are told, the end of the first and the second."""
    back = FRIDAY + 31 * MINUTE
    again, ended = turned([outage()], [DOWN], set(), back, calm=CALM)
    assert (again.first_seen, again.told_at, again.over_at) == (back, None, None)
    assert ended.key != again.key
    due = news([again, ended], back, remind=DAY, calm=CALM)
    assert (due.begun, due.over) == ((again,), (ended,))


@pytest.mark.parametrize("trouble", [Trouble.CONSOLE_DENIED, Trouble.MAILBOX_DENIED, Trouble.PAUSED, Trouble.SWITCH])
def test_what_a_person_ends_is_over_at_once(trouble: Trouble) -> None:
    """A login that was mended and is refused again stands still again: its end was told, and so is its return."""
    over = outage(trouble)
    assert news([over], FRIDAY + MINUTE, remind=DAY, calm=CALM).over == (over,)
    again, _ = turned([over], [Finding(trouble=trouble)], set(), FRIDAY + 2 * MINUTE, calm=CALM)
    assert news([again], FRIDAY + 2 * MINUTE, remind=DAY, calm=CALM).begun == (again,)


def test_requests_are_told_as_they_come() -> None:
    """Two stuck requests, then a third: only the third is news; when none is left, nothing is told."""

    def stuck(*names: str) -> list[Finding]:
        return [Finding(trouble=Trouble.STUCK, subjects=(name,)) for name in names]

    (first,) = turned((), stuck("R-1", "R-2"), set(), FRIDAY, calm=CALM)
    assert first.subjects == ("R-1", "R-2")
    (same,) = turned([told(first)], stuck("R-2", "R-1"), {Area.PASS}, FRIDAY, calm=CALM)
    assert not news([same], FRIDAY, remind=DAY, calm=CALM)
    (more,) = turned([told(first)], stuck("R-1", "R-3"), {Area.PASS}, FRIDAY, calm=CALM)
    assert news([more], FRIDAY, remind=DAY, calm=CALM).begun == (more,)
    (none,) = turned([told(more)], [], {Area.PASS}, FRIDAY, calm=CALM)
    assert not news([none], FRIDAY, remind=DAY, calm=CALM)
    assert is_done(none, ())


def test_what_happens_once_waits_until_it_is_told() -> None:
    """Unreadable mails of two passes that could not be told are told together, once."""
    first = turned((), [Finding(trouble=Trouble.UNREADABLE, subjects=("M-1",))], {Area.PASS}, FRIDAY, calm=CALM)
    second = turned(first, [Finding(trouble=Trouble.UNREADABLE, subjects=("M-2",))], {Area.PASS}, FRIDAY, calm=CALM)
    third = turned(second, [], set(Area), FRIDAY, calm=CALM)
    (due,) = news(third, FRIDAY, remind=DAY, calm=CALM).begun
    assert due.subjects == ("M-1", "M-2")
    assert not is_done(due, ())
    assert is_done(due, {due.key})


@pytest.mark.parametrize(
    ("start", "end", "at", "hushed"),
    [
        ("22:00", "07:00", "21:59", False), ("22:00", "07:00", "22:00", True), ("22:00", "07:00", "06:59", True),
        ("22:00", "07:00", "07:00", False), ("12:00", "13:00", "12:30", True), ("12:00", "13:00", "13:00", False),
    ],
)  # fmt: skip
def test_quiet_hours(start: str, end: str, at: str, *, hushed: bool) -> None:
    """In quiet hours only what is critical is told; they may go over midnight."""
    quiet = QuietHours(start=time.fromisoformat(start), end=time.fromisoformat(end))
    moment = datetime.combine(FRIDAY.date(), time.fromisoformat(at), FRIDAY.tzinfo)
    both = turned((), [DOWN, Finding(trouble=Trouble.STUCK, subjects=("R-1",))], set(), moment, calm=CALM)
    levels = [KINDS[Trouble(one.kind)].level for one in news(both, moment, remind=DAY, calm=CALM, quiet=quiet).begun]
    assert levels == [Level.CRITICAL] if hushed else [Level.CRITICAL, Level.WARNING]


@pytest.mark.parametrize(
    ("error", "area", "trouble"),
    [
        (AccessDenied(), Area.CONSOLE, Trouble.CONSOLE_DENIED), (AccessDenied(), Area.MAILBOX, Trouble.MAILBOX_DENIED),
        (AccessDenied(), Area.OUTGOING, Trouble.MAILBOX_DENIED), (ConsoleDrift("x", "y"), Area.CONSOLE, Trouble.DRIFT),
        (Stopped(Trouble.FAILURES, "3"), Area.CONSOLE, Trouble.FAILURES), (LedgerUnusable("x"), Area.CONSOLE, Trouble.LEDGER),
        (LedgerBroken(3), Area.PASS, Trouble.CHAIN), (Unusable("x"), Area.MAILBOX, Trouble.MAILBOX),
        (Transient("x"), Area.CONSOLE, Trouble.CONSOLE), (Transient("x"), Area.OUTGOING, Trouble.OUTGOING),
        (BadUsage([Problem(path="a", text="b")]), Area.CONSOLE, Trouble.NOT_BEGUN), (KeyError("髙橋"), Area.PASS, Trouble.UNEXPECTED),
    ],
)  # fmt: skip
def test_errors_have_their_condition(error: Exception, area: Area, trouble: Trouble) -> None:
    """Every error is the condition that its kind and the place it came up at make it; what is unforeseen names nobody."""
    finding = finding_of(error, area)
    assert finding.trouble is trouble
    assert "髙橋" not in finding.detail


def test_everything_that_stops_says_until_when() -> None:
    """Each kind has all words in both languages; what stops a part says how it goes on; a login is never retried by itself."""
    assert set(KINDS) == set(Trouble)
    for trouble, kind in KINDS.items():
        assert all([kind.ja.happened, kind.ja.did, kind.ja.todo, kind.en.happened, kind.en.did, kind.en.todo]), trouble
        assert bool(kind.stops) is (kind.until is not None), trouble
        assert kind.lasts or not kind.tells_end, trouble
    denied = (Trouble.CONSOLE_DENIED, Trouble.MAILBOX_DENIED)
    assert all(KINDS[trouble].until is Until.RESUMED for trouble in denied)


def test_a_pause_holds_its_part_until_its_time() -> None:
    """``all`` holds every part; a time makes it end by itself at that moment."""
    pause = Pause(part=Part.ALL, cause="drift", since=FRIDAY, by="bot", reason="", until=FRIDAY + DAY)
    assert pause.holds(Part.INTAKE, FRIDAY)
    assert not pause.holds(Part.INTAKE, FRIDAY + DAY)
    console = Pause(part=Part.CONSOLE, cause="operator", since=FRIDAY, by="赤羽", reason="")
    assert console.holds(Part.CONSOLE, FRIDAY + 400 * DAY)
    assert not console.holds(Part.DELIVERY, FRIDAY)


def test_what_happens_once_is_told_when_it_happens_again() -> None:
    """A mail that is not given is no news before the next pass finds it again; what passed by untold has no end to tell."""
    refused = Finding(trouble=Trouble.UNFETCHED, detail="refused", subjects=("UID 7",))
    (begun,) = turned((), [refused], {Area.MAILS}, FRIDAY, calm=CALM)
    assert not news([begun], FRIDAY, remind=DAY, calm=CALM)
    (again,) = turned([begun], [refused], {Area.MAILS}, FRIDAY + MINUTE, calm=CALM)
    assert news([again], FRIDAY + MINUTE, remind=DAY, calm=CALM).begun == (again,)
    (away,) = turned([begun], [], {Area.MAILS}, FRIDAY + MINUTE, calm=CALM)
    later = FRIDAY + MINUTE + CALM
    assert not news([away], later, remind=DAY, calm=CALM)
    assert not passed_by([away], FRIDAY + MINUTE, CALM)
    assert passed_by([away], later, CALM) == {away.key}
    assert not passed_by([told(away)], later, CALM)
