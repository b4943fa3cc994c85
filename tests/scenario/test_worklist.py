"""Issuing by hand: the console is broken for the bot, a clerk works by a list, and nothing is lost, doubled or guessed."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.console.memory import Fault, MemoryConsole
from bot.errors import AccessDenied, ActRefused, AlreadyRunning, Paused
from bot.ledger.records import ActorType
from bot.life import State
from bot.model import AccountState
from bot.operation.worklist.columns import LOGIN, REQUEST, Result
from bot.operation.worklist.items import LOOK_FIRST, Todo
from bot.wiring.reconciling import ready_reconciler
from tests.acts_kit import in_ledger
from tests.alerts_kit import STAFF, apply, down, pauses, told
from tests.house import FRIDAY, House
from tests.worklist_kit import CLERK, OPERATOR, Desk


@pytest.fixture
def console() -> MemoryConsole:
    """An empty console."""
    return MemoryConsole()


@pytest.fixture
def house(tmp_path: Path, console: MemoryConsole) -> House:
    """A house with two accepted applications that the bot could not issue: the console is down."""
    house = House(path=tmp_path / "house").lay_out({"console": {"settle": 0.3}})
    apply(house, 2)
    down(console)
    run(house, console)
    house.clock.set(FRIDAY + timedelta(minutes=30))
    return house


async def _compare(house: House) -> None:
    async with ready_reconciler(house.workshop(), None, by_hand=True):
        pytest.fail("somebody else works in the console")


@pytest.fixture
def desk(house: House, console: MemoryConsole) -> Desk:
    """A clerk's desk."""
    return Desk(house=house, console=console)


def run(house: House, console: MemoryConsole, *, after: int = 30) -> None:
    """Make a pass, some minutes later."""
    house.clock.set(house.clock.now() + timedelta(minutes=after))
    asyncio.run(house.run(console))


def states(house: House) -> list[State]:
    """Return the states of all requests."""
    return [one.state for one in in_ledger(house, lambda ledger: ledger.requests())]


def actions(house: House, request_id: str) -> list[tuple[str, str, str, ActorType]]:
    """Return what happened to a request since its list, by whom."""
    events = in_ledger(house, lambda ledger: ledger.timeline(request_id))
    found = [(one.event.action, one.event.outcome, one.run.actor, one.run.actor_type) for one in events]
    return found[next(number for number, one in enumerate(found) if one[0] == "worklist.take") :]


def test_while_a_list_is_out_the_bot_leaves_the_console_alone(desk: Desk, house: House, console: MemoryConsole) -> None:
    """Every request that waits is on the list with its login; until its results are back nothing is issued beside the clerk."""
    given = desk.take()
    ids = [item.request.id for item in given.items]
    assert [(row[REQUEST], row[LOGIN]) for row in desk.rows()] == [
        (name, f"tw{number}") for name, number in zip(ids, STAFF, strict=False)
    ]
    assert {item.todo for item in given.items} == {Todo.CREATE}
    run(house, console)
    assert not console.writes
    assert states(house) == [State.ACCEPTED, State.ACCEPTED]
    (stands,) = [mail for mail in told(house) if "一時停止" in mail.subject]
    assert "worklist W-2021" in stands.text, "a list that is forgotten is no secret"
    with pytest.raises(Paused, match="worklist"):
        asyncio.run(_compare(house))
    with pytest.raises(ActRefused, match=given.name):
        desk.take()


def test_what_was_handed_over_is_delivered_and_what_was_not_is_mailed(
    desk: Desk, house: House, console: MemoryConsole
) -> None:
    """One account each: the password that a clerk handed over goes on working, the other applicant's newest mail works."""
    first, second = [item.request.id for item in desk.take().items]
    handed, unused = desk.make(STAFF[0]), desk.make(STAFF[1])
    desk.done(first, Result.HANDED, to="上野原　拓")
    desk.done(second, Result.MAILED)
    done = desk.back()
    assert (done.problems, done.left, done.resumed, [one.looked for one in done.rows]) == ([], 0, True, [True, True])
    assert states(house) == [State.DELIVERED, State.UNKNOWN]
    run(house, console)
    run(house, console)
    assert states(house) == [State.DELIVERED, State.DELIVERED]
    assert console.writes["create"] == 2, "the clerk's two; the bot made none"
    assert console.accepts(f"tw{STAFF[0]}", handed)
    (mail,) = house.credentials()
    assert mail.request_id == second
    assert console.accepts(mail.login_id, mail.password)
    assert not console.accepts(mail.login_id, unused)
    by_hand = (OPERATOR, ActorType.OPERATOR)
    assert actions(house, first) == [
        ("worklist.take", "done", *by_hand), ("worklist.result", "done", *by_hand), ("account.create", "intended", *by_hand),
        ("account.create", "done", *by_hand), ("credentials.handover", "intended", *by_hand),
        ("credentials.handover", "done", *by_hand),
    ]  # fmt: skip
    told = [one.event for one in in_ledger(house, lambda ledger: ledger.of_action("worklist.result"))]
    assert (told[0].person["by"], told[0].person["to"], told[0].reason) == (
        CLERK.replace("　", " "),
        "上野原 拓",
        "手作業の結果",
    )
    assert in_ledger(house, lambda ledger: ledger.verify()).ok


def test_one_login_is_made_once_for_all_its_days(desk: Desk, house: House, console: MemoryConsole) -> None:
    """Two applications of one person wait: each row has the time that serves both, one row makes the account, the other renews it."""
    house.apply("0000999", employee_no=STAFF[0], days=(date(2021, 8, 12),), now=house.clock.now())
    down(console)
    run(house, console)
    rows = {str(item.request.id): item for item in desk.take().items}
    own = [item for item in rows.values() if item.login_id == f"tw{STAFF[0]}"]
    assert [item.todo for item in own] == [Todo.CREATE, Todo.RESET]
    assert {(item.window.start.date(), item.window.end.date()) for item in own if item.window} == {
        (date(2021, 8, 3), date(2021, 8, 12))
    }
    password = desk.make(STAFF[0])
    for item in own:
        desk.done(item.request.id, Result.HANDED, to="上野原　拓")
    desk.back(partly=True)
    assert console.accepts(f"tw{STAFF[0]}", password)
    made = [action for item in own for action, outcome, *_ in actions(house, item.request.id) if outcome == "intended"]
    assert made == ["account.create", "credentials.handover", "password.reset", "credentials.handover"]


def test_an_import_that_nobody_could_look_at_is_believed_and_looked_at_later(
    desk: Desk, house: House, console: MemoryConsole
) -> None:
    """While the console is down the clerks' word stands on record; what is not there after all is made by the bot, once."""
    first, second = [item.request.id for item in desk.take().items]
    desk.make(STAFF[0])
    desk.done(first, Result.MAILED)
    desk.done(second, Result.MAILED)  # it is not true
    down(console)
    done = desk.back()
    assert ([one.looked for one in done.rows], done.resumed) == ([False, False], True)
    assert states(house) == [State.UNKNOWN, State.UNKNOWN], "nobody has seen it: the next step is to look"
    assert "no console" in done.blind
    run(house, console)
    run(house, console)
    assert states(house) == [State.DELIVERED, State.DELIVERED]
    assert len(house.credentials()) == 2
    assert all(console.accepts(mail.login_id, mail.password) for mail in house.credentials())
    assert sorted(console.accounts) == sorted(f"tw{number}" for number in STAFF[:2])


def test_importing_again_changes_nothing(desk: Desk, house: House, console: MemoryConsole) -> None:
    """An import that was killed after its one change is made good by a second: each row is on record once."""
    first, _ = [item.request.id for item in desk.take().items]
    desk.make(STAFF[0])
    desk.done(first, Result.HANDED, to="本人")
    before = desk.back()
    assert (before.left, before.resumed) == (1, False), "the bot waits for the other row"
    size = in_ledger(house, lambda ledger: ledger.size())
    again = desk.back()
    assert (list(again.rows), list(again.problems), again.known) == ([], [], 1)
    assert in_ledger(house, lambda ledger: ledger.size()) == size
    run(house, console)
    assert states(house) == [State.DELIVERED, State.ACCEPTED]
    desk.done(first, Result.MAILED)
    told = in_ledger(house, lambda ledger: ledger.of_action("worklist.result"))
    before_it = f"{first}: 発行済(手渡し) was taken back for it before, by event {told[0].seq}"
    assert [one.text for one in desk.back().problems] == [before_it]


def test_what_could_not_be_issued_by_hand_is_issued_by_the_bot(
    desk: Desk, house: House, console: MemoryConsole
) -> None:
    """発行できず leaves a request as it is; when all results are back the bot goes on with it."""
    for item in desk.take().items:
        desk.done(item.request.id, Result.FAILED)
    done = desk.back()
    assert done.resumed
    assert [(one.before, one.after) for one in done.rows] == [(State.ACCEPTED, State.ACCEPTED)] * 2
    run(house, console)
    run(house, console)
    assert states(house) == [State.DELIVERED, State.DELIVERED]
    assert console.writes["create"] == 2


def test_a_clerk_is_told_to_look_first_where_the_outcome_is_unknown(
    desk: Desk, house: House, console: MemoryConsole
) -> None:
    """A create whose outcome nobody saw may have made the account: the list says so, and the one there is goes on."""
    console.fail_next(Fault(verb="create", error=RuntimeError("cut off"), acted=True))
    run(house, console)
    (item,) = desk.take().items
    assert (item.request.state, item.note) == (State.ISSUING, LOOK_FIRST)
    desk.done(item.request.id, Result.MAILED)
    assert [one.after for one in desk.back().rows] == [State.UNKNOWN]
    run(house, console)
    assert set(states(house)) == {State.DELIVERED}
    assert console.writes["create"] == 2
    assert all(console.accepts(mail.login_id, mail.password) for mail in house.credentials())


def test_a_login_whose_time_is_over_is_disabled_by_hand(desk: Desk, house: House, console: MemoryConsole) -> None:
    """It is on the list; 無効化済 is believed only where the console shows it, and ends the request."""
    run(house, console)
    assert states(house) == [State.DELIVERED, State.DELIVERED]
    house.clock.set(FRIDAY + timedelta(days=5))
    first, second = desk.take().items
    assert {first.todo, second.todo} == {Todo.DISABLE}
    asyncio.run(console.disable(first.login_id))
    desk.done(first.request.id, Result.DISABLED)
    desk.done(second.request.id, Result.DISABLED)
    done = desk.back(partly=True)
    assert [one.text for one in done.problems] == [
        f"{second.request.id}: {second.login_id} is active in the console, not disabled"
    ]
    assert states(house) == [State.REVOKED, State.DELIVERED]
    assert console.accounts[second.login_id].state is AccountState.ACTIVE


def test_what_the_console_shows_otherwise_is_refused(desk: Desk, house: House) -> None:
    """An account that is not there, or carries a stranger's address, is not taken for issued; then nothing is written."""
    first, second = [item.request.id for item in desk.take().items]
    desk.make(STAFF[0], mail="somebody@else.example.jp")
    desk.done(first, Result.HANDED, to="本人")
    desk.done(second, Result.HANDED, to="本人")
    size = in_ledger(house, lambda ledger: ledger.size())
    found = [one.text for one in desk.back().problems]
    assert ["another mail address" in found[0], "is not in the console" in found[1]] == [True, True]
    assert in_ledger(house, lambda ledger: ledger.size()) == size
    assert states(house) == [State.ACCEPTED, State.ACCEPTED]


def test_one_wrong_row_keeps_the_others_back(desk: Desk, house: House) -> None:
    """Nothing is written while one row is wrong; `--partly` takes those that are right, and the list stays out for the other."""
    first, second = [item.request.id for item in desk.take().items]
    desk.make(STAFF[0])
    desk.done(first, Result.HANDED, to="本人")
    desk.done(second, Result.HANDED, to="本人")
    size = in_ledger(house, lambda ledger: ledger.size())
    done = desk.back()
    assert (list(done.rows), len(done.problems), done.left) == ([], 1, 2)
    assert in_ledger(house, lambda ledger: ledger.size()) == size
    partly = desk.back(partly=True)
    assert ([one.id for one in partly.rows], len(partly.problems), partly.left, partly.resumed) == (
        [first],
        1,
        1,
        False,
    )
    assert states(house) == [State.DELIVERED, State.ACCEPTED]


def test_a_refused_login_is_not_tried_again_by_an_import(desk: Desk, house: House, console: MemoryConsole) -> None:
    """The console refuses the bot: that is tried once, the part stands still, and the clerk's word is believed."""
    first, _ = [item.request.id for item in desk.take().items]
    desk.done(first, Result.MAILED)
    down(console, AccessDenied("refused"))
    assert "refused" in desk.back().blind
    assert len(pauses(house)) == 2


def test_a_pass_that_works_is_waited_for(desk: Desk, house: House) -> None:
    """While a pass has the console in hand no list is made; it is told to leave it, and the same command works afterwards."""
    with house.workshop().alone(), pytest.raises(AlreadyRunning, match="again"):
        desk.take()
    assert [pause.part.value for pause in pauses(house)] == ["console"]
    assert not desk.file.exists()
    assert len(desk.take().items) == 2


def test_a_list_is_not_taken_back_beside_a_pass(desk: Desk, house: House) -> None:
    """While something works on the ledger no result is put on record; afterwards the same command takes it."""
    given = desk.take()
    desk.done(given.items[0].request.id, Result.FAILED)
    with house.workshop().alone(), pytest.raises(AlreadyRunning):
        desk.back()
    assert len(desk.back().rows) == 1


def test_with_nothing_to_do_there_is_no_list(desk: Desk, house: House, console: MemoryConsole) -> None:
    """Then nothing stands still either."""
    run(house, console)
    assert list(desk.take().items) == []
    assert not desk.file.exists()
    assert pauses(house) == []
