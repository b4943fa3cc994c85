"""The jobs of `serve` on a whole bot, its console in memory: what they do is what the commands do, and what is told is told once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.commands.serve import scheduler_of
from bot.commands.serving import Jobs
from bot.config import load
from bot.console.memory import MemoryConsole
from bot.errors import ConfigInvalid
from bot.model import Account
from bot.operation.report import Silent, Stop
from bot.operation.schedule.plan import Task
from bot.operation.schedule.scheduler import Scheduler
from bot.secret import Redactor
from bot.wiring import Workshop
from bot.wiring.planning import DayPlans
from tests.alerts_kit import Refusing, apply, down, told
from tests.house import FRIDAY, House


@dataclass(frozen=True, kw_only=True)
class InMemory(Workshop):
    """A workshop whose console is in memory, and outlives each pass as a real one does."""

    memory: MemoryConsole = field(default_factory=MemoryConsole)

    def console(self, *_: object, **__: object) -> MemoryConsole:  # type: ignore[override] # the port is what counts
        """Return it."""
        return self.memory


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house without settling times, with a file of closed days."""
    made = House(path=tmp_path).lay_out({
        "console": {"settle": 0.3}, "calendar": {"overrides_file": "days.csv"},
    })  # fmt: skip
    (tmp_path / "days.csv").write_text("", encoding="utf-8")
    return made


@pytest.fixture
def shop(house: House) -> InMemory:
    """Its workshop."""
    return InMemory(config=load(house.config), clock=house.clock, redactor=Redactor(), say=lambda _: None)


@pytest.fixture
def scheduler(shop: InMemory) -> Scheduler:
    """Its scheduler, as `serve` makes it."""
    return scheduler_of(shop, Stop())


async def test_a_scheduled_pass_is_a_run_by_hand(house: House, shop: InMemory, scheduler: Scheduler) -> None:
    """It takes in, issues and delivers; the next one finds nothing to do."""
    apply(house, 2)
    await scheduler.fire(Task.CUTOFF)
    assert (len(house.credentials()), len(shop.memory.accounts)) == (2, 2)
    await scheduler.fire(Task.POLL)
    assert (len(house.credentials()), scheduler.health().last_errors) == (2, {})
    assert scheduler.health().last_pass == FRIDAY


async def test_what_ends_a_pass_is_told_once_and_the_next_one_works(
    house: House, shop: InMemory, scheduler: Scheduler
) -> None:
    """A directory that is gone for two passes: one mail; when it is back the pass works, and one mail says that it is over."""
    apply(house, 1)
    staff = house.path / "staff.csv"
    content = staff.read_bytes()
    staff.unlink()
    for _ in range(2):
        await scheduler.fire(Task.POLL)
    assert scheduler.health().last_errors == {Task.POLL: ConfigInvalid.__name__}
    (begun,) = told(house)
    assert "実行できません" in begun.subject
    staff.write_bytes(content)
    await scheduler.fire(Task.POLL)
    assert (len(house.credentials()), len(shop.memory.accounts)) == (1, 1)
    house.clock.set(house.clock.now() + timedelta(minutes=30))
    await scheduler.fire(Task.POLL)
    assert "［解消］" in told(house)[-1].subject


async def test_the_console_is_down_and_the_rest_goes_on(house: House, shop: InMemory, scheduler: Scheduler) -> None:
    """Intake goes on, the job has not failed, and the alert is the pass's own."""
    apply(house, 1)
    down(shop.memory)
    await scheduler.fire(Task.POLL)
    assert scheduler.health().last_errors == {}
    assert house.files("inbox") == []
    assert ["管理コンソールを使えません" in mail.subject for mail in told(house)] == [True]


async def test_the_weekly_comparison_tells_what_needs_a_person(
    house: House, shop: InMemory, scheduler: Scheduler
) -> None:
    """Nothing where all agree; an account that vanished from the console: one mail with its login ID, and nothing is changed."""
    apply(house, 2)
    await scheduler.fire(Task.POLL)
    before = len(told(house))
    await scheduler.fire(Task.RECONCILE)
    assert len(told(house)) == before
    gone = sorted(shop.memory.accounts)[0]
    del shop.memory.accounts[gone]
    await scheduler.fire(Task.RECONCILE)
    (mail,) = told(house)[before:]
    assert f"1: {gone}: missing" in mail.text
    assert gone not in shop.memory.accounts


class RefusingEverybody(Refusing):
    """Refuses whoever only looks, too."""

    async def everyone(self, words: str = "") -> Sequence[Account]:
        """Be logged in to."""
        await self.probe()
        return await super().everyone(words)


def test_a_calendar_on_a_share_that_is_away_changes_nothing(shop: InMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    """To look at its file fails as it does for a stale share: the plan stays as it was, and `serve` goes on."""
    plans, monday = DayPlans(shop), date(2021, 8, 2)
    before = plans(monday)

    def away(_file: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as broken:
        broken.setattr(Path, "stat", away)
        plans.renewed()
    assert plans(monday) == before


@pytest.mark.parametrize("task", [Task.PREFLIGHT, Task.RECONCILE])
async def test_a_refused_login_is_tried_once_by_all_jobs(house: House, task: Task) -> None:
    """Whichever job finds it: the console's part stands still, operators are told what it is, and no other job tries it."""
    await house.run(MemoryConsole())
    console = RefusingEverybody()
    shop = InMemory(
        config=load(house.config), clock=house.clock, redactor=Redactor(), say=lambda _: None, memory=console
    )
    scheduler = scheduler_of(shop, Stop())
    apply(house, 1)
    for one in (task, Task.POLL, Task.RECONCILE, Task.PREFLIGHT):
        await scheduler.fire(one)
    assert console.tried == 1
    assert len([mail for mail in told(house) if "ログインを拒否しました" in mail.subject]) == 1


async def test_a_lock_that_can_not_be_made_is_told(house: House, scheduler: Scheduler) -> None:
    """Every pass fails for it, before anything else is tried: operators hear which file it is, once."""
    (house.path / "ledger.sqlite3.lock").mkdir()
    for _ in range(2):
        await scheduler.fire(Task.POLL)
    (mail,) = told(house)
    assert "ledger.sqlite3.lock can't be made" in mail.text


async def test_it_waits_for_whoever_holds_the_ledger(house: House, shop: InMemory, scheduler: Scheduler) -> None:
    """While a person's run holds the lock nothing is done; whoever holds it for long is named, once; then the pass is made."""
    apply(house, 1)
    scheduler.patience = timedelta(milliseconds=50)
    scheduler.limit = timedelta(seconds=0.5)
    with shop.alone():
        waits = asyncio.ensure_future(scheduler.fire(Task.POLL))
        await asyncio.sleep(2)
        assert (house.credentials(), len(house.files("inbox")), waits.done()) == ([], 1, False)
        (mail,) = told(house)
        assert f"process {os.getpid()} on" in " ".join(mail.text.split())
    scheduler.limit = timedelta(minutes=1)
    await waits
    assert len(house.credentials()) == 1


def test_the_plan_follows_the_calendar_while_it_runs(house: House, shop: InMemory) -> None:
    """An emergency closure written into the overrides file counts without a restart; a file that can't be read changes nothing."""
    plans, monday = DayPlans(shop), date(2021, 8, 2)

    def polls() -> int:
        return len([due for due in plans(monday) if due.job is Task.POLL])

    assert (polls(), plans.renewed()) == (105, False)
    days = house.path / "days.csv"
    for text, stamp, renewed, left in (
        ("2021-08-02,closed,大雪\n", 1, True, 0),
        ("2021-08-02,maybe\n", 2, False, 0),
        ("", 3, True, 105),
    ):
        days.write_text(text, encoding="utf-8")
        os.utime(days, (stamp, stamp))
        assert (plans.renewed(), polls()) == (renewed, left)
    for number in range(30):
        assert plans(monday + timedelta(days=number))


async def test_a_pass_asked_to_stop_begins_nothing(house: House, shop: InMemory) -> None:
    """The stop of the service is the stop of its passes: asked before it takes anything in, the mails stay."""
    apply(house, 1)
    await Jobs(workshop=shop, stop=Stop(asked_by="SIGTERM")).one_pass(Silent())
    assert (len(house.files("inbox")), shop.memory.accounts) == (1, {})
