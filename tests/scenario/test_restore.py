"""The restore drill: a backup takes the ledger's place, and nothing that was done since is lost for good or done twice."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from filelock import FileLock

from bot.commands.restoring import put_back
from bot.console.memory import Fault, MemoryConsole
from bot.errors import AlreadyRunning, BadUsage, LedgerBroken, OutcomeUnknown, Transient, Unusable
from bot.ledger.restore import keep_aside
from bot.life import State
from tests.acts_kit import in_ledger
from tests.house import FRIDAY, House
from tests.restore_kit import (
    KATO,
    TAKAHASHI,
    TUESDAY,
    adopt_one,
    back_up,
    backed_up_house,
    put_mails_back,
    restore,
    states,
)
from tests.unit.test_cli import answer


@pytest.fixture
def console() -> MemoryConsole:
    """An empty console."""
    return MemoryConsole()


@pytest.fixture
def house(tmp_path: Path, console: MemoryConsole) -> House:
    """A house that issued a login to 上野原, was backed up, and then issued one to 髙橋."""
    return backed_up_house(tmp_path, console)


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
    assert len([file for file in house.files("outbox") if ".credentials.101." in file.name]) == 1


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
    with FileLock(house.path / "ledger.sqlite3.lock"), pytest.raises(AlreadyRunning):
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


def test_a_restore_that_was_killed_half_way_is_done_again(house: House) -> None:
    """Killed after the present ledger got its second name, and a draft was left: the old one is in place, and it goes again."""
    place, now = house.path / "ledger.sqlite3", house.clock.now()
    aside = keep_aside(place, now)
    place.with_name(".ledger-restoring.tmp").write_bytes(b"half a draft")
    assert states(house) == [State.DELIVERED, State.DELIVERED]
    replaced = restore(house)
    assert states(house) == [State.DELIVERED]
    assert len(replaced.messages) == 1
    assert aside.is_file()
    assert not place.with_name(".ledger-restoring.tmp").exists()


def test_a_new_machine_starts_from_a_backup(house: House, tmp_path: Path) -> None:
    """Where there is no ledger yet, the backup becomes it; nothing is put aside, and ids given since are not given again."""
    fresh = House(path=tmp_path / "fresh", clock=house.clock).lay_out()
    row, replaced = put_back(fresh.workshop(), house.path / "backup.sqlite3", by="吉澤　勝", reason="新しい機械")
    assert (row["kept_aside"], replaced.head) == (None, "")
    assert states(fresh) == [State.DELIVERED]
    assert in_ledger(fresh, lambda ledger: ledger.verify()).ok


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
    assert answer("reconcile", "--adopt", "all", *said, *config) == []
    assert answer("reconcile", "--adopt", "R-20210730-0001", *said, *config, status=1) == []
    with FileLock(house.path / "ledger.sqlite3.lock"):
        assert answer("ledger", "restore", made["file"], *said, *config, status=3)["error"] == "AlreadyRunning"
