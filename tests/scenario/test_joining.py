"""A notice with only a number and its row of a table are one request, whichever comes first."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from pathlib import Path

import pytest

from bot.console.memory import MemoryConsole
from bot.ledger.brought import brought_event
from bot.ledger.records import Request
from bot.life import State
from bot.mail.folder import message_from_file
from tests.house import FRIDAY, House

_NUMBER = "305871942399"
_HEADINGS = "受付番号,申請日時,申請区分,職員番号,氏名,所属,利用日,実施場所"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house with an empty inbox."""
    return House(path=tmp_path).lay_out({"console": {"settle": 0.3}})


def notice(
    house: House, *, name: str = "a", sender: str = "noreply@apply.city.example.jp", time: str = "12時41分"
) -> None:
    """Put the form system's notice into the inbox."""
    text = f"整理番号：{_NUMBER}\n申込日時：2021年7月30日{time}\n申込内容は、職員用管理画面からご確認ください。\n"
    received = "Received: from form by mx.city.example.jp; Fri, 30 Jul 2021 12:41:18 +0900"
    head = f"{received}\nMessage-ID: <{name}@apply.city.example.jp>\nFrom: {sender}\nSubject: =?utf-8?b?55Sz6L68?=\n"
    content = f"{head}Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}"
    (house.path / "mailbox" / "inbox" / f"{name}.eml").write_bytes(content.encode())


def row(house: House, *, applied: str = "2021/07/30 12:41:09", name: str = "export.csv", at: float = 2) -> None:
    """Put the form system's export into the inbox, as `intake` does, ``at`` minutes before the clock's time."""
    line = f"{_NUMBER},{applied},新規,0031977,上野原　拓,建設部道路課,R3.8.2,自宅"
    path = house.path / "mailbox" / "inbox" / name
    path.write_bytes(f"{_HEADINGS}\r\n{line}\r\n".encode("cp932"))
    stamp = (house.clock.now() - timedelta(minutes=at)).timestamp()
    os.utime(path, (stamp, stamp))
    asyncio.run(_brought(house, path))


async def _brought(house: House, path: Path) -> None:
    workshop = house.workshop()
    with workshop.recording("電子申請担当") as ledger:
        message = message_from_file(path, max_bytes=2**20, zone=workshop.config.zone)
        await ledger.note(brought_event(message, outcome="done", reason="電子申請から出力"))


def one_pass(house: House, console: MemoryConsole) -> list[Request]:
    """Make a pass and return what the ledger holds."""

    async def work() -> list[Request]:
        await house.run(console)
        ledger = house.workshop().ledger()
        try:
            assert (await ledger.verify()).ok
            for message in await ledger.messages():
                assert await ledger.of_message(message.id), f"{message.name} belongs to no request"
            return list(await ledger.requests())
        finally:
            ledger.close()

    return asyncio.run(work())


def test_a_notice_waits_for_its_row(house: House) -> None:
    """The notice is held, and told to nobody; with the row, late in the afternoon, it is issued by the notice's time."""
    console = MemoryConsole()
    notice(house)
    (waiting,) = one_pass(house, console)
    assert (waiting.state, house.mailed()) == (State.HELD, [])
    house.clock.set(FRIDAY + timedelta(hours=3))
    row(house, applied="")
    (request,) = one_pass(house, console)
    assert (request.id, request.state) == (waiting.id, State.DELIVERED)
    assert request.application.employee_no == "0031977"
    assert request.received_at == waiting.received_at
    assert request.application.applied_at is not None
    assert request.application.applied_at.strftime("%H:%M") == "12:41"
    assert [len(house.files(name)) for name in ("processed", "inbox")] == [2, 0]


@pytest.mark.parametrize("passes", [1, 2])
def test_a_row_may_come_first(house: House, passes: int) -> None:
    """A notice after its row, in the same pass or a later one, adds no request and no second mail."""
    console = MemoryConsole()
    row(house, at=22.8)  # three seconds after the application, six before the notice
    if passes == 2:
        one_pass(house, console)
    notice(house)
    (request,) = one_pass(house, console)
    assert request.state is State.DELIVERED
    assert len(house.credentials()) == 1
    assert len(house.files("processed")) == 2


def test_a_second_notice_of_the_same_number_adds_nothing(house: House) -> None:
    """The form system's reminder with the same number belongs to the same request."""
    console = MemoryConsole()
    notice(house, name="a")
    notice(house, name="b")
    one_pass(house, console)
    row(house)
    (request,) = one_pass(house, console)
    assert request.state is State.DELIVERED


def test_times_that_disagree_are_held(house: House) -> None:
    """When notice and row state different times, a person decides which one counts for the cutoff."""
    notice(house, time="13時41分")
    row(house)
    (request,) = one_pass(house, MemoryConsole())
    assert request.state is State.HELD
    assert [doubt.field for doubt in request.application.doubts] == ["applied_at"]


def test_a_stranger_can_not_fill_in_a_notice(house: House) -> None:
    """A row mailed by somebody else does not join the form system's notice; the true row still does."""
    console = MemoryConsole()
    notice(house)
    one_pass(house, console)
    table = f"{_HEADINGS}\r\n{_NUMBER},,新規,0048213,髙橋　みのり,健康福祉部福祉政策課,R3.8.2,自宅\r\n"
    mail = (
        "Received: from x by mx.city.example.jp; Fri, 30 Jul 2021 12:50:00 +0900\nMessage-ID: <x@example.com>\n"
        "From: attacker@example.com\nSubject: x\nContent-Type: text/csv; charset=utf-8; name=a.csv\n\n" + table
    )
    (house.path / "mailbox" / "inbox" / "x.eml").write_bytes(mail.encode())
    waiting, strange = one_pass(house, console)
    assert (waiting.application.number_only, strange.state) == (True, State.HELD)
    row(house)
    issued, strange = one_pass(house, console)
    assert (issued.id, issued.state, strange.state) == (waiting.id, State.DELIVERED, State.HELD)
    assert [sent.to for sent in house.credentials()] == ["t.uenohara@city.example.jp"]


def test_a_forged_application_does_not_make_the_true_one_a_repetition(house: House) -> None:
    """What came from a forbidden sender under somebody's receipt number is held, and the true application is issued."""
    forged = (
        "Received: from x by mx.city.example.jp; Fri, 30 Jul 2021 09:00:00 +0900\nMessage-ID: <x@example.com>\n"
        "From: attacker@example.com\nSubject: x\nContent-Type: text/plain; charset=utf-8\n\n"
        "受付番号：0000900\n職員番号：0031977\n氏名：上野原　拓\n利用日：R3.8.2\n実施場所：自宅\n"
    )
    (house.path / "mailbox" / "inbox" / "x.eml").write_bytes(forged.encode())
    one_pass(house, MemoryConsole())
    house.clock.set(FRIDAY - timedelta(minutes=30))
    house.apply("0000900", employee_no="0031977", days=[(FRIDAY + timedelta(days=3)).date()], now=house.clock.now())
    strange, request = one_pass(house, MemoryConsole())
    assert (strange.state, request.state) == (State.HELD, State.DELIVERED)


def test_an_old_number_is_another_system_s(house: House) -> None:
    """A receipt number of months ago is not the same application: the notice waits on its own."""
    row(house)
    one_pass(house, MemoryConsole())
    house.clock.set(FRIDAY + timedelta(days=60))
    notice(house)
    issued, waiting = one_pass(house, MemoryConsole())
    assert (issued.application.number_only, waiting.application.number_only) == (False, True)
    assert waiting.state is State.HELD
