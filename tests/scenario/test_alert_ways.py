"""By which ways operators are told, and what else they are told of; what failed is never hidden."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot.commands import passes
from bot.commands.checks import try_all
from bot.commands.digest import digest_of, send_digest
from bot.console.memory import MemoryConsole
from bot.errors import AccessDenied, BotError, LedgerUnusable, Paused, Transient
from bot.ledger.conditions import Part
from bot.operation.alerts.catalogue import Trouble
from bot.operation.alerts.findings import Finding
from tests.acts_kit import act, in_ledger, one
from tests.alerts_kit import STAFF, Bot, apply, beginnings, chat_service, deaf, down, gate_of, pauses, told
from tests.house import FRIDAY, House

URL = "TELEWORK_BOT_TEST_CHAT"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house without settling times."""
    return House(path=tmp_path).lay_out({"console": {"settle": 0.3}})


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


def test_nothing_is_issued_that_can_not_be_mailed(house: House) -> None:
    """The mail server is gone: one ID was made before that was seen, no other is, and not the console is blamed; then all go out."""
    console, box = MemoryConsole(), deaf(house, Transient("no answer"))
    bot = Bot(house, console, box)
    apply(house, 5)
    first, second = bot.run(), bot.run()
    assert console.writes == {"create": 1}
    assert (first.conditions, second.conditions) == (["sending_fails"], ["sending_fails"])
    assert [text for text in first.paused if "mails can't be sent" in text]
    box.error = None
    assert bot.run(after=40).delivered == 5
    bot.run()
    assert beginnings(house) == ["解消"], "its beginning could be told in no way"
    assert {one.login_id: console.accepts(one.login_id, one.password) for one in house.credentials()} == dict.fromkeys(
        console.accounts, True
    )


def test_a_password_that_changes_while_mails_fail_is_tried_once(house: House) -> None:
    """The server is gone, and refuses the login when it is back: one try, and then none until `resume`."""
    box = deaf(house, Transient("no answer"))
    bot = Bot(house, MemoryConsole(), box)
    apply(house, 3)
    bot.run()
    box.error, before = AccessDenied("SMTP: the login is refused"), box.tried
    for _ in range(3):
        assert "mailbox_denied" in bot.run().conditions
    assert box.tried == before + 1


def test_one_address_that_takes_no_mail_stops_nobody_else(house: House) -> None:
    """A recipient whose mail is put off every time holds up no other: the server takes mails, so the rest goes on."""
    console, box = MemoryConsole(), deaf(house, Transient("450 try later"))
    apply(house, 4)
    box.fussy = tuple(one.mail for one in house.workshop().directory() if one.employee_no in STAFF[:2])
    bot = Bot(house, console, box)
    assert bot.run().delivered == 2
    box.error = None
    assert bot.run().delivered == 2


def test_addresses_that_take_no_mail_stop_one_pass_and_not_the_next(house: House) -> None:
    """Three in a row may be a server that takes none: the pass stops; the next one begins with all the others."""
    console, box = MemoryConsole(), deaf(house, Transient("450 try later"))
    apply(house, 5)
    box.fussy = tuple(one.mail for one in house.workshop().directory() if one.employee_no in STAFF[:3])
    bot = Bot(house, console, box)
    assert (bot.run().delivered, bot.run().delivered, bot.run().delivered) == (0, 2, 0)
    box.error = None
    assert bot.run().delivered == 3


def test_that_mails_fail_is_tried_to_be_mailed_once_a_pass(house: House) -> None:
    """The alert that mails can't be sent can't be sent either: nothing in that is news, and the log says it once."""
    apply(house)
    Bot(house, MemoryConsole(), deaf(house, Transient("no answer"))).run()
    events = in_ledger(house, lambda ledger: ledger.of_action("notice.conditions"))
    assert [one.event.outcome for one in events] == ["intended", "failed"]


def test_mails_that_fail_are_no_failure_of_the_console(house: House) -> None:
    """A server that answers puts off three mails in a row: mail is told, the console does not stand still, the next pass mails them all."""
    console = MemoryConsole()
    box = deaf(house, Transient("450 try later"))
    box.fussy = tuple(one.mail for one in house.workshop().directory())
    bot = Bot(house, console, box)
    apply(house, 5)
    assert bot.run().conditions == ["sending_fails"]
    assert (pauses(house), console.writes["create"]) == ([], 3)
    box.error = None
    assert bot.run().delivered == 5


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
    assert [post["title"] for post in chat.posted] == [
        "［重大］メールサーバがボットのログインを拒否しました。", "［解消］メールサーバがボットのログインを拒否しました。",
    ]  # fmt: skip
    assert all("髙橋" not in post["message"] and "takahashi" not in post["message"] for post in chat.posted)
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
            passes.make_pass(workshop)
    (begun,) = told(house)
    assert "staff.csv" in begun.text
    staff.write_bytes(kept)
    bot = Bot(house, MemoryConsole())
    bot.run(after=30)
    bot.run()
    assert "解消" in told(house)[-1].subject


def test_a_ledger_that_can_not_be_used_is_told_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is no ledger: told once over three passes though nothing can be recorded; mended, its end is told."""
    monkeypatch.setenv("TELEWORK_BOT_CONSOLE_PASSWORD", "Wrong-console-1")
    database = house.path / "ledger.sqlite3"
    database.write_bytes(b"no database, but long enough to be looked at as one\n" * 40)
    for _ in range(3):
        with pytest.raises(LedgerUnusable):
            passes.make_pass(house.workshop())
    (begun,) = told(house)
    assert "台帳を使えません" in begun.subject
    database.unlink()
    bot = Bot(house, MemoryConsole())
    bot.run(after=30)
    bot.run()
    assert beginnings(house) == ["重大", "解消"]
    assert not (house.path / "var" / "conditions.json").exists()


async def test_a_login_that_was_refused_is_tried_by_nothing_else(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until an operator resumes it neither the digest nor `check` logs in at the mail server, nor `check` at the console."""
    monkeypatch.setenv("TELEWORK_BOT_CONSOLE_PASSWORD", "Wrong-console-1")
    workshop = house.workshop()
    with workshop.recording(None) as ledger:
        refused = (Trouble.MAILBOX_DENIED, Trouble.CONSOLE_DENIED)
        for trouble in refused:
            await gate_of(house, ledger).stop(Finding(trouble=trouble, detail="refused"))
        made = await digest_of(workshop, ledger, house.clock.now().date())
        with pytest.raises(Paused, match="mailbox_denied"):
            await send_digest(workshop, ledger, made)
        assert house.files("outbox") == []
        rows = {one.check: one.detail for one in await try_all(workshop) if one.error}
        assert all("not tried: it refused the login before" in rows[name] for name in ("mailbox", "console"))
        await gate_of(house, ledger).resume(Part.ALL, "直した")
        await send_digest(workshop, ledger, made)
    assert len(house.files("outbox")) == 1
