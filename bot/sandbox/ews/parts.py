"""The properties that a mail is kept as: its headers, one body, and files."""

from __future__ import annotations

import email
import email.policy
from base64 import b64encode
from dataclasses import dataclass
from email.message import Message

from bot.sandbox.ews.soap import Element, T
from bot.sandbox.ews.store import Item


@dataclass(frozen=True, kw_only=True)
class File:
    """An attached file."""

    name: str
    kind: str
    content: bytes


def mail_of(item: Item) -> Message:
    """Return the mail behind an item."""
    return email.message_from_bytes(item.content, policy=email.policy.compat32)


def headers(mail: Message) -> Element:
    """Return every header as it came."""
    rows = [T("InternetMessageHeader", " ".join(str(value).split()), HeaderName=name) for name, value in mail.items()]
    return T("InternetMessageHeaders", *rows)


def body(mail: Message) -> Element:
    """Return the body: HTML where there is one, as the service does by default."""
    texts = {
        part.get_content_type(): part for part in mail.walk() if not part.is_multipart() and not part.get_filename()
    }
    part = texts.get("text/html") or texts.get("text/plain")
    text = _bytes(part).decode(part.get_content_charset() or "utf-8", "replace") if part else ""
    return T("Body", text, BodyType="HTML" if "text/html" in texts else "Text")


def files(mail: Message) -> list[File]:
    """Return the attached files in their order."""
    found = [part for part in mail.walk() if part.get_filename() and not part.is_multipart()]
    return [File(name=str(part.get_filename()), kind=part.get_content_type(), content=_bytes(part)) for part in found]


def attachment(item: Item, number: int, file: File, *, whole: bool) -> Element:
    """Return an attachment, with its content or without."""
    content = [T("Content", b64encode(file.content).decode("ascii"))] if whole else []
    identity = T("AttachmentId", Id=f"{item.key}.{number}", RootItemId=item.key, RootItemChangeKey="AQ==")
    return T(
        "FileAttachment", identity, T("Name", file.name), T("ContentType", file.kind), T("Size", str(len(file.content))),
        T("IsInline", "false"), *content,
    )  # fmt: skip


def _bytes(part: Message) -> bytes:
    raw = part.get_payload(decode=True)
    return raw if isinstance(raw, bytes) else b""
