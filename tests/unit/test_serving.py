"""The jobs of `serve` beside its passes: what they tell, once, and that each does what its command does."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.commands.serving import Jobs
from bot.console.memory import MemoryConsole
from bot.errors import AccessDenied, LedgerBroken, TookTooLong, Unusable
from bot.ledger.counting import delivered_since
from bot.operation.report import Silent, Stop
from bot.operation.schedule.plan import Task
from bot.wiring.alerts import store
from tests.alerts_kit import apply, down, told
from tests.house import FRIDAY, House

NOON = FRIDAY.replace(hour=12, minute=0)
ONE = FRIDAY.replace(hour=13, minute=0)
TUESDAY = date(2021, 8, 3)


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house without settling times, where two that wait are a surge."""
    return House(path=tmp_path).lay_out({"console": {"settle": 0.3}, "schedule": {"surge": 1}})


async def lasting(house: House) -> set[str]:
    """Return the conditions that the ledger keeps."""
    workshop = house.workshop()
    ledger = workshop.ledger()
    try:
        return {one.kind for one in await store(workshop.config, workshop.clock, ledger).load()}
    finally:
        ledger.close()


def jobs(house: House) -> Jobs:
    """Return the jobs of a house."""
    return Jobs(workshop=house.workshop(), stop=Stop())


async def test_before_a_deadline_one_alert_has_the_whole_list(house: House) -> None:
    """Two that could not be issued: one mail with both; nothing is told where all is done; the next deadline tells again."""
    await jobs(house).at_risk(Silent())
    assert told(house) == []
    apply(house, 2)
    console = MemoryConsole()
    down(console)
    await house.run(console)
    before = len(told(house))
    for hour in (15, 16):
        house.clock.set(FRIDAY.replace(hour=hour, minute=15))
        await jobs(house).at_risk(Silent())
    first, second = told(house)[before:]
    for mail in (first, second):
        assert "［重大］締切か業務終了が近い" in mail.subject
        assert mail.text.count("(accepted, 2021-08-03)") == 4, "each request, in Japanese and in English"
    assert "2021-07-30 17:15: 2:" in first.text


async def test_a_surge_is_told_once_with_its_forecast_and_its_end(house: House) -> None:
    """More than schedule.surge wait: one mail, as soon as there is a rate or half an hour without any; done: one that it is over.

    The next look tells nothing more, and the pass nothing of it at all.
    """
    apply(house, 3)
    console = MemoryConsole()
    down(console)
    await house.run(console)
    before = len(told(house))
    await jobs(house).queue()
    assert len(told(house)) == before, "nothing is known of it yet"
    house.clock.set(FRIDAY + timedelta(minutes=31))
    for _ in range(2):
        await jobs(house).queue()
    (begun,) = told(house)[before:]
    assert "発行待ちの申請が多く" in begun.subject
    assert "3 waiting; 0/h" in begun.text
    house.clock.set(FRIDAY + timedelta(minutes=40))
    await house.run(console)
    assert "surge" in await lasting(house), "a pass does not count what waits"
    await jobs(house).queue()
    house.clock.set(FRIDAY + timedelta(minutes=75))
    await jobs(house).queue()
    assert ["［解消］発行待ち" in mail.subject for mail in told(house)][-1]
    assert "surge" not in await lasting(house)


async def test_a_look_aside_tells_nothing_that_a_pass_is_telling(house: House) -> None:
    """A condition that a pass has found and not told yet stays its own."""
    apply(house, 3)
    console = MemoryConsole()
    outbox = house.path / "mailbox" / "outbox"
    outbox.parent.mkdir(parents=True, exist_ok=True)
    outbox.write_text("", encoding="utf-8")  # no mail can go out
    down(console)
    await house.run(console)
    outbox.unlink()
    house.clock.set(FRIDAY + timedelta(minutes=31))
    await jobs(house).queue()
    (mail,) = told(house)
    assert "発行待ち" in mail.subject
    assert "管理コンソール：管理コンソールを使えません" not in mail.text


@pytest.mark.parametrize(
    ("task", "error", "shown"),
    [
        (Task.BACKUP, Unusable("the disk is full"), "backup: the disk is full"),
        (Task.DIGEST, ZeroDivisionError("0048213"), "digest: ZeroDivisionError; the log has the details"),
        (Task.REPORT, TookTooLong("report", timedelta(minutes=20)), "report got no step further for 20 minutes"),
        (Task.POLL, AccessDenied("told by the pass itself"), None),
    ],
)
async def test_a_job_that_failed_is_told_once(house: House, task: Task, error: Exception, shown: str | None) -> None:
    """With the job's name; what nobody foresaw without its words; what ended a pass was told by the pass."""
    await jobs(house).failed(task, error)
    mails = told(house)
    assert len(mails) == (1 if shown else 0)
    assert all(
        shown in mail.text and "予定された作業が失敗しました" in mail.subject and "0048213" not in mail.text
        for mail in mails
        if shown
    )
    assert await lasting(house) == set()


async def test_a_chain_that_does_not_hold_is_told_until_it_holds(house: House) -> None:
    """Whoever finds it: not as a job that failed, but as what it is; a pass does not end it, a digest of a chain that holds does."""
    await house.run(MemoryConsole())
    for task in (Task.DIGEST, Task.BACKUP):
        await jobs(house).failed(task, LedgerBroken(3, "its content was changed"))
    house.clock.set(FRIDAY + timedelta(minutes=5))
    await house.run(MemoryConsole())
    (mail,) = told(house)
    assert "［重大］台帳の記録に矛盾があります" in mail.subject
    assert await lasting(house) == {"ledger_broken"}
    await jobs(house).digest(Silent())
    house.clock.set(FRIDAY + timedelta(minutes=40))
    await house.run(MemoryConsole())
    assert [mail.subject for mail in told(house)] == [
        f"【テレワークID】［{mark}］台帳の記録に矛盾があります。" for mark in ("重大", "解消")
    ]


async def test_passes_that_hang_are_told_once_until_one_ends(house: House) -> None:
    """Cut off three times in an hour: one mail; a pass that comes to its end ends it."""
    for minutes in (0, 20, 40):
        house.clock.set(FRIDAY + timedelta(minutes=minutes))
        await jobs(house).failed(Task.POLL, TookTooLong("poll", timedelta(minutes=20)))
    (begun,) = told(house)
    assert "実行が進まなくなりました" in begun.subject
    for minutes in (45, 80):
        house.clock.set(FRIDAY + timedelta(minutes=minutes))
        await house.run(MemoryConsole())
    assert [mail.subject.partition("］")[0][-2:] for mail in told(house)] == ["重大", "解消"]


async def test_a_forecast_counts_what_was_recorded_days_ago(house: House) -> None:
    """What is issued on its day was taken in before: it is as much a part of the rate as what came today."""
    apply(house, 3)
    console = MemoryConsole()
    down(console)
    await house.run(console)
    later = FRIDAY + timedelta(days=2)
    house.clock.set(later)
    await house.run(console)
    workshop = house.workshop()
    ledger = workshop.ledger()
    try:
        since = later - timedelta(minutes=30)
        found = await ledger.ask(lambda connection: delivered_since(connection, since, FRIDAY.tzinfo))
        none = await ledger.ask(lambda connection: delivered_since(connection, later + timedelta(seconds=1), None))
    finally:
        ledger.close()
    assert (list(found), none) == ([later] * 3, ())


async def test_the_jobs_of_the_ledger_do_what_their_commands_do(house: House) -> None:
    """Digest, backup, purge and the report of the month before: each leaves its work and its record."""
    apply(house, 1)
    await house.run(MemoryConsole())
    house.clock.set(FRIDAY.replace(month=8, day=2, hour=8, minute=45))
    made = jobs(house)
    for job in (made.digest, made.backup, made.purge, made.report):
        await job(Silent())
    assert [file for file in house.files("outbox") if ".digest" in file.name]
    assert list((house.path / "var" / "backup").glob("ledger-*.sqlite3"))
    assert (house.path / "var" / "reports" / "report-2021-07.xlsx").is_file()
    ledger = house.workshop().ledger()
    try:
        actions = {one.event.action for one in await ledger.events() if one.event.outcome == "done"}
    finally:
        ledger.close()
    assert {"notice.digest", "ledger.backup", "audit.report"} <= actions


async def test_a_preflight_says_what_is_not_there(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each check that failed, in one error."""
    monkeypatch.delenv("TELEWORK_BOT_CONSOLE_PASSWORD", raising=False)
    (house.path / "staff.csv").unlink()
    with pytest.raises(Unusable) as raised:
        await jobs(house).preflight(Silent())
    assert "directory: " in str(raised.value)
    assert "console: " in str(raised.value)
    assert "mailbox: " not in str(raised.value)
