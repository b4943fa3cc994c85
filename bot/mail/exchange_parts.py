"""A mail put together from what Exchange keeps it as: one too large for ``mime_content``, or one it can't write itself."""

from __future__ import annotations

import base64
import re
import tempfile
from collections.abc import Iterable, Iterator
from email.utils import encode_rfc2231
from functools import partial
from typing import IO
from uuid import uuid4

from exchangelib import FileAttachment, HTMLBody
from exchangelib import Message as ExchangeMessage

_CHUNK = 57 * 1024  # bytes; a multiple of what makes one line of base64
#: Written anew for the parts as they are put together here.
_OURS = frozenset({"content-type", "content-transfer-encoding", "mime-version"})
_NAME = re.compile(r"[!-9;-~]+")
_NAMES = re.compile(rb"^([!-9;-~]+)[ \t]*:", re.MULTILINE)
#: What is asked of the server besides MIME: what its rewriting may lose (RFC 5322 trace fields, Auto-Submitted).
WHOLE = ("mime_content", "headers")
#: What tells which mail it is, where nothing else can be had.
SHORT = ("subject", "author", "message_id")
#: What is asked for instead of MIME: everything but the content of attachments.
FIELDS = ("headers", "body", "attachments", *SHORT)


def with_headers(item: ExchangeMessage) -> bytes | None:
    """Return the mail as the server writes it, on top the headers it came with and that are missing there.

    ``item`` holds :data:`WHOLE`; ``None`` where the server wrote nothing.
    """
    content = bytes(item.mime_content or b"")
    if not content:
        return None
    head = re.split(rb"\r?\n\r?\n", content, maxsplit=1)[0]
    there = {name.decode("ascii").casefold() for name in _NAMES.findall(head)}
    return b"".join(line for name, line in _lines(item) if name not in there) + content


def head_of(item: ExchangeMessage) -> bytes:
    """Return who sent what, as far as ``item`` holds :data:`SHORT`; with an empty line after it."""
    return b"".join(line for _, line in _properties(item)) + b"\r\n"


def put_together(item: ExchangeMessage) -> bytes | None:
    """Return the mail in MIME, its attachments streamed from the server one at a time with their exact bytes.

    ``item`` holds :data:`FIELDS`. ``None`` for a mail that has other mails attached: only the server can write those.
    """
    attachments = item.attachments or []
    if not all(isinstance(attachment, FileAttachment) for attachment in attachments):
        return None
    boundary = f"=_{uuid4().hex}"
    headers = list(_lines(item))
    names = {name for name, _ in headers}
    with tempfile.TemporaryFile() as file:
        for _, line in (*headers, *((name, line) for name, line in _properties(item) if name not in names)):
            file.write(line)
        file.write(f'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="{boundary}"\r\n'.encode())
        kind = "text/html" if isinstance(item.body, HTMLBody) else "text/plain"
        _part(file, boundary, [f"{kind}; charset=utf-8"], [str(item.body or "").encode()])
        for attachment in attachments:
            name = encode_rfc2231(_one_line(attachment.name or "attachment"), "utf-8")
            disposition = f"Content-Disposition: attachment; filename*={name}"
            with attachment.fp as content:
                kind = _one_line(attachment.content_type or "application/octet-stream")
                _part(file, boundary, [kind, disposition], iter(partial(content.read, _CHUNK), b""))
        file.write(f"\r\n--{boundary}--\r\n".encode())
        file.seek(0)
        return file.read()


def _lines(item: ExchangeMessage) -> Iterator[tuple[str, bytes]]:
    """Yield the headers that a mail came with, by name in small letters, without those of its MIME structure."""
    for header in item.headers or []:
        name = header.name.casefold()
        if name not in _OURS and _NAME.fullmatch(header.name):
            yield name, _line(header.name, header.value or "")


def _properties(item: ExchangeMessage) -> Iterator[tuple[str, bytes]]:
    """Yield headers by what the server keeps of them apart."""
    author = getattr(item, "author", None)  # no attribute of every kind of item
    found = {
        "From": author and author.email_address,
        "Subject": item.subject,
        "Message-ID": getattr(item, "message_id", ""),
    }
    for name, value in found.items():
        if value:
            yield name.casefold(), _line(name, value)


def _line(name: str, value: str) -> bytes:
    return f"{name}: {_one_line(value)}\r\n".encode()


def _part(file: IO[bytes], boundary: str, heads: list[str], chunks: Iterable[bytes]) -> None:
    head = "\r\n".join(heads)
    file.write(f"\r\n--{boundary}\r\nContent-Transfer-Encoding: base64\r\nContent-Type: {head}\r\n\r\n".encode())
    for chunk in chunks:
        file.write(base64.encodebytes(chunk).replace(b"\n", b"\r\n"))


def _one_line(text: str) -> str:
    return " ".join(text.split())
