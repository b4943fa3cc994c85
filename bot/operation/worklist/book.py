"""The workbook that a clerk works by: a cover, the printable procedure (手順書), and the list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.ledger.records import StoredEvent
from bot.ledger.workbook import Workbook
from bot.operation.worklist.columns import COLUMNS, HEADINGS, LIST, RESULT, Result, cells
from bot.operation.worklist.items import Item
from bot.operation.worklist.procedure import STEPS
from bot.settings.account import AccountSettings
from bot.wording import moment_ja

_CARE = (
    "個人情報を含みます。パスワードは書かれておらず、書いてもいけません。"
    " / Holds personal data; passwords are not in it and must not be written into it."
)


@dataclass(frozen=True, kw_only=True)
class Cover:
    """What the first sheet says beside the counts."""

    name: str
    city: str
    made_at: datetime
    by: str
    reason: str
    version: str
    #: The newest event of the audit chain.
    newest: StoredEvent | None


def write(to: Path, items: Sequence[Item], cover: Cover, account: AccountSettings) -> str:
    """Write the workbook, readable for its owner alone, and return its SHA-256; raises ``Unusable``.

    Nothing in it is a formula, and no password is in it: the ledger has none.
    """
    book = Workbook()
    _cover(book, items, cover)
    steps = book.sheet("手順書 procedure", (("順 / step", 8), ("手順", 80), ("Procedure", 80)))
    steps.print_wide()
    for number, (ja, en) in enumerate(STEPS, 1):
        steps.add([number, ja, en])
    sheet = book.sheet(LIST, COLUMNS)
    sheet.print_wide()
    sheet.offer(HEADINGS.index(RESULT) + 1, [one.value for one in Result])
    for number, item in enumerate(items, 1):
        sheet.add(cells(number, cover.name, item, zones=account.zones, pool=account.pool))
    return book.publish(to)


def _cover(book: Workbook, items: Sequence[Item], cover: Cover) -> None:
    sheet = book.sheet("表紙 cover", (("項目 / item", 40), ("値 / value", 80)))
    sheet.print_wide()
    counts = Counter(item.todo for item in items)
    first = min((day for item in items for day in item.request.granted), default="")
    for name, value in (
        ("テレワークID手作業一覧 / Telework IDs to issue by hand", cover.city), ("一覧番号 / worklist", cover.name),
        ("作成日時 / made at", f"{moment_ja(cover.made_at.replace(microsecond=0))} ({cover.made_at.isoformat(timespec='seconds')})"),
        ("作成者 / made by", cover.by), ("理由 / reason", cover.reason), ("版 / version", cover.version),
        ("件数 / items", len(items)), *((f"　{todo.value}", count) for todo, count in counts.items()),
        ("　うち至急 / of these urgent", sum(item.urgent for item in items)), ("最も近い利用日 / nearest day", first),
        ("監査記録の件数 / events of the audit chain", cover.newest.seq if cover.newest else 0),
        ("監査記録の先頭 / head of the audit chain", cover.newest.hash if cover.newest else ""),
        ("取扱注意 / handle with care", _CARE),
        ("戻し方 / giving it back", 'run_bot.py worklist import このファイル --by 氏名 --reason "理由"'),
    ):  # fmt: skip
        sheet.add([name, value])
