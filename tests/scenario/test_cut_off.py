"""A pass that is cut off tells nobody what it came upon: the next one does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.console.memory import MemoryConsole
from bot.console.screens import ScreenChange
from tests.alerts_kit import told
from tests.house import House


class _Gone(BaseException):
    """The process is gone."""


class _PowerCut(MemoryConsole):
    """A console whose first page is the last that the bot sees."""

    async def probe(self) -> Sequence[ScreenChange]:
        """See :meth:`bot.console.port.Console.probe`."""
        raise _Gone


def _receive_unreadable(house: House) -> None:
    """Put a mail of the form system into the inbox that holds nothing; mails of strangers are read after the issuing."""
    head = "From: noreply@apply.city.example.jp\r\nSubject: =?utf-8?b?44OG44Os44Ov44O844Kv5Yip55So55Sz6KuL?=\r\n"
    (house.path / "mailbox" / "inbox" / "35-empty.eml").write_bytes(f"{head}\r\n".encode())


def test_what_waits_for_a_person_is_told_by_the_next_pass(tmp_path: Path) -> None:
    """Held and unreadable ones of a pass that was cut off are named by the one after it, once, and it ends with status 1."""
    house = House(path=tmp_path).lay_out({"console": {"settle": 0.3}})
    house.receive("02", "11")
    _receive_unreadable(house)
    with pytest.raises(_Gone):
        asyncio.run(house.run(_PowerCut()))
    console = MemoryConsole()
    report = asyncio.run(house.run(console))
    assert [line.partition(" ")[0] for line in report.problems] == ["M-20210730-0003", "R-20210730-0002"]
    assert (report.held, report.unreadable, report.delivered, report.exit_status) == (0, 0, 1, 1)
    assert "was cut off" in report.warnings[0]
    after = asyncio.run(house.run(console))
    assert (after.problems, after.warnings, after.exit_status) == ([], [], 0)


def test_operators_are_told_by_alert_too(tmp_path: Path) -> None:
    """Nobody reads what an unattended pass says: the unreadable one goes into the alert of the next pass, once."""
    house = House(path=tmp_path).lay_out({"console": {"settle": 0.3}})
    house.receive("02")
    _receive_unreadable(house)
    with pytest.raises(_Gone):
        asyncio.run(house.run(_PowerCut()))
    assert told(house) == []
    for _ in range(2):
        asyncio.run(house.run(MemoryConsole()))
    (alert,) = told(house)
    assert "M-20210730-0002" in alert.text
