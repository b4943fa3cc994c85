"""Bytes to a letter: the headers we use, the text, the tables, decoded as domain.md §1.4 says."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message as MimePart
from email.policy import compat32

from bot.errors import Unreadable
from bot.intake.arrival import RECEIVED
from bot.intake.authentication_results import HEADER
from bot.intake.from_header import FromFault, read_from
from bot.markup import html_lines
from bot.model import Message
from bot.settings.forms import FormsSettings
from bot.text import decode, decode_words

_TABLE_ENDINGS = (".csv", ".tsv", ".xlsx", ".xlsm", ".xls")
_TABLE_TYPES = frozenset({"text/csv", "text/tab-separated-values", "application/vnd.ms-excel"})
#: As bot/delivery/compose.py makes them.
_NOTICE_ID = re.compile(rb"<R-\d{8}-\d{4,9}\.[a-z]{4,20}\.\d{1,4}@[A-Za-z0-9.-]{1,255}>")
_FAILED = re.compile(rb"^Action:[ \t]*failed\b", re.IGNORECASE | re.MULTILINE)
_LONGEST_HEADER = 4_000
_DEEPEST = 20


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file in the mail, with its bytes."""

    name: str
    content: bytes
    is_table: bool


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A mail as people see it."""

    headers: Mapping[str, str]
    #: The address of the From line as :func:`bot.intake.from_header.read_from` finds it; empty when it names none for certain.
    sender: str
    subject: str
    #: The plain text, and what the HTML says; either may be empty, and often they say the same.
    text: str
    html_text: str
    attachments: tuple[Attachment, ...]
    is_report: bool
    #: Why the sender is unknown.
    from_fault: FromFault | None = None
    #: The Received and Authentication-Results headers, as they stand: names in small letters with values, the newest first.
    trace: tuple[tuple[str, str], ...] = ()
    #: Of a report that a mail of ours can't be delivered: that mail's Message-ID.
    bounce_of: str | None = None

    @property
    def path(self) -> tuple[str, ...]:
        """The Received headers, as they stand, the newest first."""
        return tuple(value for name, value in self.trace if name == RECEIVED)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over what was decoded: the same however a server rebuilds the MIME (FACTS.md, Exchange)."""
        made = hashlib.sha256()
        for part in (self.sender, self.subject, _tidy(self.text), _tidy(self.html_text)):
            made.update(part.encode("utf-8", "surrogateescape") + b"\0")
        for attachment in self.attachments:
            made.update(attachment.name.encode("utf-8", "surrogateescape") + b"\0")
            made.update(hashlib.sha256(attachment.content).digest())
        return made.hexdigest()


def open_letter(message: Message, settings: FormsSettings) -> Letter:
    """Return the letter; raises ``Unreadable`` when it is broken, too large, or in no known character set."""
    content = message.content
    if not content.strip():
        raise Unreadable("空のファイルです / it is empty")
    # Parsing nested parts costs time in their depth; a bomb is told by its boundaries before it is parsed.
    if len(re.findall(rb"boundary\s*=|message/rfc822", content, re.IGNORECASE)) > settings.max_parts:
        raise Unreadable(f"部分が多すぎます（上限{settings.max_parts}） / more than {settings.max_parts} parts")
    try:
        mail = message_from_bytes(content, policy=compat32)
        parts = list(_leaves(mail, settings))
    except (RecursionError, ValueError, LookupError, AttributeError, TypeError) as error:
        raise Unreadable(
            f"メールの構造が壊れています（{type(error).__name__}） / the mail's structure is broken"
        ) from error
    headers = read_headers(mail)
    if not headers.get("from") and not headers.get("subject") and not headers.get("received"):
        raise Unreadable("メールのヘッダーがありません / it has no mail headers")
    sender = read_from(content, [str(value) for name, value in mail.raw_items() if name.lower() == "from"])
    texts = {kind: _text(parts, kind, settings) for kind in ("text/plain", "text/html")}
    return Letter(
        headers=headers,
        sender="" if isinstance(sender, FromFault) else sender,
        from_fault=sender if isinstance(sender, FromFault) else None,
        subject=headers.get("subject", ""),
        text=texts["text/plain"],
        html_text=html_text(texts["text/html"]) if texts["text/html"].strip() else "",
        attachments=tuple(_attachment(part) for part in parts if _is_attachment(part)),
        is_report=mail.get_content_type() == "multipart/report",
        trace=tuple(_trace(mail)),
        bounce_of=_bounce_of(content) if mail.get_content_type() == "multipart/report" else None,
    )


def _bounce_of(content: bytes) -> str | None:
    """Return the Message-ID of the notice that a report (RFC 3464) is about, when it says that it failed for good."""
    found = _NOTICE_ID.search(content) if _FAILED.search(content) else None
    return found[0].decode("ascii") if found else None


def _trace(mail: MimePart) -> Iterator[tuple[str, str]]:
    for key, value in mail.raw_items():
        if key.lower() in {RECEIVED, HEADER}:
            yield key.lower(), str(value)


def read_headers(mail: MimePart) -> dict[str, str]:
    """Return each header's first value, decoded, by its name in small letters; one that can't be decoded is left raw."""
    headers: dict[str, str] = {}
    for name, value in mail.raw_items():
        key, raw = name.lower(), re.sub(r"\r?\n[ \t]", " ", str(value))[:_LONGEST_HEADER]
        if key in headers:
            continue
        try:
            decoded = decode_words(raw)
        except Unreadable:
            decoded = raw.encode("ascii", "backslashreplace").decode()
        headers[key] = re.sub(r"[\r\n]+", " ", decoded).strip()
    return headers


def html_text(html: str) -> str:
    """Return HTML as lines: a table row's cells with TABs between them, blocks on lines of their own."""
    # A row's first and last cell may be empty: only the TAB after the last cell goes.
    lines = html_lines(html).replace("\f", "").split("\n")
    return "\n".join("\t".join(map(str.strip, line.removesuffix("\t").split("\t"))) for line in lines)


def _leaves(mail: MimePart, settings: FormsSettings) -> Iterator[MimePart]:
    waiting, count = [(mail, 0)], 0
    while waiting:
        part, depth = waiting.pop(0)
        count += 1
        if depth > _DEEPEST or count > settings.max_parts:
            raise Unreadable("部分の入れ子が深すぎるか多すぎます / the parts are nested too deep, or too many")
        inner = part.get_payload() if part.is_multipart() else None
        if isinstance(inner, list) and part.get_content_type() != "message/delivery-status":
            waiting[0:0] = [(item, depth + 1) for item in inner if isinstance(item, MimePart)]
        else:
            yield part


def _text(parts: list[MimePart], kind: str, settings: FormsSettings) -> str:
    text = "\n".join(_decoded(part) for part in parts if part.get_content_type() == kind and not _is_attachment(part))
    if len(text) > settings.max_text_kb * 1024:
        raise Unreadable(
            f"本文が大きすぎます（上限{settings.max_text_kb}KB） / the text is larger than {settings.max_text_kb} KB"
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _tidy(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().split("\n"))


def _decoded(part: MimePart) -> str:
    content = part.get_payload(decode=True)
    try:
        declared = part.get_param("charset")
    except (TypeError, ValueError):
        declared = None
    return decode(content, declared if isinstance(declared, str) else None) if isinstance(content, bytes) else ""


def _is_attachment(part: MimePart) -> bool:
    kind = part.get_content_type()
    named = _file_name(part) is not None
    return (
        part.get_content_disposition() == "attachment"
        or (named and kind != "text/html")
        or not kind.startswith("text/")
    )


def _attachment(part: MimePart) -> Attachment:
    text = _file_name(part) or ""
    try:
        name = decode_words(text)
    except Unreadable:
        name = text.encode("ascii", "backslashreplace").decode()
    content = part.get_payload(decode=True)
    is_table = name.lower().endswith(_TABLE_ENDINGS) or part.get_content_type() in _TABLE_TYPES
    return Attachment(
        name=name or "attachment", content=content if isinstance(content, bytes) else b"", is_table=is_table
    )


def _file_name(part: MimePart) -> str | None:
    try:
        raw = part.get_filename() or part.get_param("name")
    except (TypeError, ValueError, LookupError):
        return ""  # named, in a way that cannot be put together (RFC 2231 pieces)
    return raw if raw is None or isinstance(raw, str) else str(raw[2])
