"""The bot with its ledger on a database server: a whole life, a server that restarts, two machines, backup, restore, purge."""

from __future__ import annotations

import asyncio
import email
import email.policy
import os
import subprocess
import sys
from contextlib import AbstractContextManager
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bot.commands.backups import backed_up
from bot.commands.checks import _database, _disk
from bot.console.memory import MemoryConsole
from bot.errors import AlreadyRunning, LedgerUnusable
from bot.ledger.backup import examine
from bot.life import State
from bot.model import Account, AccountSpec
from bot.operation.report import Report, Silent
from bot.sandbox.postgres import Postgres
from bot.secret import Secret
from bot.wiring import Workshop
from tests import purge_kit, restore_kit
from tests.acts_kit import in_ledger
from tests.house import FRIDAY, ROOT, House, text_of
from tests.ledger_kit import Server, raw
from tests.unit.test_cli import answer

TUESDAY = date(2021, 8, 3)
KATO, MARUYAMA = "0031977", "0041120"


@pytest.fixture
def house(tmp_path: Path, database: Server) -> House:
    """A house whose ledger is on the server."""
    return House(path=tmp_path / "house").lay_out({"console": {"settle": 0.3}, **database.settings(tmp_path)})


class Restarting(MemoryConsole):
    """A console during whose first act the database server is restarted."""

    def __init__(self, postgres: Postgres) -> None:
        super().__init__()
        self._postgres = postgres
        self.restarts = 1

    async def create(self, spec: AccountSpec, secret: Secret) -> Account:
        """Make the account, and restart the server before anybody hears of it."""
        made = await super().create(spec, secret)
        if self.restarts:
            self.restarts -= 1
            await asyncio.to_thread(self._postgres.down)
            await asyncio.to_thread(self._postgres.up)
        return made


def states(house: House) -> list[State]:
    """Return the states of all requests."""
    return [one.state for one in in_ledger(house, lambda ledger: ledger.requests())]


def test_a_whole_life(house: House) -> None:
    """Applied for, issued, mailed, and disabled when its days are over; every act is on a chain that verifies."""
    console = MemoryConsole()
    house.apply("0000501", employee_no=MARUYAMA, days=(TUESDAY,), now=FRIDAY)
    asyncio.run(house.run(console))
    assert states(house) == [State.DELIVERED]
    (sent,) = house.credentials()
    assert console.accepts(sent.login_id, sent.password)
    house.clock.set(FRIDAY + timedelta(days=7))
    asyncio.run(house.run(console))
    assert states(house) == [State.REVOKED]
    assert not console.accepts(sent.login_id, sent.password)
    assert in_ledger(house, lambda ledger: ledger.verify()).ok
    assert not list(house.path.rglob("*.sqlite3")), "nothing of it is kept beside the server"


def test_a_restart_of_the_server_ends_a_pass_and_not_the_work(house: House, postgres: Postgres) -> None:
    """The pass says what to look at and stops; the next one finds the login that was made, and nobody gets two."""
    console = Restarting(postgres)
    house.apply("0000502", employee_no=MARUYAMA, days=(TUESDAY,), now=FRIDAY)
    house.apply("0000503", employee_no=KATO, days=(TUESDAY,), now=FRIDAY)
    report = asyncio.run(one_pass(house.workshop(), console))
    assert report.exit_status == 4
    assert any("the server was stopped or restarted: see that it runs" in problem for problem in report.problems)
    assert (console.writes["create"], house.credentials()) == (1, [])
    assert asyncio.run(one_pass(house.workshop(), console)).exit_status == 0
    assert states(house) == [State.DELIVERED, State.DELIVERED]
    assert (console.writes["create"], len(console.accounts), len(house.credentials())) == (2, 2, 2)
    assert in_ledger(house, lambda ledger: ledger.verify()).ok


async def one_pass(workshop: Workshop, console: MemoryConsole) -> Report:
    """Make a pass as the command does: alone."""
    with workshop.alone():
        ledger = workshop.ledger()
        try:
            cycle = workshop.cycle(ledger=ledger, mailbox=workshop.mailbox(), console=console)
            return await cycle.run(Silent())
        finally:
            ledger.close()


def test_another_machine_is_kept_away(house: House, database: Server, tmp_path: Path) -> None:
    """A bot with a folder of its own and the same database is told who works there, on the command line with status 3."""
    other = House(path=tmp_path / "other").lay_out(database.settings(tmp_path))
    with house.workshop().alone():
        with (
            pytest.raises(AlreadyRunning, match=rf"process {os.getpid()} on .+ since 2"),
            other.workshop().alone(),
        ):
            pytest.fail("two are in")
        done = subprocess.run(
            [sys.executable, "-m", "bot.cli", "run", "--config", str(other.config)], cwd=ROOT,
            env={**os.environ, "TELEWORK_BOT_CONSOLE_PASSWORD": "x"}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 3
    assert f"process {os.getpid()} on " in done.stderr
    with other.workshop().alone():
        pass


def test_a_server_that_is_away_is_told_to_operators(house: House, postgres: Postgres) -> None:
    """A pass that can't begin for it fails with what to look at, and an alert goes out by the way that is left."""
    postgres.down()
    try:
        with pytest.raises(LedgerUnusable, match="see that the server runs"):
            asyncio.run(begun(house.workshop()))
    finally:
        postgres.up()
    (alert,) = [file for file in house.files("outbox") if ".conditions." in file.name]
    assert "see that the server runs" in text_of(
        email.message_from_bytes(alert.read_bytes(), policy=email.policy.default)
    )


async def begun(workshop: Workshop) -> None:
    """Begin a pass."""
    async with workshop.ready_cycle():
        pytest.fail("it began")


def test_a_dry_run_changes_nothing_there(house: House) -> None:
    """What a pass would decide is told from a copy that is thrown away: the server has not one event more."""
    asyncio.run(house.run(MemoryConsole()))
    events = in_ledger(house, lambda ledger: ledger.size())
    day = next(day for day, _ in house.workshop().rulebook().next_possible(house.clock.now(), 1))
    house.apply("0000504", employee_no=MARUYAMA, days=(day,), now=house.clock.now())
    rows = answer("run", "--dry-run", "--config", str(house.config))
    assert [row["employee_no"] for row in rows] == [MARUYAMA]
    assert in_ledger(house, lambda ledger: ledger.size()) == events
    assert len(house.files("inbox")) == 1


def test_the_preflight_knows_it(house: House) -> None:
    """`check` names the database and proves its chain; the disk that it looks at is this machine's."""
    assert " on 127.0.0.1, 0 events, chain intact" in asyncio.run(_database(house.workshop()))
    assert asyncio.run(_disk(house.workshop())).endswith("MB free")


def test_a_backup_is_a_proved_file_and_the_drill_ends_as_with_a_file(tmp_path: Path, database: Server) -> None:
    """Restored, what was issued since is stuck until adopted, nobody has two logins, and what was replaced is kept and verifies."""
    console = MemoryConsole()
    settings = database.settings(tmp_path)["ledger"]
    house = restore_kit.backed_up_house(tmp_path, console, settings)
    backup = house.path / "backup.sqlite3"
    noted = in_ledger(house, lambda ledger: ledger.verify()).head
    held = examine(backup)[0]
    replaced = restore_kit.restore(house)
    assert [one.name for one in replaced.messages] == ["0000778.eml"]
    assert states(house) == [State.DELIVERED]
    assert in_ledger(house, lambda ledger: ledger.verify(held.head)).ok
    (aside,) = (house.path / "var").glob("server-ledger.sqlite3.replaced-*")
    assert examine(aside)[0].events > held.events
    assert sorted(path.name for path in (house.path / "var").glob("*ledger*")) == [aside.name]
    restore_kit.put_mails_back(house, replaced)
    asyncio.run(house.run(console))
    assert states(house) == [State.DELIVERED, State.STUCK]
    again = in_ledger(house, lambda ledger: ledger.requests())[1]
    restore_kit.adopt_one(house, console, again.id)
    assert states(house) == [State.DELIVERED, State.DELIVERED]
    assert console.writes["create"] == 2
    assert not in_ledger(house, lambda ledger: ledger.verify(noted)).ok, "a head noted since the backup is told as gone"
    with raw_of(database, tmp_path) as connection, pytest.raises(Exception, match="append-only"):
        connection.exec_driver_sql("DELETE FROM events")


def raw_of(database: Server, folder: Path) -> AbstractContextManager[Connection]:
    """Give a connection past the bot."""
    database.put_into(folder)
    return raw(folder)


def test_from_a_file_to_a_server(tmp_path: Path, database: Server) -> None:
    """A backup of a file becomes the ledger of a new server: same chain, same requests; the work goes on, and no id comes twice."""
    house, console = House(path=tmp_path / "house").lay_out(), MemoryConsole()
    house.apply("0000507", employee_no=MARUYAMA, days=(TUESDAY,), now=FRIDAY)
    asyncio.run(house.run(console))
    before = in_ledger(house, lambda ledger: ledger.requests())
    restore_kit.back_up(house)
    head = examine(house.path / "backup.sqlite3")[0].head
    house.lay_out(database.settings(tmp_path))
    restore_kit.restore(house)
    assert in_ledger(house, lambda ledger: ledger.requests()) == before
    assert in_ledger(house, lambda ledger: ledger.verify(head)).ok
    house.apply("0000508", employee_no=KATO, days=(TUESDAY,), now=FRIDAY)
    asyncio.run(house.run(console))
    assert states(house) == [State.DELIVERED, State.DELIVERED]
    assert len({one.id for one in in_ledger(house, lambda ledger: ledger.requests())}) == 2
    (done,) = in_ledger(house, lambda ledger: ledger.of_action("ledger.restore"))
    assert done.event.details["replaced_head"] == "", "what a new server does not know proves nothing about logins"


def test_nothing_is_restored_while_somebody_works(house: House) -> None:
    """A bot that has it open, on whatever machine, is named, and not a row is changed."""
    house.apply("0000505", employee_no=MARUYAMA, days=(TUESDAY,), now=FRIDAY)
    asyncio.run(house.run(MemoryConsole()))
    in_ledger(house, lambda ledger: backed_up(house.workshop(), ledger, house.path / "backup.sqlite3", keep=1))
    script = (
        "import sys; from pathlib import Path; from bot.config import load; from bot.clock import SystemClock\n"
        "from bot.secret import Redactor; from bot.wiring import Workshop; import asyncio\n"
        "config = load(Path(sys.argv[1]))\n"
        "shop = Workshop(config=config, clock=SystemClock(config.zone), redactor=Redactor(), say=print)\n"
        "ledger = shop.ledger(); asyncio.run(ledger.size()); print('open', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(house.config)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(AlreadyRunning, match=rf"process {other.pid} on "):
            restore_kit.restore(house)
        assert other.stdin is not None
        other.stdin.close()
    assert states(house) == [State.DELIVERED]


def test_who_applied_is_gone_from_every_byte_of_the_tables(
    tmp_path: Path, database: Server, postgres: Postgres
) -> None:
    """After the purge the server's files of this database hold no name, number or reason, and the chain verifies."""
    settings = database.settings(tmp_path)["ledger"]
    house = purge_kit.old_house(tmp_path, MemoryConsole(), settings)
    head = purge_kit.verify(house).head
    assert found(postgres, database, tmp_path) == set(purge_kit.PERSON)
    purge_kit.purge(house, purge_kit.OVER)
    assert found(postgres, database, tmp_path) == set()
    assert purge_kit.verify(house, head).ok
    assert states(house) == [State.REVOKED, State.REJECTED]


def found(postgres: Postgres, database: Server, folder: Path) -> set[str]:
    """Return what of the person stands in the files of the database."""
    with raw_of(database, folder) as connection:
        place = connection.exec_driver_sql("SELECT oid FROM pg_database WHERE datname = current_database()").scalar()
    postgres.sql("CHECKPOINT")
    files = [file.read_bytes() for file in (postgres.folder / "data" / "base" / str(place)).iterdir()]
    return {text for text in purge_kit.PERSON if any(text.encode() in content for content in files)}
