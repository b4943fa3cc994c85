"""Notices as mails. Pure: what is to be told goes in, an EmailMessage comes out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot import wording
from bot.clock import aware
from bot.delivery.wrapping import wrapped
from bot.errors import DeliveryFailed
from bot.model import Employee, Violation, Window
from bot.secret import Secret
from bot.settings.delivery import DeliverySettings
from bot.settings.mailbox import MailboxSettings

# One mailbox by RFC 5321 in plain ASCII, without quoting, comments or a second address.
_ADDRESS = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9._+-]{0,63}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")
_SUBJECTS = {
    "credentials": "ログインIDとパスワードをお知らせします",
    "rejected": "申請の審査結果（発行できませんでした）",
    "duplicate": "申請の審査結果（発行済みです）",
    "held": "申請を受け付けました（確認中）",
    "alert": "［要対応］緊急の申請が保留になっています",
}


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """What every notice carries: whom it is about and whom it goes to, what it is about, and its identity."""

    #: The applicant; only an alert may be about somebody whom the directory does not know.
    employee: Employee | None
    #: The addresses: the directory's one for the applicant, or the operators'.
    to: tuple[str, ...]
    request_id: str
    receipt_no: str | None
    message_id: str
    attempt: int
    now: datetime


@dataclass(frozen=True, kw_only=True)
class Possible:
    """A day that can still be applied for, and by when."""

    day: date
    cutoff: datetime


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What an operator must see before an urgent request is approved, in both languages."""

    ja: str
    en: str


@dataclass(frozen=True, kw_only=True)
class Composer:
    """Makes notices in the house's words."""

    mailbox: MailboxSettings
    delivery: DeliverySettings

    def credentials(
        self,
        envelope: Envelope,
        *,
        login_id: str,
        secret: Secret,
        window: Window,
        granted: Sequence[date],
        refused: Sequence[Violation],
        renewed: bool,
    ) -> EmailMessage:
        """Return the one mail that carries a password; it is in the body alone, never in a header."""
        body = self._body(
            envelope,
            "credentials",
            login_id=login_id,
            password=secret.reveal(),
            start=window.start,
            end=window.end,
            granted=granted,
            refused=_clean(refused),
            renewed=renewed,
        )
        return self._mail(envelope, "credentials", body)

    def rejected(
        self,
        envelope: Envelope,
        *,
        received_at: datetime,
        asked: Sequence[date],
        violations: Sequence[Violation],
        possible: Sequence[Possible],
    ) -> EmailMessage:
        """Return the rejection with every reason and the days still possible; for a mere duplicate, that nothing changed."""
        duplicate = bool(violations) and all(item.code == "V18" for item in violations)
        body = self._body(
            envelope,
            "rejected",
            received_at=received_at,
            asked=asked,
            violations=_clean(violations),
            possible=possible,
            duplicate=duplicate,
        )
        return self._mail(envelope, "duplicate" if duplicate else "rejected", body)

    def held(self, envelope: Envelope, *, received_at: datetime) -> EmailMessage:
        """Return the notice that a person checks the application; it says nothing of what is doubted."""
        return self._mail(envelope, "held", self._body(envelope, "held", received_at=received_at))

    def alert(self, envelope: Envelope, *, received_at: datetime, asked: Sequence[date], needs: Needs) -> EmailMessage:
        """Return the alert to the operators: an urgent request waits for them. The reason stays in the ledger."""
        body = self._body(envelope, "alert", received_at=received_at, asked=asked, needs=needs.ja, needs_en=needs.en)
        return self._mail(envelope, "alert", body)

    def _body(self, envelope: Envelope, template: str, **values: object) -> str:
        settings, employee = self.delivery, envelope.employee
        known = {
            "name": clean(employee.name) if employee else "",
            "department": clean(employee.department) if employee else "",
            "employee_no": clean(employee.employee_no) if employee else "",
            "request_id": envelope.request_id,
            "receipt_no": clean(envelope.receipt_no or ""),
            "city": settings.city,
            "contact": settings.contact,
            "contact_en": settings.contact_en,
            "prefix": settings.subject_prefix,
            **values,
        }
        environment = _environment()
        parts = [environment.get_template(f"{template}.ja.txt").render(known)]
        if settings.english:
            parts.append(environment.get_template(f"{template}.en.txt").render(known))
        return ("\n" + "-" * 60 + "\n\n").join(parts)

    def _mail(self, envelope: Envelope, subject: str, body: str) -> EmailMessage:
        mail = EmailMessage(policy=SMTP)
        mail["From"] = Address(clean(self.mailbox.sender_name), addr_spec=address(self.mailbox.address))
        mail["To"] = [Address(addr_spec=address(one)) for one in envelope.to]
        mail["Subject"] = clean(f"{self.delivery.subject_prefix}{_SUBJECTS[subject]} {envelope.request_id}")
        mail["Date"] = aware(envelope.now)
        mail["Message-ID"] = envelope.message_id
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
        mail["X-Telework-Request"] = f"{envelope.request_id}/{envelope.attempt}"
        mail.set_content(wrapped(body), charset="utf-8", cte="base64")
        return mail


def message_id(request_id: str, kind: str, attempt: int, own_address: str) -> str:
    """Return the Message-ID of a notice: the same for the same request, kind and attempt, so that it can be looked up."""
    return f"<{request_id}.{kind}.{attempt}@{own_address.rpartition('@')[2]}>"


def address(text: str) -> str:
    """Return ``text`` if it is one plain mail address; raises ``DeliveryFailed`` otherwise."""
    if not _ADDRESS.fullmatch(text) or ".." in text or ".@" in text:
        raise DeliveryFailed(f"{clean(text)!r} is not a mail address that a notice may go to")
    return text


def clean(text: str) -> str:
    """Return ``text`` on one line without control and direction characters: it may come from a hostile mail."""
    whole = text.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair can't be sent
    return _CONTROL.sub(" ", whole).strip()


def _clean(violations: Sequence[Violation]) -> list[dict[str, str]]:
    return [{"code": item.code, "text": clean(item.text), "text_en": clean(item.text_en)} for item in violations]


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"), undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, autoescape=False,  # noqa: S701 - plain text
    )  # fmt: skip
    for name in ("day_ja", "moment_ja", "days_ja", "day_en", "moment_en", "days_en"):
        environment.filters[name] = getattr(wording, name)
    return environment
