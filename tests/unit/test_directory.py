"""The staff directory: loaded whole or not at all."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ConfigInvalid
from bot.model import Application, Kind
from bot.rules.directory import Directory, load_directory
from bot.settings.rules import StaffSettings
from tests.unit.rules_kit import TOKYO

HEADINGS = "職員番号,氏名,フリガナ,所属,メールアドレス,任用区分,所属長職員番号,在職開始日,在職終了日"
GOOD = [
    "0048213,髙橋　みのり,タカハシ ミノリ,福祉政策課,takahashi-m@city.example.jp,正規,0012001,2010-04-01,",
    "0031977,上野原　拓,ウエノハラ タク,道路課,uenohara-t@city.example.jp,正規,0012003,R3.4.1,2024/3/31",
]
NOW = datetime(2021, 7, 30, 13, 4, tzinfo=TOKYO)


def load(lines: Sequence[str], encoding: str = "utf-8", /, **settings: object) -> Directory:
    """Load a directory export of these lines."""
    content = "\r\n".join(lines).encode(encoding)
    return load_directory(content, name="staff.csv", settings=StaffSettings.model_validate(settings))


def problems(lines: Sequence[str], **settings: object) -> list[str]:
    """Return every problem that loading these lines names."""
    with pytest.raises(ConfigInvalid) as caught:
        load(lines, **settings)
    assert {problem.path for problem in caught.value.problems} == {"staff.file"}
    return [problem.text for problem in caught.value.problems]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_an_export_is_read_in_every_usual_encoding(encoding: str) -> None:
    """髙 and leading zeros survive; dates come in any of the forms exports use."""
    directory = load([HEADINGS, *GOOD], encoding)
    first, second = directory
    assert (len(directory), first.employee_no, first.name) == (2, "0048213", "髙橋　みのり")
    assert (second.active_from, second.active_until) == (date(2021, 4, 1), date(2024, 3, 31))
    assert second.active_on(date(2024, 3, 31))
    assert not second.active_on(date(2024, 4, 1))


def test_a_workbook_is_read_like_a_csv() -> None:
    """Excel with text cells gives the same employees; another sheet before it does not matter."""
    book = openpyxl.Workbook()
    notes = book.active
    assert notes is not None
    notes.append(["説明", "更新日"])
    notes.append(["毎朝更新", "2021-07-30"])
    sheet = book.create_sheet("名簿")
    sheet.append(HEADINGS.split(","))
    sheet.append(GOOD[0].split(","))
    stream = io.BytesIO()
    book.save(stream)
    directory = load_directory(stream.getvalue(), name="staff.xlsx", settings=StaffSettings())
    assert [employee.employee_no for employee in directory] == ["0048213"]


def test_all_problems_come_at_once_with_their_rows() -> None:
    """Duplicate number, missing and bad mail, bad dates, no name, no number: one error names them all."""
    found = problems(
        [
            HEADINGS,
            *GOOD,
            "0048213,別人,,課,other@city.example.jp,,,,",
            "0000001,名なし,,課,,,,,",
            "0000002,氏名,,課,who at city,,,,",
            "0000003,,,課,a@city.example.jp,,,,",
            ",番号なし,,課,b@city.example.jp,,,,",
            "0000004,日付,,課,c@city.example.jp,,,2021-13-01,いつか",
            "0000005,逆,,課,d@city.example.jp,,,2021-05-01,2021-04-01",
            "00/05,斜線,,課,e@city.example.jp,,,,",
        ]
    )
    expected = [
        "row 4: employee number 0048213 stands in row 2 already",
        "row 5: no mail address",
        "row 6: 'who at city' is not a mail address",
        "row 7: no name",
        "row 8: no employee number",
        "row 9: '2021-13-01' is not a day of the calendar",
        "row 9: 'いつか' is not a date",
        "row 10: the last day 2021-04-01 is before the first 2021-05-01",
        "row 11: employee number '00/05' has characters",
    ]
    assert len(found) == len(expected)
    assert [text for text, part in zip(found, expected, strict=True) if part not in text] == []


def test_missing_columns_are_named_with_what_was_seen() -> None:
    """A wrong file says which headings it lacks and which it has."""
    found = problems(["番号,氏名,住所", "1,山田,松本"])
    assert len(found) == 2
    assert "職員番号 / 職員コード" in found[0]
    assert "headings seen: 番号, 氏名, 住所" in found[0]
    assert "メールアドレス" in found[1]


@pytest.mark.parametrize(
    "heading",
    [
        "在職",
        "在籍状況",
        "退職フラグ",
        "状態",
        "休職",
        "ステータス",
        "退職予定日",
        "削除フラグ",
        "育休",
        "Status",
        "is_active",
        "無効",
        "DEL_FLG",
        "利用可否",
        "現況",
        "任期満了日",
        "Enabled",
        "死亡日",
    ],
)
def test_a_status_that_nobody_reads_refuses_the_directory(heading: str) -> None:
    """Whoever has left would be granted: the column is named, and what to do about it."""
    [text] = problems([f"{HEADINGS},{heading}", f"{GOOD[0]},退職"])
    assert f"the column {heading} looks like a status" in text
    assert "staff.columns.status" in text
    assert "staff.active_values" in text


@pytest.mark.parametrize(
    "value",
    ["在職", "退職", "休職", " 育休 ", "R8.3.31退職", "令和8年3月末で退職", "（育休中）", "死亡", "2026/4/1～休職"],
)
def test_a_status_under_another_heading_refuses_the_directory(value: str) -> None:
    """Values that say who is there make a status of any column that is not read."""
    [text] = problems([f"{HEADINGS},区分2", f"{GOOD[0]},", f"{GOOD[1]},{value}"])
    assert "the column 区分2 looks like a status" in text


@pytest.mark.parametrize("value", ["退職手当係", "育休代替職員", "令和8年4月1日 採用", "在職証明担当"])
def test_words_of_a_post_are_no_status(value: str) -> None:
    """Who works on retirement pay has not retired."""
    assert len(load([f"{HEADINGS},職名", f"{GOOD[0]},{value}"])) == 1


@pytest.mark.parametrize("heading", ["電話番号", "性別", "役職", "更新者"])
def test_other_columns_are_left_unread(heading: str) -> None:
    """What says nothing of who is there stops nobody."""
    assert len(load([f"{HEADINGS},{heading}", f"{GOOD[0]},x"])) == 1


@pytest.mark.parametrize(
    ("value", "employed"),
    [("在職", True), (" 在職 ", True), ("現職", True), ("退職", False), ("休職", False), ("育休", False), ("兼務", False), ("在職（休職中）", False), ("", False)],
)  # fmt: skip
def test_a_status_is_obeyed_whole(value: str, employed: bool) -> None:  # noqa: FBT001 - a row
    """Only the listed values, whole, mean 在職; with any other, or none, nobody is employed on any day."""
    headed = {"columns": {"status": ["在籍状況"]}}
    directory = load([f"{HEADINGS},在籍状況", f"{GOOD[0]},{value}", f"{GOOD[1]},在職"], **headed)
    first = next(iter(directory))
    assert (first.employed, first.active_on(date(2021, 8, 2))) == (employed, employed)


def test_a_flag_may_be_empty_for_those_who_are_there() -> None:
    """An empty value counts as 在職 where the settings list it."""
    settings = {"columns": {"status": ["退職フラグ"]}, "active_values": ["", "0"]}
    lines = [f"{HEADINGS},退職フラグ", f"{GOOD[0]},", f"{GOOD[1]},1"]
    assert [employee.employed for employee in load(lines, **settings)] == [True, False]


def test_a_status_by_which_nobody_is_left_refuses_the_directory() -> None:
    """Values that the settings do not know would revoke everybody: they are shown."""
    [text] = problems([f"{HEADINGS},退職フラグ", f"{GOOD[0]},0"], columns={"status": ["退職フラグ"]})
    assert "nobody in it is 在職" in text
    assert "'0'" in text


def test_likely_is_who_may_have_been_meant() -> None:
    """By the look of the number, by the name, and of several of one name by the number next to it."""
    lines = [
        *GOOD,
        "0048214,髙橋　みのり,,道路課,b@city.example.jp,,,,",
        "0050000,佐藤　一,,道路課,c@city.example.jp,,,,",
    ]
    directory = load([HEADINGS, *lines])

    def likely(number: str, name: str | None = None) -> list[str]:
        application = Application(kind=Kind.ISSUE, form="test", employee_no=number, name=name)
        return [employee.employee_no for employee in directory.likely(application)]

    assert likely("48213", "別人") == ["0048213"]
    assert likely("OO48213") == ["0048213"]
    assert likely("00482130", "高橋みのり") == ["0048213"]
    assert likely("0048124", "高橋みのり") == ["0048214"]
    assert likely("1111111", "高橋みのり") == ["0048213", "0048214"]
    assert likely("1111111", "主査　上野原拓様") == ["0031977"]
    assert likely("0050001", "別人") == []
    assert likely("") == []


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "empty"),
        (b"PK\x03\x04 not really", "can't be read as a table"),
        (HEADINGS.encode(), "can't be read as a table"),
        (b"\x00\x01\x02binary", "can't be read as a table"),
    ],
)
def test_what_is_no_table_is_named(content: bytes, part: str) -> None:
    """An empty, broken or headings-only file is one clear problem with the file's name."""
    with pytest.raises(ConfigInvalid) as caught:
        load_directory(content, name="staff.csv", settings=StaffSettings())
    [problem] = caught.value.problems
    assert problem.text.startswith("staff.csv: ")
    assert part in problem.text


def test_headings_fold_and_synonyms_are_settings() -> None:
    """Full-width or spaced headings are the same; a site adds its own and keeps the others."""
    lines = ["職 員 番 号,氏名,Ｅメール", "0000001,山田,y@city.example.jp"]
    assert len(load(lines)) == 1
    own = ["従業員No,氏名,メール", "0000001,山田,y@city.example.jp"]
    assert len(load(own, columns={"employee_no": ["従業員No"]})) == 1


def test_addresses_elsewhere_are_a_problem_where_domains_are_set() -> None:
    """With mail_domains set, a private address in the directory is refused: credentials never leave."""
    found = problems([HEADINGS, "0000001,山田,,課,y@gmail.example,,,,"], mail_domains=["city.example.jp"])
    assert found == ["staff.csv: row 2: 'y@gmail.example' is outside staff.mail_domains"]


@pytest.mark.parametrize(
    "address",
    ["a@b@city.jp", "a b@city.jp", "a\tb@city.jp", "a@city..jp", "ａ@city.jp", "@city.jp", "a@", "<a@city.jp>"],
)
def test_an_address_that_a_header_would_misread_is_refused(address: str) -> None:
    """Only plain addresses pass; what could become two recipients or a header never does."""
    assert len(problems([HEADINGS, f'0000001,山田,,課,"{address}",,,,'])) == 1


def test_too_many_rows_are_refused() -> None:
    """A file beyond max_rows is the wrong file."""
    assert "can't be read as a table" in problems([HEADINGS, *GOOD], max_rows=1)[0]


def test_a_wholly_wrong_file_does_not_flood() -> None:
    """After a hundred problems the rest is counted."""
    lines = [HEADINGS, *(f"{number:07d},氏名,,課,bad,,,," for number in range(250))]
    found = problems(lines)
    assert len(found) == 101
    assert found[-1].endswith("and 150 more problems")


@pytest.mark.parametrize("asked", ["0048213", "００４８２１３", " 0048213 ", "0048 213"])
def test_a_number_is_found_in_any_width(asked: str) -> None:
    """Full-width digits and spaces are the same number."""
    employee = load([HEADINGS, *GOOD]).find(asked)
    assert employee is not None
    assert employee.name == "髙橋　みのり"


@pytest.mark.parametrize("asked", ["48213", "00048213", "0048213a", ""])
def test_leading_zeros_count(asked: str) -> None:
    """A number without its zeros is another number."""
    assert load([HEADINGS, *GOOD]).find(asked) is None


def test_an_address_finds_its_only_holder() -> None:
    """Case does not matter; an address that two employees share belongs to nobody, and is warned about."""
    lines = [HEADINGS, *GOOD, "0000009,別,,課,UENOHARA-T@city.example.jp,,,,"]
    directory = load(lines)
    taken, shared = directory.by_mail("Takahashi-M@CITY.example.jp "), directory.by_mail("uenohara-t@city.example.jp")
    assert (taken and taken.employee_no, shared) == ("0048213", None)
    assert "uenohara-t@city.example.jp" in directory.warnings(NOW)[0]


@pytest.mark.parametrize(("age", "warned"), [(7, False), (8, True), (40, True)])
def test_a_stale_export_warns(age: int, warned: bool) -> None:  # noqa: FBT001 - a row
    """An export older than stale_days is a warning with its age, and stops nothing."""
    content = "\n".join([HEADINGS, *GOOD]).encode()
    made = NOW - timedelta(days=age)
    directory = load_directory(content, name="staff.csv", settings=StaffSettings(), as_of=made)
    assert [f"{age} days old" in text for text in directory.warnings(NOW)] == [True] * warned


@given(st.lists(st.lists(st.text(max_size=12), max_size=6), max_size=6))
def test_any_table_is_a_directory_or_a_clear_error(rows: list[list[str]]) -> None:
    """Whatever stands in the cells, loading gives a directory or names the problems, and never anything else."""
    lines = [HEADINGS, *(",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row) for row in rows)]
    content = "\n".join(lines).encode("utf-8", "replace")
    try:
        loaded = len(load_directory(content, name="staff.csv", settings=StaffSettings()))
    except ConfigInvalid as error:
        loaded = -len(error.problems)
    assert loaded != 0


@pytest.mark.parametrize(
    "cut", ["0000002,山田,,課,y@city.exam", "0000002", "0000002,山田,ヤマダ,課,y@city.example.jp,正規,"]
)
def test_a_file_that_breaks_off_in_a_row_is_refused(cut: str) -> None:
    """What is left of a mail address may be somebody else's: the file is half-written. A last line with its end is whole."""
    assert any("breaks off" in problem for problem in problems([HEADINGS, *GOOD, cut]))
    load([HEADINGS, *GOOD, "0000002,山田,,課,y@city.example.jp", ""])


@pytest.mark.parametrize("category", ["休職", "正規（休職中）", "育休", "退職"])
def test_a_category_that_says_who_is_away_is_obeyed(category: str) -> None:
    """任用区分 may say it too: nobody is employed by it, while 再任用 after 定年退職 is."""
    lines = [
        f"0048213,髙橋　みのり,,,a@city.example.jp,{category},,,",
        "0050000,佐藤　一,,,c@city.example.jp,定年退職後再任用,,,",
    ]
    assert [employee.employed for employee in load([HEADINGS, *lines])] == [False, True]


@pytest.mark.parametrize(("title", "state"), [("退職者一覧", "visible"), ("休職", "visible"), ("名簿", "hidden")])
def test_a_sheet_of_those_who_left_is_put_aside(title: str, state: str) -> None:
    """Its name says so, or nobody sees it: the next sheet is read, and without one the sheet is named."""
    book = openpyxl.Workbook()
    book.worksheets[0].title = title
    setattr(book.worksheets[0], "sheet_state", state)  # noqa: B010 - its stubs know only literals
    there = book.create_sheet("在職者")
    for sheet, line in zip(book.worksheets, GOOD, strict=False):
        sheet.append(HEADINGS.split(","))
        sheet.append(line.split(","))
    assert [employee.employee_no for employee in _of(book)] == [GOOD[1].split(",")[0]]
    book.active = there
    there.delete_rows(1, 2)
    with pytest.raises(ConfigInvalid, match=f"the sheet {title} "):
        _of(book)


def _of(book: openpyxl.Workbook) -> Directory:
    made = io.BytesIO()
    book.save(made)
    return load_directory(made.getvalue(), name="staff.xlsx", settings=StaffSettings())
