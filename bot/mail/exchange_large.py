"""A large mail put together from its parts: ``mime_content`` would hold it several times over in memory."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterable
from email.utils import encode_rfc2231
from functools import partial
from typing import IO
from uuid import uuid4

from exchangelib import FileAttachment, HTMLBody
from exchangelib import Message as ExchangeMessage

_CHUNK = 57 * 1024  # bytes; a multiple of what makes one line of base64
#: Written anew for the parts as they are put together here.
_OURS = frozenset({"content-type", "content-transfer-encoding", "mime-version"})
#: What is asked of the server: everything but the content of attachments.
FIELDS = ("headers", "body", "attachments")


def put_together(item: ExchangeMessage) -> bytes | None:
    """Return the mail in MIME, its attachments streamed from the server one at a time with their exact bytes.

    ``item`` holds :data:`FIELDS`. ``None`` for a mail that has other mails attached: only the server can write those.
    """
    attachments = item.attachments or []
    if not all(isinstance(one, FileAttachment) for one in attachments):
        return None
    boundary = f"=_{uuid4().hex}"
    with tempfile.TemporaryFile() as file:
        for header in item.headers or []:
            if header.name.casefold() not in _OURS:
                file.write(f"{header.name}: {_one_line(header.value)}\r\n".encode())
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


def _part(file: IO[bytes], boundary: str, heads: list[str], chunks: Iterable[bytes]) -> None:
    head = "\r\n".join(heads)
    file.write(f"\r\n--{boundary}\r\nContent-Transfer-Encoding: base64\r\nContent-Type: {head}\r\n\r\n".encode())
    for chunk in chunks:
        file.write(base64.encodebytes(chunk).replace(b"\n", b"\r\n"))


def _one_line(text: str) -> str:
    return " ".join(text.split())
