"""When credentials go out, where a city wants them to lie about for less time."""

from __future__ import annotations

import email
import email.policy
from datetime import date, timedelta
from pathlib import Path

from bot.console.memory import MemoryConsole
from tests.house import FRIDAY, House, text_of

MONDAY, TUESDAY = date(2021, 8, 2), date(2021, 8, 3)


async def test_what_is_accepted_early_is_sent_at_its_time(tmp_path: Path) -> None:
    """Before 15:00 of the cutoff's day nothing is made and nothing alarms; then the ID is made and sent, by itself."""
    house = House(path=tmp_path).lay_out({"delivery": {"send_at": "15:00"}, "console": {"settle": 0.1}})
    console = MemoryConsole()
    house.apply("0000801", employee_no="0031977", days=[MONDAY], now=FRIDAY - timedelta(hours=2))
    house.apply("0000802", employee_no="0041120", days=[TUESDAY], now=FRIDAY - timedelta(hours=2))
    report = await house.run(console)
    assert (report.accepted, report.delivered, report.waiting, report.later) == (2, 0, 0, 2)
    assert (console.accounts, report.exit_status) == ({}, 0)
    house.clock.set(FRIDAY.replace(hour=15, minute=0))
    report = await house.run(console)
    assert (report.delivered, report.later) == (1, 1)
    house.clock.set(FRIDAY.replace(hour=15, minute=0) + timedelta(days=3))
    assert (await house.run(console)).delivered == 1


async def test_late_and_urgent_ones_do_not_wait(tmp_path: Path) -> None:
    """An application of the evening, after its day's time has passed, goes out with the next pass."""
    house = House(path=tmp_path).lay_out({"delivery": {"send_at": "15:00"}, "console": {"settle": 0.1}})
    house.clock.set(FRIDAY.replace(hour=17, minute=0))
    house.apply("0000803", employee_no="0031977", days=[MONDAY], now=FRIDAY - timedelta(minutes=10))
    assert (await house.run(MemoryConsole())).delivered == 1


async def test_a_receipt_says_when_the_login_comes(tmp_path: Path) -> None:
    """Where receipts are asked for, each granted application gets one, once, with the time of the mail to come."""
    house = House(path=tmp_path).lay_out(
        {"delivery": {"send_at": "15:00", "receipt": True}, "console": {"settle": 0.1}}
    )
    house.apply("0000804", employee_no="0031977", days=[MONDAY], now=FRIDAY - timedelta(hours=2))
    for _ in range(2):
        await house.run(MemoryConsole())
    (receipt,) = [file for file in house.files("outbox") if ".receipt." in file.name]
    text = text_of(email.message_from_bytes(receipt.read_bytes(), policy=email.policy.default))
    assert "令和3年7月30日（金）午後3時以降" in text
    assert house.credentials() == []
