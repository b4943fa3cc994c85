"""How fast mails are read and decided, whether time per mail grows, the peak memory: prints one JSON document.

They are read as the bot reads them, by a process of its own; beside it stands what the same reader does in this process.
A core's rate counts the time that both processes compute. Arguments: how many mails, how many staff; 10000 100000 where
none is given.
"""

from __future__ import annotations

import base64
import resource
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.commands.benching import figures_of
from bot.intake.reader import Reader
from bot.model import Message, Outcome, ReadOutcome
from bot.reading.isolated import IsolatedReader
from bot.reading.protocol import Setup
from bot.reading.worker import Reads
from bot.rules.calendar import Calendar
from bot.rules.directory import Directory, load_directory
from bot.rules.rulebook import Context, Rulebook
from bot.settings.calendar import CalendarSettings
from bot.settings.rules import RulesSettings
from bot.settings.staff import StaffSettings
from tests.house import FORMS

ZONE = ZoneInfo("Asia/Tokyo")
ADDRESS = "telework-id@city.example.jp"
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


def computed() -> float:
    """Return the seconds that this process has computed, and those that it started and that ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def per_core_second(reader: IsolatedReader | Reader, mails: Sequence[Message]) -> float:
    """Return how many mails a second of one core are read, its start and end left out."""
    end = reader.close if isinstance(reader, IsolatedReader) else lambda: None
    end()
    began = computed()
    reader.read(mails[0])
    end()
    start, began = computed() - began, computed()
    per_second(reader, mails)
    end()
    return len(mails) / (computed() - began - (start if isinstance(reader, IsolatedReader) else 0))


def per_second(reader: Reads, mails: Sequence[Message]) -> float:
    """Return how many mails a second are read; every one of them must be read right."""
    started = time.perf_counter()
    for number, mail in enumerate(mails):
        reading = reader.read(mail)
        if reading.outcome is not ReadOutcome.APPLICATIONS or reading.applications[0].employee_no != f"{number:07}":
            raise SystemExit(f"mail {number} was read wrong: {reading}")
    return len(mails) / (time.perf_counter() - started)


def staff(count: int) -> Directory:
    """Return a directory of so many employees, loaded from an export as a city would give it."""
    rows = (f"{number:07},丸山　優,商工観光部観光課,p{number}@city.example.jp,正規" for number in range(count))
    table = "\r\n".join(["職員番号,氏名,所属,メールアドレス,任用区分", *rows])
    return load_directory(table.encode("cp932"), name="staff.csv", settings=StaffSettings())


def decided_per_second(reader: Reads, mails: Sequence[Message], directory: Directory) -> float:
    """Return how many mails a second are read and decided; every one of them must be accepted."""
    rulebook = Rulebook(RulesSettings(), Calendar(CalendarSettings()), ZONE)
    started = time.perf_counter()
    for mail in mails:
        reading = reader.read(mail)
        context = Context(
            now=RECEIVED, received_at=reading.arrived_at, sender=reading.sender, directory=directory, authentic=None
        )
        decision = rulebook.decide(reading.applications[0], context)
        if decision.outcome is not Outcome.ACCEPT:
            raise SystemExit(f"{mail.name} was decided wrong: {decision}")
    return len(mails) / (time.perf_counter() - started)


def measure(count: int, people: int) -> dict[str, object]:
    """Return the figures for ``count`` text mails, a tenth of it of each other sort, and a directory of ``people``."""
    forms = FORMS
    here = Reader(forms, zone=ZONE, own_address=ADDRESS)
    setup = Setup(forms=forms, zone=ZONE.key, own_address=ADDRESS)
    reader = IsolatedReader(setup, seconds=forms.read_seconds, memory_mb=forms.read_memory_mb)
    sorts: dict[str, Callable[[int], Message]] = {"jis": jis_mail, "html": html_mail, "csv": csv_mail}
    for warm in (here, reader):  # imports, compiled patterns
        per_second(warm, [text_mail(number) for number in range(200)])
        per_second(warm, [csv_mail(number) for number in range(2)])
    few = per_second(reader, [text_mail(number) for number in range(count // 10)])
    mails = [text_mail(number) for number in range(count)]
    many = per_second(reader, mails)
    others = {name: round(per_second(reader, list(map(made, range(count // 10))))) for name, made in sorts.items()}
    started = time.perf_counter()
    small, large = staff(count), staff(people)
    loaded = time.perf_counter() - started
    core_here, core_there = (per_core_second(one, mails[: count // 5]) for one in (here, reader))
    in_small, in_large = (decided_per_second(reader, mails, directory) for directory in (small, large))
    return {
        "text_mails": count,
        "staff": people,
        "per_second": {"text": round(many), **others, "text_read_and_decided": round(in_large)},
        "per_core_second": {"text": round(core_there), "text_in_one_process": round(core_here)},
        "directories_loaded_seconds": round(loaded, 1),
        "ratios": {
            "time_per_mail_all_to_a_tenth": round(few / many, 2),
            "process_of_its_own_to_one_process": round(core_here / core_there, 2),
            "time_per_mail_all_staff_to_few": round(in_small / in_large, 2),
        },
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


if __name__ == "__main__":
    figures_of(measure, 10_000, 100_000)
