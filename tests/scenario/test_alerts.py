"""What lasts is told once when it begins and once when it is over, and stops the part it concerns."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot.console.memory import Fault, MemoryConsole
from bot.errors import Transient
from bot.ledger.conditions import Part
from bot.model import Account, AccountSpec
from bot.secret import Secret
from tests.acts_kit import act, in_ledger, one
from tests.alerts_kit import Bot, Refusing, apply, beginnings, conditions, down, gate_of, pauses, told
from tests.house import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house without settling times."""
    return House(path=tmp_path).lay_out({"console": {"settle": 0.3}})


def test_an_outage_is_told_once_and_its_end_once(house: House) -> None:
    """Three passes with the console down: one mail; it works again: one mail; intake goes on all the time."""
    console = MemoryConsole()
    bot = Bot(house, console)
    for number in range(3):
        apply(house, first=number)
        down(console)
        report = bot.run()
        assert (report.accepted, report.delivered, report.exit_status) == (1, 0, 4)
        assert report.conditions == ["console_unusable"]
    (begun,) = told(house)
    assert begun.subject.endswith("［重大］管理コンソールを使えません。")
    assert "there is no console at the address" in begun.text
    assert "The admin console can't be used." in begun.text
    assert bot.run(after=30).delivered == 3
    assert len(told(house)) == 1
    bot.run()
    bot.run()
    _, over = told(house)
    assert over.subject.endswith("［解消］管理コンソールを使えません。")
    assert conditions(house) == []


def test_its_end_is_seen_though_nothing_is_to_be_done(house: House) -> None:
    """The console was down; what waited was withdrawn meanwhile: the next pass looks all the same, and tells its end."""
    console = MemoryConsole()
    bot = Bot(house, console)
    apply(house)
    down(console)
    bot.run()
    name = one(house).id
    act(house, lambda acts: acts.revoke(name, "手で発行した"))
    bot.run(after=30)
    bot.run()
    assert beginnings(house) == ["重大", "解消"]


def test_what_lasts_is_told_again_after_a_day(house: House) -> None:
    """A console that stays down is told again after alerts.remind_hours, and not before."""
    console = MemoryConsole()
    bot = Bot(house, console)
    apply(house)
    for hours, messages in ((0, 1), (23, 1), (2, 2), (1, 2)):
        house.clock.set(house.clock.now() + timedelta(hours=hours))
        down(console)
        bot.run(after=0)
        assert len(told(house)) == messages
    assert "まだ続いていること" in told(house)[-1].text


def test_a_refused_login_is_tried_once(house: House) -> None:
    """Over five passes the console's password is tried once; intake goes on; resumed, it works and the end is told."""
    console = Refusing()
    bot = Bot(house, console)
    for number in range(5):
        apply(house, first=number)
        assert (report := bot.run()).accepted == 1
    assert (console.tried, report.exit_status, len(report.paused)) == (1, 1, 1)
    (stopped,) = pauses(house)
    assert (stopped.part, stopped.cause, stopped.until) == (Part.CONSOLE, "console_denied", None)
    (begun,) = told(house)
    assert "resume --part console" in begun.text
    console.refuses = False
    in_ledger(house, lambda ledger: gate_of(house, ledger).resume(Part.CONSOLE, "直した"))
    assert bot.run().delivered == 5
    assert (beginnings(house), conditions(house)) == (["重大", "解消"], [])


def test_resumed_and_refused_again_is_told_again(house: House) -> None:
    """An operator resumed without mending it: one more attempt, one more mail, and it stands still again."""
    console = Refusing()
    bot = Bot(house, console)
    apply(house)
    for _ in range(2):
        bot.run()
        in_ledger(house, lambda ledger: gate_of(house, ledger).resume(Part.ALL, "たぶん直った"))
    assert (console.tried, beginnings(house)) == (2, ["重大", "重大"])


def test_three_failures_stop_the_console_for_a_while(house: House) -> None:
    """After three failures in a row nothing is tried for a quarter of an hour; then one look ends it."""
    console = MemoryConsole()
    bot = Bot(house, console)
    apply(house, 4)
    for _ in range(3):
        console.fail_next(Fault(verb="find", error=Transient("not now")))
    assert bot.run(after=14).delivered == 0
    assert bot.run(after=2).delivered == 0
    assert bot.run(after=30).delivered == 4
    assert pauses(house) == []
    bot.run()
    assert beginnings(house) == ["重大", "解消"]


@pytest.mark.parametrize("folder", ["evidence", "log"])
def test_a_folder_that_cant_be_written_is_told(house: House, folder: str) -> None:
    """Evidence or log can't be kept: work goes on, and operators are told at once, not only by the next morning's check."""
    bot = Bot(house, MemoryConsole())
    (house.path / folder).write_text("a file in its place", encoding="utf-8")
    apply(house)
    reports = [bot.run() for _ in range(2)]
    assert (reports[0].delivered, reports[1].conditions) == (1, ["disk_nearly_full"])
    (mail,) = told(house)
    assert f"{house.path / folder} is a file" in " ".join(mail.text.split())


def test_clocks_that_differ_stop_the_console(house: House) -> None:
    """A console whose clock is 61 seconds off is left alone until it is right again."""
    console = MemoryConsole()
    bot = Bot(house, console)
    apply(house)
    console.ahead = timedelta(seconds=-61)
    assert bot.run(after=16).conditions == ["clock_off"]
    assert console.writes == {}
    console.ahead = timedelta(seconds=-59)
    assert bot.run(after=30).delivered == 1
    bot.run()
    assert beginnings(house) == ["重大", "解消"]


def test_the_kill_switch_stops_everything(house: House) -> None:
    """While the file is there mails stay in the inbox and nothing is made; it is told once, and its end."""
    console = MemoryConsole()
    bot = Bot(house, console)
    apply(house)
    switch = house.path / "var" / "STOP"
    switch.parent.mkdir(exist_ok=True)
    switch.touch()
    for _ in range(2):
        report = bot.run()
        assert (report.messages, report.exit_status) == (0, 1)
    assert len(house.files("inbox")) == 1
    assert [mail.subject.endswith("緊急停止ファイルが置かれています。") for mail in told(house)] == [True]
    switch.unlink()
    assert bot.run().delivered == 1
    assert "解消" in told(house)[-1].subject


def test_the_kill_switch_comes_between_two_acts(house: House) -> None:
    """It appears while an account is looked for: it is not created any more; removed, the pass goes on from there."""
    switch = house.path / "var" / "STOP"
    switch.parent.mkdir(exist_ok=True)

    class Stopping(MemoryConsole):
        async def find(self, login_id: str) -> Account | None:
            switch.touch()
            return await super().find(login_id)

    apply(house)
    console = Stopping()
    bot = Bot(house, console)
    assert bot.run().delivered == 0
    assert (console.accounts, [file for file in house.files("outbox") if ".conditions." not in file.name]) == ({}, [])
    switch.unlink()
    assert Bot(house, MemoryConsole()).run().delivered == 1


def test_a_pause_lets_the_one_in_hand_be_finished(house: House) -> None:
    """Paused in the middle of a pass of five: the one in hand is delivered, four wait; resumed, they follow."""

    class Pausing(MemoryConsole):
        async def create(self, spec: AccountSpec, secret: Secret) -> Account:
            made = await super().create(spec, secret)
            with house.workshop().recording("赤羽") as ledger:
                await gate_of(house, ledger).pause(Part.CONSOLE, "更新作業")
            return made

    apply(house, 5)
    report = Bot(house, Pausing()).run()
    assert (report.delivered, report.waiting, len(house.credentials())) == (1, 4, 1)
    assert "更新作業" in report.paused[0]
    in_ledger(house, lambda ledger: gate_of(house, ledger).resume(Part.CONSOLE, "済んだ"))
    assert Bot(house, MemoryConsole()).run().delivered == 4
    acts = [(stored.event.action, stored.run.actor) for stored in in_ledger(house, lambda ledger: ledger.events())]
    assert ("pause", "赤羽") in acts


@pytest.mark.parametrize(
    ("part", "left"),
    [(Part.INTAKE, (0, 1, 0)), (Part.CONSOLE, (1, 0, 0)), (Part.DELIVERY, (1, 0, 0)), (Part.ALL, (0, 1, 0))],
)
def test_a_part_stands_still_and_the_others_go_on(house: House, part: Part, left: tuple[int, int, int]) -> None:
    """Paused by hand, only that part stands still, over passes; every account that exists has its mail."""
    apply(house)
    in_ledger(house, lambda ledger: gate_of(house, ledger).pause(part, "試験"))
    console = MemoryConsole()
    bot = Bot(house, console)
    for _ in range(2):
        bot.run()
    report = bot.run()
    accepted = len(in_ledger(house, lambda ledger: ledger.requests()))
    assert (accepted, len(house.files("inbox")), len(console.accounts)) == left
    assert report.paused
    assert len(told(house)) == 1
    in_ledger(house, lambda ledger: gate_of(house, ledger).resume(part, "済んだ"))
    assert bot.run().delivered == 1
