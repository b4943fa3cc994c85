"""How fast mails are read on one core, whether time per mail grows, and the peak memory: prints one JSON document."""

from __future__ import annotations

import base64
import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.intake.reader import Reader
from bot.model import Message, ReadOutcome
from bot.settings.forms import FormsSettings

ZONE = ZoneInfo("Asia/Tokyo")
RECEIVED = datetime(2021, 7, 30, 12, 0, tzinfo=ZONE)
BODY = """テレワーク用ID・パスワード発行申請に申込がありました。

整理番号　　：{number:012}
申込日時　　：2021年7月30日9時12分
申請区分　　：新規
職員番号　　：{number:07}
氏名　　　　：丸山　優
所属　　　　：商工観光部観光課
利用日　　　：令和3年8月2日（月）～8月4日（水）、8月6日
実施場所　　：自宅
使用端末　　：市貸与PC
所属長承認　：承認済（吉澤　勝）
備考　　　　：

------------------------------------------------------------
※このメールは自動配信です。
"""
HEAD = "From: noreply@apply.city.example.jp\r\nMessage-ID: <{number}@apply.city.example.jp>\r\nSubject: =?UTF-8?B?{subject}?=\r\n"
SUBJECT = base64.b64encode("【例市電子申請】申込がありました".encode()).decode()


def _made(number: int, content_type: str, body: bytes) -> Message:
    head = HEAD.format(number=number, subject=SUBJECT) + f"Content-Type: {content_type}\r\n"
    content = f"{head}Content-Transfer-Encoding: base64\r\n\r\n".encode() + base64.encodebytes(body)
    return Message(locator=str(number), name=f"{number}.eml", received_at=RECEIVED, content=content)


def text_mail(number: int) -> Message:
    """Return a mail of label-colon lines in UTF-8."""
    return _made(number, "text/plain; charset=UTF-8", BODY.format(number=number).encode())


def jis_mail(number: int) -> Message:
    """Return the same in ISO-2022-JP, which is decoded here and not by the interpreter."""
    return _made(
        number, "text/plain; charset=ISO-2022-JP", BODY.replace("～", "から").format(number=number).encode("iso2022_jp")
    )


def html_mail(number: int) -> Message:
    """Return the same as an HTML table."""
    rows = (line.split("：", 1) for line in BODY.format(number=number).split("\n") if "：" in line)
    html = "".join(f"<tr><th>{label.strip()}</th><td>{value}</td></tr>" for label, value in rows)
    return _made(number, "text/html; charset=UTF-8", f"<table>{html}</table>".encode())


def csv_mail(number: int) -> Message:
    """Return a mail with a CSV of one row attached."""
    table = f"受付番号,職員番号,氏名,利用日\r\n{number},{number:07},丸山　優,R3.8.2\r\n"
    return _made(number, 'text/csv; name="a.csv"', table.encode("cp932"))


def per_second(reader: Reader, mails: Sequence[Message]) -> float:
    """Return how many mails a second are read; every one of them must be read right."""
    started = time.perf_counter()
    for number, mail in enumerate(mails):
        reading = reader.read(mail)
        if reading.outcome is not ReadOutcome.APPLICATIONS or reading.applications[0].employee_no != f"{number:07}":
            raise SystemExit(f"mail {number} was read wrong: {reading}")
    return len(mails) / (time.perf_counter() - started)


def measure(count: int) -> dict[str, object]:
    """Return the figures for ``count`` text mails and a tenth of it of each other sort."""
    reader = Reader(FormsSettings(), zone=ZONE, own_address="telework-id@city.example.jp")
    sorts: dict[str, Callable[[int], Message]] = {"jis": jis_mail, "html": html_mail, "csv": csv_mail}
    per_second(reader, [text_mail(number) for number in range(200)])  # warm up: imports, compiled patterns
    few = per_second(reader, [text_mail(number) for number in range(count // 10)])
    many = per_second(reader, [text_mail(number) for number in range(count)])
    others = {name: round(per_second(reader, list(map(made, range(count // 10))))) for name, made in sorts.items()}
    return {
        "text_mails": count,
        "per_second": {"text": round(many), **others},
        "ratios": {"time_per_mail_all_to_a_tenth": round(few / many, 2)},
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)))  # noqa: T201 - its output
