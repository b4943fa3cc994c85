"""Notices as mails. Pure: what is to be told goes in, an EmailMessage comes out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from secrets import token_hex

from bot.clock import aware
from bot.delivery import jis
from bot.delivery.html import as_html
from bot.delivery.templates import Templates, Text
from bot.delivery.wrapping import NoticePolicy, wrapped
from bot.errors import DeliveryFailed
from bot.model import Employee, Violation, Window
from bot.secret import Secret
from bot.settings.delivery import DeliverySettings
from bot.settings.mailbox import MailboxSettings

_UTF8, _JIS = NoticePolicy(linesep="\r\n"), jis.JisPolicy(linesep="\r\n")
_TOKEN_BYTES = 12
# One mailbox by RFC 5321 in plain ASCII, without quoting, comments or a second address.
_ADDRESS = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9._+-]{0,63}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])")
_LINK = re.compile(r"(?:[a-z][a-z0-9+.-]{1,20}://|www\.)\S*", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")


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
class Changed:
    """What a change did: days that were granted before and are no longer, and days that are granted anew."""

    gone: tuple[date, ...]
    new: tuple[date, ...]


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
class Waiting:
    """Why an application waits for a person, and what becomes of its days meanwhile."""

    #: The days asked for; empty where the kind asks for none.
    asked: tuple[date, ...]
    #: What is not clear in it: an application that says it clearly may need no person.
    unclear: tuple[Violation, ...]
    #: What an operator has to decide on, however clearly it is said.
    to_decide: tuple[Violation, ...]
    #: Of the days, those that a new application could still ask for, and by when.
    open: tuple[Possible, ...]
    #: Of the days, those for which a new application would be too late.
    closed: tuple[date, ...]


@dataclass(frozen=True, kw_only=True)
class Composer:
    """Makes notices in the house's words."""

    mailbox: MailboxSettings
    delivery: DeliverySettings
    templates: Templates

    def credentials(
        self,
        envelope: Envelope,
        *,
        login_id: str,
        secret: Secret | None,
        window: Window,
        granted: Sequence[date],
        refused: Sequence[Violation],
        renewed: bool,
        changed: Changed | None = None,
    ) -> EmailMessage:
        """Return the mail with the login ID and the password, which is in the body alone, never in a header.

        Without a secret it says from whom the password comes (``delivery.mode: split``).
        """
        return self._mail(
            envelope,
            "credentials",
            login_id=login_id,
            password=secret.reveal() if secret else "",
            password_here=secret is not None,
            secret_from=self.delivery.secret_from,
            secret_from_en=self.delivery.secret_from_en,
            start=window.start,
            end=window.end,
            granted=granted,
            refused=_clean(refused),
            renewed=renewed,
            changed=changed,
        )

    def secret(self, envelope: Envelope, *, to_name: str, secret: Secret, window: Window) -> EmailMessage:
        """Return the mail with the password alone, for somebody who hands it over (``delivery.mode: split``)."""
        return self._mail(
            envelope, "secret", to_name=clean(to_name), password=secret.reveal(), start=window.start, end=window.end
        )

    def handover(
        self,
        envelope: Envelope,
        *,
        to_name: str,
        login_id: str,
        secret: Secret,
        window: Window,
        granted: Sequence[date],
    ) -> EmailMessage:
        """Return the sheet with everything, for the supervisor of somebody who can't read mail."""
        return self._mail(
            envelope, "handover", to_name=clean(to_name), login_id=login_id, password=secret.reveal(),
            start=window.start, end=window.end, granted=granted,
        )  # fmt: skip

    def rejected(
        self,
        envelope: Envelope,
        *,
        received_at: datetime,
        asked: Sequence[date],
        violations: Sequence[Violation],
        possible: Sequence[Possible],
    ) -> EmailMessage:
        """Return the rejection with every reason and the days still possible; for a mere duplicate, which request it repeats."""
        duplicate = bool(violations) and all(item.code == "V18" for item in violations)
        return self._mail(
            envelope,
            "rejected",
            received_at=received_at,
            asked=asked,
            violations=_clean(violations),
            possible=possible,
            duplicate=duplicate,
        )

    def held(self, envelope: Envelope, *, received_at: datetime, waiting: Waiting) -> EmailMessage:
        """Return the notice that a person checks the application: what is unclear, and that its days may pass meanwhile."""
        return self._mail(
            envelope,
            "held",
            received_at=received_at,
            asked=waiting.asked,
            unclear=_clean(waiting.unclear),
            to_decide=_clean(waiting.to_decide),
            open=waiting.open,
            closed=waiting.closed,
        )

    def receipt(
        self, envelope: Envelope, *, received_at: datetime, granted: Sequence[date], send_from: datetime | None
    ) -> EmailMessage:
        """Return the notice that an application was granted and its login follows (``delivery.receipt``)."""
        return self._mail(envelope, "receipt", received_at=received_at, granted=granted, send_from=send_from)

    def closed(
        self, envelope: Envelope, *, granted: Sequence[date], at_wish: bool, login_id: str | None
    ) -> EmailMessage:
        """Return the notice that a login ended before its time: at the applicant's wish (取消), or the house's (失効)."""
        return self._mail(
            envelope, "cancelled" if at_wish else "revoked", granted=granted, login_id=clean(login_id or "")
        )

    def alert(self, envelope: Envelope, *, received_at: datetime, asked: Sequence[date], needs: Needs) -> EmailMessage:
        """Return the alert to the operators: an urgent request waits for them. The reason stays in the ledger."""
        return self._mail(envelope, "alert", received_at=received_at, asked=asked, needs=needs.ja, needs_en=needs.en)

    def left_open(self, envelope: Envelope, *, login_id: str, since: datetime, solved: bool) -> EmailMessage:
        """Return the alert to the operators that a login should have been closed at ``since``, or that it is closed now."""
        return self._mail(envelope, "solved" if solved else "overdue", login_id=clean(login_id), since=since)

    def digest(self, to: Sequence[str], *, made: Mapping[str, object], version: str) -> EmailMessage:
        """Return the day's digest (:class:`bot.operation.digest.Digest` as a mapping) for the operators."""
        made_at = made["made_at"]
        if not isinstance(made_at, datetime):
            raise TypeError("made_at is no datetime")
        text = self.templates.render(
            "digest", {"city": self.delivery.city, "version": version, **made}, english=self.delivery.english
        )
        name = message_id(f"digest-{made_at:%Y%m%d-%H%M%S}", "digest", 1, self.mailbox.address)
        return self._written(text, to=to, now=made_at, message_id=name)

    def conditions(self, to: Sequence[str], values: Mapping[str, object]) -> EmailMessage:
        """Return the alert to operators of what begins, lasts and is over (bot/operation/alerts/message.py)."""
        now = values["now"]
        if not isinstance(now, datetime):
            raise TypeError("now is no datetime")
        text = self.templates.render(
            "conditions", {"city": self.delivery.city, **values}, english=self.delivery.english
        )
        name = message_id(f"conditions-{now:%Y%m%d-%H%M%S}", "conditions", 1, self.mailbox.address)
        return self._written(text, to=to, now=now, message_id=name)

    def _mail(self, envelope: Envelope, template: str, **values: object) -> EmailMessage:
        text = self.templates.render(template, self._known(envelope) | values, english=self.delivery.english)
        mail = self._written(text, to=envelope.to, now=envelope.now, message_id=envelope.message_id)
        # A server may put a Message-ID of its own in place of ours; a report of the mail then names it by this.
        mail["X-Telework-Request"] = envelope.message_id.strip("<>").partition("@")[0]
        return mail

    def _written(self, text: Text, *, to: Sequence[str], now: datetime, message_id: str) -> EmailMessage:
        plain, html = wrapped(text.body), as_html(text.body)
        in_jis = self.delivery.charset == jis.CHARSET and jis.fits(plain)
        mail = EmailMessage(policy=_JIS if in_jis else _UTF8)
        mail["From"] = Address(clean(self.mailbox.sender_name), addr_spec=address(self.mailbox.address))
        mail["To"] = [Address(addr_spec=address(one)) for one in to]
        mail["Subject"] = clean(f"{self.delivery.subject_prefix}{text.subject}")
        mail["Date"] = aware(now)
        mail["Message-ID"] = message_id
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
        charset, cte = (jis.CHARSET, "7bit") if in_jis else ("utf-8", "base64")
        mail.set_content(plain, charset=charset, cte=cte)
        if self.delivery.html and not in_jis:
            mail.add_alternative(html, subtype="html", charset="utf-8", cte="base64")
        return mail

    def _known(self, envelope: Envelope) -> dict[str, object]:
        settings, employee = self.delivery, envelope.employee
        return {
            "name": clean(employee.name) if employee else "",
            "department": clean(employee.department) if employee else "",
            "employee_no": clean(employee.employee_no) if employee else "",
            "request_id": envelope.request_id,
            "receipt_no": clean(envelope.receipt_no or ""),
            "city": settings.city,
            "contact": settings.contact,
            "contact_en": settings.contact_en,
            "prefix": settings.subject_prefix,
        }


def message_id(request_id: str, kind: str, attempt: int, own_address: str) -> str:
    """Return a new Message-ID for a notice; nobody who has not seen the mail can guess it.

    It goes on record with the intent to send, and is taken from there when a mail is looked up, or comes back.
    """
    return f"<{request_id}.{kind}.{attempt}.{token_hex(_TOKEN_BYTES)}@{own_address.rpartition('@')[2]}>"


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
    return [{"code": item.code, "text": _told(item.text), "text_en": _told(item.text_en)} for item in violations]


def _told(text: str) -> str:
    """Return what a rule found, without an address that a mail program would make a link of: it quotes what was read."""
    return _LINK.sub("［…］", clean(text))
