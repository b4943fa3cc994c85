"""Layouts of form services and exports: what they write themselves holds nobody up, and what may change the application does."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from email.message import EmailMessage

import pytest
from openpyxl import Workbook

from bot.intake.reader import Reader
from bot.model import Application, Message
from tests.house import FORMS, ZONE

_READER = Reader(FORMS, zone=ZONE, own_address="telework-id@city.example.jp")
_RECEIVED = datetime(2026, 11, 20, 12, 40, tzinfo=ZONE)
_HEAD = ("受付番号", "申請日時", "申請区分", "職員番号", "氏名", "利用日", "実施場所")
_ROW = ("0000412", "2026/11/20 12:30:00", "新規", "0048213", "髙橋　みのり", "2026/12/1", "自宅")
_OTHER = ("0000413", "2026/11/20 12:31:00", "新規", "0050031", "中村　健", "2026/12/2", "自宅")
_LINES = "職員番号：0048213\n氏名：髙橋　みのり\n利用日：12/1\n実施場所：自宅\n"


def _read(content: bytes, name: str) -> tuple[Application, ...]:
    message = Message(locator=name, name=name, received_at=_RECEIVED, content=content)
    return _READER.read(message).applications


def _mail(body: str) -> tuple[Application, ...]:
    mail = EmailMessage()
    mail["Received"] = "from gw.city.example.jp by mx.city.example.jp; Fri, 20 Nov 2026 12:40:05 +0900"
    mail["From"], mail["To"] = "form@apply.city.example.jp", "telework-id@city.example.jp"
    mail["Subject"], mail["Message-ID"] = "テレワークID発行申請", "<1@apply.city.example.jp>"
    mail.set_content(body)
    return _read(mail.as_bytes(), "1.eml")


def _csv(*rows: tuple[str, ...], name: str = "a.csv") -> tuple[Application, ...]:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return _read(out.getvalue().encode(), name)


def _book(*rows: tuple[str, ...], title: str = "Sheet", day_format: str = "") -> tuple[Application, ...]:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = title
    for row in rows:
        sheet.append(row)
    if day_format:
        sheet["F2"].value, sheet["F2"].number_format = date(2026, 12, 1), day_format
    out = io.BytesIO()
    book.save(out)
    return _read(out.getvalue(), "a.xlsx")


def _is_clear(read: tuple[Application, ...]) -> bool:
    return bool(read) and not any(one.doubts for one in read)


@pytest.mark.parametrize(
    ("heading", "cell"),
    [
        ("ステータス", "受付済み"), ("ステータス", "未対応"), ("ステータス", "承認済"), ("対応状況", "処理待ち"), ("審査結果", "承認"), ("決裁", "済"),
        ("削除フラグ", "0"), ("削除フラグ", "FALSE"), ("取下げ日時", ""), ("レコード番号", "15"), ("更新者", "admin"), ("作成日時", "2026/11/20 12:30:00"),
        ("内線", "2345"), ("電話番号", "0123-45-6789"), ("職名", "主査"), ("同意事項", "☑同意する"), ("No", "1"), ("開始時刻", "8:30"), ("IPアドレス", "10.0.0.1"),
    ],
)  # fmt: skip
def test_columns_of_an_export_that_hold_nobody_up(heading: str, cell: str) -> None:
    """A state with which the application stands, and what is said of the record alone."""
    assert _is_clear(_csv((*_HEAD, heading), (*_ROW, cell)))


@pytest.mark.parametrize(
    ("heading", "cell"),
    [
        ("ステータス", "完了"), ("ステータス", "下書き"), ("対応状況", "取下げ"), ("審査結果", "不承認"), ("審査結果", "可とする条件あり"), ("決裁", "差戻"),
        ("削除フラグ", "1"), ("削除フラグ", "TRUE"), ("取消", "○"), ("取消", "×"), ("取下げ日時", "2026/11/20 12:50"), ("更新者", "12/1は取り消します"),
        ("レコード番号", "取消"), ("作成日時", "12/3"), ("内線", "キャンセル"), ("電話番号", "0050031"), ("同意事項", "□同意する"), ("開始時刻", "12/3"),
        ("連絡先", "中村　健"), ("ブラウザ", "出勤に変更"),
    ],
)  # fmt: skip
def test_columns_of_an_export_that_hold(heading: str, cell: str) -> None:
    """Any other state, and what has not the shape of a number, a time or a contact under a label of one."""
    assert not _is_clear(_csv((*_HEAD, heading), (*_ROW, cell)))


@pytest.mark.parametrize(
    "name",
    ["a.csv", "export-20261120.csv", "申請一覧_20261120.csv", "申請書（髙橋）.csv", "12月分.csv", "11月申請一覧.csv", "テレワーク申請_髙橋みのり.csv"],
)  # fmt: skip
def test_plain_file_names(name: str) -> None:
    """The usual words, the day of output, this or the days' month, and who applies."""
    assert _is_clear(_csv(_HEAD, _ROW, name=name))


@pytest.mark.parametrize(
    "name",
    [
        "取消分.csv",
        "【取下げ】申請.csv",
        "見本.csv",
        "旧データ.csv",
        "10月申請一覧.csv",
        "申請書（中村健）.csv",
        "export(却下).csv",
    ],
)
def test_file_names_that_tell(name: str) -> None:
    """A file may say by its name alone that its rows do not count."""
    assert not _is_clear(_csv(_HEAD, _ROW, name=name))


@pytest.mark.parametrize(
    ("title", "clear"),
    [
        ("12月分", True),
        ("令和8年度", True),
        ("10月分", False),
        ("令和7年度", False),
        ("2025年12月分", False),
        ("取消分", False),
    ],
)
def test_names_of_sheets(title: str, clear: bool) -> None:  # noqa: FBT001 - a column of the table
    """A sheet of another month or year than its days may be an old one."""
    assert _is_clear(_book(_HEAD, _ROW, title=title)) is clear


@pytest.mark.parametrize("below", ["2026/12/3", "12月3日", "3"])
def test_a_day_alone_below_a_row(below: str) -> None:
    """It is no title: it may be one more day of the applicant above."""
    assert not _is_clear(_csv(_HEAD, _ROW, ("", "", "", "", "", below)))


def test_a_day_below_a_form() -> None:
    """Nor is it one in a form that is filled in on a sheet."""
    form = (("職員番号", "0048213"), ("氏名", "髙橋　みのり"), ("実施場所", "自宅"), ("利用日", "2026/12/1"))
    assert _is_clear(_book(("", "令和8年11月20日"), *form))
    assert not _is_clear(_book(*form, ("", "2026/12/3")))


def test_one_receipt_number_for_two_people() -> None:
    """Both rows are held: one of them is somebody else's."""
    first, second = _csv(_HEAD, _ROW, ("0000412", *_OTHER[1:]))
    assert first.doubts
    assert second.doubts
    assert _is_clear(_csv(_HEAD, _ROW, _OTHER))


def test_words_that_a_format_writes() -> None:
    """A person sees 12/1取消 where the cell holds a date alone."""
    assert _is_clear(_book(_HEAD, _ROW, day_format='yyyy"年"m"月"d"日"'))
    assert not _is_clear(_book(_HEAD, _ROW, day_format='m/d"取消"'))


@pytest.mark.parametrize(
    "body",
    [
        "<職員番号>0048213\n<氏名>髙橋　みのり\n<利用日>12/1\n<実施場所>自宅\n", "職員番号 => 0048213\n氏名 => 髙橋　みのり\n利用日 => 12/1\n実施場所 => 自宅\n",
        "質問1：職員番号\n回答：0048213\n質問2：氏名\n回答：髙橋　みのり\n質問3：利用日\n回答：12/1\n質問4：実施場所\n回答：自宅\n",
        "| 項目 | 内容 |\n|---|---|\n| 職員番号 | 0048213 |\n| 氏名 | 髙橋　みのり |\n| 利用日 | 12/1 |\n| 実施場所 | 自宅 |\n",
        "◆◆◆ フォームメーラー ◆◆◆\n\n" + _LINES, "フォームに新しい回答がありました。\n" + _LINES, "申請区分：(*)新規 ( )変更 ( )取消\n" + _LINES,
        "申請区分\n●新規\n○変更\n○取消\n" + _LINES, _LINES.replace("12/1", "\n[x] 12月1日\n[ ] 12月2日"), _LINES + "備考\n",
        _LINES + "\n----------\n例市 総務部 情報政策課\nTEL：0123-45-6789\nhttps://www.city.example.jp/\n----------\n",
    ],
)  # fmt: skip
def test_layouts_that_are_read(body: str) -> None:
    """Each is one application for 12/1, without a doubt."""
    read = _mail(body)
    assert _is_clear(read)
    assert [[day.isoformat() for day in one.dates] for one in read] == [["2026-12-01"]]


@pytest.mark.parametrize(
    "body",
    [
        "申請区分：□新規　□変更　□取消\n" + _LINES, "申請区分\n○新規\n○変更\n○取消\n" + _LINES, _LINES.replace("自宅", "\n●自宅\n○12/1は中止"),
        _LINES + "-- \n12月の申請取消担当\n", _LINES + "-- \n本件は全部\n", _LINES + "\n全部\n", _LINES + "\n市民課　中村\n", _LINES + "備考\n取り消します\n",
        _LINES + "ID：取消\n", _LINES.replace("12/1", "\u202e1/21\u202c"), _LINES.replace("12/1", "12/1->12/3"),
    ],
)  # fmt: skip
def test_layouts_that_hold(body: str) -> None:
    """Nothing chosen, words below a signature, another's name, a turned day."""
    assert not _is_clear(_mail(body))
