"""What a list may not do: name other requests, other logins, or what has gone on since; and whose login stands on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from bot.console.memory import MemoryConsole
from bot.life import State
from bot.operation.worklist.columns import AT, LOGIN, NAME, REQUEST, TODO, Result
from bot.operation.worklist.items import Todo
from bot.wiring.worklists import taking
from tests.acts_kit import act, in_ledger
from tests.alerts_kit import STAFF, TUESDAY, apply, down, pauses
from tests.house import FRIDAY, House
from tests.reconcile_kit import change_staff
from tests.worklist_kit import Desk


def desk_in(folder: Path, account: dict[str, object] | None = None) -> Desk:
    """Return a desk in a house with one application that waits for a console that is down."""
    house = House(path=folder / "house").lay_out({"console": {"settle": 0.3}, "account": account or {}})
    console = MemoryConsole()
    apply(house)
    down(console)
    asyncio.run(house.run(console))
    house.clock.set(FRIDAY + timedelta(minutes=30))
    return Desk(house=house, console=console)


def later(desk: Desk) -> None:
    """Make a pass half an hour later."""
    desk.house.clock.set(desk.house.clock.now() + timedelta(minutes=30))
    asyncio.run(desk.house.run(desk.console))


def _revoke(desk: Desk, name: str) -> None:
    act(desk.house, lambda acts: acts.revoke(name, "取りやめ"))


def _go_on(desk: Desk, _: str) -> None:
    workshop = desk.house.workshop()
    in_ledger(desk.house, lambda ledger: taking(workshop, ledger).give_up("一覧を紛失"))
    later(desk)


def _nothing(_: Desk, __: str) -> None:
    """Change nothing."""


@pytest.mark.parametrize(
    ("cells", "meanwhile", "text"),
    [
        ({REQUEST: "R-20210730-9999"}, _nothing, "the ledger has no R-20210730-9999"),
        ({NAME: "W-20200101-000000"}, _nothing, "is on no list 'W-20200101-000000'"),
        ({LOGIN: "admin"}, _nothing, "the login ID was changed to 'admin'"),
        ({TODO: Todo.DISABLE.value}, _nothing, "what was to do was changed"),
        ({AT: "2021-07-30 12:00"}, _nothing, "before it was recorded"),
        ({}, _revoke, "is revoked by now: disable tw0031977 by hand"),
        ({}, _go_on, "is delivered already"),
    ],
    ids=["forged id", "other list", "other login", "other work", "too early", "revoked since", "issued since"],
)  # fmt: skip
def test_a_row_that_does_not_fit_the_record_is_refused(
    tmp_path: Path, cells: dict[str, str], meanwhile: Callable[[Desk, str], None], text: str
) -> None:
    """The reason stands with its row, and nothing is written."""
    desk = desk_in(tmp_path)
    (item,) = desk.take().items
    if meanwhile is not _go_on:
        desk.make(STAFF[0])
    desk.done(item.request.id, Result.HANDED, to="本人")
    desk.write(item.request.id, dict(cells))
    meanwhile(desk, item.request.id)
    size = in_ledger(desk.house, lambda ledger: ledger.size())
    (problem,) = desk.back().problems
    assert str(problem).startswith("2行目 / row 2: ")
    assert text in problem.text
    assert in_ledger(desk.house, lambda ledger: ledger.size()) == size


def test_a_result_must_go_with_the_work(tmp_path: Path) -> None:
    """What was to be made can't come back as disabled."""
    desk = desk_in(tmp_path)
    (item,) = desk.take().items
    desk.done(item.request.id, Result.DISABLED)
    (problem,) = desk.back().problems
    assert "does not go with" in problem.text


def test_of_a_pool_the_list_names_the_login_that_is_held(tmp_path: Path) -> None:
    """The request holds it from the list on; handed over by hand, it is disabled and free again when its time is over."""
    desk = desk_in(tmp_path, {"scope": "pool", "pool_ids": ["tele[01-02]"]})
    (item,) = desk.take().items
    assert (item.login_id, item.todo) == ("tele01", Todo.RESET)
    held = in_ledger(desk.house, lambda ledger: ledger.assignments())
    assert [(one.login_id, one.request_id) for one in held] == [("tele01", item.request.id)]
    desk.make(STAFF[0], login_id="tele01", mail="telework-id@city.example.jp")
    desk.done(item.request.id, Result.HANDED, to="本人")
    assert list(desk.back().problems) == []
    desk.house.clock.set(FRIDAY + timedelta(days=5))
    later(desk)
    (request,) = in_ledger(desk.house, lambda ledger: ledger.requests())
    assert request.state is State.REVOKED
    (freed,) = in_ledger(desk.house, lambda ledger: ledger.assignments())
    assert freed.until is not None


def test_a_reissue_renews_the_login_that_works(tmp_path: Path) -> None:
    """A lost password is set anew by hand on the login there is; its time stays, and nothing is made."""
    desk = desk_in(tmp_path)
    later(desk)
    desk.house.apply("0000999", employee_no=STAFF[0], days=(), now=desk.house.clock.now(), kind="再発行")
    later(desk)
    again = in_ledger(desk.house, lambda ledger: ledger.requests())[-1].id
    act(desk.house, lambda acts: acts.approve(again, "電話で本人確認"))
    (item,) = desk.take().items
    assert (item.todo, item.login_id) == (Todo.RESET, f"tw{STAFF[0]}")
    assert item.own is not None
    assert item.own.end.date() == TUESDAY
    desk.done(item.request.id, Result.MAILED)
    assert list(desk.back().problems) == []
    later(desk)
    assert [one.state for one in in_ledger(desk.house, lambda ledger: ledger.requests())] == [State.DELIVERED] * 2
    newest = [one for one in desk.house.credentials() if one.request_id == item.request.id]
    assert [desk.console.accepts(one.login_id, one.password) for one in newest] == [True]
    assert desk.console.writes["create"] == 1


def test_who_left_the_directory_is_not_issued_to(tmp_path: Path) -> None:
    """The list says so, and takes nothing but 発行できず for it."""
    desk = desk_in(tmp_path)
    change_staff(desk.house, STAFF[0], None)
    (item,) = desk.take().items
    assert (item.todo, item.login_id) == (Todo.NOTHING, "")
    desk.done(item.request.id, Result.MAILED)
    assert "does not go with" in desk.back().problems[0].text
    desk.done(item.request.id, Result.FAILED)
    assert desk.back().resumed
    assert pauses(desk.house) == []
