"""Puts the tables of a month into a workbook: a cover that counts them, then a sheet for each question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.ledger.workbook import Workbook
from bot.operation.inspection import issuing, people
from bot.operation.inspection.facts import Question, Scope, when
from bot.operation.inspection.showing import Answered
from bot.rules.calendar import Calendar
from bot.settings.audit import AuditSettings

_NONE = "該当なし / none"


@dataclass(frozen=True, kw_only=True)
class Written:
    """A finished workbook."""

    file: Path
    sha256: str
    #: Rows of each table, and how many of them should not be, by the table's key.
    counts: dict[str, int]
    findings: dict[str, int]


def questions(scope: Scope, settings: AuditSettings, calendar: Calendar, *, size: int, seed: str) -> Sequence[Question]:
    """Return every question, in the order of the workbook."""
    return (
        issuing.Issued(scope), issuing.Refused(scope), issuing.StillOpen(scope), people.Late(scope),
        people.Overrides(scope), people.Acts(scope), people.Reconciled(scope), people.Configs(scope),
        people.Readers(scope),
        people.Outside(
            scope, start=settings.robot_from, end=settings.robot_until,
            is_open=None if settings.robot_on_closed_days else calendar.is_open,
        ),
        people.Sample(scope, size=size, seed=seed),
    )  # fmt: skip


def write(answered: Answered, to: Path, *, by: str, version: str, tell: Callable[[], None]) -> Written:
    """Write the workbook, readable for its owner alone; raises ``Unusable`` when that can't be done."""
    book = Workbook()
    _cover(book, answered, by=by, version=version)
    for table in answered.tables:
        sheet = book.sheet(table.title, table.columns)
        for row in table.rows:
            sheet.add(row)
        if not table.rows:
            sheet.add([_NONE])
        tell()
    sha256 = book.publish(to)
    return Written(
        file=to, sha256=sha256, counts={table.key: len(table.rows) for table in answered.tables},
        findings={table.key: table.findings for table in answered.tables if table.findings},
    )  # fmt: skip


def _cover(book: Workbook, answered: Answered, *, by: str, version: str) -> None:
    sheet = book.sheet(
        "表紙 cover", (("項目 / item", 34), ("値 / value", 70), ("所見 / findings", 16), ("質問 / question", 110))
    )
    verdict, scope = answered.verdict, answered.scope
    holds = "正常 / OK" if verdict.ok else f"不一致 / BROKEN at event {verdict.first_bad}: {verdict.reason}"
    for name, value in (
        ("対象月 / month", scope.month.name), ("作成日時 / made at", when(scope.now)), ("作成者 / made by", by),
        ("版 / version", version), ("監査記録 / audit chain", holds), ("記録数 / events", verdict.events),
        ("先頭のハッシュ / head", verdict.head), ("この月の記録数 / events of the month", answered.events),
        ("この月の案件数 / requests of the month", answered.cases), ("", ""),
    ):  # fmt: skip
        sheet.add([name, value])
    for table in answered.tables:
        sheet.add([table.title, len(table.rows), table.findings, table.question])
