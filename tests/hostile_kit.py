"""A catalogue of hostile inputs, each for a size: what anybody may mail to the bot, or put into a field of the form.

A size is about the bytes, or what takes the place of them (cells, strings). Twice the size must take twice the time.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date
from pathlib import Path
from types import MappingProxyType

from bot.delivery.wrapping import wrapped
from bot.intake.agreement import combined, day_count
from bot.intake.arrival import entered_at
from bot.intake.authentication_results import read_statement
from bot.intake.choices import KindOptions, ticked
from bot.intake.dates import read_dates, read_day
from bot.intake.fields import Answer
from bot.intake.free_text import only_employee_no
from bot.intake.from_header import read_address
from bot.intake.moments import read_moment
from bot.intake.numbers import read_employee_no
from bot.intake.receipt_numbers import receipt_number
from bot.intake.sentences import Sentences
from bot.intake.subjects import explain
from bot.intake.titles import is_plain
from bot.intake.vocabulary import Vocabulary
from bot.intake.whole_answers import is_whole
from bot.ledger.cells import guarded
from bot.ledger.passages import marked
from bot.model import Application, Explained, Kind, Passage
from bot.rules.approvals import approved, refused
from bot.rules.case import bare_address
from bot.rules.names import same_department, same_name
from bot.rules.sender import states_only
from bot.rules.where import names_personal_numbers
from bot.settings.forms import FormsSettings
from bot.settings.rules import RulesSettings
from bot.text import decode_words, fold
from bot.wording import quote

CASES = Path(__file__).resolve().parent / "cases" / "hostile"
HEAD = b"From: noreply@apply.city.example.jp\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
_TEXT = HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
_HTML = HEAD + b"Content-Type: text/html; charset=utf-8\r\n\r\n"
_TOPICS = Vocabulary(("会議", "会", "議"))
_FORM = "職員番号：0048213\n氏名：高橋 みのり\n利用日：2021年8月4日\n"


@dataclass(frozen=True, kw_only=True)
class Hostile:
    """An input that was made to cost time; ``name`` is its file name."""

    make: Callable[[int], bytes]
    name: str = "a.eml"
    #: A size below every limit that takes a few hundredths of a second.
    size: int = 100_000


def text(content: str) -> bytes:
    """Return a mail of plain text."""
    return _TEXT + content.encode("utf-8")


def html(content: str) -> bytes:
    """Return a mail of HTML."""
    return _HTML + content.encode("utf-8")


def workbook(
    sheet: str, *, strings: str = "", styles: str = "", sheets: int = 1, beside: str = "", others: Mapping[str, str] = MappingProxyType({}),
) -> bytes:  # fmt: skip
    """Return an .xlsx file of this XML, each sheet the same; ``beside`` stands below the rows, ``others`` are parts by their kind."""
    numbers = range(1, sheets + 1)
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    listed = "".join(f'<sheet name="s{number}" sheetId="{number}" r:id="r{number}"/>' for number in numbers)
    related = "".join(
        f'<Relationship Id="r{number}" Type="{relation}/worksheet" Target="worksheets/s{number}.xml"/>'
        for number in numbers
    )
    related += "".join(
        f'<Relationship Id="{kind}" Type="{relation}/{kind}" Target="{kind}.xml"/>'
        for kind in ("sharedStrings", "styles")
    )
    parts = {
        "xl/workbook.xml": f'<workbook xmlns:r="{relation}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f"<Relationships>{related}</Relationships>",
        "xl/sharedStrings.xml": f"<sst>{strings}</sst>", "xl/styles.xml": f"<styleSheet>{styles}</styleSheet>",
    }  # fmt: skip
    parts |= {
        f"xl/worksheets/s{number}.xml": f"<worksheet><sheetData>{sheet}</sheetData>{beside}</worksheet>"
        for number in numbers
    }
    told = "".join(f'<Relationship Id="{kind}" Type="{relation}/{kind}" Target="../{kind}.xml"/>' for kind in others)
    parts |= {f"xl/worksheets/_rels/s{number}.xml.rels": f"<Relationships>{told}</Relationships>" for number in numbers}
    parts |= {f"xl/{kind}.xml": part for kind, part in others.items()}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return made.getvalue()


def row(number: int, *cells: str) -> str:
    """Return the XML of a row of text."""
    inner = "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells)
    return f'<row r="{number}">{inner}</row>'


def _header(size: int, name: str, piece: str) -> bytes:
    return HEAD + f"{name}: text/plain; x={piece * (size // len(piece))}\r\n\r\nx".encode()


def _multipart(size: int) -> bytes:
    return HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\n" * (size // 7)


_FORM_ROWS = row(1, "職員番号", "氏名", "利用日") + row(2, "0048213", "高橋", "8/4")

#: Below the limits: read, or refused for what is read, in time that grows as they do.
LINEAR: Mapping[str, Hostile] = MappingProxyType({
    "tags that never end": Hostile(make=lambda n: html("<a " * (n // 3)), size=60_000),
    "comments that never end": Hostile(make=lambda n: html("<!--" * (n // 4)), size=100_000),
    "marked sections": Hostile(make=lambda n: html("<![CDATA[" * (n // 9)), size=100_000),
    "instructions": Hostile(make=lambda n: html("<?" * (n // 2)), size=80_000),
    "quotes that never end": Hostile(make=lambda n: html("<a b='\"" * (n // 7)), size=80_000),
    "elements within elements": Hostile(make=lambda n: html("<div>" * (n // 10) + "</p>" * (n // 10)), size=50_000),
    "tables within tables": Hostile(make=lambda n: html("<table><td>" * (n // 11)), size=40_000),
    "scripts that never end": Hostile(make=lambda n: html("<script></scrip" * (n // 15)), size=1_000_000),
    "character references": Hostile(make=lambda n: html("&#1234567;&am" * (n // 13)), size=60_000),
    "strikes within strikes": Hostile(make=lambda n: html("<s>" * (n // 6) + "8/4" + "</s>" * (n // 8)), size=20_000),
    "words struck out": Hostile(make=lambda n: html("<s>8/4</s>8/5" * (n // 13)), size=20_000),
    "a long style": Hostile(make=lambda n: html("<p style='" + "color:red;" * (n // 10) + "'>x"), size=200_000),
    "a colour of brackets": Hostile(make=lambda n: html("<p style='color:" + "rgb( hsl( " * (n // 10) + "'>x"), size=200_000),
    "classes": Hostile(make=lambda n: html("<style>.a .b{color:red}</style><p class='" + "a " * (n // 4) + "'>" + "<b class='a b'>" * (n // 30)), size=60_000),
    "rules": Hostile(make=lambda n: html("<style>" + "b i .a{color:red}" * (n // 30) + "</style>" + "<i class=a>x" * (n // 30)), size=20_000),
    "selectors": Hostile(make=lambda n: html("<style>" + "a," * (n // 4) + ".a" * (n // 4) + ":not(" * (n // 20) + "{color:red}</style>x"), size=40_000),
    "comments in a style": Hostile(make=lambda n: html("<style>" + "/*" * (n // 2) + "</style>x"), size=300_000),
    "rules within rules": Hostile(make=lambda n: html("<style>" + "@media screen{" * (n // 15) + "}" * (n // 15) + "</style>x"), size=80_000),
    "ends of what is further out": Hostile(
        make=lambda n: html("<style>x{}</style>" + "<span>" * (n // 20) + "<b><p>" * (n // 20) + "</span>" * (n // 20) + "</b>" * (n // 20)), size=20_000),
    "items that end others": Hostile(make=lambda n: html("<style>x{}</style>" + "<p><ul><li>" * (n // 22) + "<p>x" * (n // 8)), size=20_000),
    "soft line ends": Hostile(
        make=lambda n: HEAD + b"Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\n" + b"> x \r\n" * (n // 6), size=60_000),
    "files that never end": Hostile(make=lambda n: text("begin 644 a\n" * (n // 24) + "#86)C\n" * (n // 12)), size=20_000),
    "a report in base64": Hostile(make=lambda n: b"Return-Path: <>\r\n" + HEAD + b"\r\n" + b"QUFB\r\n" * (n // 12) + b"=41=\r\n" * (n // 12), size=20_000),
    "colons": Hostile(make=lambda n: text(": " * (n // 2)), size=6_000),
    "labels on one line": Hostile(make=lambda n: text("氏名：" * (n // 9)), size=12_000),
    "blank lines below a label": Hostile(make=lambda n: text("職員番号\n" + "\n" * n + "x"), size=4_000),
    "gaps": Hostile(make=lambda n: text("a  " * (n // 3)), size=60_000),
    "columns in lines": Hostile(make=lambda n: text(("\t".join("abcdefgh") + "\n") * (n // 16)), size=10_000),
    "brackets": Hostile(make=lambda n: text("【" * (n // 3)), size=60_000),
    "marks on a letter": Hostile(make=lambda n: text("a" + "\u0301" * (n // 4) + "\u0316" * (n // 4)), size=60_000),
    "marks that become so": Hostile(make=lambda n: text("a" + "\u0301" * (n // 5) + "\uff9e" * (n // 5)), size=60_000),
    "digits in kanji": Hostile(make=lambda n: text(_FORM + "備考：" + "一" * (n // 3)), size=30_000),
    "space behind a label": Hostile(make=lambda n: text("職員番号" + " " * n + "x"), size=200_000),
    "space in a remark": Hostile(make=lambda n: text(_FORM + "備考：12" + " " * n + "x"), size=20_000),
    "days in remarks": Hostile(make=lambda n: text(_FORM + "備考：" + "8/4 " * (n // 4)), size=15_000),
    "employees": Hostile(make=lambda n: text("".join(f"職員番号：{number:07}\n" for number in range(n // 20))), size=3_000),
    "words in the subject": Hostile(make=lambda n: HEAD + b"Subject: " + b"=?a?b?x " * min(n // 8, 490) + b"\r\n\r\n" + b"x\n" * (n // 2)),
    "other headers": Hostile(make=lambda n: HEAD + b"X: " + b"=?UTF-8?B?44GC?= " * (n // 17) + b"\r\n\r\nx", size=120_000),
    "ISO-2022-JP": Hostile(make=lambda n: HEAD + b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n" + b"\x1b$B$\"\x1b(B" * (n // 8), size=20_000),
    "lines of dashes": Hostile(
        make=lambda n: HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n" * (n // 5), size=30_000),
    "base64": Hostile(make=lambda n: HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"QUFB\r\n" * (n // 6), size=60_000),
    "quoted-printable": Hostile(make=lambda n: HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=41=\r\n" * (n // 6), size=100_000),
    "uuencoded": Hostile(
        make=lambda n: HEAD + b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a\r\n" + b"#86)C\r\n" * (n // 7), size=100_000),
    "strings": Hostile(make=lambda n: workbook(_FORM_ROWS, strings="<si><t>x</t></si>" * (n // 17)), name="a.xlsx", size=100_000),
    "styles": Hostile(
        make=lambda n: workbook(_FORM_ROWS, styles="<cellXfs>" + '<xf numFmtId="14"/>' * (n // 19) + "</cellXfs>"), name="a.xlsx", size=60_000),
    "formatted cells": Hostile(make=lambda n: workbook(_FORM_ROWS + '<row><c s="1"/></row>' * (n // 21)), name="a.xlsx", size=100_000),
    "merged cells": Hostile(make=lambda n: workbook(_FORM_ROWS, beside='<mergeCell ref="A2:XFD1048576"/>' * (n // 36)), name="a.xlsx", size=100_000),
    "rows under merged cells": Hostile(
        make=lambda n: workbook("".join(row(at, "職員番号", "氏名") for at in range(1, n // 80)), beside='<mergeCell ref="A1:B999"/>' * (n // 36)),
        name="a.xlsx", size=20_000),
    "hidden columns": Hostile(
        make=lambda n: workbook(_FORM_ROWS, beside='<col min="1" max="16384" hidden="1"/>' * (n // 38)), name="a.xlsx", size=60_000),
    "hidden rows": Hostile(
        make=lambda n: workbook(_FORM_ROWS + '<row hidden="1"><c><v>1</v></c><c><v>2</v></c></row>' * (n // 50)), name="a.xlsx", size=60_000),
    "words at the head of a page": Hostile(
        make=lambda n: workbook(_FORM_ROWS, beside="<oddHeader>" + "&amp;&quot;a" * (n // 12) + "</oddHeader>"), name="a.xlsx", size=200_000),
    "comments at cells": Hostile(
        make=lambda n: workbook(_FORM_ROWS, others={"comments": "<x>" + '<comment ref="A1"><text><t>a</t></text></comment>' * (n // 50) + "</x>"}),
        name="a.xlsx", size=60_000),
    "what is drawn": Hostile(
        make=lambda n: workbook(_FORM_ROWS, others={"drawing": "<x>" + "<p><t>a</t></p><pic/>" * (n // 21) + "</x>"}), name="a.xlsx", size=60_000),
    "runs in a string": Hostile(
        make=lambda n: workbook(_FORM_ROWS, strings="<si>" + "<r><rPr><strike/></rPr><t>a</t></r>" * (n // 36) + "</si>"), name="a.xlsx", size=60_000),
    "fonts": Hostile(
        make=lambda n: workbook(_FORM_ROWS, styles="<fonts>" + '<font><strike/><color theme="0"/></font>' * (n // 42) + "</fonts><cellXfs>"
                                + '<xf fontId="1"/>' * (n // 17) + "</cellXfs>"), name="a.xlsx", size=60_000),
    "a form in a sheet": Hostile(
        make=lambda n: "".join("職員番号," * 9 + f"{line}\n" for line in range(n // 100)).encode(), name="a.csv", size=4_000),
    "headings again": Hostile(make=lambda n: ("職員番号,氏名,利用日\n" * (n // 30)).encode(), name="a.csv", size=20_000),
    "notes below a table": Hostile(make=lambda n: ("職員番号,氏名,利用日\n1,2,8/4\n" + "取消,,\n" * (n // 9)).encode(), name="a.csv", size=10_000),
    "sheets": Hostile(make=lambda n: workbook(_FORM_ROWS + "<row/>" * n, sheets=10), name="a.xlsx", size=2_000),
    "titles": Hostile(make=lambda n: b",x\n" * (n // 3), name="a.csv", size=7_000),
    "rows of HTML": Hostile(
        make=lambda n: b"<table><tr><td>a<td>b" + b"<tr><td>c<td>d" * 100 + b"<a " * (n // 3), name="a.csv", size=100_000),
    "line ends in a cell": Hostile(make=lambda n: "職員番号,利用日\n1,\"8/4".encode() + b"\n" * n + b'8/5"\n', name="a.csv", size=1_900),
})  # fmt: skip

#: Beyond a limit, each with a part of the reason that names it: refused at once, whatever the size.
REFUSED: Mapping[str, tuple[Hostile, str]] = MappingProxyType({
    "a cell in the last corner": (Hostile(make=lambda _: (CASES / "hang-sparse.eml").read_bytes()), "200"),
    "a row beyond the last": (Hostile(make=lambda _: workbook('<row r="999999999999"/>'), name="a.xlsx"), "1048576"),
    "parameters of Content-Type": (Hostile(make=lambda n: _header(n, "Content-Type", ";"), size=3_000), "100"),
    "parameters of Content-Disposition": (Hostile(make=lambda n: _header(n, "Content-Disposition", ";"), size=3_000), "100"),
    "a long Content-Type": (Hostile(make=lambda n: _header(n, "Content-Type", ";"), size=80_000), "4000"),
    "continued parameters": (
        Hostile(make=lambda n: HEAD + b"Content-Type: text/plain" + b"".join(b"; x*%d*=a" % part for part in range(n)) + b"\r\n\r\n", size=300), "100"),
    "a long sender": (Hostile(make=lambda n: b"From: " + b"a@b.jp, " * n + b"\r\n\r\nx", size=30_000), "4000"),
    "a long header": (Hostile(make=lambda n: HEAD + b"X: " + b"x" * n + b"\r\n\r\nx", size=300_000), "262144"),
    "headers": (Hostile(make=lambda n: HEAD + b"X: y\r\n" * n + b"\r\nx", size=5_000), "1000"),
    "boundaries": (Hostile(make=_multipart, size=1_000_000), "200"),
    "mails within mails": (Hostile(make=lambda n: HEAD + b"Content-Type: message/rfc822\r\n\r\n" * n, size=5_000), "20"),
    "lines": (Hostile(make=lambda n: HEAD + b"\r\n" + b"\n" * n, size=1_100_000), "1000000"),
    "a text": (Hostile(make=lambda n: HEAD + b"\r\n" + b"x" * n, size=9_000_000), "2000"),
    "an answer": (Hostile(make=lambda n: text("利用日：" + "8/2," * n), size=2_000), "4000"),
    "columns of a text": (Hostile(make=lambda n: text("職員番号" + "\t氏名" * n), size=300), "200"),
    "columns of a file": (Hostile(make=lambda n: b"a," * n + b"\n", name="a.csv", size=1_000_000), "200"),
    "a field of a file": (Hostile(make=lambda n: b"a," + b"x" * n + b"\n", name="a.csv", size=100_000), "4000"),
    "sheets of a workbook": (Hostile(make=lambda n: workbook(_FORM_ROWS, sheets=n), name="a.xlsx", size=60), "50"),
    "what is unpacked": (Hostile(make=lambda n: workbook(" " * n), name="a.xlsx", size=32 * 2**20), "30"),
    "tables of a file": (Hostile(make=lambda n: b"<table><tr><td>a<td>b<tr><td>c<td>d</table>" * n, name="a.xls", size=60), "50"),
    "rows": (Hostile(make=lambda n: b"a,b\n" * n, name="a.csv", size=5_100), "5000"),
})  # fmt: skip

_DAY = date(2021, 7, 30)

_KINDS = KindOptions({Kind(kind): words for kind, words in FormsSettings().kinds.items()})


def _answer(field: str, value: str) -> Answer:
    return Answer(field=field, label=value, value=value, source=value, why="")


def _passage(text: str) -> Passage:
    return Passage(part="本文", text=text, explained=Explained.OLDER)


def _named(name: str) -> Application:
    return Application(kind=Kind.ISSUE, form="x", name=name)


#: What looks at one field, or a part of one, that an applicant writes; some are called with more than a field may hold.
FIELDS: Mapping[str, tuple[int, Callable[[int], object]]] = MappingProxyType({
    "a title of offices": (50, lambda n: is_plain("部" * n + "あ")),
    "a title of words": (50, lambda n: is_plain("一覧表書" * (n // 4) + "x")),
    "a topic of words": (20_000, lambda n: _TOPICS.covers("会議" * n)),
    "a time of weekdays": (20_000, lambda n: is_whole("applied_at", "申請日", "月曜日" * n + "x")),
    "an approval of names": (20_000, lambda n: is_whole("approval", "承認者", "の長" * n)),
    "an address of dots": (20_000, lambda n: is_whole("mail", "メール", "." * n)),
    "a number of hyphens": (20_000, lambda n: is_whole("receipt_no", "受付番号", "1-" * n + "あ")),
    "a name of brackets": (20_000, lambda n: same_name("(" * n, "高橋", RulesSettings())),
    "a name of titles": (20_000, lambda n: same_name("主査" * n + "様" * n, "高橋", RulesSettings())),
    "a reading without an end": (20_000, lambda n: same_name("高橋（" + "あ" * n + " ）", "高橋", RulesSettings())),
    "a department of brackets": (20_000, lambda n: same_department("（部" * n + "）", "福祉政策課", RulesSettings())),
    "an employee number of marks": (20_000, lambda n: read_employee_no("0048213" + "。（" * n)),
    "an employee number of digits": (20_000, lambda n: read_employee_no("1 " * n)),
    "an address among others": (20_000, lambda n: states_only("a@b.jp", "a@b.jp<" * n)),
    "an approval of brackets": (20_000, lambda n: approved("（" * n)),
    "a department of units": (20_000, lambda n: same_department("課" * n, "課" * (n - 1), RulesSettings())),
    "space in a time": (20_000, lambda n: read_moment("2021-07-30 10:" + " " * n + "x", zone=UTC, base=_DAY)),
    "space in a weekday": (20_000, lambda n: read_day("8/4 (月" + " " * n + "x", base=_DAY)),
    "a day in kanji": (20_000, lambda n: read_day("一" * n, base=_DAY)),
    "tens in kanji": (20_000, lambda n: read_day("十" * n + "日", base=_DAY)),
    "days": (300, lambda n: read_dates("8/2," * n, base=_DAY)),
    "ranges": (100, lambda n: read_dates("2021-8-1~2021-10-30まで、" * n, base=_DAY)),
    "counts behind ranges": (100, lambda n: read_dates("8/1~10/30の91日間、" * n, base=_DAY)),
    "times of a day": (250, lambda n: read_dates("8/2 8:30" + "、8:30" * n, base=_DAY)),
    "remarks behind a day": (400, lambda n: read_dates("8/2" + "(終日)" * n, base=_DAY)),
    "brackets behind a day": (1_500, lambda n: read_dates("8/2" + "(" * n, base=_DAY)),
    "numbers of a list": (400, lambda n: read_dates("(1)" * n, base=_DAY)),
    "weekdays behind a day": (20_000, lambda n: read_day("8/2" + "(月)" * n, base=_DAY)),
    "a stamp of digits": (50_000, lambda n: read_moment("2021-07-30 " + "1" * n, zone=UTC, base=_DAY)),
    "times of a stamp": (5_000, lambda n: read_moment("2021-07-30" + " 10:00 (" * n, zone=UTC, base=_DAY)),
    "space between days": (1_500, lambda n: read_dates("8/2" + " " * n + "\n" * n + "8/3", base=_DAY)),
    "space behind an employee's label": (50_000, lambda n: only_employee_no("職員番号" + " " * n)),
    "words for a password": (20_000, lambda n: marked([_passage("パスワード：Ab1" * n)])),
    "a password in many lines": (5_000, lambda n: marked([_passage("パスワード："), _passage("x" * n)] * 500)),
    "comments": (50_000, lambda n: read_statement("mx; " + "(" * n)),
    "comments in an address": (50_000, lambda n: read_address("(" * n + " a@b.jp")),
    "an address of quotes": (50_000, lambda n: read_address('"a" ' * n + "a@b.jp")),
    "statements": (20_000, lambda n: read_statement("mx; " + "spf=pass; " * n)),
    "a Received line": (50_000, lambda n: entered_at(["by " * n + "; x"], ["a"])),
    "boxes": (20_000, lambda n: ticked("□ [" * n)),
    "boxes of brackets": (20_000, lambda n: ticked("（○）（" * n)),
    "radio buttons": (20_000, lambda n: ticked("● ○（" * n)),
    "a kind of endings": (20_000, lambda n: _KINDS.read("申請の届" * n)),
    "a kind of options": (5_000, lambda n: _KINDS.read("新規・" * n)),
    "a subject": (20_000, lambda n: explain("テレワークID" * n, FormsSettings(), None)),
    "a subject of many names": (5_000, lambda n: explain("高橋" * 200, FormsSettings(), None, [_named("高橋 " * n)])),
    "an approval": (20_000, lambda n: refused("承認" * n)),
    "terminals": (5_000, lambda n: combined("terminal", [_answer("terminal", f"{i}-" * 9) for i in range(n)], base=_DAY)),
    "departments": (5_000, lambda n: combined("department", [_answer("department", f"{i}課") for i in range(n)], base=_DAY)),
    "a receipt number": (20_000, lambda n: receipt_number(_answer("receipt_no", "1" * n))),
    "a count of days": (20_000, lambda n: day_count("1" * n + "日")),
    "personal numbers": (20_000, lambda n: names_personal_numbers("番号" * n)),
    "a sentence with holes": (20_000, lambda n: Sentences(["は{}に{}で{}を、申請"]).find("は" + "には" * n)),
    "marks": (20_000, lambda n: fold("a" + "\u0301" * n + "\u0316" * n)),
    "an address": (300_000, lambda n: bare_address("(" * n)),
    "encoded words": (5_000, lambda n: decode_words("=?UTF-8?B?44GC?= " * n)),
    "encoded words without an end": (20_000, lambda n: decode_words("=?a?q? " * n)),
    "a quotation": (50_000, lambda n: quote("\u200b" * n)),
    "a line of a notice": (20_000, lambda n: wrapped("課" * n)),
    "a cell of an export": (200_000, lambda n: guarded(" " * n + "=")),
})  # fmt: skip
