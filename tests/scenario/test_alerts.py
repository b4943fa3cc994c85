"""What lasts is told once when it begins and once when it is over, by a way that works; what failed is never hidden."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from bot.commands import passes
from bot.console.memory import Fault, MemoryConsole
from bot.console.screens import ScreenChange
from bot.errors import AccessDenied, BotError, LedgerUnusable, Transient, Unusable
from bot.ledger.conditions import Part
from bot.mail.folder import FolderMailbox
from bot.mail.port import Mailbox
from bot.model import Account, AccountSpec
from bot.operation.report import Report, Silent
from bot.secret import Secret
from tests.acts_kit import act, in_ledger, one
from tests.alerts_kit import chat_service, conditions, gate_of, pauses, told
from tests.house import FRIDAY, House

TUESDAY = date(2021, 8, 3)
STAFF = ("0031977", "0048213", "0047755", "0050031", "0017770", "0021450")
URL = "TELEWORK_BOT_TEST_CHAT"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house without settling times."""
    return House(path=tmp_path).lay_out({"console": {"settle": 0.3}})


def apply(house: House, count: int = 1, *, first: int = 0) -> None:
    """Have employees apply for Tuesday."""
    for number in range(first, first + count):
        house.apply(f"000060{number}", employee_no=STAFF[number], days=(TUESDAY,), now=FRIDAY)


class Bot:
    """A bot at this console, kept open over its passes as in unattended life."""

    def __init__(self, house: House, console: MemoryConsole, mailbox: Mailbox | None = None) -> None:
        self._clock = house.clock
        workshop = house.workshop()
        self._cycle = workshop.cycle(ledger=workshop.ledger(), mailbox=mailbox or workshop.mailbox(), console=console)

    def run(self, *, after: float = 5) -> Report:
        """Make one pass, and have the clock go on by some minutes afterwards."""
        report = asyncio.run(self._cycle.run(Silent()))
        self._clock.set(self._clock.now() + timedelta(minutes=after))
        return report


def down(console: MemoryConsole, error: BotError | None = None) -> None:
    """Have the console fail at its next visit."""
    console.fail_next(Fault(verb="probe", error=error or Unusable("there is no console at the address")))


def beginnings(house: House) -> list[str]:
    """Return what each alert's subject begins with: how bad it is, or that it is over."""
    return [mail.subject.partition("］")[0][-2:] for mail in told(house)]


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
    assert bot.run().delivered == 3
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


class Refusing(MemoryConsole):
    """Refuses the bot's login, and counts how often it was tried."""

    refuses = True
    tried = 0

    async def probe(self) -> Sequence[ScreenChange]:
        """Be logged in to."""
        self.tried += 1
        if self.refuses:
            raise AccessDenied("the console refused the admin 'bot-admin'")
        return ()


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
    assert bot.run().delivered == 4
    assert beginnings(house) == ["重大", "解消"]
    assert pauses(house) == []


def test_clocks_that_differ_stop_the_console(house: House) -> None:
    """A console whose clock is 61 seconds off is left alone until it is right again."""
    console = MemoryConsole()
    bot = Bot(house, console)
    apply(house)
    console.ahead = timedelta(seconds=-61)
    assert bot.run(after=16).conditions == ["clock_off"]
    assert console.writes == {}
    console.ahead = timedelta(seconds=-59)
    assert bot.run().delivered == 1
    assert len(told(house)) == 2


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


class Deaf(FolderMailbox):
    """A mailbox that sends nothing for a while."""

    error: BotError | None = None
    tried = 0

    async def send(self, mail: EmailMessage) -> None:
        """Fail as told."""
        self.tried += 1
        if self.error:
            raise self.error
        await super().send(mail)


def deaf(house: House, error: BotError | None) -> Deaf:
    """Return the house's mailbox, which fails so."""
    box = Deaf(house.path / "mailbox", max_bytes=1_000_000, zone=house.workshop().config.zone)
    box.error = error
    return box


def test_an_alert_that_fails_hides_nothing(house: House) -> None:
    """Mail does not go out: the outage is in the report, the exit status says it, and the next pass tells it."""
    console = MemoryConsole()
    bot = Bot(house, console)
    apply(house)
    down(console)
    report = Bot(house, console, deaf(house, Transient("no answer"))).run()
    assert (report.alerts, report.alerts_failed, report.exit_status) == (0, 1, 4)
    assert [text for text in report.problems if "could not be sent by mail" in text]
    assert [text for text in report.problems if "no console" in text]
    down(console)
    bot.run()
    (mail,) = told(house)
    assert "管理コンソールを使えません" in mail.text


def test_what_mail_can_not_tell_the_chat_tells(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused by the mail server: tried once, then neither mails nor alerts try again; the chat is told, without persons."""
    with chat_service() as chat:
        monkeypatch.setenv(URL, chat.url)
        house.lay_out({"console": {"settle": 0.3}, "alerts": {"apprise": [f"env:{URL}"], "apprise_level": "critical"}})
        box = deaf(house, AccessDenied("SMTP: the login is refused"))
        bot = Bot(house, MemoryConsole(), box)
        apply(house, 2)
        for _ in range(3):
            bot.run()
        assert (box.tried, {pause.part for pause in pauses(house)}) == (1, {Part.INTAKE, Part.DELIVERY})
        box.error = None
        in_ledger(house, lambda ledger: gate_of(house, ledger).resume(Part.ALL, "直した"))
        assert bot.run().delivered == 2
    texts = [post["message"] for post in chat.posted]
    assert sum("メールサーバがボットのログインを拒否しました" in text for text in texts) == 1
    assert all("髙橋" not in text and "takahashi" not in text for text in texts)
    left = b"".join(house.left_behind().values())
    assert b"hook-with-a-token" not in left


def test_an_alert_that_is_refused_is_not_tried_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but the alert was to be mailed: its refused login is tried once as well, and the chat tells of both."""
    with chat_service() as chat:
        monkeypatch.setenv(URL, chat.url)
        house.lay_out({"alerts": {"apprise": [f"env:{URL}"], "disk_free_mb": 10**9}})
        box = deaf(house, AccessDenied("SMTP: the login is refused"))
        bot = Bot(house, MemoryConsole(), box)
        assert bot.run().conditions == ["disk_nearly_full", "mailbox_denied"]
        bot.run()
    assert box.tried == 1
    assert [post["title"].partition("］")[2] for post in chat.posted] == [
        "ディスクの空きがわずかです。", "メールサーバがボットのログインを拒否しました。",
    ]  # fmt: skip


def test_what_the_chat_does_not_take_goes_by_mail(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The webhook answers with an error: a mail tells it though mail is for critical things only."""
    with chat_service() as chat:
        monkeypatch.setenv(URL, chat.url)
        alerts = {"apprise": [f"env:{URL}"], "apprise_level": "info", "mail_level": "critical"}
        house.lay_out({"alerts": alerts, "rules": {"learning": True}})
        chat.refuses = True
        apply(house)
        report = Bot(house, MemoryConsole()).run()
        assert (report.alerts, report.alerts_failed) == (1, 1)
        (mail,) = told(house)
        assert one(house).id in mail.text
        chat.refuses = False
        apply(house, first=1)
        Bot(house, MemoryConsole()).run()
    assert len(told(house)) == 1
    assert [post["title"] for post in chat.posted] == ["［お知らせ］担当者の判断を待っている申請があります。"]


def test_at_night_only_what_is_critical_is_told(house: House) -> None:
    """A stuck request waits for the morning, an outage does not."""
    house.lay_out({"alerts": {"quiet_hours": {"start": "13:00", "end": "14:00"}}, "rules": {"learning": True}})
    console = MemoryConsole()
    bot = Bot(house, console)
    apply(house)
    bot.run()
    assert told(house) == []
    house.clock.set(FRIDAY + timedelta(hours=1))
    bot.run()
    assert [mail.subject.endswith("担当者の判断を待っている申請があります。") for mail in told(house)] == [True]


def test_learning_mode_holds_everything(house: House) -> None:
    """In learning mode what the rules accept waits for an operator, who is told once; approved, it is issued."""
    house.lay_out({"rules": {"learning": True}, "console": {"settle": 0.3}})
    console = MemoryConsole()
    bot = Bot(house, console)
    apply(house)
    for _ in range(2):
        report = bot.run()
    assert (report.delivered, len(told(house)), console.accounts) == (0, 1, {})
    name = one(house).id
    assert [file.name for file in house.files("outbox") if f"{name}.held" in file.name]
    act(house, lambda acts: acts.approve(name, "確認した"))
    assert bot.run().delivered == 1
    assert len(told(house)) == 1


def test_mails_that_can_not_be_read_are_told_once(house: House) -> None:
    """One message for all unreadable mails of a pass, none for the same ones in the next."""
    house.receive("35-")
    for _ in range(2):
        Bot(house, MemoryConsole()).run()
    unreadable = [mail for mail in told(house) if "読み取れないメール" in mail.text]
    assert len(unreadable) == 1
    assert "M-20210730-" in unreadable[0].text


def test_a_pass_that_can_not_begin_is_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a staff directory: told once over three passes started by hand, and its end."""
    monkeypatch.setenv("TELEWORK_BOT_CONSOLE_PASSWORD", "Wrong-console-1")
    workshop, staff = house.workshop(), house.path / "staff.csv"
    kept = staff.read_bytes()
    staff.unlink()
    for _ in range(3):
        with pytest.raises(BotError):
            asyncio.run(passes.one_pass(workshop))
    (begun,) = told(house)
    assert "staff.csv" in begun.text
    staff.write_bytes(kept)
    Bot(house, MemoryConsole()).run()
    assert "解消" in told(house)[-1].subject


def test_a_ledger_that_can_not_be_used_is_told_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is no ledger: told once over three passes though nothing can be recorded; mended, its end is told."""
    monkeypatch.setenv("TELEWORK_BOT_CONSOLE_PASSWORD", "Wrong-console-1")
    database = house.path / "ledger.sqlite3"
    database.write_bytes(b"no database, but long enough to be looked at as one\n" * 40)
    for _ in range(3):
        with pytest.raises(LedgerUnusable):
            asyncio.run(passes.one_pass(house.workshop()))
    (begun,) = told(house)
    assert "台帳を使えません" in begun.subject
    database.unlink()
    Bot(house, MemoryConsole()).run()
    assert beginnings(house) == ["重大", "解消"]
    assert not (house.path / "var" / "conditions.json").exists()
