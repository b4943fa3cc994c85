"""A pass that is asked to stop, and what is looked at before one begins."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.commands.stopping import stopped_by_signals
from bot.console.memory import MemoryConsole
from bot.errors import ConfigInvalid, Unusable
from bot.model import Account, AccountSpec
from bot.operation.alerts.survey import must_have_room
from bot.operation.report import Report, Silent, Stop
from bot.secret import Secret
from tests.house import FRIDAY, House

TUESDAY = date(2021, 8, 3)
WHO = ("0041120", "0046690", "0042875")


class Stopping(MemoryConsole):
    """Asks the pass to stop while the first account is being made."""

    def __init__(self, stop: Stop) -> None:
        super().__init__()
        self._stop = stop

    async def create(self, spec: AccountSpec, secret: Secret) -> Account:
        """Ask, and make the account."""
        self._stop.asked_by = "SIGTERM"
        return await super().create(spec, secret)


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house with three applications."""
    made = House(path=tmp_path).lay_out({"console": {"settle": 0.3}})
    for number, who in enumerate(WHO):
        made.apply(f"000090{number}", employee_no=who, days=(TUESDAY,), now=FRIDAY)
    return made


async def pass_of(house: House, console: MemoryConsole, stop: Stop) -> Report:
    """Make a pass that ``stop`` can end."""
    workshop = house.workshop()
    ledger = workshop.ledger()
    try:
        cycle = workshop.cycle(ledger=ledger, mailbox=workshop.mailbox(), console=console)
        return await replace(cycle, stop=stop).run(Silent())
    finally:
        ledger.close()


async def outcomes(house: House) -> list[str]:
    """Return what stands on record of runs."""
    ledger = house.workshop().ledger()
    try:
        return [one.event.outcome for one in await ledger.of_action("run")]
    finally:
        ledger.close()


async def test_what_is_in_hand_is_finished_and_nothing_more_begun(house: House) -> None:
    """Asked in mid-create: that request is mailed, the others wait, the record and the operator are told; the next pass ends it."""
    stop = Stop()
    console = Stopping(stop)
    report = await pass_of(house, console, stop)
    assert (report.delivered, report.waiting, report.interrupted, report.exit_status) == (1, 2, "SIGTERM", 1)
    assert [text for text in report.problems if "stopped by SIGTERM" in text]
    assert (len(console.accounts), await outcomes(house)) == (1, ["intended", "stopped"])
    after = await pass_of(house, console, Stop())
    assert (after.interrupted, len(console.accounts)) == ("", 1 + after.delivered)


async def test_asked_before_it_begins_it_takes_nothing_in(house: House) -> None:
    """No mail is touched, and the record has both ends of the run."""
    report = await pass_of(house, MemoryConsole(), Stop(asked_by="SIGINT"))
    assert (report.messages, len(house.files("inbox")), report.exit_status) == (0, 3, 1)
    assert await outcomes(house) == ["intended", "stopped"]


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C means what it does at a terminal, also where the tests run in the background and it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_the_first_signal_asks_and_the_second_ends() -> None:
    """The first sets the stop and gives the signal back its own meaning; afterwards everything is as before."""
    before = signal.getsignal(signal.SIGINT)
    stop = Stop()
    with stopped_by_signals(stop):
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.asked_by == "SIGINT"
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


async def test_a_directory_that_has_shrunk_is_refused_until_somebody_says_otherwise(house: House) -> None:
    """Less than half of the last pass's employees: nothing is taken in; with staff.min_kept=0 it is believed, and is the measure then."""
    for file in house.files("inbox"):
        file.rename(house.path / file.name)
    await house.run(MemoryConsole())
    staff = house.path / "staff.csv"
    staff.write_bytes(b"".join(staff.read_bytes().splitlines(keepends=True)[:5]))
    with pytest.raises(ConfigInvalid, match=r"staff\.file: 4 employees, \d+ at the last pass"):
        await house.run(MemoryConsole())
    house.lay_out({"staff": {"min_kept": 0}, "console": {"settle": 0.3}})
    staff.write_bytes(b"".join(staff.read_bytes().splitlines(keepends=True)[:5]))
    await house.run(MemoryConsole())
    house.lay_out({"console": {"settle": 0.3}})
    staff.write_bytes(b"".join(staff.read_bytes().splitlines(keepends=True)[:5]))
    assert (await house.run(MemoryConsole())).exit_status == 0


async def test_a_clock_that_was_set_back_is_told(house: House) -> None:
    """More than a minute before the newest event on record is a warning; less is not."""
    await house.run(MemoryConsole())
    house.clock.set(FRIDAY - timedelta(seconds=30))
    assert not [text for text in (await house.run(MemoryConsole())).warnings if "clock" in text]
    house.clock.set(FRIDAY - timedelta(hours=1))
    assert [text for text in (await house.run(MemoryConsole())).warnings if "the clock says" in text]


def test_the_preflight_tells_of_a_disk_without_room_and_of_a_folder_that_cant_be_made(tmp_path: Path) -> None:
    """Before a pass needs it: too little room, or a file where a folder must be."""
    assert must_have_room(tmp_path / "to" / "be" / "made", least_mb=0) >= 0
    with pytest.raises(Unusable, match=r"MB are free at .*ledger purge"):
        must_have_room(tmp_path, least_mb=10**12)
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(Unusable, match="is a file"):
        must_have_room(tmp_path / "file" / "evidence", least_mb=1)
