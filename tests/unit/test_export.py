"""Copies of the record: a spreadsheet runs nothing in them, old encodings say what they lack, filters and covers tell the truth."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.clock import FixedClock
from bot.commands.exporting import cover_text
from bot.errors import Unusable
from bot.ledger.cells import GETA, Fitting, guarded
from bot.ledger.export import CP932, Exported
from bot.ledger.ledger import Ledger
from bot.ledger.records import Event
from bot.ledger.selection import Wanted
from bot.ledger.workbook import LONGEST_CELL
from tests.house import FRIDAY, House
from tests.ledger_kit import application, open_ledger, recorded
from tests.unit.test_cli import answer

_RUNS = tuple("=+-@\t\r\n＝＋－＠−")


@given(st.text())
@example("=1+1")
@example("  =1+1")
@example("\u3000＝1")
def test_nothing_begins_as_a_formula(text: str) -> None:
    """No cell begins with a sign that starts a formula, blanks before it or not, and nothing but an apostrophe is added."""
    shown = guarded(text)
    assert not shown.startswith(_RUNS)
    assert not shown.lstrip().startswith(_RUNS)
    assert shown in {text, f"'{text}"}


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example("㋿𠮷〜−—髙﨑①\U000e0100")
def test_old_encodings_hold_the_rest(text: str) -> None:
    """Whatever stands in a cell can be written in cp932 afterwards; what could not is listed, what could stays as it is."""
    fitting = Fitting(CP932)
    shown = fitting.fit(text, 7)
    shown.encode(CP932)
    lost = {one.character: one for one in fitting.unwritable}
    assert shown == "".join(lost[one].written if one in lost else one for one in text)
    assert sum(one.count for one in fitting.unwritable) == sum(text.count(one) for one in lost)
    assert all(one.events == (7,) for one in fitting.unwritable)


def test_what_stands_in_place() -> None:
    """㋿ and 𠮷 become 〓, 髙 and ① stay, a long dash becomes the one that cp932 has, a variation selector goes."""
    assert Fitting(CP932).fit("㋿𠮷—髙①葛\U000e0100", 1) == f"{GETA}{GETA}―髙①葛"


@pytest.fixture
def ledger(folder: Path) -> Iterator[Ledger]:
    """A ledger with two employees' requests on two days, one with hostile and rare text."""
    clock = FixedClock(FRIDAY)
    made = open_ledger(folder, clock)

    async def fill() -> None:
        await recorded(made, "a", application())
        await made.note(Event(action="test", outcome="failed", reason="=cmd|' /C calc'!A0", person={"name": "𠮷田㋿"}))
        clock.set(FRIDAY + timedelta(days=1))
        await recorded(made, "b", application("0031977", receipt_no="0000413"))
        await made.note(Event(action="long", outcome="done", reason="\x07", details={"text": "x" * 40_000}))

    asyncio.run(fill())
    yield made
    made.close()


def export(ledger: Ledger, path: Path, wanted: Wanted | None = None, encoding: str | None = None) -> Exported:
    """Export to ``path``."""
    return asyncio.run(ledger.export(path, wanted or Wanted(), encoding=encoding))


@pytest.mark.parametrize(
    ("wanted", "seqs"),
    [
        (Wanted(), [1, 2, 3, 4, 5, 6]),
        (Wanted(since=date(2021, 7, 31)), [4, 5, 6]),
        (Wanted(until=date(2021, 7, 30)), [1, 2, 3]),
        (Wanted(employee_no="0031977"), [4]),
        (Wanted(outcome="failed"), [3]),
        (Wanted(actor="somebody"), []),
        (Wanted(actor="bot@test", since=date(2021, 7, 30), until=date(2021, 7, 30), outcome="done"), [1, 2]),
    ],
)
def test_filters(ledger: Ledger, tmp_path: Path, wanted: Wanted, seqs: list[int]) -> None:
    """Days (both included), employee, actor and outcome choose, alone and together; only the whole can be verified."""
    made = export(ledger, tmp_path / "some.jsonl", wanted)
    lines = (tmp_path / "some.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["seq"] for line in lines] == seqs
    assert (made.rows, made.verifiable, made.events) == (len(seqs), len(seqs) == 6, 6)


def test_csv_in_cp932(ledger: Ledger, tmp_path: Path) -> None:
    """An old spreadsheet reads it: the rest is there, what cp932 lacks is 〓 and listed with its event, and 和暦 beside each time."""
    made = export(ledger, tmp_path / "all.csv", encoding=CP932)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "all.csv").read_bytes().decode(CP932), newline="")))
    assert rows[2]["reason"].startswith("'=cmd")
    assert "〓田〓" in rows[2]["person"]
    assert rows[2]["和暦"] == "令和3年7月30日（金）午後1時4分"
    assert [row["employee_no"] for row in rows if row["action"] == "request.record"] == ["0048213", "0031977"]
    assert [(one.code, one.count, one.events) for one in made.unwritable] == [("U+32FF", 1, (3,)), ("U+20BB7", 1, (3,))]
    text = cover_text(made, {"outcome": "done"}, FRIDAY, "1")
    assert made.sha256 == hashlib.sha256((tmp_path / "all.csv").read_bytes()).hexdigest()
    assert {made.sha256, "㋿", "U+20BB7", "outcome done"} == {
        one for one in (made.sha256, "㋿", "U+20BB7", "outcome done") if one in text
    }


def test_a_workbook(ledger: Ledger, tmp_path: Path) -> None:
    """Excel opens it: every cell is text or a number, no formula; what is too long is cut and counted, what XML forbids shown."""
    made = export(ledger, tmp_path / "all.xlsx")
    book = openpyxl.load_workbook(tmp_path / "all.xlsx")
    sheet = book["監査記録"]
    rows = list(sheet.iter_rows(values_only=True))
    kinds = {cell.data_type for row in sheet.iter_rows() for cell in row}
    book.close()
    assert (len(rows), made.rows, made.cut) == (7, 6, 1)
    assert "f" not in kinds
    cells = [str(cell) for row in rows for cell in row]
    assert max(len(cell) for cell in cells) == LONGEST_CELL
    assert "\ufffd" in cells
    assert any("𠮷田㋿" in cell for cell in cells)


def test_an_earlier_file_stays_until_the_new_one_is_whole(ledger: Ledger, tmp_path: Path) -> None:
    """Where the place can't be written nothing is left half-done, and a copy is for its owner's eyes alone."""
    with pytest.raises(Unusable):
        export(ledger, tmp_path / "nowhere" / "all.csv")
    export(ledger, tmp_path / "all.csv")
    assert (tmp_path / "all.csv").stat().st_mode & 0o777 == 0o600
    assert not list(tmp_path.glob(".*.part"))


def test_who_took_a_copy_is_on_record(tmp_path: Path) -> None:
    """Each export, list and report is an event in the name of who looked; of the employee asked for only the purgeable part tells."""
    house = House(path=tmp_path / "house").lay_out()
    config = ("--config", str(house.config))
    made = answer(
        "audit", "export", "--to", str(tmp_path / "a.csv"), "--employee", "0048213", "--by", "監査　花子", *config
    )
    assert (made["rows"], Path(made["cover"]).exists()) == (0, True)
    answer("audit", "list", "--by", "監査　次郎", *config)
    seen = answer("audit", "list", *config)
    assert [(one["action"], one["outcome"], one["actor_type"], one["actor"]) for one in seen] == [
        ("audit.export", "intended", "auditor", "監査　花子"),
        ("audit.export", "done", "auditor", "監査　花子"),
        ("audit.list", "done", "auditor", "監査　次郎"),
    ]
    assert seen[1]["details"]["sha256"] == made["sha256"]
    assert all("0048213" not in json.dumps(one["details"]) for one in seen)
    assert seen[1]["person"] == {"employee_no": "0048213"}
    assert answer("audit", "export", "--to", "x.pdf", "--encoding", "x", *config, status=2)["error"] == "BadUsage"
