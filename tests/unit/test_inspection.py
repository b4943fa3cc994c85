"""The month's report answers each of the auditors' questions from the ledger, and finds what was done behind the rules' back."""

from __future__ import annotations

import asyncio
import tracemalloc
from contextlib import closing
from datetime import date, datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest

from bot.console.memory import MemoryConsole
from bot.errors import BadUsage
from bot.ledger.ledger import Ledger
from bot.ledger.records import ActorType, Event
from bot.life import State
from bot.operation.acts import Acts
from bot.operation.inspection import issuing, people
from bot.operation.inspection.facts import Month, Question, Scope, Table, month_of
from bot.operation.inspection.showing import answers
from tests.acts_kit import act, in_ledger, onward
from tests.bulk_kit import Bulk
from tests.house import FRIDAY, ZONE, House
from tests.ledger_kit import open_ledger
from tests.purge_kit import KATO, MARUYAMA, MOMOSE
from tests.unit.test_cli import answer

TUESDAY, MONDAY = date(2021, 8, 3), date(2021, 8, 2)
#: After every window of the tests is over.
LATER = FRIDAY + timedelta(days=30)


@pytest.fixture
def console() -> MemoryConsole:
    """An empty console."""
    return MemoryConsole()


@pytest.fixture
def house(tmp_path: Path, console: MemoryConsole) -> House:
    """A house of July 2021: one issued by the rules, one refused, one urgent that an operator approved against V07."""
    made = House(path=tmp_path / "house").lay_out({"console": {"settle": 0.3}})
    made.apply("0000777", employee_no=KATO, days=(TUESDAY,), now=FRIDAY)
    made.apply("0000778", employee_no=MOMOSE, days=(date(2021, 7, 1),), now=FRIDAY)
    made.apply("0000779", employee_no=MARUYAMA, days=(MONDAY,), now=FRIDAY, note="緊急の理由：濃厚接触者")
    asyncio.run(made.run(console))
    assert [one.state for one in in_ledger(made, lambda ledger: ledger.requests())] == [
        State.DELIVERED,
        State.REJECTED,
        State.HELD,
    ]
    act(made, lambda acts: Acts.approve(acts, "R-20210730-0003", "所属長から電話"))
    onward(made, console, "R-20210730-0003")
    return made


def scope_of(house: House, month: str = "2021-07", now: datetime = FRIDAY) -> Scope:
    """Return what a report of a month is about, as of ``now``."""
    return Scope(month=month_of(month, ZONE), now=now, cutoff=house.workshop().rulebook().cutoff_for)


def answered(house: House, question: Question) -> Table:
    """Answer one question."""
    (table,) = in_ledger(house, lambda ledger: answers(ledger, question.scope, [question])).tables
    return table


def column(table: Table, english: str) -> list[object]:
    """Return one column by the English half of its heading."""
    (index,) = [number for number, (name, _) in enumerate(table.columns) if name.endswith(f"/ {english}")]
    return [row[index] for row in table.rows]


def test_every_login_with_who_and_why(house: House) -> None:
    """Each login of the month stands there once, with its application, rules, approver, reason, robot and times."""
    table = answered(house, issuing.Issued(scope_of(house)))
    assert column(table, "request") == ["R-20210730-0001", "R-20210730-0003"]
    assert column(table, "employee") == [KATO, MARUYAMA]
    assert column(table, "granted") == ["2021-08-03", "2021-08-02"]
    assert column(table, "approved by") == ["", "吉澤　勝"]
    assert column(table, "reason of approval") == ["", "所属長から電話"]
    assert "V07(hold)" in str(column(table, "rules")[1])
    assert set(column(table, "handed over")) == {"2021-07-30 13:04:00+09:00"}


def test_the_refused_got_nothing(house: House) -> None:
    """A refusal is proved by the whole record; an account event behind it is a finding that names the event."""
    assert answered(house, issuing.Refused(scope_of(house))).findings == 0
    assert column(answered(house, issuing.Refused(scope_of(house))), "giving events") == [0]

    async def slip(ledger: Ledger) -> None:
        await ledger.note(Event(action="account.create", outcome="done", request_id="R-20210730-0002"))

    in_ledger(house, slip)
    table = answered(house, issuing.Refused(scope_of(house)))
    assert (table.findings, column(table, "giving events")) == (1, [1])
    assert "account.create" in str(column(table, "verdict")[0])


def test_open_past_its_end(house: House, console: MemoryConsole) -> None:
    """A login whose time is over and which nobody disabled is a finding, until the pass that disables it."""
    assert answered(house, issuing.StillOpen(scope_of(house))).rows == []
    assert answered(house, issuing.StillOpen(scope_of(house, now=LATER))).findings == 2
    house.clock.set(LATER)
    asyncio.run(house.run(console))
    assert answered(house, issuing.StillOpen(scope_of(house, now=LATER))).rows == []


def test_late_grants_and_overrides_name_who_allowed_them(house: House) -> None:
    """What came after the cutoff, and what a rule had stopped, stand with the person and the reason."""
    for table in (answered(house, people.Late(scope_of(house))), answered(house, people.Overrides(scope_of(house)))):
        assert column(table, "request") == ["R-20210730-0003"]
        assert column(table, "by") == ["吉澤　勝"]
        assert column(table, "reason") == ["所属長から電話"]
    assert column(answered(house, people.Late(scope_of(house))), "days received late") == ["2021-08-02"]
    assert column(answered(house, people.Acts(scope_of(house))), "action") == ["request.approve"]


def test_the_robot_outside_its_hours(house: House, console: MemoryConsole) -> None:
    """What the bot did at night, or where it may not on a closed day, is listed; in its hours nothing is."""
    opens, closes = time(6), time(22)
    assert answered(house, people.Outside(scope_of(house), start=opens, end=closes, is_open=None)).rows == []
    house.clock.set(FRIDAY.replace(hour=23))
    house.apply("0000780", employee_no=MOMOSE, days=(date(2021, 8, 5),), now=house.clock.now())
    asyncio.run(house.run(console))
    night = answered(house, people.Outside(scope_of(house), start=opens, end=closes, is_open=None))
    assert {"account.create", "notice.credentials"} <= set(column(night, "action"))
    assert night.findings == len(night.rows)
    every = answered(house, people.Outside(scope_of(house), start=time(0), end=time.max, is_open=lambda _: False))
    assert len(every.rows) > len(night.rows)


def test_a_sample_can_be_drawn_again(house: House) -> None:
    """The same seed draws the same cases with all their events, another seed others, and no more than there are."""

    def drawn(size: int, seed: str) -> Table:
        return answered(house, people.Sample(scope_of(house), size=size, seed=seed))

    one = drawn(1, "2021-07")
    assert one.rows == drawn(1, "2021-07").rows
    (name,) = set(column(one, "request"))
    assert len(one.rows) == len(in_ledger(house, lambda ledger: ledger.timeline(str(name))))
    others = {column(drawn(1, str(seed)), "request")[0] for seed in range(20)}
    assert len(others) == 3
    assert set(column(drawn(99, "x"), "request")) == {f"R-20210730-000{number}" for number in (1, 2, 3)}


def test_readers_and_comparisons(house: House) -> None:
    """Who looked stands there by name; of the last comparisons each difference is a row, whatever it holds."""

    async def compare(ledger: Ledger) -> None:
        differences = [{"login_id": "tw1", "kind": "unknown"}, {"login_id": "tw2", "kind": "enabled"}]
        await ledger.note(Event(action="reconcile", outcome="done", details={"differences": differences, "seen": 3}))

    in_ledger(house, compare)
    with house.workshop().recording("監査　花子", ActorType.AUDITOR) as ledger:
        asyncio.run(_look(ledger))
    assert column(answered(house, people.Reconciled(scope_of(house))), "item") == ["differences", "differences", "seen"]
    assert column(answered(house, people.Readers(scope_of(house))), "by") == ["監査　花子"]
    assert column(answered(house, people.Configs(scope_of(house))), "config digest") == [house.workshop().config.digest]
    assert answered(house, people.Reconciled(scope_of(house, "2021-06"))).rows == []


async def _look(ledger: Ledger) -> None:
    await ledger.note(Event(action="audit.list", outcome="done"))


@pytest.mark.parametrize("text", ["2021-13", "2021-00", "2021-7", "July", "", "0000-01"])
def test_what_is_no_month(text: str) -> None:
    """A month that is none is refused with an example."""
    with pytest.raises(BadUsage, match="2021-07"):
        month_of(text, ZONE)


def test_the_workbook(house: House, tmp_path: Path) -> None:
    """`report` writes a sheet for each question in both languages, counts them, and is itself on the record; a month of nothing works."""
    config, to = ("--config", str(house.config)), tmp_path / "july.xlsx"
    made = answer("report", "--month", "2021-07", "--to", str(to), "--by", "監査　花子", *config, status=1)
    assert made["sheets"] | {"sample": 0} == {
        "issued": 2, "refused": 1, "not_disabled": 2, "late": 1, "overrides": 1, "acts": 1, "reconcile": 0, "configs": 1,
        "readers": 0, "outside_schedule": 0, "sample": 0,
    }  # fmt: skip
    assert made["findings"] == {"not_disabled": 2}, "years later nobody has disabled them"
    book = openpyxl.load_workbook(to)
    assert len(book.sheetnames) == 12
    assert all(" / " in str(cell.value) for sheet in book.worksheets for cell in sheet[1])
    book.close()
    empty = answer("report", "--month", "2020-01", "--to", str(tmp_path / "e.xlsx"), *config, status=1)
    assert (empty["sheets"]["issued"], empty["sheets"]["sample"]) == (0, 0)
    seen = [(one["action"], one["outcome"], one["actor"]) for one in answer("audit", "list", *config)]
    assert seen[-4:-2] == [("audit.report", "intended", "監査　花子"), ("audit.report", "done", "監査　花子")]
    assert answer("report", "--month", "x", "--to", "x.xlsx", *config, status=2)["error"] == "BadUsage"


def test_a_busy_month_weighs_no_more_than_a_quiet_one(tmp_path: Path) -> None:
    """What a report holds of the record at a time does not grow with the record: only its answers do."""

    async def peak(requests: int) -> int:
        folder = tmp_path / str(requests)
        folder.mkdir()
        Bulk(requests=requests, events=8 * requests, live=10, staff=500, applicants=10, now=FRIDAY).fill(folder)
        every = Month(first=FRIDAY.replace(year=2000), end=FRIDAY.replace(year=2100))
        scope = Scope(month=every, now=FRIDAY, cutoff=lambda _: FRIDAY)
        with closing(open_ledger(folder)) as ledger:
            tracemalloc.start()
            found = await answers(ledger, scope, [])
            weight = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        # After those of the past the rows are on the chain as they were found.
        assert (found.events > 8 * requests, found.cases, found.verdict.ok) == (True, requests, True)
        return weight

    asyncio.run(peak(100))
    assert asyncio.run(peak(1_600)) < 1.5 * asyncio.run(peak(400))
