"""A surge morning on real mail servers that are killed and come back: everybody gets one login, and it works."""

from __future__ import annotations

import asyncio
import email
import email.policy
import time
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.console.memory import MemoryConsole
from bot.sandbox.postoffice import BOT, PostOffice
from tests.house import FRIDAY, LOGIN_LINE, PASSWORD_LINE, House, text_of
from tests.postoffice_kit import on_servers

_COUNT = 500
#: A Dovecot that is killed while it holds its own lock waits two minutes for it when it is back.
_PATIENCE = 300
_PAUSE = 10
_MONDAY = date(2021, 8, 2)


def lay_out(path: Path, office: PostOffice) -> House:
    """Return a house on the mail servers whose directory has everybody who applies."""
    house = on_servers(path, office, "env:SURGE_PASSWORD")
    rows = [
        f"{number:07},職員　{number},総務部総務課,p{number}@city.example.jp,正規" for number in range(1, _COUNT + 1)
    ]
    table = "\r\n".join(["職員番号,氏名,所属,メールアドレス,任用区分", *rows])
    (path / "staff.csv").write_bytes(table.encode("cp932"))
    return house


def apply_all(office: PostOffice) -> None:
    """Put everybody's application into the bot's mailbox, a second apart."""
    for number in range(1, _COUNT + 1):
        at = FRIDAY - timedelta(hours=2) + timedelta(seconds=number)
        body = (
            f"受付番号：{number:07}\n申請日時：{at:%Y/%m/%d %H:%M:%S}\n申請区分：新規\n職員番号：{number:07}\n"
            f"氏名：職員　{number}\n所属：総務部総務課\n利用日：{_MONDAY:%Y/%m/%d}\n実施場所：自宅\n"
        )
        head = f"Message-ID: <{number}@apply.city.example.jp>\nFrom: noreply@apply.city.example.jp\nSubject: =?UTF-8?B?55Sz6KuL?=\n"
        head += "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
        office.put(BOT, f"surge-{number:04}", (head + body).encode(), at=at.timestamp())


async def kill_and_restart(office: PostOffice) -> None:
    """Kill both servers three times while the pass works, each time somewhere else in it."""
    for pause in (1.5, 4.0, 9.0):
        await asyncio.sleep(pause)
        await asyncio.to_thread(office.stop_imap)
        await asyncio.to_thread(office.stop_smtp)
        await asyncio.to_thread(office.start_imap)
        await asyncio.to_thread(office.start_smtp)


async def work_until_done(house: House, office: PostOffice, console: MemoryConsole) -> int:
    """Make passes, the first ones under fire, until one ends well; returns how many it took."""
    fire = asyncio.create_task(kill_and_restart(office))
    passes, ends = 0, time.monotonic() + _PATIENCE
    while time.monotonic() < ends:
        passes += 1
        mailbox = house.workshop().mailbox()
        try:
            report = await house.run(console, mailbox=mailbox)
        finally:
            await mailbox.close()
        if fire.done() and not (report.stopped or report.waiting or report.problems):
            return passes
        if report.stopped:
            await fire
            await asyncio.sleep(_PAUSE if passes > 1 else 0)
    return 0


@pytest.mark.timeout(600)
async def test_five_hundred_through_a_server_that_is_killed(
    tmp_path: Path, office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """500 records, 500 accounts, nobody without a working login, no mail lost and no application doubled."""
    monkeypatch.setenv("SURGE_PASSWORD", office.password)
    office.empty()
    house, console = lay_out(tmp_path, office), MemoryConsole()
    apply_all(office)
    assert await work_until_done(house, office, console)
    ledger = house.workshop().ledger()
    try:
        requests, messages, verdict = await ledger.requests(), await ledger.messages(), await ledger.verify()
    finally:
        ledger.close()
    assert [len(requests), len(messages), len(console.accounts)] == [_COUNT] * 3
    assert {request.state.value for request in requests} == {"delivered"}
    assert (len(office.mails(BOT)), len(office.mails(BOT, "processed"))) == (0, _COUNT)
    assert verdict.ok
    assert [number for number in range(1, _COUNT + 1) if not _works(office, console, number)] == []


def _works(office: PostOffice, console: MemoryConsole, number: int) -> bool:
    """Tell whether the newest credential mail that this person has logs in."""
    mails = [
        email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        for file in office.delivered(f"p{number}")
    ]
    newest = max(mails, key=lambda mail: int(mail["X-Telework-Request"].split(".")[2]), default=None)
    if newest is None:
        return False
    text = text_of(newest)
    return console.accepts(LOGIN_LINE.findall(text)[0], PASSWORD_LINE.findall(text)[0])
