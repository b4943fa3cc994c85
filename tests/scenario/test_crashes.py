"""Killed at every boundary, then run again: nothing lost, nothing doubled, and the newest credentials work."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.console.memory import MemoryConsole
from bot.life import State
from tests.house import House
from tests.scenario.crashes import Boundaries, Killed

#: Two that end well, one of them late in part, a rejection, two holds, an auto-reply, an unreadable mail.
_MAILS = ("02", "08", "11", "14", "15", "20", "35")


def _laid_out(path: Path) -> House:
    return House(path=path).lay_out({"console": {"settle": 0.3}})


async def _pass(house: House, console: MemoryConsole, boundaries: Boundaries) -> None:
    workshop = house.workshop()
    ledger = workshop.ledger()
    try:
        cycle_parts = {
            "ledger": boundaries.around("ledger", ledger), "mailbox": boundaries.around("mailbox", workshop.mailbox()),
            "console": boundaries.around("console", console),
        }  # fmt: skip
        await house.run(**cycle_parts)
    finally:
        ledger.close()


def _dies(house: House, console: MemoryConsole, boundaries: Boundaries) -> bool:
    try:
        asyncio.run(_pass(house, console, boundaries))
    except Killed:
        return True
    return False


def _boundaries(path: Path) -> int:
    house, boundaries = _laid_out(path), Boundaries()
    house.receive(*_MAILS)
    assert not _dies(house, MemoryConsole(), boundaries)
    return len(boundaries.passed)


@pytest.mark.parametrize("after", [False, True], ids=["before the act", "after the act"])
def test_killed_at_every_boundary_and_run_again(tmp_path: Path, *, after: bool) -> None:
    """Whichever recorded, filed, created or sent thing the process dies at, the next pass makes everything good."""
    count = _boundaries(tmp_path / "counting")
    assert count >= 30
    for at in range(count):
        house, console = _laid_out(tmp_path / f"{at}"), MemoryConsole()
        house.receive(*_MAILS)
        boundaries = Boundaries(at=at, after=after)
        assert _dies(house, console, boundaries), f"boundary {at} was not reached"
        died_at = f"died {'after' if after else 'before'} {boundaries.passed[-1]} (boundary {at})"
        assert not _dies(house, console, Boundaries()), died_at
        asyncio.run(_holds(house, console, died_at))


async def _holds(house: House, console: MemoryConsole, died_at: str) -> None:
    ledger = house.workshop().ledger()
    try:
        requests, messages, verdict = await ledger.requests(), await ledger.messages(), await ledger.verify()
    finally:
        ledger.close()
    states = sorted(request.state for request in requests)
    assert states == sorted([*[State.DELIVERED] * 2, *[State.HELD] * 2, State.REJECTED]), died_at
    assert len(messages) == len(_MAILS), died_at
    assert not house.files("inbox"), died_at
    filed = [len(house.files(folder)) for folder in ("processed", "rejected", "unreadable", "ignored")]
    assert filed == [4, 1, 1, 1], died_at
    assert sorted(console.accounts) == ["tw0030062", "tw0048213"], died_at
    newest = {sent.login_id: sent.password for sent in house.credentials()}
    assert sorted(newest) == ["tw0030062", "tw0048213"], died_at
    assert all(console.accepts(login_id, password) for login_id, password in newest.items()), died_at
    told = [file.name for file in house.mailed() if ".credentials." not in file.name]
    assert len(told) == 3, died_at
    alerts = set(house.files("outbox")) - set(house.mailed())
    assert alerts, f"nobody was told of the held ones: {died_at}"
    assert verdict.ok, died_at
