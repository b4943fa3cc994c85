"""The restore drill: a backup takes the ledger's place, and nothing that was done since is lost for good or done twice."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
from filelock import FileLock

from bot.commands.backups import backed_up
from bot.commands.restoring import put_back
from bot.console.memory import Fault, MemoryConsole
from bot.errors import ActRefused, AlreadyRunning, BadUsage, LedgerBroken, OutcomeUnknown, Transient, Unusable
from bot.ledger.restore import Replaced
from bot.life import State
from bot.model import AccountSpec, Window
from bot.operation.acts import Act, Acts
from bot.operation.adopt import adopt
from bot.operation.report import Report
from bot.secret import Redactor
from tests.acts_kit import act, in_ledger, onward
from tests.house import FRIDAY, House
from tests.unit.test_cli import answer

TUESDAY, WEDNESDAY = date(2021, 8, 3), date(2021, 8, 4)
KATO, TAKAHASHI = "0031977", "0048213"


@pytest.fixture
def console() -> MemoryConsole:
    """An empty console."""
    return MemoryConsole()


@pytest.fixture
def house(tmp_path: Path, console: MemoryConsole) -> House:
    """A house that issued a login to 上野原, was backed up, and then issued one to 髙橋."""
    made = House(path=tmp_path / "house").lay_out({"console": {"settle": 0.3}})
    made.apply("0000777", employee_no=KATO, days=(TUESDAY,), now=FRIDAY)
    asyncio.run(made.run(console))
    back_up(made)
    made.clock.set(FRIDAY + timedelta(minutes=5))
    made.apply("0000778", employee_no=TAKAHASHI, days=(TUESDAY, WEDNESDAY), now=made.clock.now())
    asyncio.run(made.run(console))
    assert states(made) == [State.DELIVERED, State.DELIVERED]
    return made


def back_up(house: House) -> None:
    """Make the backup of the drill."""
    to = house.path / "backup.sqlite3"
    in_ledger(house, lambda ledger: backed_up(house.workshop(), ledger, to, keep=1))


def restore(house: House) -> Replaced:
    """Restore the backup, a minute later."""
    house.clock.set(house.clock.now() + timedelta(minutes=1))
    return put_back(house.workshop(), house.path / "backup.sqlite3", by="吉澤　勝", reason="訓練")[1]


def put_mails_back(house: House, replaced: Replaced) -> None:
    """Do what the list says: move each mail from where it was filed to the inbox."""
    for message in replaced.messages:
        shutil.move(house.path / "mailbox" / message.folder / message.name, house.path / "mailbox" / "inbox")


def states(house: House) -> list[State]:
    """Return the states of all requests."""
    return [one.state for one in in_ledger(house, lambda ledger: ledger.requests())]


def adopt_one(house: House, console: MemoryConsole, name: str) -> Report:
    """Adopt and carry out, as `ledger adopt` does."""

    async def verb(acts: Acts) -> Act:
        return await adopt(acts, house.workshop().config.settings.account, name, "復元前に発行済み")

    act(house, verb)
    return onward(house, console, name)


def test_the_drill_ends_with_one_account_and_a_newest_mail_that_works(house: House, console: MemoryConsole) -> None:
    """What was issued since the backup is stuck, not doubled, until adopted; then the newest mail logs in, and no other."""
    before = dict(console.accounts)
    replaced = restore(house)
    assert [message.name for message in replaced.messages] == ["0000778.eml"]
    assert states(house) == [State.DELIVERED]
    put_mails_back(house, replaced)
    asyncio.run(house.run(console))
    assert states(house) == [State.DELIVERED, State.STUCK]
    assert console.accounts == before, "nothing is clicked before somebody says whose it is"

    again = in_ledger(house, lambda ledger: ledger.requests())[1]
    adopt_one(house, console, again.id)
    assert states(house) == [State.DELIVERED, State.DELIVERED]
    assert sorted(console.accounts) == sorted(before)
    assert console.writes["create"] == 2
    mails = [one for one in house.credentials() if one.login_id == f"tw{TAKAHASHI}"]
    assert len({one.request_id for one in mails}) == 2, "the second life of an application has an id of its own"
    working = [one.request_id for one in mails if console.accepts(one.login_id, one.password)]
    assert working == [again.id]
    (first,) = [one for one in house.credentials() if one.login_id == f"tw{KATO}"]
    assert console.accepts(first.login_id, first.password), "who was issued before the backup is not touched"
    asyncio.run(house.run(console))
    assert len(house.credentials()) == 3
    assert in_ledger(house, lambda ledger: ledger.verify()).ok


def test_restoring_is_on_the_record_of_both_ledgers(house: House) -> None:
    """The restored chain says who, why, and which head was replaced by which; the one kept aside still has that head."""
    noted = in_ledger(house, lambda ledger: ledger.verify()).head
    restore(house)
    (done,) = in_ledger(house, lambda ledger: ledger.of_action("ledger.restore"))
    assert (done.run.actor, done.event.outcome, done.event.reason) == ("吉澤　勝", "done", "訓練")
    assert not in_ledger(house, lambda ledger: ledger.verify(noted)).ok, "a head noted since the backup is told as gone"
    (aside,) = house.path.glob("ledger.sqlite3.replaced-*")
    with closing(sqlite3.connect(aside)) as connection:
        rows = connection.execute("SELECT seq, action, outcome, hash FROM events ORDER BY seq").fetchall()
    assert rows[-1][1:3] == ("ledger.restore", "intended")
    assert (done.event.details["replaced_events"], done.event.details["replaced_head"]) == (rows[-1][0], rows[-1][3])
    assert noted in {row[3] for row in rows}


def test_a_damaged_ledger_is_replaced_too(house: House, console: MemoryConsole) -> None:
    """Where the present ledger can't be read, ids given since are still not given again, and the drill ends the same."""
    ledger = house.path / "ledger.sqlite3"
    for side in ("-wal", "-shm"):
        ledger.with_name(ledger.name + side).unlink(missing_ok=True)
    ledger.write_bytes(b"gone" * 5000)
    replaced = restore(house)
    assert (replaced.head, replaced.messages) == ("", ())
    shutil.move(house.path / "mailbox" / "processed" / "0000778.eml", house.path / "mailbox" / "inbox")
    asyncio.run(house.run(console))
    again = in_ledger(house, lambda ledger: ledger.requests())[1]
    assert again.state is State.STUCK
    assert again.id not in {one.request_id for one in house.credentials()}
    adopt_one(house, console, again.id)
    working = [one.request_id for one in house.credentials() if console.accepts(one.login_id, one.password)]
    assert working == [house.credentials()[0].request_id, again.id]


def test_a_request_caught_half_way_gets_mails_that_were_never_sent_before(
    tmp_path: Path, console: MemoryConsole
) -> None:
    """Issued, not mailed at the backup; mailed since: after the restore a new password goes out under a new Message-ID."""
    house = House(path=tmp_path / "house").lay_out({"console": {"settle": 0.3}})
    house.apply("0000777", employee_no=KATO, days=(TUESDAY,), now=FRIDAY)
    console.fail_next(Fault(verb="create", error=OutcomeUnknown("create"), acted=True))
    console.fail_next(Fault(verb="find", error=Transient("the console is slow")))
    asyncio.run(house.run(console))
    assert states(house) == [State.UNKNOWN]
    back_up(house)
    asyncio.run(house.run(console))
    assert states(house) == [State.DELIVERED]
    assert restore(house).messages == ()
    asyncio.run(house.run(console))
    assert states(house) == [State.DELIVERED]
    assert len(console.accounts) == 1
    first, second = sorted(house.credentials(), key=lambda one: console.accepts(one.login_id, one.password))
    assert [console.accepts(one.login_id, one.password) for one in (first, second)] == [False, True]
    assert len([file for file in house.files("outbox") if ".credentials.101@" in file.name]) == 1


def test_a_login_that_the_replaced_ledger_did_not_know_is_not_adopted(house: House, console: MemoryConsole) -> None:
    """A restore is no way to take over somebody else's account: it must have been ours before."""
    replaced = restore(house)
    put_mails_back(house, replaced)
    house.apply("0000779", employee_no="0036421", days=(WEDNESDAY,), now=house.clock.now())
    asyncio.run(console.create(foreign("tw0036421"), Redactor().new("Somebody-Else-1")))
    asyncio.run(house.run(console))
    stuck = [one for one in in_ledger(house, lambda ledger: ledger.requests()) if one.state is State.STUCK]
    assert len(stuck) == 2
    other = next(one for one in stuck if one.application.employee_no == "0036421")
    with pytest.raises(ActRefused, match="did not know it either"):
        adopt_one(house, console, other.id)


def test_an_account_with_another_address_is_left_alone(house: House, console: MemoryConsole) -> None:
    """Adopting says it may be ours; the account itself must say so too, by the employee's address."""
    replaced = restore(house)
    put_mails_back(house, replaced)
    login_id = f"tw{TAKAHASHI}"
    del console.accounts[login_id]
    asyncio.run(console.create(foreign(login_id), Redactor().new("Somebody-Else-1")))
    asyncio.run(house.run(console))
    stuck = in_ledger(house, lambda ledger: ledger.requests())[1]
    adopt_one(house, console, stuck.id)
    after = in_ledger(house, lambda ledger: ledger.get(stuck.id))
    assert after.state is State.STUCK
    assert "another mail address" in after.stuck_reason
    assert console.accepts(login_id, "Somebody-Else-1")


def test_without_a_restore_nothing_is_adopted(tmp_path: Path, console: MemoryConsole) -> None:
    """An account that exists already is a conflict as ever."""
    house = House(path=tmp_path / "house").lay_out()
    house.apply("0000777", employee_no=KATO, days=(TUESDAY,), now=FRIDAY)
    asyncio.run(console.create(foreign(f"tw{KATO}"), Redactor().new("Somebody-Else-1")))
    asyncio.run(house.run(console))
    (stuck,) = in_ledger(house, lambda ledger: ledger.requests())
    assert stuck.state is State.STUCK
    with pytest.raises(ActRefused, match="no backup was ever put in place"):
        adopt_one(house, console, stuck.id)


def test_restoring_twice_keeps_both_and_numbers_go_on(house: House, console: MemoryConsole) -> None:
    """The same backup again: no id and no attempt is used a second time, and every replaced ledger is still there."""
    seen = set()
    for _ in range(2):
        put_mails_back(house, restore(house))
        asyncio.run(house.run(console))
        again = in_ledger(house, lambda ledger: ledger.requests())[1]
        adopt_one(house, console, again.id)
        seen.add(again.id)
    assert len(seen) == 2
    assert len([path for path in house.path.glob("ledger.sqlite3.replaced-*") if path.suffix != "-wal"]) == 2
    working = [one for one in house.credentials() if console.accepts(one.login_id, one.password)]
    assert len(working) == 2


def test_nothing_is_restored_while_the_bot_runs(house: House) -> None:
    """A pass holds the lock, any other program the database: either way the ledger stays as it is."""
    with FileLock(house.path / "var" / "bot.lock"), pytest.raises(AlreadyRunning):
        restore(house)
    with closing(sqlite3.connect(house.path / "ledger.sqlite3")) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM events").fetchone()
        with pytest.raises(AlreadyRunning, match="another program"):
            restore(house)
    assert not list(house.path.glob("ledger.sqlite3.replaced-*"))
    assert states(house) == [State.DELIVERED, State.DELIVERED]


def test_what_can_t_take_the_place_is_refused(house: House) -> None:
    """No ledger, one of a newer version, one whose chain is broken, the ledger itself, a raw copy: each is told, nothing is changed."""
    place, backup = house.path / "ledger.sqlite3", house.path / "backup.sqlite3"
    good = backup.read_bytes()

    def changed(statement: str) -> None:
        backup.write_bytes(good)
        with closing(sqlite3.connect(backup)) as connection, connection:
            connection.execute("DROP TRIGGER events_are_append_only")
            connection.execute(statement)

    changed("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Unusable, match="newer version"):
        restore(house)
    changed("UPDATE events SET reason = 'changed' WHERE seq = 2")
    with pytest.raises(LedgerBroken, match="its content was changed"):
        restore(house)
    backup.write_bytes(b"no ledger" * 1000)
    with pytest.raises(Unusable, match="is no ledger"):
        restore(house)
    backup.unlink()
    with pytest.raises(BadUsage, match="there is no file"):
        restore(house)
    shutil.copyfile(place, backup)
    backup.with_name("backup.sqlite3-wal").write_bytes(b"pages")
    with pytest.raises(BadUsage, match="a copy of a ledger in use"):
        restore(house)
    with pytest.raises(BadUsage, match="the ledger in use"):
        put_back(house.workshop(), place, by="吉澤　勝", reason="訓練")
    assert states(house) == [State.DELIVERED, State.DELIVERED]


def test_the_commands_do_the_drill(house: House) -> None:
    """Backup, restore and adopt by the command line: one JSON document each, and the promised exit status."""
    config = ("--config", str(house.config))
    made = answer("ledger", "backup", "--to", str(house.path / "copies"), *config)
    assert answer("audit", "verify", "--head", made["head"], *config)["ok"]
    said = ("--by", "吉澤", "--reason", "訓練")
    done = answer("ledger", "restore", made["file"], *said, *config)
    assert (done["head"], done["messages"], done["logins"]) == (made["head"], [], 0)
    assert Path(done["kept_aside"]).is_file()
    assert answer("audit", "verify", "--head", made["head"], *config)["ok"]
    assert (
        answer("ledger", "restore", made["file"], "--by", "", "--reason", "", *config, status=2)["error"] == "BadUsage"
    )
    assert answer("ledger", "adopt", "--stuck", *said, *config) == []
    assert answer("ledger", "adopt", "R-20210730-0001", *said, *config, status=1) == []
    with FileLock(house.path / "var" / "bot.lock"):
        assert answer("ledger", "restore", made["file"], *said, *config, status=3)["error"] == "AlreadyRunning"


def foreign(login_id: str) -> AccountSpec:
    """Return an account that somebody else made."""
    window = Window(start=FRIDAY, end=FRIDAY + timedelta(days=9))
    return AccountSpec(
        login_id=login_id, name="誰か", department="", mail="someone@else.example.jp", pool="", zones=(), window=window
    )
