"""What is told before a deadline, and when a surge will be over: tables of cases, and the alerts that come of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from bot.ledger.records import MessageRecord, Request
from bot.life import State
from bot.model import Application, Kind, ReadOutcome
from bot.operation.schedule.risk import at_risk, forecast
from tests.house import FRIDAY

NOON = FRIDAY.replace(hour=12, minute=0)
ONE = FRIDAY.replace(hour=13, minute=0)
TUESDAY = date(2021, 8, 3)


def request(state: State, *, quiet_for: float = 60, day: date = TUESDAY) -> Request:
    """Return a request in a state in which it has been for so many minutes."""
    at = NOON - timedelta(minutes=quiet_for)
    return Request(
        id=f"R-{state.value}", message_id="M-1", position=0, sender="", dropped_file=False, authentic=None,
        application=Application(kind=Kind.ISSUE, form="e-application", dates=(day,)), received_at=at, created_at=at, updated_at=at, state=state,
    )  # fmt: skip


def message(outcome: ReadOutcome, *, dismissed: bool = False) -> MessageRecord:
    """Return a message that was read so."""
    return MessageRecord(
        id=f"M-{outcome.value}", message_id="<1>", digest="", name="", sender="", subject="", received_at=NOON,
        recorded_at=NOON, outcome=outcome, dismissed_at=NOON if dismissed else None,
    )  # fmt: skip


def found(
    requests: Sequence[Request], messages: Sequence[MessageRecord] = (), later: datetime | None = None
) -> list[str]:
    """Return what is at risk at noon, by one o'clock; ``later``: from when the requests are to be issued."""
    risks = at_risk(
        requests, messages, NOON, by=ONE, in_hand=timedelta(minutes=10), not_before=lambda _: later
    )  # fmt: skip
    return [str(risk) for risk in risks]


@pytest.mark.parametrize(
    ("state", "quiet_for"),
    [
        *[(state, 60) for state in (State.RECEIVED, State.ACCEPTED, State.ISSUING, State.UNKNOWN, State.ISSUED)],
        (State.DELIVERING, 60),
        (State.HELD, 60),
        (State.STUCK, 60),
        (State.ACCEPTED, 10),
        (State.HELD, 1),
    ],
)
def test_what_is_not_done_is_at_risk(state: State, quiet_for: float) -> None:
    """Not delivered, not decided, stuck: with its state and its first day."""
    assert found([request(state, quiet_for=quiet_for)]) == [f"R-{state.value} ({state.value}, 2021-08-03)"]


@pytest.mark.parametrize(
    ("state", "quiet_for"),
    [*[(state, 60) for state in (State.DELIVERED, State.REJECTED, State.REVOKED, State.DONE)], (State.ACCEPTED, 9)],
)
def test_what_is_over_or_in_hand_is_not(state: State, quiet_for: float) -> None:
    """Nothing is told of what has come to its end, nor of what the bot takes onward just now."""
    assert found([request(state, quiet_for=quiet_for)]) == []


def test_what_fails_at_every_pass_is_at_risk() -> None:
    """It came in an hour ago and was tried a minute ago, in vain."""
    tried = replace(request(State.ACCEPTED), updated_at=NOON - timedelta(minutes=1))
    assert found([tried]) == ["R-accepted (accepted, 2021-08-03)"]


def test_what_is_to_be_issued_later_is_not_late() -> None:
    """With delivery.send_at after the deadline it waits on purpose; with one before it, it is late."""
    assert found([request(State.ACCEPTED)], later=ONE + timedelta(hours=4)) == []
    assert len(found([request(State.ACCEPTED)], later=ONE - timedelta(hours=4))) == 1


def test_mails_that_nobody_has_looked_at_are_at_risk_and_the_first_day_comes_first() -> None:
    """Unreadable and not dismissed; the list begins with what is needed first."""
    later, sooner = request(State.HELD, day=date(2021, 8, 20)), replace(request(State.STUCK), id="R-sooner")
    messages = [message(ReadOutcome.UNREADABLE), message(ReadOutcome.IGNORED)]
    assert found([later, sooner], messages) == [
        "R-sooner (stuck, 2021-08-03)", "R-held (held, 2021-08-20)", "M-unreadable (unreadable)",
    ]  # fmt: skip
    assert found([], [message(ReadOutcome.UNREADABLE, dismissed=True)]) == []


@pytest.mark.parametrize(
    ("waiting", "delivered", "per_hour", "done_after"),
    [
        pytest.param(120, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 60, 120, id="one a minute"),
        pytest.param(10, [0, 6], 10, 60, id="two are enough"),
        pytest.param(10, [0], 0, None, id="one alone says nothing"),
        pytest.param(10, [], 0, None, id="none yet"),
        pytest.param(10, [0, 31, 90, 120], 0, None, id="before the time that is measured"),
        pytest.param(10, [5, 5], 12, 50, id="two at once"),
    ],
)
def test_a_surge_is_over_at_the_measured_rate(
    waiting: int, delivered: Sequence[float], per_hour: float, done_after: float | None
) -> None:
    """Minutes ago that each was delivered → how many an hour, and in how many minutes the rest is done."""
    made = forecast(waiting, [NOON - timedelta(minutes=ago) for ago in delivered], NOON, within=timedelta(minutes=30))
    assert made.per_hour == pytest.approx(per_hour)
    assert made.done_at == (None if done_after is None else NOON + timedelta(minutes=done_after))
