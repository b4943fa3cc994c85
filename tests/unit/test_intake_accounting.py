"""What stands beside the answers is never passed over: a remark, a second statement, an unticked box, a column."""

from __future__ import annotations

from datetime import date

import pytest

from bot.model import Application, Kind, ReadOutcome
from tests.unit.test_reader import READER, mail, only

HEAD = "職員番号：0048213\n氏名：高橋　みのり\n"
SECOND, FOURTH = date(2021, 8, 2), date(2021, 8, 4)


def doubted(read: Application) -> set[str]:
    """Return the fields that a person must look at."""
    return {doubt.field for doubt in read.doubts}


@pytest.mark.parametrize(
    "body",
    [
        "利用日：8/2、8/4\n備考：8/4は取り消してください", "利用日：8/2、8/4\n備考：8/5も", "利用日：8/2、8/4\n【連絡事項】\n不要になりました",
        "利用日：8/2、8/4\n\n以上です。8/3は結構です。", "【利用日】\n8/2、8/4\n\n8/6\n", "利用日：8/2、8/4\n（訂正）利用日：8/3",
        "利用日：8/2、8/4\n追加利用日：8/9",
        "利用日：8/2、8/4\n作業の内訳：8/4分はキャンセル", "やはり変更をお願いします。\n\n> 利用日：8/2、8/4",
        "８月四日は出勤します。五日にします。\n利用日：8/2、8/4",
    ],
)  # fmt: skip
def test_a_line_that_may_change_the_application_is_a_doubt(body: str) -> None:
    """A remark with another day or with a telling word, wherever it stands, is for a person."""
    assert "body" in doubted(only(mail(HEAD + body)))


@pytest.mark.parametrize(
    "body",
    [
        "お世話になっております。よろしくお願いします。", "備考：特になし", "備考：", "理由：会議の準備のため", "手続き名：利用・変更・取消申請",
        "ご意見：特になし", "※このメールは自動配信です。このメールに返信さ\nれてもお答えできません。", "テレワークに申込がありました。",
        "備考：8/2と8/4は資料作成", "備考：8/2、8/4とも内線 12345", "-- \n例市　福祉政策課　高橋\nTEL 0263-34-1234 (内線1234)\ntakahashi@city.example.jp",
    ],
)  # fmt: skip
def test_what_changes_nothing_is_no_doubt(body: str) -> None:
    """Greetings, reasons, what the form writes, signatures and days that are asked for anyway hold nobody up."""
    read = only(mail(f"{HEAD}利用日：8/2、8/4\n\n{body}\n"))
    assert (read.dates, read.doubts) == ((SECOND, FOURTH), ())


@pytest.mark.parametrize(
    "body",
    [
        "■利用日\n8/2\n8/4\n■実施場所\n自宅", "利用日\n8/2\n8/4\n実施場所\n自宅", "利用日：8/2\n8/4\n", "利用日：8/2、\n8/4",
        "利用日：\n・8/2\n・8/4\n実施場所：自宅",
        "【利用日】\n1. 8/2\n2. 8/4\n", "【利用日】\n① 8/2\n② 8/4\n", "利用日：\n　令和３年８月２日\n　令和３年８月４日\n", "【利用日】\n□8/1\n☑8/2\n☑8/4\n",
    ],
)  # fmt: skip
def test_days_on_lines_of_their_own_are_all_read(body: str) -> None:
    """No day is lost because it stands on the next line."""
    read = only(mail(HEAD + body))
    assert (read.dates, read.doubts) == ((SECOND, FOURTH), ())


@pytest.mark.parametrize(
    ("body", "dates"),
    [("利用期間：8/2～8/31\n利用日：8/2、8/4", (SECOND, FOURTH)), ("利用日：8/4\n開始日：8/2\n終了日：8/6", (FOURTH,)), ("利用日：8/4\n期間：8/5", ())],
)  # fmt: skip
def test_labels_that_differ_never_add_up(body: str, dates: tuple[date, ...]) -> None:
    """A period beside other days is a doubt, and only the days that both name could be granted."""
    read = only(mail(HEAD + body))
    assert (read.dates, doubted(read)) == (dates, {"dates"})


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("■新規　□再発行　□取消", Kind.ISSUE), ("□新規　☑再発行", Kind.REISSUE), ("[ ]新規 [レ]取消", Kind.CANCEL), ("□新規\n■取消\n", Kind.CANCEL),
        ("発行の取消", Kind.CANCEL), ("再発行", Kind.REISSUE),
    ],
)  # fmt: skip
def test_only_ticked_options_count(answer: str, kind: Kind) -> None:
    """A form that prints all options is read by its ticks; a narrower word wins within one option."""
    read = only(mail(f"{HEAD}【申請区分】{answer}\n【利用日】8/2\n"))
    assert (read.kind, read.doubts) == (kind, ())


@pytest.mark.parametrize(
    "answer", ["新規・再発行", "新規／変更／取消", "新規（再発行ではない）", "■新規　■取消　□変更"]
)
def test_several_kinds_are_a_doubt(answer: str) -> None:
    """Where no tick tells, the list of options is not taken for a choice."""
    assert doubted(only(mail(f"{HEAD}申請区分：{answer}\n利用日：8/2\n"))) == {"kind"}


@pytest.mark.parametrize(
    "line",
    [
        "申請区分：□新規 □変更 □取消",
        "実施場所：□自宅 □サテライトオフィス",
        "実施場所：□自宅",
        "所属長承認：□承認済",
        "接続先：[ ] LGWAN [ ] インターネット",
    ],
)
def test_options_of_which_none_is_ticked_are_doubted(line: str) -> None:
    """Whoever left every box empty has said nothing yet: a person asks."""
    read = only(mail(f"{HEAD}利用日：8/2\n{line}\n"))
    assert [doubt.text for doubt in read.doubts] == ["選択肢がどれも選ばれていません"]


def test_an_unticked_approval_is_none() -> None:
    """With every box empty nothing was chosen: 「□済」 is no approval."""
    assert only(mail(f"{HEAD}利用日：8/2\n所属長承認：□済　□未\n")).approval is None


@pytest.mark.parametrize("subject", ["会議中止に伴うテレワーク申請", "テレワーク変更のお願い"])
def test_a_subject_alone_cancels_nothing(subject: str) -> None:
    """A word in the subject is too little to end or change anything."""
    assert "kind" in doubted(only(mail(f"{HEAD}利用日：8/2\n", headers={"Subject": subject})))


@pytest.mark.parametrize(
    "line", ["氏名\t高橋\t職員番号\t0048213\t利用日\t8/2", "氏名　高橋　職員番号　0048213　利用日　8/2"]
)
def test_pairs_side_by_side(line: str) -> None:
    """Several labels with their values in one row are each read."""
    read = only(mail(line))
    assert (read.name, read.employee_no, read.dates, read.doubts) == ("高橋", "0048213", (SECOND,), ())


def test_a_table_of_applicants_in_the_text() -> None:
    """Each row is one application, and an empty first cell moves nothing."""
    rows = [
        ["受付番号", "職員番号", "氏名", "利用日"],
        ["", "0048213", "高橋", "8/2"],
        ["0000007", "0031977", "上野原", "8/4"],
    ]
    html = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    one, two = READER.read(mail(f"<table>{html}</table>", html=True)).applications
    assert (one.receipt_no, one.employee_no, one.name, one.dates) == (None, "0048213", "高橋", (SECOND,))
    assert (two.receipt_no, two.employee_no, two.name, two.dates) == ("0000007", "0031977", "上野原", (FOURTH,))


def test_a_table_within_a_cell_is_layout() -> None:
    """Cells that hold a table set it out on the page; what stands in the inner table is read as ever."""
    inner = "<table><tr><td>職員番号</td><td>0048213</td></tr><tr><td>利用日</td><td>8/2<br>8/4</td></tr></table>"
    read = only(mail(f"<table><tr><td>{inner}</td><td>{inner}</td></tr></table>", html=True))
    assert (read.employee_no, read.dates, read.doubts) == ("0048213", (SECOND, FOURTH), ())


def test_a_row_with_other_columns_leaves_nobody_out() -> None:
    """A row that does not fit the header makes the mail unreadable; it is not left out."""
    reading = READER.read(mail("職員番号\t氏名\t利用日\n0048213\t高橋\t8/2\n0031977\t上野原\n"))
    assert reading.outcome is ReadOutcome.UNREADABLE


def test_a_second_number_is_no_part_of_the_first() -> None:
    """An extension beside the employee number is not joined to it; spaced-out digits are."""
    assert only(mail("職員番号：48213 1234\n利用日：8/2\n")).employee_no is None
    assert only(mail("職員番号：０ ０ ４ ８ ２ １ ３\n利用日：8/2\n")).employee_no == "0048213"


def test_an_original_below_a_signature_is_read() -> None:
    """A signature ends its own mail, not the forwarded one."""
    text = f"転送します。\n-- \n山田\n-----Original Message-----\n{HEAD}利用日：8/2\n"
    assert only(mail(text)).dates == (SECOND,)


@pytest.mark.parametrize(
    "text", ["中村（0050031）が濃厚接触者となりました。明日から在宅です。", "職員番号は0050031です。学級閉鎖のため。"]
)
def test_free_text_with_one_number_is_held_as_urgent(text: str) -> None:
    """About whom, and that it is urgent, is read; all else is for a person."""
    read = only(mail(text, headers={"From": "k@city.example.jp", "Subject": "至急"}))
    assert (read.employee_no, read.dates, bool(read.urgent_reason), doubted(read)) == ("0050031", (), True, {"body"})


def test_free_text_with_two_numbers_is_unreadable() -> None:
    """Nobody is picked out of several."""
    text = "中村（0050031）と赤羽（0017770）が在宅です。"
    assert READER.read(mail(text, headers={"Subject": "お願い"})).outcome is ReadOutcome.UNREADABLE


@pytest.mark.parametrize(
    "remark",
    ["備考：4日は出勤します", "備考：8月4日は会議で庁舎にいます", "8/2は午前だけにします", "備考：8月2日は資料作成"],
)
def test_a_remark_about_one_of_several_days_is_a_doubt(remark: str) -> None:
    """What is said of one day alone may take it back: a person reads it, and both days stay as they were read."""
    read = only(mail(f"{HEAD}利用日：8/2、8/4\n\n{remark}\n"))
    assert (read.dates, doubted(read)) == ((SECOND, FOURTH), {"body"})


def test_several_labels_in_brackets_on_one_line() -> None:
    """【項目名】値【項目名】値 on a line is as many answers."""
    read = only(mail("【職員番号】0031977【氏名】上野原　拓【利用日】8/2、8/4【実施場所】自宅\n"))
    assert (read.employee_no, read.name, read.dates, read.place) == ("0031977", "上野原　拓", (SECOND, FOURTH), "自宅")
    assert read.doubts == ()


def test_the_numbers_of_a_list_stay_with_its_days() -> None:
    """(1) before the first day belongs to (2) before the next."""
    read = only(mail(f"{HEAD}利用日：(1)8/2 (2)8/4\n"))
    assert (read.dates, read.doubts) == ((SECOND, FOURTH), ())


FORM = (
    "受付番号：0000412\n申請日時：2021年7月30日 9時12分\n申請区分：新規\n職員番号：0048213\n氏名：高橋　みのり\n"
    "所属：健康福祉部福祉政策課\n利用日：8/2\n実施場所：自宅\n"
)


@pytest.mark.parametrize(
    "line",
    [
        "備考：8/2 取消希望", "備考：発行不要", "備考：別日へ振替", "備考：中村の分", "備考：同僚の分", "備考：カフェにて", "備考：日付違い",
        "備考：承認待ち", "備考：cancel",
        "備考：Please ignore this", "備考：withdrawn", "備考：白紙", "備考：没", "備考：ダミー", "備考：×", "備考：1", "No", "理由：代休", "理由：再申請",
        "業務内容：前回分", "その他：住基端末使用",
        "管理番号：15（取消希望）", "管理番号：15 0050031", "管理番号：15 cancel", "申請日：令和3年7月30日（別日へ振替）",
        "受付日時：2021年7月30日 9時12分 中止", "受付日時：2021年7月30日 9時12分 8/4",
        "使用端末：貸与PC 別日へ振替", "使用端末：同僚が使用", "使用端末：なし", "勤務時間：8:30～17:15（cancelled）", "勤務時間：利用しない",
        "勤務時間：0時間", "所属長承認：別途",
        "所属長承認：条件付", "所属長承認：依頼済", "承認者：不在", "承認者：福祉政策課長　宮下　一成（中村健の分）",
        "フリガナ：タカハシ　ミノリ（見本）", "個人情報の取扱い：扱う",
        "個人情報を扱わない：いいえ", "緊急の理由：同僚の分", "メールアドレス：m.takahashi@city.example.jp（0050031）", "元の受付番号：0000399",
        "取消日：8/2", "変更前の利用日：8/2",
        "取消理由：会議のため", "変更理由：会議のため", "手続名：テレワークID取消申請", "件名：【取下げ】テレワークID発行申請", "件名：8/2の取りやめ",
        "Subject: cancel", "日数：2", "曜日：水",
        "申請者本人：いいえ", "同意：しない", "電話番号：0050031", "-- \n高橋みのり\n内線0050031",
    ],
)  # fmt: skip
def test_a_word_that_no_rule_reads_is_a_doubt(line: str) -> None:
    """What stands beside an answer, in a topic or under a label of another kind of application is for a person."""
    assert "body" in doubted(only(mail(FORM + line)))


@pytest.mark.parametrize(
    "line",
    [
        "備考：資料作成", "備考：8/2 資料作成", "理由：会議資料の作成のため", "理由：育児のため", "業務内容：データ入力、資料作成",
        "業務内容：12月議会答弁資料の作成", "備考：内線2468",
        "管理番号：15", "整理番号：305871942399", "申請番号：ABCD-1234-EFGH", "受付日時：2021/07/30 9:12:05", "申請日：令和3年7月30日（金）",
        "使用端末：市貸与ノートPC（SE-12）", "OS：Windows 11 Pro",
        "使用端末：株式会社例製 モバイルPC", "勤務時間：8時30分～17時15分（休憩12:00～13:00）", "勤務時間：終日", "所属長承認：承認済（吉澤　勝）",
        "承認者：福祉政策課長　宮下　一成", "フリガナ：ﾀｶﾊｼ ﾐﾉﾘ",
        "個人情報の取扱い：取り扱わない", "個人情報を扱わない：はい", "緊急の理由：同居の家族が濃厚接触者となったため", "元の受付番号：なし",
        "取消日：", "取消理由：なし", "手続名：テレワークID発行申請",
        "手続名：利用・変更・取消申請", "日数：1日", "曜日：月", "申請者本人：はい", "職名：主査", "電話番号：0263-34-3000（内線2468）", "内線：2468",
    ],
)  # fmt: skip
def test_an_answer_to_what_was_asked_is_no_doubt(line: str) -> None:
    """Answers of the usual kinds, and topics made of known words, hold nobody up."""
    assert only(mail(FORM + line)).doubts == ()
