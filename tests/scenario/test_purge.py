"""The retention purge: when its time is over, who applied is gone from every byte, and the chain still proves what was done."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from bot.console.memory import MemoryConsole
from bot.ledger.ledger import Ledger
from bot.ledger.records import PURGED
from bot.ledger.seals import WRITTEN
from bot.life import State
from tests.acts_kit import in_ledger
from tests.house import FRIDAY, ZONE, House
from tests.purge_kit import (
    KATO,
    LATER,
    MARUYAMA,
    NOT_YET,
    OVER,
    PERSON,
    TUESDAY,
    Dying,
    Killed,
    count,
    found,
    old_house,
    purge,
    states,
    verify,
)
from tests.unit.test_cli import answer


@pytest.fixture
def console() -> MemoryConsole:
    """An empty console."""
    return MemoryConsole()


@pytest.fixture
def house(tmp_path: Path, console: MemoryConsole) -> House:
    """A house with requests of 2021: one revoked, one refused for its day; and nothing since."""
    return old_house(tmp_path, console)


def test_who_applied_is_gone_from_every_byte_and_the_chain_verifies(house: House) -> None:
    """Name, address, numbers and reason stand in no file any more, freed pages and write-ahead log included."""
    head = verify(house).head
    assert found(house, *PERSON) == set(PERSON)
    with closing(sqlite3.connect(house.path / "ledger.sqlite3")) as other:
        # What an earlier change left in free pages, and a program that has the ledger open, so that its log stays.
        other.execute("PRAGMA secure_delete=OFF")
        other.execute("CREATE TABLE scratch (x)")
        other.executemany("INSERT INTO scratch VALUES (?)", [("t.uenohara " * 200,)] * 100)
        other.commit()
        other.execute("DROP TABLE scratch")
        other.commit()
        done = purge(house, OVER)
        assert found(house, *PERSON) == set()
    assert (done["requests"], done["messages"], done["kept"]) == (2, 2, 0)
    assert done["mails"] == 4
    assert found(house, *PERSON) == set()
    verdict = verify(house, head)
    assert verdict.ok, verdict.reason
    assert states(house) == [State.REVOKED, State.REJECTED]


def test_what_was_done_stays(house: House) -> None:
    """Kind, days, decision, rules and every event stay in the record of the request; the purge itself is on it too."""
    before = in_ledger(house, lambda ledger: ledger.timeline("R-20210730-0001"))
    purge(house, OVER)
    request = in_ledger(house, lambda ledger: ledger.get("R-20210730-0001"))
    assert (request.granted, request.application.dates) == ((TUESDAY,), (TUESDAY,))
    refused = in_ledger(house, lambda ledger: ledger.get("R-20210730-0002"))
    assert refused.decision is not None
    assert {item.text for item in refused.decision.violations} == {PURGED}
    after = in_ledger(house, lambda ledger: ledger.timeline("R-20210730-0001"))
    assert [one.hash for one in after[: len(before)]] == [one.hash for one in before]
    assert [one.event.action for one in after[len(before) :]] == [WRITTEN], "what is left of its rows is on record"
    assert all(not one.event.person for one in after)
    events = in_ledger(house, lambda ledger: ledger.of_action("retention.purge"))
    assert [one.event.outcome for one in events] == ["intended", "done"]
    assert events[1].event.details["cutoffs"]["records"] == "2022-04-01T00:00:00+09:00"
    assert events[1].event.details["counts"]["requests"] == 2


def test_nothing_goes_before_its_time(house: House) -> None:
    """On 31 March everything is there; the mails, whose time is shorter, are gone since 1 April 2023."""
    done = purge(house, NOT_YET)
    assert (done["requests"], done["messages"], done["mails"]) == (0, 0, 4)
    (kato, _) = in_ledger(house, lambda ledger: ledger.requests())
    assert kato.application.name == "上野原　拓"
    assert kato.application.urgent_reason is None, "a reason of health goes after one year"


def test_persons_of_newer_records_stay_whole(house: House, console: MemoryConsole) -> None:
    """In one chain some events have lost their person and others have it: both verify."""
    house.clock.set(datetime(2025, 4, 1, 8, 0, tzinfo=ZONE))
    house.apply("0000900", employee_no=MARUYAMA, days=(LATER,), now=house.clock.now())
    asyncio.run(house.run(console))
    purge(house, OVER)
    newest = in_ledger(house, lambda ledger: ledger.requests())[-1]
    assert (newest.application.name, newest.state) == ("丸山　優", State.DELIVERED)
    persons = {bool(one.event.person) for one in in_ledger(house, lambda ledger: ledger.events())}
    assert persons == {True, False}
    assert verify(house).ok


def test_what_is_alive_stays_however_old(house: House, console: MemoryConsole) -> None:
    """A request that waits, or whose login is open, keeps its person until it is closed, and is counted as kept."""
    house.clock.set(FRIDAY + timedelta(days=8))
    house.apply("0000779", employee_no=MARUYAMA, days=(date(2021, 8, 17),), now=house.clock.now())
    asyncio.run(house.run(console))
    house.apply("0000780", employee_no=KATO, days=(date(2021, 8, 18),), now=house.clock.now())
    asyncio.run(house.run(console))
    assert states(house)[2:] == [State.DELIVERED, State.DELIVERED]
    assert purge(house, OVER)["kept"] == 3, "both, and the earlier request of whoever has a login that is open"
    names = [one.application.name for one in in_ledger(house, lambda ledger: ledger.requests())]
    assert names == ["上野原　拓", None, "丸山　優", "上野原　拓"]
    asyncio.run(house.run(console))
    assert states(house)[2:] == [State.REVOKED, State.REVOKED]
    assert purge(house, OVER)["requests"] == 1, "those that changed today have years to go"


def test_a_message_goes_when_nobody_it_told_of_is_alive(tmp_path: Path, console: MemoryConsole) -> None:
    """Of all samples, with tables of many, notices joined to rows, unreadable and ignored ones: those without a live request."""
    house = House(path=tmp_path / "house").lay_out({"console": {"settle": 0.3}})
    house.receive()
    asyncio.run(house.run(console))

    async def lifeless(ledger: Ledger) -> set[str]:
        return {
            message.id
            for message in await ledger.messages()
            if all(one.state is State.REJECTED for one in await ledger.of_message(message.id))
        }

    expected = in_ledger(house, lifeless)
    assert 5 < len(expected) < len(in_ledger(house, lambda ledger: ledger.messages()))
    assert purge(house, OVER)["messages"] == len(expected)
    gone = [one.id for one in in_ledger(house, lambda ledger: ledger.messages()) if one.sender == PURGED]
    assert set(gone) == expected


def test_again_there_is_nothing_to_do(house: House) -> None:
    """A second purge finds nothing, and the counts of a dry run are those of the purge that follows."""
    expected = count(house, OVER)
    assert purge(house, OVER) == expected
    assert set(purge(house, OVER).values()) == {0}


@pytest.mark.parametrize("step", range(4))
def test_what_was_killed_is_finished_by_the_next(house: House, step: int) -> None:
    """Killed at any step, the next purge takes out the rest; the record shows that the first never ended."""
    with pytest.raises(Killed):
        purge(house, OVER, Dying(step))
    assert verify(house).ok
    purge(house, OVER)
    assert found(house, *PERSON) == set()
    events = in_ledger(house, lambda ledger: ledger.of_action("retention.purge"))
    assert [one.event.outcome for one in events] == ["intended", "intended", "done"]


def test_a_dry_run_changes_nothing(house: House) -> None:
    """Counting leaves ledger, chain and files as they are."""
    before, head = house.left_behind(but=("ledger.sqlite3-shm", "ledger.sqlite3-wal")), verify(house).head
    assert count(house, OVER)["requests"] == 2
    assert verify(house).head == head
    after = house.left_behind(but=("ledger.sqlite3-shm", "ledger.sqlite3-wal"))
    assert after == before


def test_a_purged_message_is_known_again(house: House, console: MemoryConsole) -> None:
    """Delivered once more after years, it is the same message: nothing is recorded, issued or mailed again."""
    (mail,) = (path for path in house.files("processed") if path.name == "0000777.eml")
    shutil.copy2(mail, house.path / "again.eml")
    purge(house, OVER)
    shutil.move(house.path / "again.eml", house.path / "mailbox" / "inbox" / "0000777.eml")
    report = asyncio.run(house.run(console))
    assert (report.messages, report.repeated) == (1, 1)
    assert len(states(house)) == 2


def test_whoever_comes_back_gets_the_old_account(house: House, console: MemoryConsole) -> None:
    """The account stays known as ours: an application after the purge renews it, proved by the address it carries."""
    purge(house, OVER)
    account = in_ledger(house, lambda ledger: ledger.account(f"tw{KATO}"))
    assert account is not None
    assert account.employee_no == PURGED
    house.apply("0000901", employee_no=KATO, days=(LATER,), now=OVER)
    asyncio.run(house.run(console))
    assert states(house)[-1] is State.DELIVERED
    assert (console.writes["create"], len(console.accounts)) == (1, 1)
    (sent,) = house.credentials()
    assert console.accepts(sent.login_id, sent.password)


def test_a_number_given_to_another_does_not_get_the_old_account(house: House, console: MemoryConsole) -> None:
    """Where the account carries another address than the directory has now, nothing is done and a person is asked."""
    purge(house, OVER)
    staff = house.path / "staff.csv"
    staff.write_bytes(staff.read_bytes().replace(b"t.uenohara", b"a.shinjin"))
    house.apply("0000901", employee_no=KATO, days=(LATER,), now=OVER)
    asyncio.run(house.run(console))
    assert states(house)[-1] is State.STUCK
    assert house.credentials() == []


def test_purged_requests_are_listed_and_shown(house: House) -> None:
    """Every command that reads the ledger goes on working: lists, one request, one message, the chain."""
    purge(house, OVER)
    config = ("--config", str(house.config))
    rows = answer("requests", *config)
    assert [(row["name"], row["state"]) for row in rows] == [(None, "revoked"), (None, "rejected")]
    assert answer("show", "R-20210730-0001", *config)["notices"][0]["to"] == PURGED
    assert answer("show", "M-20210730-0001", *config)["name"] == PURGED
    assert answer("audit", "verify", *config)["ok"]
    assert answer("ledger", "purge", "--dry-run", *config)["requests"] == 0


def test_whom_an_auditor_asked_about_goes_too(house: House) -> None:
    """An export by employee is on record; its number goes with the other persons, who looked and the file's digest stay."""
    answer(
        "audit",
        "export",
        "--to",
        str(house.path.parent / "a.csv"),
        "--employee",
        KATO,
        "--by",
        "監査　花子",
        "--config",
        str(house.config),
    )
    # Recorded now, by the machine's clock: its three years are over on 1 April of the fourth fiscal year.
    done = purge(house, datetime(datetime.now(tz=ZONE).year + 5, 4, 1, 9, 0, tzinfo=ZONE))
    assert done["events"] == 2
    exports = in_ledger(house, lambda ledger: ledger.of_action("audit.export"))
    assert [(one.run.actor, dict(one.event.person)) for one in exports] == [("監査　花子", {})] * 2
    assert exports[1].event.details["sha256"]
    assert verify(house).ok
