"""The ledger: each message and application once, each step with its event, nothing half-done."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert

from bot.clock import FixedClock
from bot.errors import Conflict, LedgerBroken, LedgerBusy, Unusable
from bot.ledger import seals, tables
from bot.ledger.ledger import Ledger
from bot.ledger.records import AccountRecord, Changes, Notice, NoticeKind, NoticeState
from bot.life import TRANSITIONS, AccountRecordState, State
from bot.model import Decision, Outcome, Progress, Severity, Violation, Window
from tests.house import FRIDAY
from tests.ledger_kit import STEP, accepted, application, later, message, open_ledger, raw, reading, recorded


@pytest.fixture
def ledger(folder: Path) -> Iterator[Ledger]:
    """A new ledger."""
    made = open_ledger(folder)
    yield made
    made.close()


async def test_a_message_is_recorded_once(ledger: Ledger) -> None:
    """The same identity again gives the records that are there; another receipt time is another message."""
    first = await ledger.record(message("a"), reading("a", application(), application("0031977")))
    again = await ledger.record(message("a"), reading("a", application(), application("0031977")))
    other = await ledger.record(message("a"), reading("a", application(), received_at=later(1)))
    assert (first.new, again.new, other.new) == (True, False, True)
    assert again.requests == first.requests
    assert [request.id for request in await ledger.requests()] == [f"R-20210730-{number:04d}" for number in (1, 2, 3)]


async def test_what_was_read_comes_back_as_it_was(ledger: Ledger) -> None:
    """An application is kept with everything that was read, raw text included."""
    request = await ledger.get(await recorded(ledger, "a", application(days=[date(2021, 8, 2), date(2021, 8, 4)])))
    assert request.application == application(days=[date(2021, 8, 2), date(2021, 8, 4)])
    assert (request.received_at, request.state) == (FRIDAY, State.RECEIVED)


async def test_ids_count_per_day_and_stay_in_order(folder: Path) -> None:
    """Numbers begin anew each day, go past 9999, and lists keep the order of recording, also when the clock steps back."""
    clock = FixedClock(FRIDAY)
    ledger = open_ledger(folder, clock)
    try:
        with raw(folder) as connection:
            connection.exec_driver_sql("INSERT INTO counters VALUES ('R-20210730', 9998)")
        ids = [await recorded(ledger, name) for name in "ab"]
        clock.set(FRIDAY + timedelta(days=1))
        ids.append(await recorded(ledger, "c"))
        clock.set(FRIDAY)
        ids.append(await recorded(ledger, "d"))
        assert ids == ["R-20210730-9999", "R-20210730-10000", "R-20210731-0001", "R-20210730-10001"]
        assert [request.id for request in await ledger.requests()] == ids
    finally:
        ledger.close()


@pytest.mark.parametrize("to", list(State))
@pytest.mark.parametrize("start", list(State))
async def test_only_the_steps_of_the_life_are_taken(tmp_path: Path, start: State, to: State) -> None:
    """A step that TRANSITIONS does not have is refused, and leaves neither a change nor an event."""
    ledger = open_ledger(tmp_path)
    request_id = await recorded(ledger, "a")
    begin = partial(seals.put, table=tables.requests, key={"id": request_id}, values={"state": start.value})
    await ledger.change(begin, replace(STEP, request_id=request_id))
    before = await ledger.size()
    if to is start or to in TRANSITIONS[start]:
        assert (await ledger.advance(request_id, expect=start, to=to, event=STEP)).state is to
        assert await ledger.size() == before + 1
    else:
        with pytest.raises(LedgerBroken):
            await ledger.advance(request_id, expect=start, to=to, event=STEP)
        assert (await ledger.get(request_id)).state is start
        assert await ledger.size() == before
    ledger.close()


async def test_a_step_from_another_state_is_refused(ledger: Ledger) -> None:
    """Compare and set: who expects a state that is no longer true gets an error and changes nothing."""
    request_id = await accepted(ledger, "a")
    with pytest.raises(Conflict, match="is accepted, no longer received"):
        await ledger.advance(request_id, expect=State.RECEIVED, to=State.REJECTED, event=STEP)
    assert (await ledger.get(request_id)).state is State.ACCEPTED


async def test_what_was_decided_on_has_changed(ledger: Ledger) -> None:
    """Who expects all of a request as it was read gets a conflict once anything of it is another, though its state is the same."""
    request_id = await accepted(ledger, "a")
    seen = await ledger.get(request_id)
    changed = Changes(attempts=1)
    await ledger.advance(request_id, expect=State.ACCEPTED, to=State.ACCEPTED, event=STEP, changes=changed)
    with pytest.raises(Conflict, match="was changed in the meantime, and is still accepted"):
        await ledger.advance(request_id, expect=seen, to=State.ISSUING, event=STEP)
    now = await ledger.get(request_id)
    assert (await ledger.advance(request_id, expect=now, to=State.ISSUING, event=STEP)).state is State.ISSUING


async def test_what_is_there_already_is_a_conflict(ledger: Ledger) -> None:
    """What another program has put under the same key first is told as a conflict: no backup must be restored for it."""

    def put(connection: Connection) -> None:
        connection.execute(insert(tables.counters).values(series="twice", value=1))

    await ledger.change(put)
    with pytest.raises(Conflict, match=r"wrote the same to the ledger .+ first"):
        await ledger.change(put)


async def test_a_step_brings_its_account_and_notice(ledger: Ledger) -> None:
    """State, fields, account, notice and event are one transaction."""
    request_id = await accepted(ledger, "a")
    window = Window(start=later(60), end=later(90))
    account = AccountRecord(
        login_id="tw0048213", employee_no="0048213", request_id=request_id, state=AccountRecordState.CREATING,
        window=window, secret_version=1,
    )  # fmt: skip
    notice = Notice(
        request_id=request_id, kind=NoticeKind.CREDENTIALS, attempt=1, message_id="<x@y>", to="a@example.jp",
        state=NoticeState.SENDING,
    )  # fmt: skip
    changes = Changes(login_id="tw0048213", window=window, attempts=1)
    request = await ledger.advance(
        request_id, expect=State.ACCEPTED, to=State.ISSUING, event=STEP, changes=changes, account=account, notice=notice
    )
    assert (request.login_id, request.window, request.attempts) == ("tw0048213", window, 1)
    assert await ledger.account("tw0048213") == account
    assert await ledger.notices(request_id) == (notice,)


async def test_an_account_goes_only_the_steps_of_its_life(ledger: Ledger) -> None:
    """It begins at creating, and is closed only by way of an intent on record; any other step is refused and changes nothing."""
    request_id = await accepted(ledger, "a")

    async def put(state: AccountRecordState) -> None:
        account = AccountRecord(login_id="tw1", employee_no="1", request_id=request_id, state=state)
        await ledger.note(STEP, account=account)

    with pytest.raises(LedgerBroken, match="can't go from None to created"):
        await put(AccountRecordState.CREATED)
    for state in (AccountRecordState.CREATING, AccountRecordState.CREATED):
        await put(state)
    events = await ledger.size()
    with pytest.raises(LedgerBroken, match="can't go from created to closed"):
        await put(AccountRecordState.CLOSED)
    account = await ledger.account("tw1")
    assert account is not None
    assert (account.state, await ledger.size()) == (AccountRecordState.CREATED, events)


async def test_history_is_of_other_requests(ledger: Ledger) -> None:
    """Days and receipt numbers of the employee's other requests bear on a new one; its own and rejected ones don't."""
    first = await accepted(ledger, "a", application(days=[date(2021, 8, 2)], receipt_no="1"))
    rejected = await recorded(ledger, "b", application(days=[date(2021, 8, 3)], receipt_no="2"))
    decision = Changes(decision=Decision(outcome=Outcome.REJECT))
    await ledger.advance(rejected, expect=State.RECEIVED, to=State.REJECTED, event=STEP, changes=decision)
    await accepted(ledger, "c", application("0031977", days=[date(2021, 8, 2)], receipt_no="3"))
    new = await recorded(ledger, "d", application(days=[date(2021, 8, 2)], receipt_no="1"))
    history = await ledger.history(application(days=[date(2021, 8, 2)], receipt_no="1"), before=new)
    assert dict(history.granted) == {date(2021, 8, 2): first}
    assert [request.id for request in history.earlier] == [first]
    assert dict(history.per_day) == {date(2021, 8, 2): 2}


async def test_history_says_how_far_a_request_has_come_that_holds_days(ledger: Ledger) -> None:
    """Its login works from the delivery on until it is disabled, or nobody knows how to go on; before, it follows."""
    day = date(2021, 8, 2)
    first = await accepted(ledger, "a", application(days=[day], receipt_no="1"))
    new = await recorded(ledger, "b", application(days=[day], receipt_no="2"))

    async def progress() -> Progress:
        history = await ledger.history(application(days=[day]), before=new)
        return history.progress[first]

    async def put(state: AccountRecordState) -> None:
        account = AccountRecord(login_id="tw1", employee_no="0048213", request_id=first, state=state)
        await ledger.note(STEP, account=account)

    assert await progress() is Progress.COMING
    states = (State.ACCEPTED, State.ISSUING, State.ISSUED, State.DELIVERING, State.DELIVERED)
    for expect, to in pairwise(states):
        await ledger.advance(first, expect=expect, to=to, event=STEP, changes=Changes(login_id="tw1"))
        assert await progress() is (Progress.WORKS if to is State.DELIVERED else Progress.COMING)
    for state in (AccountRecordState.CREATING, AccountRecordState.CREATED):
        await put(state)
    assert await progress() is Progress.WORKS
    await put(AccountRecordState.DISABLED)
    assert await progress() is Progress.FAILED
    await ledger.advance(first, expect=State.DELIVERED, to=State.STUCK, event=STEP)
    assert await progress() is Progress.FAILED


async def test_untold_and_due(folder: Path) -> None:
    """A rejection is untold until its notice is settled; a delivered request is due when its window has ended."""
    ledger = open_ledger(folder)
    try:
        rejected = await recorded(ledger, "a")
        await ledger.advance(rejected, expect=State.RECEIVED, to=State.REJECTED, event=STEP)
        kinds = {State.REJECTED: NoticeKind.REJECTED, State.HELD: NoticeKind.HELD}
        assert [request.id for request in await ledger.untold(kinds)] == [rejected]
        notice = Notice(
            request_id=rejected,
            kind=NoticeKind.REJECTED,
            attempt=1,
            message_id="<x@y>",
            to="",
            state=NoticeState.SENDING,
        )
        await ledger.note(STEP, notice=notice)
        assert [request.id for request in await ledger.untold(kinds)] == [rejected]
        sent = Notice(
            request_id=rejected, kind=NoticeKind.REJECTED, attempt=1, message_id="<x@y>", to="", state=NoticeState.SENT
        )
        await ledger.note(STEP, notice=sent)
        assert await ledger.untold(kinds) == ()
        delivered = await accepted(ledger, "b")
        window = Changes(window=Window(start=later(1), end=later(2)))
        for state, to in zip(
            (State.ACCEPTED, State.ISSUING, State.ISSUED, State.DELIVERING),
            (State.ISSUING, State.ISSUED, State.DELIVERING, State.DELIVERED),
            strict=True,
        ):
            await ledger.advance(delivered, expect=state, to=to, event=STEP, changes=window)
        assert await ledger.due(later(1.5)) == ()
        assert [request.id for request in await ledger.due(later(2))] == [delivered]
    finally:
        ledger.close()


def test_what_is_no_ledger_is_told(tmp_path: Path) -> None:
    """A file that is no database is told by its name."""
    (tmp_path / "ledger.sqlite3").write_bytes(b"no database at all" * 100)
    with pytest.raises(Unusable, match=r"ledger\.sqlite3"):
        open_ledger(tmp_path)


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    """The file is its owner's alone from the first byte."""
    open_ledger(tmp_path).close()
    assert (tmp_path / "ledger.sqlite3").stat().st_mode & 0o077 == 0


def test_a_newer_ledger_is_refused(folder: Path) -> None:
    """A newer schema is told with what to do."""
    open_ledger(folder).close()
    with raw(folder) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Unusable, match="newer version"):
        open_ledger(folder)


async def test_a_held_ledger_is_waited_for_as_long_as_its_address_says(folder: Path) -> None:
    """Another program's write transaction is an error of its own name after ?timeout=, and over when the program lets go."""
    patient, other = open_ledger(folder, options="?timeout=0.2"), open_ledger(folder)
    with other._engine.connect().execution_options(writes=True) as holding, holding.begin():
        started = time.monotonic()
        with pytest.raises(LedgerBusy, match="locked by another program"):
            await patient.note(STEP)
        assert time.monotonic() - started < 20
    await patient.note(STEP)
    other.close()
    patient.close()


async def test_a_backup_that_takes_its_place_is_what_is_read_then(tmp_path: Path) -> None:
    """A ledger that stays open, as under `serve`, goes on with the file that is there, never with the one that was replaced."""
    ledger = open_ledger(tmp_path)
    await recorded(ledger, "a")
    file, backup = tmp_path / "ledger.sqlite3", tmp_path / "backup.sqlite3"
    with closing(sqlite3.connect(file)) as there, closing(sqlite3.connect(backup)) as here:
        there.backup(here)
    await recorded(ledger, "b")
    for beside in ("-wal", "-shm"):
        file.with_name(f"{file.name}{beside}").unlink(missing_ok=True)
    backup.replace(file)
    assert len(await ledger.requests()) == 1
    await recorded(ledger, "c")
    assert len(await ledger.requests()) == 2
    ledger.close()


async def test_who_looks_from_outside_takes_nothing_away(tmp_path: Path) -> None:
    """Another process opens and closes the ledger while it is open here, twice: what is written afterwards is there for everybody."""
    ledger = open_ledger(tmp_path)
    await recorded(ledger, "a")
    open_ledger(tmp_path).close()
    assert _seen_from_outside(tmp_path) == 1
    await recorded(ledger, "b")
    assert _seen_from_outside(tmp_path) == 2
    assert len(await ledger.requests()) == 2
    ledger.close()


def _seen_from_outside(folder: Path) -> int:
    look = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); print(*c.execute('SELECT count(*) FROM requests').fetchone()); c.close()"
    file = str(folder / "ledger.sqlite3")
    return int(subprocess.run([sys.executable, "-c", look, file], capture_output=True, check=True).stdout)


@pytest.mark.parametrize(
    ("outcome", "codes", "told", "counts"),
    [
        (Outcome.ACCEPT, (), True, True),
        (Outcome.ACCEPT, ("V04",), True, True),
        (Outcome.HOLD, ("V12",), True, True),
        (None, (), True, False),
        (Outcome.HOLD, ("V04",), True, False),
        (Outcome.HOLD, ("V03", "V12"), True, False),
        (Outcome.HOLD, ("V12",), False, False),
    ],
)
async def test_what_somebody_sent_in_anothers_name_never_counts_as_the_first(
    ledger: Ledger, outcome: Outcome | None, codes: tuple[str, ...], *, told: bool, counts: bool
) -> None:
    """Held for who applies, forged or not decided yet: it bears on nothing; accepted, or held for something else: it does."""
    first = await recorded(ledger, "a", application(receipt_no="A-12"))
    if outcome:
        found = tuple(Violation(code=code, severity=Severity.HOLD, text="", text_en="") for code in codes)
        decision = Decision(outcome=outcome, violations=found, tell_applicant=told)
        to = State.ACCEPTED if outcome is Outcome.ACCEPT else State.HELD
        await ledger.advance(first, expect=State.RECEIVED, to=to, event=STEP, changes=Changes(decision=decision))
    new = await recorded(ledger, "b", application(receipt_no="ａ１２"))
    history = await ledger.history(application(receipt_no="ａ１２"), before=new)
    assert [request.id for request in history.earlier] == [first] * counts
    other = await ledger.history(application("0031977", receipt_no="A-12"), before=new)
    assert other.earlier == ()
