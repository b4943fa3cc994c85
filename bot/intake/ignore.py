"""Mails that are no applications, and why: auto-replies, bounces, our own, newsletters."""

from __future__ import annotations

from bot.intake.letter import Letter
from bot.intake.returned import by_daemon, has_null_sender
from bot.settings.forms import FormsSettings
from bot.text import fold


def certainly_ignored(letter: Letter, settings: FormsSettings, own_address: str) -> str:
    """Return why nobody needs to read this mail, whatever stands in it, or ``""``."""
    headers = letter.headers
    if letter.sender == own_address.lower():
        return "自分が送ったメールです / our own mail"
    if letter.report_type is not None or by_daemon(letter) or has_null_sender(letter):
        return "配信の報告（不達など）です / a delivery report"
    if headers.get("auto-submitted", "no").lower().startswith("auto-replied") or "x-autoreply" in headers:
        return "自動応答です（Auto-Submitted、RFC 3834） / an automatic reply"
    subject = fold(letter.subject)
    if any(subject.startswith(fold(word)) for word in settings.auto_reply_subjects):
        return "自動応答です（件名） / an automatic reply by its subject"
    return ""


def ignored_without_application(letter: Letter) -> str:
    """Return why a mail in which no application was found may be left, or ``""``: it must then be kept as unreadable."""
    headers = letter.headers
    if headers.get("auto-submitted", "no").lower() not in {"", "no"}:
        return "自動送信で、申請の項目がありません / sent by a program, and no application in it"
    if "list-id" in headers or "list-unsubscribe" in headers:
        return "メールマガジン等の一斉配信です / a newsletter"
    if headers.get("precedence", "").lower() in {"bulk", "junk", "list"}:
        return "一斉配信です（Precedence） / bulk mail"
    if headers.get("x-spam-flag", "").upper() == "YES":
        return "迷惑メールと判定されています / marked as spam"
    return ""
