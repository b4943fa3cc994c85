"""Bytes to a letter: the headers we use, the text, the tables, decoded as domain.md §1.4 says."""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode
from binascii import Error, a2b_qp
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from email.errors import (
    CloseBoundaryNotFoundDefect,
    InvalidBase64CharactersDefect,
    InvalidBase64LengthDefect,
    InvalidBase64PaddingDefect,
)
from email.message import Message as MimePart
from email.parser import BytesParser
from email.policy import Compat32, Policy

from bot.errors import Unreadable
from bot.intake.arrival import RECEIVED
from bot.intake.authentication_results import HEADER
from bot.intake.flowed import unflowed, uuencoded
from bot.intake.from_header import FromFault, read_from
from bot.markup import HiddenWords, Page, read_html
from bot.model import Explained, Message, Passage
from bot.settings.forms import FormsSettings
from bot.text import decode, decode_words, read_words

_TABLE_ENDINGS = (".csv", ".tsv", ".xlsx", ".xlsm", ".xls")
_TABLE_TYPES = frozenset({"text/csv", "text/tab-separated-values", "application/vnd.ms-excel"})
_LONGEST_HEADER = 4_000
#: So many lines of 25 characters make the largest message.
_MOST_LINES = 1_000_000
_MOST_HEADERS = 1_000
#: Of Content-Type or Content-Disposition: a file name that is cut into pieces (RFC 2231) has forty at most.
_MOST_PARAMETERS = 100
_DEEPEST = 20
#: In UTF-8. Only ISO-2022-JP that changes its set at each letter takes more, and nobody writes so.
_MOST_BYTES_A_CHARACTER = 4
#: The headers that are read; of any other one only that it is there.
_READ = frozenset({
    "auto-submitted", "from", "message-id", "precedence", "received", "return-path", "subject", "x-spam-flag",
    "authentication-results",
})  # fmt: skip


#: Of the sender, and of nothing that is asked for.
_SIGNATURES = frozenset({
    "application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature", "text/vcard", "text/x-vcard",
})  # fmt: skip
_CUT_SHORT = (
    InvalidBase64PaddingDefect, InvalidBase64LengthDefect, InvalidBase64CharactersDefect, CloseBoundaryNotFoundDefect,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file in the mail, with its bytes."""

    name: str
    content: bytes
    is_table: bool
    #: What the mail calls it, such as ``application/pdf``.
    media_type: str = "application/octet-stream"
    #: It stands within the text (a picture in a signature), not beside it.
    inline: bool = False
    #: Its name can't be read for certain.
    name_unclear: bool = False


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
    #: What of the HTML is struck out or unseen: no part of ``html_text``.
    hidden: tuple[HiddenWords, ...] = ()
    #: The subject can't be read for certain: it is broken, fits several character sets, or there are several subjects.
    subject_unclear: bool = False
    #: The mail ends before it should, or its encoding is broken: something may be missing.
    cut_short: bool = False
    #: The subjects of the mails that are parts of this one, of which the text is in ``text`` too.
    subjects_within: tuple[str, ...] = ()
    #: Of a ``multipart/report`` (RFC 6522) what it reports, such as ``delivery-status``; ``None`` for any other mail.
    report_type: str | None = None
    #: Why the sender is unknown.
    from_fault: FromFault | None = None
    #: The Received and Authentication-Results headers, as they stand: names in small letters with values, the newest first.
    trace: tuple[tuple[str, str], ...] = ()

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
        for piece in self.hidden:
            made.update(f"{piece.why}{piece.words}".encode("utf-8", "surrogateescape") + b"\0")
        for attachment in self.attachments:
            made.update(attachment.name.encode("utf-8", "surrogateescape") + b"\0")
            made.update(hashlib.sha256(attachment.content).digest())
        return made.hexdigest()


def open_letter(message: Message, settings: FormsSettings) -> Letter:
    """Return the letter; raises ``Unreadable`` when it is broken, too large, or in no known character set."""
    mail, parts = _opened(message.content, settings)
    headers = read_headers(mail)
    if not headers.get("from") and not headers.get("subject") and not headers.get("received"):
        raise Unreadable("メールのヘッダーがありません / it has no mail headers")
    sender = read_from(message.content, [str(value) for name, value in mail.raw_items() if name.lower() == "from"])
    plain, encoded = uuencoded(_text(parts, "text/plain", settings))
    page = _page(_text(parts, "text/html", settings))
    return Letter(
        headers=headers,
        sender="" if isinstance(sender, FromFault) else sender,
        from_fault=sender if isinstance(sender, FromFault) else None,
        subject=headers.get("subject", ""),
        subject_unclear=_is_subject_unclear(mail),
        subjects_within=tuple(_subjects_within(mail)),
        cut_short=any(isinstance(defect, _CUT_SHORT) for part in mail.walk() for defect in part.defects),
        text=plain,
        html_text=page.lines,
        hidden=page.hidden,
        attachments=(
            *(_attachment(part) for part in parts if part.is_attachment),
            *(Attachment(name=name, content=held, is_table=False) for name, held in encoded),
        ),
        report_type=_report_type(mail),
        trace=tuple(_trace(mail)),
    )


def letter_passages(letter: Letter) -> Iterator[Passage]:
    """Yield a passage for each thing in a letter that a person must look at, whatever its lines say."""
    if letter.subject_unclear:
        why = "件名を正しく読み取れません（文字化け、または件名が複数）"
        yield Passage(part="件名", text=letter.subject, explained=Explained.UNEXPLAINED, why=why)
    if letter.cut_short:
        why = "メールが途中で切れているか、壊れています。全文を確かめてください"
        yield Passage(part="本文", text="（末尾）", explained=Explained.UNEXPLAINED, why=why)
    for attachment in letter.attachments:
        if attachment.name_unclear:
            why = "添付ファイルの名前を正しく読み取れません"
            yield Passage(part="添付ファイル", text=attachment.name, explained=Explained.UNEXPLAINED, why=why)
    for piece in letter.hidden:
        yield Passage(part="HTML本文", text=piece.words, explained=Explained.UNEXPLAINED, why=f"{piece.why}です")


def harmless_attachment(attachment: Attachment) -> str:
    """Return why an attachment can say nothing of an application, or ``""``: a person looks at any other that is no table."""
    if attachment.media_type in _SIGNATURES:
        return "電子署名または名刺"
    return "" if attachment.content.strip() or attachment.is_table else "空のファイル"


@dataclass(frozen=True, kw_only=True)
class _Leaf:
    """A part that holds no others; its headers are parsed once."""

    mime: MimePart
    kind: str
    #: As it stands; ``None`` where it has none.
    file_name: str | None
    is_attachment: bool

    @property
    def content(self) -> bytes:
        """The bytes, decoded by the part's transfer encoding."""
        if _is_encoded(self.mime):  # Python's parser took it for a mail that is not encoded
            return _encoded_mail(self.mime)
        content = self.mime.get_payload(decode=True)
        return content if isinstance(content, bytes) else b""


class _Part(MimePart):
    """A part that holds no more headers, and stands no deeper, than anybody's."""

    depth = 0

    def set_raw(self, name: str, value: str) -> None:
        """Take a header that was read."""
        if len(self) >= _MOST_HEADERS:
            raise Unreadable(f"ヘッダーが多すぎます（上限{_MOST_HEADERS}） / more than {_MOST_HEADERS} headers")
        super().set_raw(name, value)

    def attach(self, payload: MimePart | str) -> None:
        """Take a part that begins within this one."""
        if isinstance(payload, _Part):
            payload.depth = self.depth + 1
        if self.depth >= _DEEPEST:
            raise Unreadable(f"部分の入れ子が深すぎます（上限{_DEEPEST}） / parts nested more than {_DEEPEST} deep")
        super().attach(payload)


@dataclass(kw_only=True)
class _Parts:
    """Makes the parts of one mail, as many as it may have."""

    most: int
    made: int = 0

    def __call__(self, policy: Policy[MimePart]) -> MimePart:
        self.made += 1
        if self.made > self.most:
            raise Unreadable(f"部分が多すぎます（上限{self.most}） / more than {self.most} parts")
        return _Part(policy=policy)


class _Policy(Compat32):
    """Takes headers as they stand, but none for which Python's parsers would take the square of its length."""

    max_header_kb = 0

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        """Return name and value; raises ``Unreadable`` for one that is too long, or has too many parameters."""
        name, value = super().header_source_parse(sourcelines)
        parsed, most = name.lower(), self.max_header_kb * 1024
        if parsed in _READ or parsed.startswith("content-"):
            most = min(most, _LONGEST_HEADER)
        if len(value) > most:
            raise Unreadable(
                f"ヘッダー{name[:40]!a}が長すぎます（上限{most}字） / a header of more than {most} characters"
            )
        if parsed.startswith("content-") and value.count(";") > _MOST_PARAMETERS:
            raise Unreadable(
                f"ヘッダー{name[:40]!a}の項目が多すぎます（上限{_MOST_PARAMETERS}） / more than {_MOST_PARAMETERS} parameters"
            )
        return name, value


def _opened(content: bytes, settings: FormsSettings) -> tuple[MimePart, list[_Leaf]]:
    """Return the mail and its leaves; whatever it may hold too much of is counted before it is walked."""
    if not content.strip():
        raise Unreadable("空のファイルです / it is empty")
    if max(content.count(b"\n"), content.count(b"\r")) > _MOST_LINES:
        raise Unreadable(f"行が多すぎます（上限{_MOST_LINES}） / more than {_MOST_LINES} lines")
    # A policy takes what its class has as an attribute; its types name only those of its own.
    limits = _Policy().clone(max_header_kb=settings.max_header_kb)  # type: ignore[call-arg]
    policy = limits.clone(message_factory=_Parts(most=settings.max_parts))
    try:
        mail = BytesParser(policy=policy).parsebytes(content)
        return mail, [_leaf(part) for part in _leaves(mail)]
    except (RecursionError, ValueError, LookupError, AttributeError, TypeError) as error:
        raise Unreadable(
            f"メールの構造が壊れています（{type(error).__name__}） / the mail's structure is broken"
        ) from error


def _report_type(mail: MimePart) -> str | None:
    if mail.get_content_type() != "multipart/report":
        return None
    try:
        return str(mail.get_param("report-type") or "").casefold()
    except (TypeError, ValueError):
        return ""


def _trace(mail: MimePart) -> Iterator[tuple[str, str]]:
    for key, value in mail.raw_items():
        if key.lower() in {RECEIVED, HEADER}:
            yield key.lower(), str(value)


def read_headers(mail: MimePart) -> dict[str, str]:
    """Return each header's first value by its name in small letters; those that are read decoded, if they can be."""
    headers: dict[str, str] = {}
    for name, value in mail.raw_items():
        key = name.lower()
        if key not in headers:
            headers[key] = _decoded_header(str(value)) if key in _READ else str(value)
    return headers


def _unfolded(value: str) -> str:
    return re.sub(r"\r?\n[ \t]", " ", value)


def _decoded_header(value: str) -> str:
    raw = _unfolded(value)
    try:
        decoded = decode_words(raw)
    except Unreadable:
        decoded = raw.encode("ascii", "backslashreplace").decode()
    return re.sub(r"[\r\n]+", " ", decoded).strip()


def _page(html: str) -> Page:
    """Return HTML as lines: a table row's cells with TABs between them, blocks on lines of their own."""
    if not html.strip():
        return Page(lines="")
    page = read_html(html)
    # A row's first and last cell may be empty: only the TAB after the last cell goes.
    lines = page.lines.replace("\f", "").split("\n")
    text = "\n".join("\t".join(map(str.strip, line.removesuffix("\t").split("\t"))) for line in lines)
    return replace(page, lines=text)


def _leaves(mail: MimePart) -> Iterator[MimePart]:
    """Yield the parts that hold no others, in their order; those of a delivery report's status are one."""
    inner = mail.get_payload() if mail.is_multipart() else None
    if isinstance(inner, list) and mail.get_content_type() != "message/delivery-status" and not _is_encoded(mail):
        for part in inner:
            if isinstance(part, MimePart):
                yield from _leaves(part)
    else:
        yield mail


def _is_encoded(part: MimePart) -> bool:
    """Tell whether a mail within the mail is encoded as a whole: RFC 2045 forbids it, and some gateways do it."""
    encoding = str(part.get("content-transfer-encoding", "")).strip().lower()
    return part.get_content_maintype() == "message" and encoding in {"base64", "quoted-printable"}


def _encoded_mail(part: MimePart) -> bytes:
    inner = part.get_payload()
    raw = inner[0].as_bytes() if isinstance(inner, list) and inner and isinstance(inner[0], MimePart) else b""
    try:
        return b64decode(raw) if part["content-transfer-encoding"].strip().lower() == "base64" else a2b_qp(raw)
    except Error:
        return raw


def _subjects_within(mail: MimePart) -> Iterator[str]:
    """Yield the subject of each mail within the mail that is read as a part of it."""
    for part in mail.walk():
        if part is not mail and part.get_content_type() == "message/rfc822" and not _is_encoded(part):
            inner = part.get_payload()
            if isinstance(inner, list) and inner and isinstance(inner[0], MimePart):
                yield read_headers(inner[0]).get("subject", "")


def _is_subject_unclear(mail: MimePart) -> bool:
    """Tell whether the subject may say something else than what was read: then a person looks at the mail itself."""
    values = [str(value) for name, value in mail.raw_items() if name.lower() == "subject"]
    differ = len(values) > 1 and len(set(map(_decoded_header, values))) > 1
    return differ or any(_is_unclear(_unfolded(value)) for value in values)


def _is_unclear(header: str) -> bool:
    try:
        return not read_words(header).clear
    except Unreadable:
        return True


def _leaf(part: MimePart) -> _Leaf:
    kind, file_name = part.get_content_type(), _file_name(part)
    named = file_name is not None and kind != "text/html"
    disposed = part.get_content_disposition() == "attachment"
    return _Leaf(
        mime=part,
        kind=kind,
        file_name=file_name,
        is_attachment=disposed or named or kind not in {"text/plain", "text/html"},
    )


def _text(parts: Sequence[_Leaf], kind: str, settings: FormsSettings) -> str:
    """Return the text of a kind; raises ``Unreadable`` for more than allowed, before it is decoded where that is sure."""
    chosen = [(part, part.content) for part in parts if part.kind == kind and not part.is_attachment]
    most = settings.max_text_kb * 1024
    fits = sum(len(content) for _, content in chosen) <= _MOST_BYTES_A_CHARACTER * most
    text = "\n".join(_shown(part, _decoded(part, content)) for part, content in chosen) if fits else ""
    if not fits or len(text) > most:
        raise Unreadable(
            f"本文が大きすぎます（上限{settings.max_text_kb}KB） / the text is larger than {settings.max_text_kb} KB"
        )
    return text


def _shown(part: _Leaf, text: str) -> str:
    """Return a part's text with plain line ends, and with its soft ones taken out (RFC 3676)."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if part.kind != "text/plain" or _parameter(part.mime, "format") != "flowed":
        return text
    return unflowed(text, delete_space=_parameter(part.mime, "delsp") == "yes")


def _parameter(part: MimePart, name: str) -> str:
    try:
        value = part.get_param(name)
    except (TypeError, ValueError):
        return ""
    return value.strip().casefold() if isinstance(value, str) else ""


def _tidy(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().split("\n"))


def _decoded(part: _Leaf, content: bytes) -> str:
    try:
        declared = part.mime.get_param("charset")
    except (TypeError, ValueError):
        declared = None
    return decode(content, declared if isinstance(declared, str) else None)


def _attachment(part: _Leaf) -> Attachment:
    text = part.file_name or ""
    try:
        name = decode_words(text)
    except Unreadable:
        name = text.encode("ascii", "backslashreplace").decode()
    is_table = name.lower().endswith(_TABLE_ENDINGS) or part.kind in _TABLE_TYPES
    return Attachment(
        name=name or "attachment",
        content=part.content,
        is_table=is_table,
        media_type=part.kind,
        inline=part.mime.get_content_disposition() == "inline" or part.mime.get("content-id") is not None,
        name_unclear=bool(text) and _is_unclear(text),
    )


def _file_name(part: MimePart) -> str | None:
    try:
        raw = part.get_filename() or part.get_param("name")
    except (TypeError, ValueError, LookupError):
        return ""  # named, in a way that cannot be put together (RFC 2231 pieces)
    return raw if raw is None or isinstance(raw, str) else str(raw[2])
