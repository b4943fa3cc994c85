"""`reconcile`: every way in which ledger, console and staff directory can disagree is told, and only ours is ever touched."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, time, timedelta
from functools import partial
from pathlib import Path

import pytest

from bot.console.memory import Fault, MemoryConsole
from bot.console.port import Ability
from bot.errors import OutcomeUnknown, Transient
from bot.ledger.ledger import Ledger
from bot.ledger.records import AccountRecord, Event
from bot.life import AccountRecordState, State
from bot.model import AccountState
from bot.secret import Redactor
from tests.acts_kit import in_ledger, one
from tests.house import FRIDAY, ZONE, House
from tests.reconcile_kit import LOGIN, TUESDAY, UENOHARA, change_staff, compared, delivered_house, fixed, kinds
from tests.restore_kit import TAKAHASHI, backed_up_house, foreign, put_mails_back, restore


@pytest.fixture
def console() -> MemoryConsole:
    """An empty console."""
    return MemoryConsole()


@pytest.fixture
def house(tmp_path: Path, console: MemoryConsole) -> House:
    """A house with one delivered login."""
    return delivered_house(tmp_path, console)


def test_where_all_agree_there_is_nothing_to_say(house: House, console: MemoryConsole) -> None:
    """No difference; that somebody looked is on the record, and nothing was clicked."""
    before = dict(console.writes)
    assert compared(house, console) == []
    (event,) = in_ledger(house, lambda ledger: ledger.of_action("reconcile"))
    assert event.event.details == {"counts": {}, "differences": []}
    assert dict(console.writes) == before


def test_an_account_made_by_hand_is_told_and_never_touched(house: House, console: MemoryConsole) -> None:
    """It looks like ours and the ledger does not know it; what does not look like ours is nobody's business."""
    for name in ("tw0048213", "vpn-admin"):
        asyncio.run(console.create(foreign(name), Redactor().new("Somebody-Else-1")))
    (found,) = fixed(house, console)[0]
    assert (found.kind, found.login_id, found.employee_no, found.fixed) == (
        "unknown_account", "tw0048213", "0048213", False,
    )  # fmt: skip
    assert found.needs_operator
    assert console.accepts("tw0048213", "Somebody-Else-1")


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"state": AccountState.DISABLED}, "disabled_early"), ({"state": AccountState.LOCKED}, "locked"),
        ({"name": "誰か"}, "name_differs"), ({"mail": "other@city.example.jp"}, "mail_differs"),
    ],
)  # fmt: skip
def test_an_account_that_is_not_as_it_was_left(
    house: House, console: MemoryConsole, change: dict[str, object], kind: str
) -> None:
    """Disabled, locked, renamed, given another address by hand: each is told with its request, none is mended."""
    console.accounts[LOGIN] = replace(console.accounts[LOGIN], **change)  # type: ignore[arg-type] # one field of it
    found, report = fixed(house, console)
    assert kinds(found) == [(kind, LOGIN)]
    assert (found[0].request, report.problems) == (one(house).id, [])
    assert one(house).id in found[0].advice + found[0].detail or kind in {"name_differs", "mail_differs"}


def test_a_validity_that_somebody_moved_is_told(house: House, console: MemoryConsole) -> None:
    """The console would keep it open longer than was granted."""
    window = console.accounts[LOGIN].window
    assert window is not None
    longer = replace(window, end=window.end + timedelta(days=30))
    console.accounts[LOGIN] = replace(console.accounts[LOGIN], window=longer)
    assert kinds(compared(house, console)) == [("window_differs", LOGIN)]


def test_an_account_that_was_deleted_is_missed(house: House, console: MemoryConsole) -> None:
    """The ledger saw it made; once it is disabled and deleted nobody misses it."""
    account = console.accounts.pop(LOGIN)
    assert kinds(compared(house, console)) == [("missing", LOGIN)]
    console.accounts[LOGIN] = account
    house.clock.set(FRIDAY + timedelta(days=10))
    asyncio.run(house.run(console))
    del console.accounts[LOGIN]
    assert compared(house, console) == []


def test_what_is_enabled_after_its_end_is_disabled(house: House, console: MemoryConsole) -> None:
    """Nobody ran a pass since its end: `--fix` disables it, and its request is over."""
    house.clock.set(FRIDAY + timedelta(days=10))
    found, _ = fixed(house, console)
    assert [(item.kind, item.login_id, item.fixed) for item in found] == [("enabled_after_end", LOGIN, True)]
    assert console.accounts[LOGIN].state is AccountState.DISABLED
    assert one(house).state is State.REVOKED
    assert compared(house, console) == []


def test_what_was_enabled_again_is_disabled_again(house: House, console: MemoryConsole) -> None:
    """The bot disabled it, somebody enabled it: told, and `--fix` disables it in the operator's name."""
    house.clock.set(FRIDAY + timedelta(days=10))
    asyncio.run(house.run(console))
    console.accounts[LOGIN] = replace(console.accounts[LOGIN], state=AccountState.ACTIVE)
    assert kinds(compared(house, console)) == [("enabled_again", LOGIN)]
    found, _ = fixed(house, console)
    assert [item.fixed for item in found] == [True]
    assert console.accounts[LOGIN].state is AccountState.DISABLED
    done = in_ledger(house, lambda ledger: ledger.of_action("account.disable"))[-1]
    assert (done.run.actor, done.event.outcome, done.event.reason) == ("吉澤　勝", "done", "月例点検")


def closed_house(folder: Path, console: MemoryConsole) -> House:
    """Return a house whose login for Tuesday is closed until then."""
    house = delivered_house(folder, console)
    assert console.accounts[LOGIN].state is AccountState.DISABLED
    return house


def test_what_was_opened_between_its_days_is_closed_again(tmp_path: Path) -> None:
    """Closed by the bot, opened by hand: told, and `--fix` closes it in the operator's name; on its day the bot opens it."""
    console = MemoryConsole(without={Ability.WINDOW})
    house = closed_house(tmp_path, console)
    assert compared(house, console) == []
    console.accounts[LOGIN] = replace(console.accounts[LOGIN], state=AccountState.ACTIVE)
    (found,) = compared(house, console)
    assert (found.kind, found.login_id, found.request, found.needs_operator) == (
        "opened_by_hand", LOGIN, one(house).id, True,
    )  # fmt: skip
    asyncio.run(house.run(console))
    assert console.accounts[LOGIN].state is AccountState.ACTIVE, "a pass does not see it"
    (resolved,), _ = fixed(house, console)
    assert (resolved.fixed, console.accounts[LOGIN].state) == (True, AccountState.DISABLED)
    acts = in_ledger(house, lambda ledger: ledger.of_action("account.close"))[-2:]
    assert [(act.run.actor, act.event.outcome) for act in acts] == [("吉澤　勝", "intended"), ("吉澤　勝", "done")]
    assert compared(house, console) == []
    house.clock.set(datetime.combine(TUESDAY, time(7), ZONE))
    assert asyncio.run(house.run(console)).opened == 1


def test_what_is_to_be_open_now_is_not_closed(tmp_path: Path) -> None:
    """On the morning of its day, before a pass opens it, that somebody did so is no difference."""
    console = MemoryConsole(without={Ability.WINDOW})
    house = closed_house(tmp_path, console)
    console.accounts[LOGIN] = replace(console.accounts[LOGIN], state=AccountState.ACTIVE)
    house.clock.set(datetime.combine(TUESDAY, time(7), ZONE))
    assert compared(house, console) == []


def test_a_closing_that_nobody_confirmed_is_made_good(tmp_path: Path) -> None:
    """`--fix` closes and sees no answer: it is told, and the next pass closes it."""
    console = MemoryConsole(without={Ability.WINDOW})
    house = closed_house(tmp_path, console)
    console.accounts[LOGIN] = replace(console.accounts[LOGIN], state=AccountState.ACTIVE)
    console.fail_next(Fault(verb="disable", error=OutcomeUnknown("disable", "no answer")))
    (found,), report = fixed(house, console)
    assert (found.fixed, len(report.problems)) == (False, 1)
    assert asyncio.run(house.run(console)).closed == 1
    assert console.accounts[LOGIN].state is AccountState.DISABLED


def test_the_login_of_somebody_who_left_is_disabled(house: House, console: MemoryConsole) -> None:
    """No longer in the directory: told before the next pass, and `--fix` ends the request with its account."""
    change_staff(house, UENOHARA, None)
    assert kinds(compared(house, console)) == [("leaver", LOGIN)]
    fixed(house, console)
    assert console.accounts[LOGIN].state is AccountState.DISABLED
    assert one(house).state is State.REVOKED
    assert compared(house, console) == []


def test_a_changed_employee_number_is_not_taken_for_leaving(house: House, console: MemoryConsole) -> None:
    """The address stands in the directory under another number: told as that, with the number, and left alone."""
    change_staff(house, UENOHARA, {"職員番号": "0099999"})
    found, _ = fixed(house, console)
    assert kinds(found) == [("number_changed", LOGIN)]
    assert "0099999" in found[0].detail
    assert console.accounts[LOGIN].state is AccountState.ACTIVE


def test_a_console_that_can_t_list_is_asked_for_each_of_ours(house: House, console: MemoryConsole) -> None:
    """What the ledger knows is looked up by `find`; what nobody told it of can't be seen there."""

    class Listless(MemoryConsole):
        abilities = MemoryConsole.abilities - {Ability.LIST}

    listless = Listless()
    listless.accounts = {LOGIN: replace(console.accounts[LOGIN], state=AccountState.LOCKED)}
    listless.accounts["tw0048213"] = replace(console.accounts[LOGIN], login_id="tw0048213")
    listless.fail_next(Fault(verb="everyone", error=AssertionError("not to be called")))
    assert kinds(compared(house, listless)) == [("locked", LOGIN)]


def test_one_that_can_t_be_disabled_does_not_stop_the_others(house: House, console: MemoryConsole) -> None:
    """The failure is told, the difference stays open, the next one is resolved."""
    house.apply("0000778", employee_no=TAKAHASHI, days=(FRIDAY.date() + timedelta(days=4),), now=FRIDAY)
    asyncio.run(house.run(console))
    house.clock.set(FRIDAY + timedelta(days=10))
    console.fail_next(Fault(verb="disable", error=Transient("the console is slow")))
    found, report = fixed(house, console)
    assert [item.fixed for item in found] == [False, True]
    assert len(report.problems) == 1
    assert sorted(account.state for account in console.accounts.values()) == [
        AccountState.ACTIVE,
        AccountState.DISABLED,
    ]


def test_what_was_left_half_done_is_told_and_settled_by_the_next_pass(tmp_path: Path, console: MemoryConsole) -> None:
    """A submit without an answer: `reconcile` names it, the next pass says that it takes it up, and nothing is doubled."""
    console.fail_next(Fault(verb="create", error=OutcomeUnknown("create"), acted=True))
    console.fail_next(Fault(verb="find", error=Transient("the console is slow")))
    house = delivered_house(tmp_path, console)
    assert one(house).state is State.UNKNOWN
    found = compared(house, console)
    assert [(item.kind, item.request, item.needs_operator) for item in found] == [("unfinished", one(house).id, False)]
    report = asyncio.run(house.run(console))
    assert any(one(house).id in warning for warning in report.warnings)
    assert one(house).state is State.DELIVERED
    assert console.writes["create"] == 1
    assert compared(house, console) == []


def test_after_a_restore_what_was_issued_since_is_told_as_that(tmp_path: Path, console: MemoryConsole) -> None:
    """Before and after its mail is put back; the advice names the request to adopt, and a stranger stays a stranger."""
    house = backed_up_house(tmp_path, console)
    replaced = restore(house)
    asyncio.run(console.create(foreign("tw0036421"), Redactor().new("Somebody-Else-1")))
    login = f"tw{TAKAHASHI}"
    assert kinds(compared(house, console)) == [("unknown_account", "tw0036421"), ("issued_since_backup", login)]
    put_mails_back(house, replaced)
    asyncio.run(house.run(console))
    stuck = in_ledger(house, lambda ledger: ledger.requests())[1]
    (found,) = [item for item in compared(house, console) if item.login_id == login]
    assert (found.kind, found.request) == ("issued_since_backup", stuck.id)
    assert f"--adopt {stuck.id}" in found.advice


def test_an_account_begun_for_a_request_that_is_over_is_looked_for(house: House, console: MemoryConsole) -> None:
    """It turned up after all: the next pass disables it; where it never was, the record says so, and it is asked no more."""
    house.clock.set(FRIDAY + timedelta(days=10))
    asyncio.run(house.run(console))
    request = one(house)
    for there, disables in ((True, 2), (False, 2)):
        record = in_ledger(house, lambda ledger: ledger.account(LOGIN))
        assert record is not None
        in_ledger(house, partial(_put, record=replace(record, state=AccountRecordState.CREATING)))
        if there:
            console.accounts[LOGIN] = replace(console.accounts[LOGIN], state=AccountState.ACTIVE)
        else:
            del console.accounts[LOGIN]
        asyncio.run(house.run(console))
        assert console.writes["disable"] == disables
        after = in_ledger(house, lambda ledger: ledger.account(LOGIN))
        assert after is not None
        assert after.state is AccountRecordState.DISABLED
    assert one(house) == request


async def _put(ledger: Ledger, record: AccountRecord) -> None:
    await ledger.note(Event(action="account.create", outcome="intended"), account=record)
