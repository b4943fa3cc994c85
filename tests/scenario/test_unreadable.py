"""What operators do with messages that could not be read: read them again as things are now, or close them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from bot.console.memory import MemoryConsole
from bot.errors import ActRefused
from bot.life import State
from bot.model import ReadOutcome
from bot.operation.report import Report, Silent
from bot.operation.unreadable import Reread, dismiss_message, read_again, unreadable
from tests.acts_kit import act, in_ledger
from tests.house import FRIDAY, House
from tests.reconcile_kit import TUESDAY, UENOHARA
from tests.restore_kit import states
from tests.unit.test_cli import answer


@pytest.fixture
def console() -> MemoryConsole:
    """An empty console."""
    return MemoryConsole()


@pytest.fixture
def house(tmp_path: Path, console: MemoryConsole) -> House:
    """A house whose forms do not know what a form calls its fields: its mail and its table could not be read."""
    made = House(path=tmp_path / "house").lay_out({"console": {"settle": 0.3}})
    made.apply("0000777", employee_no=UENOHARA, days=(TUESDAY,), now=FRIDAY)
    mail = made.path / "mailbox" / "inbox" / "0000777.eml"
    text = mail.read_bytes()
    for label in ("受付番号", "申請日時", "職員番号", "氏名", "利用日", "申請区分", "所属", "実施場所"):
        text = text.replace(label.encode(), f"欄{label[::-1]}".encode())
    mail.write_bytes(text)
    table = made.path / "mailbox" / "inbox" / "export.csv"
    table.write_text("欄番職,名,用利\n0048213,髙橋　みのり,2021/08/03\n", encoding="utf-8-sig")
    os.utime(table, (FRIDAY.timestamp(), FRIDAY.timestamp()))
    asyncio.run(made.run(console))
    return made


def mend(house: House) -> None:
    """Teach the house's forms what the form calls its fields."""
    raw = yaml.safe_load(house.config.read_text(encoding="utf-8"))
    labels = raw["forms"]["labels"]
    for known in labels.values():
        known.extend([f"欄{label[::-1]}" for label in list(known)])
    labels["employee_no"].append("欄番職")
    labels["name"].append("名")
    labels["dates"].append("用利")
    house.config.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")


def again(house: House, console: MemoryConsole) -> tuple[Sequence[Reread], Report]:
    """Read again, as `rerun --unreadable` does."""

    async def work() -> tuple[Sequence[Reread], Report]:
        workshop = house.workshop()
        with workshop.recording(None) as own, workshop.recording("吉澤　勝") as ledger:
            cycle = workshop.cycle(ledger=own, mailbox=workshop.mailbox(), console=console)
            return await read_again(ledger, cycle, "書式を追加", Silent())

    return asyncio.run(work())


def test_what_can_be_read_now_is_served(house: House, console: MemoryConsole) -> None:
    """A mail and a dropped table become requests under their own message ids, and are issued in the same call."""
    assert len(house.files("unreadable")) == 2
    mend(house)
    read, report = again(house, console)
    assert [(one.id[-4:], one.after, len(one.requests)) for one in read] == [
        ("0001", ReadOutcome.APPLICATIONS, 1), ("0002", ReadOutcome.APPLICATIONS, 1),
    ]  # fmt: skip
    assert (states(house), report.exit_status) == ([State.DELIVERED] * 2, 0)
    assert (len(house.files("processed")), house.files("unreadable"), house.files("inbox")) == (2, [], [])
    assert [item.run.actor for item in in_ledger(house, lambda ledger: ledger.of_action("message.rerun"))] == [
        "吉澤　勝"
    ] * 2
    assert len(in_ledger(house, lambda ledger: ledger.of_action("message.reread"))) == 2
    assert again(house, console)[0] == []
    assert len(in_ledger(house, lambda ledger: ledger.messages())) == 2


def test_what_can_t_be_read_still_goes_back(house: House, console: MemoryConsole) -> None:
    """Nothing is lost or doubled, and somebody is told."""
    read, report = again(house, console)
    assert {one.after for one in read} == {ReadOutcome.UNREADABLE}
    assert (len(house.files("unreadable")), house.files("inbox"), states(house)) == (2, [], [])
    assert (report.exit_status, len(report.problems)) == (1, 1)


def test_one_that_is_dismissed_is_not_read_again(house: House, console: MemoryConsole) -> None:
    """It was handled by hand: who and why is on its record, lists leave it out, and no config brings it back."""
    name = in_ledger(house, unreadable)[0].id
    done = act(house, lambda acts: dismiss_message(acts, name, "手作業で処理"))
    assert (done.before, done.after) == ("unreadable", "dismissed")
    with pytest.raises(ActRefused, match="is dismissed"):
        act(house, lambda acts: dismiss_message(acts, name, "もう一度"))
    with pytest.raises(KeyError):
        act(house, lambda acts: dismiss_message(acts, "M-20210730-0009", "もう一度"))
    mend(house)
    again(house, console)
    assert states(house) == [State.DELIVERED]
    assert [item.event.reason for item in in_ledger(house, lambda ledger: ledger.timeline(name))] == ["手作業で処理"]


def test_one_that_was_too_large_is_read_when_the_limit_is_raised(tmp_path: Path, console: MemoryConsole) -> None:
    """Only its beginning was known of it: it is the same message all the same."""
    house = House(path=tmp_path / "house").lay_out({"console": {"settle": 0.3}, "mailbox": {"max_message_mb": 0.07}})
    house.apply("0000777", employee_no=UENOHARA, days=(TUESDAY,), now=FRIDAY, note=("-" * 400 + "\n") * 200)
    asyncio.run(house.run(console))
    (before,) = in_ledger(house, unreadable)
    raw = yaml.safe_load(house.config.read_text(encoding="utf-8"))
    raw["mailbox"]["max_message_mb"] = 25
    house.config.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
    ((read,), _) = again(house, console)
    assert (read.id, read.after, len(read.requests)) == (before.id, ReadOutcome.APPLICATIONS, 1)


def test_the_commands_close_a_message_and_show_it(house: House) -> None:
    """`dismiss M-…`: one row, gone from the list, told by `show`; `rerun M-…` says how messages are read again."""
    config, said = ("--config", str(house.config)), ("--by", "吉澤", "--reason", "手作業で処理")
    listed = answer("requests", "--state", "unreadable", *config)
    name = listed[0]["id"]
    assert answer("dismiss", name, *said, *config) == [
        {"id": name, "before": "unreadable", "after": "dismissed", "proposed": False}
    ]
    assert [row["id"] for row in answer("requests", "--state", "unreadable", *config)] == [listed[1]["id"]]
    shown = answer("show", name, *config)
    assert (shown["state"], [event["action"] for event in shown["events"]]) == ("dismissed", ["message.dismiss"])
    assert answer("rerun", name, *said, *config, status=2)["error"] == "BadUsage"


def test_a_hidden_application_is_told_once(tmp_path: Path) -> None:
    """A mail that no pass reads, for its name, is told to the operators once; renamed, it is taken in, and that is told too."""
    house = House(path=tmp_path / "house").lay_out({"alerts": {"mail_to": ["op@city.example.jp"]}})
    house.receive("02")
    (mail,) = house.files("inbox")
    hidden = mail.rename(mail.with_name(f".{mail.name}"))
    os.utime(hidden, (0, 0))
    for _ in range(2):
        report = asyncio.run(house.run(MemoryConsole()))
        assert (report.messages, report.conditions) == (0, ["inbox_not_read"])
        assert hidden.name in report.warnings[0]
        assert len(house.files("outbox")) == 1
    hidden.rename(mail)
    report = asyncio.run(house.run(MemoryConsole()))
    assert (report.delivered, report.conditions) == (1, [])
