"""Mails that are no applications, and why: auto-replies, bounces, our own, newsletters.

Only what can hold no application is passed over unread. Whatever else looks like such a mail is read: an application in it is held,
with the reason why it looked so; without one it is ignored for the same reason.
"""

from __future__ import annotations

import re

from bot.intake.letter import Letter
from bot.intake.returned import NAME, by_daemon, has_null_sender
from bot.model import Doubt
from bot.settings.forms import FormsSettings
from bot.text import fold

#: The other mails that we send, as bot/delivery/compose.py names them.
_TO_OPERATORS = re.compile(r"(?:digest|conditions)-\d{8}-\d{6}\.(?:digest|conditions)\.\d{1,4}\.[0-9a-f]{16,64}")

_OURS = "自分が送ったメールです / our own mail"
_REPORT = "配信の報告（不達など）です / a delivery report"


def never_read(letter: Letter, own_address: str) -> str:
    """Return why a mail is passed over unread, whatever stands in it, or ``""``: a delivery report, or a notice of ours.

    Both repeat what applications say, and are none.
    """
    if letter.report_type is not None:
        return _REPORT
    if letter.sender == own_address.lower() and _is_notice(letter, own_address):
        return _OURS
    return ""


def seems_automatic(letter: Letter, settings: FormsSettings, own_address: str) -> str:
    """Return why a mail seems to be nobody's application, or ``""``: by whom it is from, or what its headers call it."""
    headers = letter.headers
    if letter.sender == own_address.lower():
        return _OURS
    if by_daemon(letter) or has_null_sender(letter):
        return _REPORT
    if headers.get("auto-submitted", "no").lower().startswith("auto-replied") or "x-autoreply" in headers:
        return "自動応答です（Auto-Submitted、RFC 3834） / an automatic reply"
    subject = fold(letter.subject)
    if any(subject.startswith(fold(word)) for word in settings.auto_reply_subjects):
        return "自動応答です（件名） / an automatic reply by its subject"
    return ""


def automatic_doubt(reason: str, letter: Letter) -> Doubt:
    """Return the doubt of an application in a mail that seems automatic for this reason."""
    text, _, text_en = reason.partition(" / ")
    return Doubt(
        field="subject",
        read=letter.subject,
        text=f"申請ではないかもしれません（{text}）。元のメールで確かめてください",
        text_en=f"it may be no application ({text_en}): see in the mail itself",
    )


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


def _is_notice(letter: Letter, own_address: str) -> bool:
    """Tell whether it bears the name of a mail that we sent."""
    name, _, domain = letter.headers.get("message-id", "").strip("<> ").partition("@")
    ours = domain.casefold() == own_address.rpartition("@")[2].casefold()
    named = NAME.fullmatch(letter.headers.get("x-telework-request", "").strip()) is not None
    return named or (ours and bool(NAME.fullmatch(name) or _TO_OPERATORS.fullmatch(name)))
