"""The register of own PCs, and both tables by a SQL query."""

from __future__ import annotations

import sqlite3
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.errors import ConfigInvalid, Unusable
from bot.rules.register import OwnPcs, load_own_pcs
from bot.rules.sql_source import query_directory, query_own_pcs
from bot.secret import Secret
from bot.settings.rules import StaffSettings
from bot.settings.staff import OwnPcSettings, SqlSettings

HEADINGS = "登録番号,職員番号,承認状況,登録日,有効期限,OS,ウイルス対策ソフト,ウイルス対策期限"


def register(*lines: str) -> OwnPcs:
    """Load a register of these lines."""
    return load_own_pcs("\n".join([HEADINGS, *lines]).encode("cp932"), name="pcs.csv", settings=OwnPcSettings())


@pytest.fixture
def database(tmp_path: Path) -> str:
    """A staff database with one employee and one PC."""
    path = tmp_path / "staff.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("create table staff (no text, name text, mail text, number integer, since text)")
        connection.execute("insert into staff values ('0048213', '髙橋', 'm@city.example.jp', 48213, '2010-04-01')")
        connection.execute("create table pcs (no text, owner text)")
        connection.execute("insert into pcs values ('BY-0219', '0048213')")
    connection.close()
    return f"sqlite:///{path}"


def staff(url: str, query: str, **settings: object) -> StaffSettings:
    """Return staff settings with this query."""
    return StaffSettings.model_validate({"sql": {"url": url, "query": query}, **settings})


def test_a_query_with_a_status_that_nobody_reads_is_refused(database: str) -> None:
    """A query is held to what a file is: the column is named, and once it is mapped it is obeyed."""
    query = "select no as 職員番号, name as 氏名, mail as メール, '退職' as 在籍状況 from staff"
    with pytest.raises(ConfigInvalid, match="在籍状況 looks like a status"):
        query_directory(staff(database, query), None)
    mapped = staff(database, query, columns={"status": ["在籍状況"]}, active_values=["在職", "退職"])
    assert [employee.employed for employee in query_directory(mapped, None)] == [True]


def test_the_register_is_read_with_all_its_columns() -> None:
    """Numbers in any width find their PC, and an employee their PCs."""
    pcs = register(
        "ＢＹ－０２１９,0048213,済,2021-06-01,2022-03-31,Windows 10,Defender,2022-01-31", "BY-0301,0050031,未,,,,,"
    )
    first, second = pcs.find("by-0219"), pcs.find("BY-0301")
    assert first is not None
    assert second is not None
    assert (first.approved, first.expires_on, first.os) == (True, date(2022, 3, 31), "Windows 10")
    assert (second.approved, second.registered_on) == (False, None)
    assert [pc.number for pc in pcs.of("００４８２１３")] == ["BY-0219"]


def test_a_register_may_leave_columns_out() -> None:
    """Without a column, nothing is claimed about it."""
    pcs = load_own_pcs("登録番号,職員番号\nBY-1,0000001".encode(), name="pcs.csv", settings=OwnPcSettings())
    [pc] = pcs.of("0000001")
    assert (pc.approved, pc.antivirus, len(pcs)) == (None, None, 1)


def test_all_problems_of_a_register_come_at_once() -> None:
    """Repeated and missing numbers and bad dates are named with their rows."""
    with pytest.raises(ConfigInvalid) as caught:
        register("BY-1,0000001,済,,,,,", "BY-1,0000002,済,,,,,", ",0000003,,,,,,", "BY-4,,,2021-02-30,,,,")
    found = [problem.text for problem in caught.value.problems]
    assert [text.partition(": ")[2][:5] for text in found] == ["row 3", "row 4", "row 5", "row 5"]
    assert {problem.path for problem in caught.value.problems} == {"staff.own_pcs.file"}


def test_a_query_gives_the_same_directory_as_a_file(database: str) -> None:
    """Names of columns are headings as in a file; dates and leading zeros survive."""
    query = "select no as employee_no, name, mail, since as active_from from staff"
    [employee] = query_directory(staff(database, query), None)
    assert (employee.employee_no, employee.active_from) == ("0048213", date(2010, 4, 1))


def test_a_query_gives_the_register(database: str) -> None:
    """The register comes by a query as well."""
    sql = SqlSettings(url=database, query="select no as 登録番号, owner as 職員番号 from pcs")
    assert query_own_pcs(OwnPcSettings(sql=sql), None).find("BY-0219") is not None


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ("select number as employee_no, name, mail from staff", "cast them to text"),
        ("select no as employee_no, name from staff", "no column メールアドレス"),
        ("select no as employee_no, name, '' as mail from staff", "row 2: no mail address"),
        ("select no as employee_no, name, mail from staff where 0", "no employees in it"),
        ("select 'a' || value as employee_no, 'n' as name, 'a@b.jp' as mail from json_each('[1,2,3]')", "more than 2"),
    ],
)
def test_what_a_query_gives_is_checked_like_a_file(database: str, query: str, part: str) -> None:
    """Numbers without zeros, missing columns, bad rows, no rows and too many: each a clear problem."""
    with pytest.raises(ConfigInvalid, match=part) as caught:
        query_directory(staff(database, query, max_rows=2), None)
    assert caught.value.problems[0].path == "staff.sql"


def test_a_query_can_not_change_the_database(database: str) -> None:
    """Whatever the query says is rolled back."""
    with pytest.raises(Unusable):
        query_directory(staff(database, "delete from staff"), None)
    query = "select no as employee_no, name, mail from staff"
    assert len(query_directory(staff(database, query), None)) == 1


@pytest.mark.parametrize(
    ("url", "query", "error", "part"),
    [
        ("sqlite:////no/such/place/db.sqlite3", "select 1", Unusable, "staff.sql: the database does not answer"),
        ("sqlite://", "select a from nowhere", Unusable, "no such table"),
        ("nosuch://db/staff", "select 1", ConfigInvalid, "can't be used here"),
        ("oracle://db/staff", "select 1", ConfigInvalid, "driver"),
        ("not an address", "select 1", ConfigInvalid, "SQLAlchemy address"),
    ],
)
def test_a_database_that_can_not_be_used_is_named(url: str, query: str, error: type[Exception], part: str) -> None:
    """No such file, no such table, no such driver, no address: the setting and the cause, never the password."""
    with pytest.raises(error, match=part) as caught:
        query_directory(staff(url, query), None if url.startswith("sqlite") else Secret("hunter2-canary"))
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"sql": {"url": "postgresql://reader:letmein@db/staff", "query": "select 1"}},
        {"sql": {"url": "postgresql://reader@db/staff"}},
        {"sql": {"url": "sqlite://", "query": "select 1", "password": "letmein"}},
        {"columns": {"employee": ["職員番号"]}},
    ],
)
def test_a_password_in_the_settings_and_half_a_query_are_refused(settings: dict[str, object]) -> None:
    """Secrets come by reference only; a query needs its text; a column name is one we know."""
    with pytest.raises(ValidationError):
        StaffSettings.model_validate(settings)
