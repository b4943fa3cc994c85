"""Deciding anything: promises that hold for every application, however odd."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import event, given
from hypothesis import strategies as st

from bot.model import Application, Doubt, History, Kind, Outcome, Severity
from bot.rules.calendar import Calendar
from bot.rules.cutoff import Cutoffs
from bot.rules.register import OwnPc, OwnPcs
from bot.rules.rulebook import Context, Rulebook
from bot.settings.rules import CalendarSettings, RulesSettings
from tests.unit.rules_kit import NOON, PLAIN, TOKYO, history, rulebook

CALENDAR = Calendar(CalendarSettings())
CUTOFFS = Cutoffs(RulesSettings().deadline, CALENDAR, TOKYO)
BOOKS = [
    rulebook(),
    rulebook(
        required_fields=["receipt_no", "place", "terminal"],
        max_days_per_week=2,
        min_office_days=1,
        max_users_per_day=1,
        approval={"required": True},
        declare_no_pii=True,
        allow_closed_days=True,
        deadline={"scope": "first_day", "basis": "received_at"},
        automatic_kinds=["issue", "reissue", "cancel", "change"],
    ),
]

texts = st.one_of(
    st.none(), st.text(max_size=20), st.sampled_from(["自宅", "はい", "0048213", "濃厚接触者", "個人所有 BY-1"])
)
moments = st.integers(-200_000, 200_000).map(lambda minutes: NOON.now + timedelta(minutes=minutes))
days = st.one_of(st.dates(), st.integers(-40, 60).map(lambda offset: NOON.now.date() + timedelta(days=offset)))
doubts = st.builds(Doubt, field=st.sampled_from(["dates", "name"]), read=st.text(), text=st.text(), text_en=st.text())
applications = st.builds(
    Application,
    kind=st.sampled_from(Kind),
    form=st.just("any"),
    receipt_no=texts,
    applied_at=st.one_of(st.none(), moments),
    employee_no=texts,
    name=texts,
    department=texts,
    mail=texts,
    dates=st.sets(days, max_size=8).map(lambda found: tuple(sorted(found))),
    place=texts,
    zones=st.lists(st.sampled_from(["LGWAN", "番号系", "?"]), max_size=2).map(tuple),
    terminal=texts,
    approval=texts,
    urgent_reason=texts,
    declaration=texts,
    hours=texts,
    refers_to=texts,
    doubts=st.lists(doubts, max_size=2).map(tuple),
)
contexts = st.builds(
    lambda now, received, sender, granted, receipts: replace(
        NOON,
        now=now,
        received_at=received,
        sender=sender,
        history=history(granted, receipts),
        own_pcs=OwnPcs([OwnPc(number="BY-1", employee_no="0048213")]),
    ),
    moments,
    moments,
    st.one_of(st.just(NOON.sender), st.text(max_size=20)),
    st.dictionaries(days, st.just("R-1"), max_size=3),
    st.dictionaries(st.text(max_size=8), st.just("R-1"), max_size=2),
)


@given(applications, contexts, st.sampled_from(BOOKS))
def test_every_application_is_decided_with_reasons(application: Application, context: Context, book: Rulebook) -> None:
    """No input raises; what is not accepted says why; what is shown is printable; approval never grants more than asked."""
    for decision in (book.decide(application, context), book.approve(application, context)):
        assert decision.outcome is Outcome.ACCEPT or decision.violations
        assert set(decision.granted) <= set(application.dates) | set(context.history.granted)
        assert all((item.text + item.text_en).isprintable() for item in decision.violations)
        assert decision.granted == () or decision.outcome is Outcome.ACCEPT


#: Mostly in order, so that many are accepted.
near_days = st.integers(-3, 40).map(lambda offset: NOON.now.date() + timedelta(days=offset))
minutes = st.integers(-8_000, 30).map(lambda count: NOON.received_at + timedelta(minutes=count))
plain_ones = st.builds(
    lambda dates, applied_at, zones, doubtful: replace(
        PLAIN, receipt_no=None, dates=tuple(sorted(dates)), applied_at=applied_at, zones=zones, doubts=doubtful
    ),
    st.sets(near_days, min_size=1, max_size=6),
    st.one_of(st.none(), minutes),
    st.sampled_from([(), (), (), ("LGWAN",), ("番号系",)]),
    st.one_of(st.just(()), st.just(()), doubts.map(lambda doubt: (doubt,))),
)
plain_contexts = st.builds(
    lambda received, later, granted: replace(
        NOON, received_at=received, now=received + timedelta(minutes=later), history=History(granted=granted)
    ),
    st.integers(-3_000, 3_000).map(lambda count: NOON.received_at + timedelta(minutes=count)),
    st.integers(0, 6_000),
    st.dictionaries(near_days, st.just("R-1"), max_size=3),
)


@given(plain_ones, plain_contexts)
def test_what_is_granted_could_be_granted(application: Application, context: Context) -> None:
    """A new application's granted days are open, in time, neither past nor far, not granted before, from a clean reading."""
    decision = BOOKS[0].decide(application, context)
    event(decision.outcome)
    if decision.outcome is not Outcome.ACCEPT:
        return
    applied = application.applied_at or context.received_at
    assert decision.granted
    assert not application.doubts
    assert "番号系" not in application.zones
    assert not any(item.severity is Severity.HOLD for item in decision.violations)
    for day in decision.granted:
        assert CALENDAR.is_open(day)
        assert CUTOFFS.in_time(day, applied)
        assert context.now.date() <= day <= applied.date() + timedelta(days=31)
        assert day not in context.history.granted


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(0, 20))
def test_counting_back_and_forth_agrees(day: date, count: int) -> None:
    """Between a day and the n-th business day before it are exactly n business days."""
    before = CALENDAR.before(day, count, "business")
    assert len(CALENDAR.open_days(before, day - timedelta(days=1))) == count
