"""Where the staff directory and the register of own PCs come from, and what a pass says of them."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from bot.console.memory import MemoryConsole
from bot.errors import Unusable
from tests.house import FRIDAY, House


async def test_a_stale_directory_is_told_and_stops_nothing(tmp_path: Path) -> None:
    """An export older than ``staff.stale_days`` is a warning of every pass; the pass goes on, and ends well."""
    house = House(path=tmp_path).lay_out({"console": {"settle": 0.3}})
    made = (FRIDAY - timedelta(days=9)).timestamp()
    os.utime(house.path / "staff.csv", (made, made))
    house.receive("02")
    report = await house.run(MemoryConsole())
    assert report.warnings == ["the staff directory is 9 days old (staff.stale_days: 7); export it again"]
    assert (report.delivered, report.exit_status) == (1, 0)


async def test_people_and_pcs_by_query(tmp_path: Path) -> None:
    """With ``staff.sql`` the employees come from the database alone, and with them the only addresses to send to."""
    path = tmp_path / "people.sqlite3"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE people (no TEXT, name TEXT, mail TEXT)")
        database.execute("INSERT INTO people VALUES ('0048213', '髙橋　みのり', 'minori@city.example.jp')")
        database.execute("CREATE TABLE pcs (no TEXT, owner TEXT)")
        database.execute("INSERT INTO pcs VALUES ('BY-0219', '0048213')")
    people = {
        "url": f"sqlite:///{path}",
        "query": "SELECT no AS 職員番号, name AS 氏名, mail AS メールアドレス FROM people",
    }
    pcs = {"sql": {"url": f"sqlite:///{path}", "query": "SELECT no AS 登録番号, owner AS 職員番号 FROM pcs"}}
    house = House(path=tmp_path).lay_out({"staff": {"sql": people, "own_pcs": pcs}, "console": {"settle": 0.3}})
    house.receive("02")
    report = await house.run(MemoryConsole())
    assert (report.delivered, report.warnings) == (1, [])
    assert [sent.to for sent in house.credentials()] == ["minori@city.example.jp"]


def test_a_database_that_does_not_answer_stops_before_anything_is_touched(tmp_path: Path) -> None:
    """Without the directory no pass begins: no mail is taken, and the error says where to look."""
    sql = {"url": f"sqlite:///{tmp_path}/no/such.sqlite3", "query": "SELECT 1"}
    house = House(path=tmp_path).lay_out({"staff": {"sql": sql}})
    house.receive("02")
    with pytest.raises(Unusable, match=r"staff\.sql"):
        house.workshop().judge()
    assert len(house.files("inbox")) == 1
