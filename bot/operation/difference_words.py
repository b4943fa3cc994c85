"""What each difference is called, in Japanese and English, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """The sentences of one kind; names in braces are filled in (bot/operation/differences.py)."""

    ja: str
    en: str
    advice: str


_BY_WHOM = "--by WHO --reason TEXT"
_FIX = f"`reconcile --fix {_BY_WHOM}` で無効化。 / `reconcile --fix {_BY_WHOM}` disables it."

WORDS: Mapping[str, Words] = {
    "unknown_account": Words(
        "{login}（{state}、{mail}）が管理コンソールにありますが、台帳にありません。手作業で作られた可能性があります。",
        "{login} ({state}, {mail}) is in the console, and the ledger does not know it: made by hand?",
        "持ち主を確認し、不要なら管理コンソールで削除か改名を。 / Find out whose it is; delete or rename it in the console. It is never touched by the bot.",
    ),
    "issued_since_backup": Words(
        "{login} はバックアップの後に発行されたもので、復元した台帳にありません。",
        "{login} was issued since the backup, and the restored ledger does not know it.",
        f"メールを受信フォルダへ戻して `run`、次に `reconcile --adopt {{request}} {_BY_WHOM}`。"
        " / Put the mails back and `run`, then adopt it so (--adopt all: everything).",
    ),
    "leaver": Words(
        "職員 {employee} は名簿にないか在職していませんが、{login}（案件 {request}）が残っています。",
        "Employee {employee} has left, or is not employed now, and {login} ({request}) is still there.",
        f"名簿を確認し、{_FIX}",
    ),
    "number_changed": Words(
        "職員番号 {employee} は名簿になく、{login} のアドレスは番号 {other} の職員のものです。番号が変わった可能性があります。",
        "Number {employee} is not in the directory, and the address of {login} belongs to {other}: the number has changed?",
        "新しい番号で申請し直してもらい、元の案件は `revoke {request}`。 / Have them apply under the new number, and `revoke {request}`.",
    ),
    "enabled_again": Words(
        "{login} は無効化済みですが、管理コンソールで有効になっています。",
        "{login} was disabled by the bot, and is enabled in the console.",
        f"誰が有効にしたか確認し、{_FIX}",
    ),
    "opened_by_hand": Words(
        "{login}（案件 {request}）は次の利用日まで閉じてありますが、管理コンソールで有効になっています。",
        "{login} ({request}) was closed by the bot until its next day, and is enabled in the console.",
        f"誰が有効にしたか確認し、{_FIX}",
    ),
    "enabled_after_end": Words(
        "{login} は利用期間が終わっていますが、有効なままです。",
        "{login} is still enabled, and its time is over.",
        f"次回の `run` が無効化します。残る場合は {_FIX}",
    ),
    "disabled_early": Words(
        "{login} は利用期間中ですが、管理コンソールで無効になっています（案件 {request}）。",
        "{login} is disabled in the console before its end ({request}).",
        "理由を確認し、取り消すなら `revoke {request}`、使うなら管理コンソールで有効に。 / Find out why; `revoke {request}`, or enable it in the console.",
    ),
    "locked": Words(
        "{login} は管理コンソールでロックされています（案件 {request}）。",
        "{login} is locked in the console ({request}).",
        "本人に確認し、管理コンソールで解除するか再発行の申請を。 / Ask the applicant; unlock it in the console, or have a 再発行 applied for.",
    ),
    "missing": Words(
        "{login}（案件 {request}）は台帳では発行済みですが、管理コンソールにありません。",
        "{login} ({request}) is on record as made, and the console does not have it.",
        "誰が削除したか確認を。必要なら `revoke {request}` の後に再申請。 / Find out who deleted it; if it is needed, `revoke {request}` and apply anew.",
    ),
    "window_differs": Words(
        "{login} の有効期間は {window}、台帳では {known_window} です。",
        "The validity of {login} is {window}, and the ledger has {known_window}.",
        "管理コンソールで台帳のとおりに直してください。 / Mend it in the console.",
    ),
    "name_differs": Words(
        "{login} の氏名「{name}」が名簿の「{known_name}」と違います。",
        "{login} carries the name {name!r}, the directory {known_name!r}.",
        "改姓なら管理コンソールの氏名を直し、別人なら `revoke {request}`。 / After a change of name mend it in the console; another person: `revoke {request}`.",
    ),
    "mail_differs": Words(
        "{login} のアドレス {mail} が名簿の {known_mail} と違います。",
        "{login} carries the address {mail}, the directory {known_mail}.",
        "同じ職員か確認し、管理コンソールか名簿を直してください。 / Be sure that it is the same person; mend the console or the directory.",
    ),
    "unfinished": Words(
        "案件 {request}（{login}）は途中で止まっています（{state}）。",
        "{request} ({login}) was left half done ({state}).",
        "次回の `run` が照会して確定します。 / The next `run` looks and settles it.",
    ),
}  # fmt: skip
