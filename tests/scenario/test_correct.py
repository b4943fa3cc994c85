"""A person puts a reading right: shown first, done on request, both readings on record, and never past the rules."""

from __future__ import annotations

import asyncio
import email
import email.policy
import os
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bot.console.memory import MemoryConsole
from bot.errors import ActRefused, BadUsage, Conflict
from bot.ledger import purge
from bot.ledger.corrections import CORRECT
from bot.ledger.ledger import Ledger
from bot.ledger.records import PURGED, Event, Request, StoredEvent
from bot.life import State
from bot.model import Kind, Outcome, ReadOutcome
from bot.operation.acts import Act, Acts
from bot.operation.correct import Correction, correct, correction
from bot.operation.preview import Exchange, Preview, preview
from tests.acts_kit import act, in_ledger, one, onward
from tests.house import FRIDAY, PROVEN, House, text_of
from tests.unit.test_cli import answer, call

_TAKAHASHI, _MARUYAMA = "0048213", "0041120"
_WEDNESDAY, _THURSDAY, _FRIDAY = date(2021, 8, 4), date(2021, 8, 5), date(2021, 8, 6)
_UNCLEAR = "8/4は中止になりました"


@pytest.fixture
def console() -> MemoryConsole:
    """An empty console."""
    return MemoryConsole()


@pytest.fixture
def house(tmp_path: Path, console: MemoryConsole) -> House:
    """A house with one application that waits for a person: a line of it says that a day is off."""
    made = House(path=tmp_path / "house").lay_out({"console": {"settle": 0.3}, "forms": PROVEN})
    made.apply("0000777", employee_no=_TAKAHASHI, days=(_WEDNESDAY, _THURSDAY), now=FRIDAY, note=_UNCLEAR)
    asyncio.run(made.run(console))
    assert one(made).state is State.HELD
    return made


def made(house: House, name: str, /, **stated: str) -> Correction:
    """Return what a correction would do."""

    async def work(acts: Acts) -> Correction:
        config = house.workshop().config
        return await correction(acts, config.settings.forms, config.zone, name, stated)

    async def inside() -> Correction:
        with house.workshop().acts("吉澤　勝") as acts:
            return await work(acts)

    return asyncio.run(inside())


def put_right(house: House, name: str, /, by: str = "吉澤　勝", **stated: str) -> Act:
    """Correct a request or message in somebody's name."""
    found = made(house, name, **stated)

    async def work() -> Act:
        with house.workshop().acts(by) as acts:
            return await correct(acts, found, "本人に電話で確認")

    return asyncio.run(work())


def purged(connection: Connection, step: Callable[[Connection, str], None], name: str) -> Event | None:
    """Take persons out as `ledger purge` does."""
    step(connection, name)
    return purge.removal(step, [name])


def events(house: House, name: str) -> list[StoredEvent]:
    """Return the corrections among a request's events."""
    line = in_ledger(house, lambda ledger: ledger.timeline(name))
    return [stored for stored in line if stored.event.action == CORRECT]


def holds(house: House) -> bool:
    """Tell whether the chain and every row hold."""
    return in_ledger(house, lambda ledger: ledger.verify()).ok


def requests(house: House) -> Sequence[Request]:
    """Return all requests."""
    return in_ledger(house, lambda ledger: ledger.requests())


def test_a_preview_says_what_would_happen_and_changes_nothing(house: House) -> None:
    """It names the days that would be issued, in both languages, and the ledger stays as it was."""
    before = one(house)
    found = made(house, before.id, dates="8/5")
    assert (found.decision.outcome, found.decision.granted) == (Outcome.ACCEPT, (_THURSDAY,))
    assert found.preview.lines[0] == "IDを発行: 8/5 / issue: 8/5"
    assert one(house) == before


def test_what_is_put_right_is_issued(house: House, console: MemoryConsole) -> None:
    """The corrected days are granted and delivered, and none of the others."""
    name = one(house).id
    assert put_right(house, name, dates="8/5").after == State.ACCEPTED
    onward(house, console, name)
    assert (one(house).state, one(house).granted) == (State.DELIVERED, (_THURSDAY,))
    assert len(house.credentials()) == 1
    assert holds(house)


def test_both_readings_stay_on_record(house: House) -> None:
    """The event has both, in the operator's name with the reason; the request has what is true and what was read first."""
    before = one(house)
    put_right(house, before.id, dates="8/5")
    (stored,) = events(house, before.id)
    assert (stored.run.actor, stored.event.reason) == ("吉澤　勝", "本人に電話で確認")
    assert stored.event.details["fields"] == ["dates"]
    assert stored.event.person["first"]["dates"] == ["2021-08-04", "2021-08-05"]
    assert stored.event.person["corrected"]["dates"] == ["2021-08-05"]
    after = one(house)
    assert after.first_application == before.application
    assert after.application.dates == (_THURSDAY,)


def test_a_second_correction_keeps_what_was_read_first(house: House) -> None:
    """Corrected twice while it is held, the very first reading is still there, and each step in an event of its own."""
    before = one(house)
    put_right(house, before.id, place="実家")
    put_right(house, before.id, place="自宅", dates="8/5")
    assert one(house).first_application == before.application
    assert len(events(house, before.id)) == 2
    assert holds(house)


def test_nobody_passes_over_what_may_not_be_overridden(house: House) -> None:
    """An employee whom the directory does not know stays held or refused, whoever corrects and for whatever reason."""
    name = one(house).id
    found = made(house, name, employee_no="9999999")
    assert found.decision.outcome is not Outcome.ACCEPT
    assert put_right(house, name, employee_no="9999999").after != State.ACCEPTED


def test_another_rule_that_asks_for_a_person_still_does(house: House) -> None:
    """A correction answers what is doubted of the reading; a place that needs a person's yes still waits for an approval."""
    name = one(house).id
    found = made(house, name, dates="8/5", place="実家")
    assert found.decision.outcome is Outcome.HOLD
    assert found.preview.lines[0].startswith("保留: ")
    assert put_right(house, name, dates="8/5", place="実家").after == State.HELD


def test_what_can_not_be_read_is_refused_with_how_to_write_it(house: House) -> None:
    """A value that is no date, a field that is none, a kind that is none: each named, with what to write."""
    name = one(house).id
    for stated, told in (
        ({"dates": "来週"}, "write dates=12/2,12/3"), ({"colour": "red"}, "is no field"), ({"kind": "利用終了"}, "新規"),
        ({"employee_no": ""}, "employee_no=0048213"),
    ):  # fmt: skip
        with pytest.raises(BadUsage, match=told):
            made(house, name, **stated)


def test_somebody_was_quicker(house: House) -> None:
    """A request that was decided since the preview is left as it is."""
    name = one(house).id
    found = made(house, name, dates="8/5")
    act(house, lambda acts: acts.reject(name, "本人が取り下げ"))
    with pytest.raises(Conflict):
        act(house, lambda acts: correct(acts, found, "本人に電話で確認"))
    assert one(house).state is State.REJECTED


def test_what_was_rejected_by_mistake_becomes_a_new_request(house: House, console: MemoryConsole) -> None:
    """The rejected one stays rejected and says what became of it; the new one has both readings, and is issued."""
    first = one(house)
    act(house, lambda acts: acts.reject(first.id, "端末が未登録"))
    name = put_right(house, first.id, dates="8/5").id
    assert name != first.id
    onward(house, console, name)
    was, now = requests(house)
    assert (was.state, now.state, now.granted) == (State.REJECTED, State.DELIVERED, (_THURSDAY,))
    assert (now.received_at, now.first_application) == (first.received_at, first.application)
    assert events(house, first.id)[0].event.details["became"] == name
    assert holds(house)
    with pytest.raises(ActRefused, match=name):
        made(house, first.id, dates="8/5")


def test_an_unreadable_message_becomes_an_application(house: House, console: MemoryConsole) -> None:
    """What a person says of a message that nobody could read is decided by the rules as if it had been read."""
    table = house.path / "mailbox" / "inbox" / "memo.csv"
    table.write_text("欄,値\n12,34\n", encoding="utf-8")
    os.utime(table, (FRIDAY.timestamp(), FRIDAY.timestamp()))
    asyncio.run(house.run(console))
    (message,) = in_ledger(house, lambda ledger: ledger.messages(outcomes={ReadOutcome.UNREADABLE}))
    stated = {"employee_no": _MARUYAMA, "name": "丸山　拓也", "dates": "8/6", "place": "自宅"}
    found = made(house, message.id, **stated)
    name = put_right(house, message.id, **stated).id
    assert in_ledger(house, lambda ledger: ledger.message(message.id)).outcome is ReadOutcome.APPLICATIONS
    request = in_ledger(house, lambda ledger: ledger.get(name))
    assert (request.message_id, request.application.dates, request.decision) == (
        message.id, (_FRIDAY,), found.decision,
    )  # fmt: skip
    assert holds(house)
    with pytest.raises(ActRefused, match=name):
        made(house, message.id, **stated)


def test_a_change_shows_which_days_go_and_come(house: House, console: MemoryConsole) -> None:
    """An approved change says so before it is made, and the applicant's mail says it too."""
    name = one(house).id
    put_right(house, name, dates="8/4,8/5")
    onward(house, console, name)
    house.apply("0000778", employee_no=_TAKAHASHI, days=(_THURSDAY, _FRIDAY), now=FRIDAY, kind="変更", note=_UNCLEAR)
    asyncio.run(house.run(console))
    change = requests(house)[-1]
    assert (change.kind, change.state) == (Kind.CHANGE, State.HELD)
    put_right(house, change.id, refers_to="0000777", dates="8/5,8/6")

    async def shown(ledger: Ledger) -> Preview:
        request = await ledger.get(change.id)
        judge = house.workshop().judge()
        return await preview(ledger, request, await judge.approve(ledger, request, FRIDAY), FRIDAY)

    found = in_ledger(house, shown)
    assert found.exchange == Exchange(goes=(_WEDNESDAY,), comes=(_FRIDAY,), stays=(_THURSDAY,))
    assert found.lines[0].startswith("変更: なくなる日 8/4、加わる日 8/6、残る日 8/5 / change: ")
    act(house, lambda acts: acts.approve(change.id, "本人に電話で確認"))
    onward(house, console, change.id)
    (mail,) = [file for file in house.files("outbox") if file.name.startswith(f"{change.id}.credentials")]
    told = text_of(email.message_from_bytes(mail.read_bytes(), policy=email.policy.default))
    assert "取り消した利用日：令和3年8月4日（水）" in told
    assert "加えた利用日　　：令和3年8月6日（金）" in told
    assert "Taken back:        2021-08-04 (Wed)" in told


def test_some_of_the_days_are_approved(house: House, console: MemoryConsole) -> None:
    """`approve --days` grants these, and the applicant is told of the others in the operator's words."""
    name = one(house).id
    act(house, lambda acts: acts.approve(name, "8/4は会議のため出勤", days=(_THURSDAY,)))
    onward(house, console, name)
    request = one(house)
    assert (request.state, request.granted) == (State.DELIVERED, (_THURSDAY,))
    assert request.decision is not None
    assert [item.dates for item in request.decision.violations if item.code == "担当者"] == [(_WEDNESDAY,)]
    assert holds(house)


def test_no_day_is_approved_that_was_not_asked_for(house: House) -> None:
    """A day beside those that can be granted is refused, with the days that can be."""
    name = one(house).id
    with pytest.raises(ActRefused, match=r"2021-08-06.*can't be granted"):
        act(house, lambda acts: acts.approve(name, "確認", days=(_FRIDAY,)))


def test_without_a_terminal_it_only_shows(house: House) -> None:
    """Without `--yes` and a terminal nothing is done: exit status 1, and JSON says what would be."""
    name = one(house).id
    words = ("--config", str(house.config), "--by", "吉澤", "--reason", "本人に確認")
    (row,) = answer("correct", name, "dates=8/5", *words, status=1)
    assert (row["id"], row["done"], bool(row["lines"])) == (name, False, True)
    assert one(house).state is State.HELD
    done = call("correct", name, "dates=8/5", *words)
    assert (done.returncode, "--yes" in done.stderr, one(house).state) == (1, True, State.HELD)


def test_a_second_person_gives_the_same_correction(house: House) -> None:
    """Where approvals need two people a correction does too: another value is another proposal, the same one by another is done."""
    text = house.config.read_text(encoding="utf-8")
    house.config.write_text(text.replace("four_eyes: []", "four_eyes: [approve]"), encoding="utf-8")
    name = one(house).id
    assert put_right(house, name, dates="8/5").proposed
    assert one(house).state is State.HELD
    with pytest.raises(ActRefused, match="another person"):
        put_right(house, name, dates="8/5")
    assert put_right(house, name, dates="8/4", by="赤羽").proposed
    assert put_right(house, name, dates="8/4", by="降旗").after == State.ACCEPTED


def test_retention_takes_both_readings(house: House) -> None:
    """What was read first goes with the rest of a person, and an urgent reason earlier, from both; the chain still holds."""
    first = one(house)
    put_right(house, first.id, urgent_reason="学級閉鎖", dates="8/5")
    act(house, lambda acts: acts.revoke(first.id, "本人から電話で取消"))
    assert one(house).state is State.REVOKED
    assert "学級閉鎖" not in str([stored.event.person for stored in events(house, first.id)])
    in_ledger(house, lambda ledger: ledger.purge(lambda connection: purged(connection, purge.purge_reason, first.id)))
    assert one(house).application.urgent_reason is None
    in_ledger(house, lambda ledger: ledger.purge(lambda connection: purged(connection, purge.purge_request, first.id)))
    after = one(house)
    assert after.first_application is not None
    assert (after.first_application.employee_no, after.first_application.form) == (None, PURGED)
    assert holds(house)
    with pytest.raises(ActRefused):
        made(house, first.id, dates="8/5")
