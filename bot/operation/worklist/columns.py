"""The columns of the list: what is filled in by the bot, and what the clerk fills in."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from bot.operation.worklist.items import Item

#: The sheet with the list.
LIST = "作業一覧 list"

NUMBER, NAME, REQUEST = "No.", "一覧番号 / worklist", "案件番号 / request"
TODO, LOGIN = "作業 / to do", "ログインID / login ID"
RESULT, BY, AT = "結果 / result", "実施者 / done by", "実施日時 / done at"
TO, NOTE = "渡した相手 / handed to", "備考 / note"

#: Headings and widths in characters.
COLUMNS: tuple[tuple[str, float], ...] = (
    (NUMBER, 5), (NAME, 20), (REQUEST, 18), (TODO, 26), (LOGIN, 18), ("至急 / urgent", 9), ("最初の利用日 / first day", 13),
    ("職員番号 / employee no", 13), ("氏名 / name", 16), ("所属 / department", 24), ("メール（名簿） / mail (directory)", 32),
    ("有効開始 / from", 17), ("有効終了 / until", 17), ("ゾーン / zones", 24), ("プール / pool", 18),
    ("申請種別 / kind", 10), ("受付番号 / receipt no", 14), ("状態 / state", 11), ("注意 / mind", 44),
    (RESULT, 24), (BY, 16), (AT, 20), (TO, 20), (NOTE, 36),
)  # fmt: skip
HEADINGS = tuple(heading for heading, _ in COLUMNS)


class Result(StrEnum):
    """What a clerk says became of an item, as it is chosen in the list."""

    #: Issued, and the clerk gave the credentials to the applicant.
    HANDED = "発行済(手渡し)"
    #: Issued; the bot sets a new password and mails it.
    MAILED = "発行済(通知はボット)"
    #: Not issued: it stays as it is, and the bot goes on with it.
    FAILED = "発行できず"
    DISABLED = "無効化済"


def cells(number: int, name: str, item: Item, *, zones: tuple[str, ...], pool: str) -> list[object]:
    """Return the row of an item in the list ``name``; what the clerk fills in is empty."""
    request, employee, window = item.request, item.employee, item.window
    application = request.application
    return [
        number, name, request.id, item.todo.value, item.login_id, "至急" if item.urgent else "",
        min(request.granted, default=None), application.employee_no, employee.name if employee else application.name,
        employee.department if employee else application.department, employee.mail if employee else "",
        _minute(window.start) if window else "", _minute(window.end) if window else "", "、".join(zones), pool,
        request.kind.value, application.receipt_no, request.state.value, item.note,
    ]  # fmt: skip


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
