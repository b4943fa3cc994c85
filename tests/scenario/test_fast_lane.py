"""Urgent applications: held at once, told to the operators once, issued as soon as one approves."""

from __future__ import annotations

import asyncio
import email
import email.policy
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.console.memory import MemoryConsole
from bot.errors import ActRefused
from bot.ledger.records import ActorType
from bot.life import State
from tests.acts_kit import act, in_ledger, one, onward
from tests.house import FRIDAY, House, text_of

MONDAY = date(2021, 8, 2)


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house after the cutoff for Monday, with one application for Monday in the inbox."""
    made = House(path=tmp_path).lay_out({"console": {"settle": 0.3}})
    made.clock.set(FRIDAY + timedelta(minutes=30))
    return made


def apply(house: House, note: str, days: tuple[date, ...] = (MONDAY,)) -> None:
    """Apply four minutes after the cutoff."""
    house.apply("0000777", employee_no="0031977", days=days, now=FRIDAY, note=note)


def test_an_urgent_application_waits_for_a_person_and_is_issued_at_once(house: House) -> None:
    """Held, one alert to the operators without the reason, a problem in every pass; approved, the ID is mailed now."""
    console = MemoryConsole()
    apply(house, "緊急の理由：家族が濃厚接触者となったため")
    for _ in range(2):
        report = asyncio.run(house.run(console))
        assert [problem for problem in report.problems if "urgent" in problem]
    waiting = one(house)
    alerts = [file for file in house.files("outbox") if ".alert." in file.name]
    assert (waiting.state, len(alerts)) == (State.HELD, 1)
    mail = email.message_from_bytes(alerts[0].read_bytes(), policy=email.policy.default)
    text = text_of(mail)
    assert mail["To"] == "telework-operators@city.example.jp"
    assert f"approve {waiting.id}" in text
    assert "上野原" in text
    assert "濃厚接触" not in mail.as_string() + text

    done = act(house, lambda acts: acts.approve(waiting.id, "建設部長に電話で確認"))
    assert (done.before, done.after) == (State.HELD, State.ACCEPTED)
    assert onward(house, console, waiting.id).delivered == 1
    (sent,) = house.credentials()
    assert console.accepts(sent.login_id, sent.password)
    events = in_ledger(house, lambda ledger: ledger.timeline(waiting.id))
    (approval,) = [stored for stored in events if stored.event.action == "request.approve"]
    assert (approval.run.actor_type, approval.run.actor) == (ActorType.OPERATOR, "吉澤　勝")
    assert approval.event.reason == "建設部長に電話で確認"
    assert not asyncio.run(house.run(console)).problems


def test_a_rejection_by_hand_is_told_with_its_reason(house: House) -> None:
    """The applicant reads why; nothing is made; a second act on the request is refused."""
    console = MemoryConsole()
    apply(house, "緊急の理由：災害")
    asyncio.run(house.run(console))
    name = one(house).id
    act(house, lambda acts: acts.reject(name, "出勤できることを確認"))
    assert onward(house, console, name).exit_status == 0
    (told,) = [file for file in house.files("outbox") if ".rejected." in file.name]
    text = text_of(email.message_from_bytes(told.read_bytes(), policy=email.policy.default))
    assert "出勤できることを確認" in "".join(text.split())
    assert console.accounts == {}
    for verb in (lambda acts: acts.approve(name, "x"), lambda acts: acts.reject(name, "x")):
        with pytest.raises(ActRefused, match="rejected, not held"):
            act(house, verb)


def test_nobody_may_pass_over_the_network_rule(house: House) -> None:
    """An urgent application for 番号利用事務系 from home is refused by V13 itself; there is nothing to approve."""
    apply(house, "緊急の理由：災害\n利用ネットワーク：番号系")
    asyncio.run(house.run(MemoryConsole()))
    request = one(house)
    assert request.state is State.REJECTED
    with pytest.raises(ActRefused):
        act(house, lambda acts: acts.approve(request.id, "市長の指示"))


def test_what_has_passed_is_not_approved(house: House) -> None:
    """An approval on the day after the telework day grants nothing, and says so; the request stays held."""
    apply(house, "緊急の理由：災害")
    asyncio.run(house.run(MemoryConsole()))
    house.clock.set(FRIDAY + timedelta(days=4))
    name = one(house).id
    with pytest.raises(ActRefused, match="過ぎています"):
        act(house, lambda acts: acts.approve(name, "遅れて確認"))
    assert one(house).state is State.HELD


def test_a_reason_that_is_none_of_the_urgent_ones_is_late(house: House) -> None:
    """会議のため is no urgent reason: refused by the deadline, with no alert."""
    apply(house, "緊急の理由：会議のため")
    asyncio.run(house.run(MemoryConsole()))
    assert one(house).state is State.REJECTED
    assert not [file for file in house.files("outbox") if ".alert." in file.name]
