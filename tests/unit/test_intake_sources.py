"""One message, several places that state applications: each applicant is on record, and where they disagree a person decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from zoneinfo import ZoneInfo

import pytest

from bot.intake.reader import Reader
from bot.model import Application, Message, ReadOutcome
from tests.hostile_kit import CASES
from tests.house import FORMS

ZONE = ZoneInfo("Asia/Tokyo")
READER = Reader(FORMS, zone=ZONE, own_address="telework-id@city.example.jp")
OWN = "職員番号：1000001\n氏名：鈴木 太郎\n利用日：2026年12月3日\n実施場所：自宅\n"
TITLES = "職員番号\t氏名\t利用日\t実施場所"
OTHER = "1000005\t渡辺 太郎\t2026年12月3日\t自宅"
SAME = "1000001\t鈴木 太郎\t2026年12月3日\t自宅"
THIRD = "1000007\t山本 花子\t2026年12月4日\t自宅"


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail as it is made here."""

    text: str = ""
    html: str = ""
    #: The rows of each attached table.
    files: Sequence[Sequence[str]] = ()


def read(mail: Mail) -> tuple[Application, ...]:
    """Return the applications of a mail."""
    made = EmailMessage(policy=SMTP)
    made["From"], made["Subject"], made["Message-ID"] = (
        "noreply@apply.city.example.jp",
        "申請",
        "<1@apply.city.example.jp>",
    )
    made.set_content(mail.text or "添付のとおりです。", cte="base64")
    if mail.html:
        made.add_alternative(mail.html, subtype="html", cte="base64")
    for number, rows in enumerate(mail.files):
        content = "\n".join([TITLES, *rows]).replace("\t", ",").encode()
        made.add_attachment(content, maintype="text", subtype="csv", filename=f"{number}.csv")
    return read_bytes(made.as_bytes())


def read_bytes(content: bytes) -> tuple[Application, ...]:
    """Return the applications of a mail as received."""
    received = datetime(2026, 12, 1, 10, 36, tzinfo=ZONE)
    reading = READER.read(Message(locator="a", name="a.eml", received_at=received, content=content))
    assert reading.outcome is ReadOutcome.APPLICATIONS, reading.reason
    return reading.applications


def html_table(*rows: str) -> str:
    """Return an HTML table of rows with TABs between their cells."""
    cells = ("".join(f"<td>{cell}</td>" for cell in line.split("\t")) for line in rows)
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in cells)}</table>"


def quoted(text: str) -> str:
    """Return the text as an older mail below."""
    return "\n".join(f"> {line}" for line in text.split("\n"))


TABLE = f"{TITLES}\n{OTHER}\n"
AS_LINES = "\n".join(["職員番号：1000005", "氏名：渡辺 太郎", "利用日：2026年12月3日", "実施場所：自宅"])
DISAGREE = {
    "a table in a remark": (Mail(text=f"{OWN}備考：同じ係の者も申請予定です\n{TABLE}"), "1000001 1000005"),
    "a table above": (Mail(text=f"{TABLE}\n{OWN}"), "1000001 1000005"),
    "a table in the mail below": (Mail(text=f"{OWN}\n{quoted(TABLE)}"), "1000001 1000005"),
    "a table in the HTML": (Mail(html="".join(f"<p>{line}</p>" for line in OWN.split("\n")) + html_table(TITLES, OTHER)), "1000001 1000005"),
    "other HTML beside the text": (Mail(text=OWN, html=html_table(TITLES, OTHER)), "1000001 1000005"),
    "a table beside HTML": (Mail(text=TABLE, html="".join(f"<p>{line}</p>" for line in OWN.split("\n"))), "1000001 1000005"),
    "an attached table": (Mail(text=OWN, files=[[OTHER]]), "1000001 1000005"),
    "an attached table, and no number of one's own": (Mail(text=OWN.partition("\n")[2], files=[[OTHER]]), "1000005 None"),
    "a table and an attached one": (Mail(text=TABLE, files=[[OTHER, THIRD]]), "1000005 1000007"),
    "own answers, a table and an attached one": (Mail(text=OWN + TABLE, files=[[THIRD]]), "1000001 1000005 1000007"),
    "other days in the table": (Mail(text=f"{OWN}{TITLES}\n{SAME.replace('3日', '4日')}\n"), "1000001 1000001"),
    "another place in the table": (Mail(text=f"{OWN}{TITLES}\n{SAME.replace('自宅', 'サテライト')}\n"), "1000001 1000001"),
    "one's own row and another": (Mail(text=f"{OWN}{TITLES}\n{SAME}\n{OTHER}\n"), "1000001 1000005"),
    "two files of one person": (Mail(files=[[SAME], [SAME.replace("3日", "4日")]]), "1000001 1000001"),
    "another applicant's lines": (Mail(text=f"{OWN}\n{AS_LINES}"), "1000001 1000005"),
    "another applicant's number": (Mail(text=f"{OWN}備考：なし\n職員番号：1000005"), "1000001 1000005"),
    "another applicant's mail below": (Mail(text=f"{OWN}\n{quoted(AS_LINES)}"), "1000001 1000005"),
}  # fmt: skip


@pytest.mark.parametrize("name", DISAGREE)
def test_nobody_is_lost_and_a_person_decides(name: str) -> None:
    """Everybody whom a message names applies, and each application is doubted: none is granted by a program."""
    mail, people = DISAGREE[name]
    applications = read(mail)
    assert " ".join(sorted(str(application.employee_no) for application in applications)) == people
    assert all(application.doubts for application in applications)


def test_the_doubt_says_who_stands_where() -> None:
    """An operator reads the places and the numbers."""
    first, second = read(DISAGREE["a table in a remark"][0])
    assert all(
        "本文の項目: 1000001 / 本文の表: 1000005" in {doubt.read for doubt in one.doubts} for one in (first, second)
    )


def test_a_table_pasted_into_a_remark() -> None:
    """The mail that once lost its own applicant holds both."""
    applications = read_bytes((CASES / "lost-by-table-in-remark.eml").read_bytes())
    assert sorted(str(application.employee_no) for application in applications) == ["1000001", "1000005"]
    assert all(application.doubts for application in applications)


AGREE = {
    "one's own row": (Mail(text=f"{OWN}{TITLES}\n{SAME}\n"), "1000001"),
    "one's own row without a place": (Mail(text=f"{OWN}職員番号\t氏名\t利用日\n1000001\t鈴木 太郎\t2026年12月3日\n"), "1000001"),
    "one's own row attached": (Mail(text=OWN, files=[[SAME]]), "1000001"),
    "the same in HTML": (Mail(text=OWN, html=html_table(*(line.replace("：", "\t") for line in OWN.strip().split("\n")))), "1000001"),
    "the same table twice": (Mail(text=f"{TITLES}\n{OTHER}\n{THIRD}\n", files=[[OTHER, THIRD]]), "1000005 1000007"),
    "the same table in HTML": (Mail(text=TABLE, html=html_table(TITLES, OTHER)), "1000005"),
    "two files that share out": (Mail(files=[[SAME], [OTHER, THIRD]]), "1000001 1000005 1000007"),
    "a letter with its sender's name": (Mail(text="所属：総務課\n氏名：佐藤 一郎\n添付のとおり申請します。", files=[[OTHER]]), "1000005"),
    "a letter with the days of all": (Mail(text="利用期間：2026年12月1日～12月4日", files=[[OTHER, THIRD]]), "1000005 1000007"),
    "two rows of one person": (Mail(files=[[SAME, SAME.replace("3日", "4日")]]), "1000001 1000001"),
}  # fmt: skip


@pytest.mark.parametrize("name", AGREE)
def test_what_is_said_twice_is_said_once(name: str) -> None:
    """Places that say the same make one application for each, without a doubt."""
    mail, people = AGREE[name]
    applications = read(mail)
    assert " ".join(sorted(str(application.employee_no) for application in applications)) == people
    assert not [doubt for application in applications for doubt in application.doubts]


@pytest.mark.parametrize("line", ["利用日：2026年12月9日", "申請区分：取消"])
def test_a_letter_that_says_otherwise_than_its_table(line: str) -> None:
    """Other days, or another kind, around a table doubt its rows."""
    (application,) = read(Mail(text=line, files=[[OTHER]]))
    assert [doubt.field for doubt in application.doubts] == ["body"]


@pytest.mark.parametrize(
    "remark",
    [
        "職員番号,氏名,利用日\n1000005,渡辺 太郎,2026年12月3日",
        "1000005　渡辺 太郎　自宅",
        "渡辺（１０００００５）も同じです",
    ],
)
def test_a_remark_that_names_another_employee(remark: str) -> None:
    """A number like the applicant's own, in whatever layout, is somebody else: a person reads it first."""
    assert any(application.doubts for application in read(Mail(text=f"{OWN}備考：{remark}\n")))


@pytest.mark.parametrize(
    "remark", ["内線 12345", "電話 026-1000005", "受付は1000001", "〒390-0874", "作業番号:100000512"]
)
def test_a_remark_with_another_number(remark: str) -> None:
    """A telephone number, or the applicant's own again, names nobody else."""
    (application,) = read(Mail(text=f"{OWN}備考：{remark}\n"))
    assert application.doubts == ()
