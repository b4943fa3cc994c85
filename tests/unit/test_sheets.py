"""As many applicants come out of a table as went in, and every cell is an answer, a remark or known to be harmless."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import Unreadable
from bot.intake.fields import REMARKS, FieldReader
from bot.intake.sheets import FileRows, open_sheets, read_rows, rows_in_text
from bot.settings.forms import FormsSettings
from tests.hostile_kit import row, workbook

FORMS = FormsSettings()
FIELDS = FieldReader(FORMS)
HEAD = ("受付番号", "職員番号", "氏名", "利用日", "実施場所")
ONE = ("0000412", "0048213", "髙橋　みのり", "2026/12/1", "自宅")
TWO = ("0000413", "0050031", "中村　健", "2026/12/2", "自宅")
Answers = list[tuple[str, str, str]]


def read(content: bytes, name: str = "a.xlsx", known_sheets: Sequence[str] = ()) -> FileRows:
    """Read a file."""
    sheets = open_sheets(content, name=name, settings=FORMS)
    return read_rows(sheets, name=name, fields=FIELDS, settings=FORMS, known_sheets=known_sheets)


def table(*lines: Sequence[str]) -> FileRows:
    """Read a CSV file of these rows."""
    out = io.StringIO()
    csv.writer(out).writerows(lines)
    return read(out.getvalue().encode(), "a.csv")


def sheet(*lines: Sequence[str], merged: Sequence[str] = ()) -> FileRows:
    """Read a workbook of one sheet; empty cells do not stand in it."""
    return read(book(lines, merged=merged))


def book(lines: Sequence[Sequence[object]], *, merged: Sequence[str] = (), title: str = "Sheet") -> bytes:
    """Return a workbook."""
    made = openpyxl.Workbook()
    first = made.active
    assert first is not None
    first.title = title
    for line in lines:
        first.append([cell or None for cell in line])
    for cells in merged:
        first.merge_cells(cells)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def answers(rows: FileRows, number: int = 0) -> dict[str, str]:
    """Return the fields of a row."""
    return {answer.field: answer.value for answer in rows.rows[number] if answer.field != REMARKS}


def remarks(rows: FileRows, number: int = 0) -> Answers:
    """Return the remarks of a row: label, words, place."""
    return [(answer.label, answer.value, answer.at) for answer in rows.rows[number] if answer.field == REMARKS]


def test_each_row_is_an_applicant() -> None:
    """Every answer says where it stands, as a spreadsheet names it."""
    rows = table(HEAD, ONE, TWO)
    assert [answers(rows, number)["employee_no"] for number in (0, 1)] == ["0048213", "0050031"]
    assert [answer.at for answer in rows.rows[1]] == [f"3行目 {letter}列" for letter in "ABCDE"]
    assert remarks(rows) == []


@pytest.mark.parametrize(
    ("heading", "cell"),
    [("ステータス", "差戻し"), ("審査結果", "不承認"), ("取消", "○"), ("取下げ日時", "2026/11/20 12:50"), ("コメント", "中止"), ("連絡事項2", "取消"), ("備考", "x"),
     ("削除フラグ", "0"), ("12/3", "○")],
)  # fmt: skip
def test_a_column_that_no_label_knows(heading: str, cell: str) -> None:
    """Each of its cells is a remark under its heading, an empty one is none."""
    rows = table((*HEAD, heading), (*ONE, cell), (*TWO, ""))
    assert (remarks(rows, 0), remarks(rows, 1)) == ([(heading, cell, "2行目 F列")], [])


def test_a_cell_beyond_the_headings() -> None:
    """What stands under no heading is a remark; commas at the end of a row are nothing."""
    rows = table(HEAD, (*ONE, "", "取消"), (*TWO, "", "", ""))
    assert (remarks(rows, 0), remarks(rows, 1)) == ([("見出しのない列", "取消", "2行目 G列")], [])


@pytest.mark.parametrize(
    "above", [["テレワーク申請一覧", "", "", "出力日", "2026/11/20"], ["# exported 2026-11-20"], ["", "申請一覧"]]
)
def test_a_plain_title(above: list[str]) -> None:
    """A title that says nothing is named as harmless, and the rows keep their numbers."""
    rows = table(above, [], HEAD, ONE)
    assert (remarks(rows), rows.rows[0][0].at) == ([], "4行目 A列")
    assert [(passage.at, passage.why) for passage in rows.passages] == [("1行目", "表の見出し")]


@pytest.mark.parametrize(
    ("lines", "found"),
    [((["取消一覧"], HEAD, ONE), ("", "取消一覧", "1行目 A列")), ((["対象", "却下分"], HEAD, ONE), ("対象", "却下分", "1行目 B列")),
     ((HEAD, ONE, ["※12/1は中止になりました"]), ("", "※12/1は中止になりました", "3行目")), ((HEAD, ONE, ["", "", "取消"]), ("", "取消", "3行目")),
     ((["利用日", "12/3"], HEAD, ONE), ("利用日", "12/3", "1行目 B列"))],
)  # fmt: skip
def test_what_stands_around_a_table(lines: Sequence[Sequence[str]], found: tuple[str, str, str]) -> None:
    """A title, a note, or an answer that a column gives too, is a remark on every applicant."""
    rows = table(*lines, TWO)
    assert all(found in remarks(rows, number) for number in range(2))


def test_an_answer_above_a_table_holds_for_all() -> None:
    """What is stated once above the headings, and has no column, is said of every applicant."""
    rows = table(["所属", "市民部市民課"], HEAD, ONE, TWO)
    assert [answers(rows, number)["department"] for number in (0, 1)] == ["市民部市民課"] * 2


def test_a_name_alone() -> None:
    """A row with nothing but a name is told, though the name may be that of a village; the name of an office heads a group."""
    assert ("", "中村", "3行目") in remarks(table(HEAD, ONE, ["", "", "中村"]))
    assert remarks(table(HEAD, ["市民部市民課"], ONE)) == []


@pytest.mark.parametrize("last", [["以下余白"], ["", "", "以下余白"], ["合計", "", "2件"], ["全2名"]])
def test_closing_rows(last: list[str]) -> None:
    """Rows that end a table are harmless, and said to be."""
    rows = table(HEAD, ONE, TWO, last)
    assert (len(rows.rows), remarks(rows), [passage.at for passage in rows.passages]) == (2, [], ["4行目"])


def test_headings_repeated() -> None:
    """Where two exports are joined, the second headings hold for the rows below them."""
    rows = table(
        HEAD,
        ONE,
        ("受付番号", "氏名", "職員番号", "利用日", "実施場所"),
        ("0000413", "中村　健", "0050031", "2026/12/2", "自宅"),
    )
    assert (len(rows.rows), answers(rows, 1)["employee_no"], answers(rows, 1)["name"]) == (2, "0050031", "中村　健")


def test_headings_in_two_lines() -> None:
    """Below a heading that is merged over two columns stand those of each."""
    rows = sheet(
        ("職員番号", "氏名", "利用期間", ""),
        ("", "", "開始日", "終了日"),
        ("0048213", "髙橋", "12/1", "12/3"),
        merged=["A1:A2", "B1:B2", "C1:D1"],
    )
    assert answers(rows) == {"employee_no": "0048213", "name": "髙橋", "date_from": "12/1", "date_to": "12/3"}


def test_a_heading_over_two_columns() -> None:
    """The second column has no heading of its own: what stands in it is a remark."""
    rows = sheet(
        ("職員番号", "氏名", "利用期間", "", "実施場所"), ("0048213", "髙橋", "12/1", "12/3", "自宅"), merged=["C1:D1"]
    )
    assert remarks(rows) == [("見出しのない列", "12/3", "2行目 D列")]


def test_a_person_over_two_rows() -> None:
    """Both rows are of the person whose cells are merged over them; two persons may share a day so, too."""
    rows = sheet(HEAD, ONE, ("", "", "", "2026/12/3", "自宅"), TWO, merged=["A2:A3", "B2:B3", "C2:C3", "E3:E4"])
    days = [(answer.label, answer.value) for answer in rows.rows[0] if answer.field == "dates"]
    assert (len(rows.rows), days, answers(rows, 1)["place"]) == (
        2,
        [("利用日1", "2026/12/1"), ("利用日2", "2026/12/3")],
        "自宅",
    )
    assert answers(sheet(HEAD, ONE, (*TWO[:3], "", "自宅"), merged=["D2:D3"]), 1)["dates"] == "2026/12/1"


def test_what_lies_beneath_a_merged_cell() -> None:
    """Nobody sees it, so it is told."""
    cells = row(1, *HEAD) + row(2, *ONE) + row(3, *TWO)
    rows = read(workbook(cells, beside='<mergeCells><mergeCell ref="E2:E3"/></mergeCells>'))
    assert ("見えない文字", "自宅", "3行目 E列") in remarks(rows)


def test_a_row_that_names_nobody() -> None:
    """Several cells without an applicant can be of nobody: the file is refused with the row."""
    with pytest.raises(Unreadable, match="3行目"):
        table(HEAD, ONE, ("", "", "", "2026/12/3", "自宅"))


@pytest.mark.parametrize(
    "title",
    ["取消分", "取下げ", "見本", "処理済", "前回分"],
)
def test_sheets_with_a_name_that_tells(title: str) -> None:
    """The name is a remark on every applicant of the file, unless it is one on which the form's applications stand."""
    assert remarks(read(book([HEAD, ONE], title=title))) == [("シート名", title, "")]
    assert remarks(read(book([HEAD, ONE], title=title), known_sheets=[title])) == []
    assert remarks(read(book([HEAD, ONE], title="申請"), known_sheets=["受理済"])) == [("シート名", "申請", "")]


def test_a_sheet_without_applicants() -> None:
    """Its words are a remark on every applicant of the file."""
    made = openpyxl.Workbook()
    first = made.active
    assert first is not None
    first.append(HEAD)
    first.append(ONE)
    made.create_sheet("連絡").append(["12/1は中止です"])
    made.create_sheet("Sheet3")
    out = io.BytesIO()
    made.save(out)
    assert remarks(read(out.getvalue())) == [("シート「連絡」", "12/1は中止です", "［連絡］")]


def test_a_hidden_row_is_read_and_told() -> None:
    """Nobody is left out, and every applicant of the file carries the remark."""
    hidden = row(2, *ONE).replace("<row ", '<row hidden="1" ')
    rows = read(workbook(row(1, *HEAD) + hidden + row(3, *TWO)))
    assert len(rows.rows) == 2
    assert all("非表示の行" in [label for label, *_ in remarks(rows, number)] for number in (0, 1))


@pytest.mark.parametrize(
    ("cell", "number"), [('="0048213"', "0048213"), ("'0048213", "0048213"), ("0048213", "0048213")]
)
def test_numbers_that_are_guarded(cell: str, number: str) -> None:
    """The usual tricks against lost zeros are no part of a number."""
    rows = table(HEAD, (ONE[0], cell, *ONE[2:]))
    assert (answers(rows)["employee_no"], remarks(rows)) == (number, [])


@pytest.mark.parametrize(
    ("cell", "label"),
    [("=VLOOKUP(B2,名簿!A:B,2,FALSE)", "数式"), ("〃", "上と同じという記号"), ("同上", "上と同じという記号")],
)
def test_cells_that_hold_no_value(cell: str, label: str) -> None:
    """A formula, or a sign for what stands above, is a remark beside the answer."""
    assert remarks(table(HEAD, (*ONE[:2], cell, *ONE[3:]))) == [(label, f"氏名：{cell}", "2行目 C列")]


def test_a_column_for_each_option() -> None:
    """Of days with a column each, those that are ticked are the answer; a cell that is neither is a remark."""
    head = ("職員番号", "氏名", "利用日[12/1]", "利用日[12/2]", "利用日[12/3]")
    rows = table(head, ("0048213", "髙橋", "1", "", "1"), ("0050031", "中村", "0", "○", "取消"))
    assert (answers(rows)["dates"], answers(rows, 1)["dates"]) == ("12/1、12/3", "12/2")
    assert remarks(rows, 1) == [("利用日", "取消", "3行目 E列")]


@pytest.mark.parametrize(
    ("cells", "kind"), [(("正規", "会計年度任用職員"), None), (("正規", "取消"), "正規"), (("新規", "新規"), "新規")]
)
def test_a_kind_that_is_none(cells: tuple[str, str], kind: str | None) -> None:
    """区分 with nothing but 任用区分 below is no kind; with anything else it is."""
    assert answers(table((*HEAD, "区分"), (*ONE, cells[0]), (*TWO, cells[1]))).get("kind") == kind


@pytest.mark.parametrize(
    "lines",
    [(["テレワーク利用申請書"], ["職員番号", "0048213"], ["氏名", "髙橋"], ["利用日", "2026/12/1"], ["実施場所", "自宅"]),
     (["職員番号", "0048213", "氏名", "髙橋"], ["利用日", "2026/12/1", "実施場所", "自宅"]),
     (["職員番号：0048213"], ["氏名：", "髙橋", "印"], ["利用日"], ["2026/12/1"], ["実施場所", "自宅"]),
     (["", "職員番号", "0", "0", "4", "8", "2", "1", "3"], ["", "氏名", "髙橋"], ["", "利用日", "2026/12/1"], ["", "実施場所", "自宅"])],
)  # fmt: skip
def test_forms_in_a_sheet(lines: Sequence[Sequence[str]]) -> None:
    """Labels with their values beside or below them are one applicant."""
    rows = sheet(*lines)
    assert answers(rows) == {"employee_no": "0048213", "name": "髙橋", "dates": "2026/12/1", "place": "自宅"}
    assert remarks(rows) == []


FORM = (["職員番号", "0048213"], ["氏名", "髙橋"], ["利用日", "2026/12/1"])


@pytest.mark.parametrize(
    ("line", "found"),
    [(["審査結果", "不承認"], ("審査結果", "不承認")), (["取消します"], ("", "取消します")), (["実施場所", "自宅", "取消", "○"], ("取消", "○")),
     (["実施場所", "自宅", "ただし12/1は出勤"], ("", "ただし12/1は出勤")), (["役職", "主事", "取消", "○"], ("取消", "○"))],
)  # fmt: skip
def test_other_cells_of_a_form(line: list[str], found: tuple[str, str]) -> None:
    """Each is a remark; none hides behind the answer, or the unknown label, before it."""
    assert found in [remark[:2] for remark in remarks(sheet(*FORM, line))]


def test_a_label_over_several_rows() -> None:
    """Days beside a label that is merged down over their rows are all its answer."""
    rows = sheet(*FORM, ["", "2026/12/3"], merged=["A3:A4"])
    days = [(answer.label, answer.value) for answer in rows.rows[0] if answer.field == "dates"]
    assert days == [("利用日", "2026/12/1"), ("利用日2", "2026/12/3")]


def test_a_form_that_looks_like_a_table() -> None:
    """Where labels and values alternate, no row is the heading of others: what stands below is a remark."""
    rows = sheet(
        ["職員番号", "0048213", "氏名", "髙橋"], ["利用日", "12/1", "利用日", "12/2"], ["0050031", "", "中村", ""]
    )
    assert (len(rows.rows), remarks(rows)) == (1, [("0050031", "中村", "3行目 C列")])


@pytest.mark.parametrize(("year", "shown"), [(2025, "12月1日"), (2026, "12月1日")])
def test_days_that_are_shown_in_part(year: int, shown: str) -> None:
    """What a cell shows is stated beside its date: only where both are the same day do they agree."""
    serial = {2025: 45992, 2026: 46357}[year]
    cells = row(1, *HEAD) + row(2, *ONE[:3])[: -len("</row>")] + f'<c s="0"><v>{serial}</v></c></row>'
    rows = read(workbook(cells, styles='<cellXfs><xf numFmtId="56"/></cellXfs>'))
    days = [answer.value for answer in rows.rows[0] if answer.field == "dates"]
    assert days == [f"{year}-12-01", shown]


def test_words_beside_the_tables_of_a_page() -> None:
    """An HTML page that is called .xls is read as a table, and what stands around it is a remark; a plain title is none."""
    cells = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in line) + "</tr>" for line in (HEAD, ONE))
    rows = read(f"<h1>申請一覧</h1><table>{cells}</table><p>12/1は中止</p>".encode(), "a.xls")
    assert remarks(rows) == [("表の外の文", "申請一覧、12/1は中止", "")] or remarks(rows) == [
        ("表の外の文", "12/1は中止", "")
    ]
    struck = read(f"<table>{cells.replace('自宅', '<s>自宅</s>')}</table>".encode(), "a.xls")
    assert ("取り消し線", "自宅", "") in remarks(struck)


def test_a_page_whose_cells_span_rows() -> None:
    """Where a row has fewer cells than the others, nobody knows under which headings they stand."""
    content = "<table><tr><td>職員番号<td>氏名<td>利用日</tr><tr><td rowspan=2>0048213<td rowspan=2>髙橋<td>12/1</tr><tr><td>x<td>12/3</tr></table>"
    assert "読めない部分" in [label for label, *_ in remarks(read(content.encode(), "a.xls"))]


def test_a_table_in_a_text() -> None:
    """Unknown columns are remarks, closing rows are nothing, and the other lines stay where they were."""
    read_ = rows_in_text(
        "こんにちは\n職員番号\t氏名\t利用日\t状態\n0048213\t髙橋\t12/1\t取消\n以下余白\t\t\t\n草々", FIELDS, FORMS
    )
    found = [(answer.field, answer.label, answer.value, answer.at) for answer in read_.rows[0]]
    assert found[-1] == (REMARKS, "状態", "取消", "3行目 D列")
    assert (read_.rest, len(read_.rows)) == ("こんにちは\n\n\n\n草々", 1)


words = st.sampled_from(
    [
        "取消",
        "12/3",
        "○",
        "差戻し",
        "髙橋",
        "0050031",
        "備考",
        "その他",
        "氏名",
        "※中止",
        "合計",
        "〃",
        "=A1",
        "1",
        "-",
        "自宅 取消",
    ]
)


@given(st.lists(st.lists(words | st.just(""), max_size=7), max_size=4), st.integers(0, 3))
@settings(max_examples=300, deadline=None)
def test_no_cell_is_passed_over(lines: list[list[str]], at: int) -> None:
    """Whatever stands in a file beside one applicant is in an answer or a remark of it, is named as harmless, or stops the file."""
    stands = [*lines[:at], list(HEAD), list(ONE), *lines[at:]]
    try:
        rows = table(*stands)
    except Unreadable:
        return
    said = [answer for one in rows.rows for answer in one]
    told = " ".join(
        [
            *(answer.value for answer in said),
            *(answer.label for answer in said),
            *(passage.text for passage in rows.passages),
            *HEAD,
        ]
    )
    labels = {"備考", "その他", "氏名"}  # by themselves they may be a heading
    assert all(cell in told for line in stands for cell in line if cell not in {"", "1", "-", *labels})
