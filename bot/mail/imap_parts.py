"""The whole of a mail from an IMAP server, in one piece or put together from its parts; never a shorter one in its place."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.policy import compat32
from typing import Any

from bot.errors import Unfetched
from bot.mail.imap_session import NOT_NOW, Session
from bot.mail.receipt import Fetched

#: What at least one of stands in every mail that went over the network.
_TRACES = re.compile(rb"^(?:Received|Message-ID|Date):", re.IGNORECASE | re.MULTILINE)


def fetch_whole(session: Session, uid: int, *, listed: int | None, which: str) -> Fetched | None:
    """Return the mail whose size was ``listed``, without marking it as read; ``None`` when it is gone.

    Raises ``Unfetched``, naming the mail ``which``, when the server gives nothing of it, or says that it can't now.
    """
    for _ in range(2):
        content = session.part(uid, "[]")
        refusal = session.refusal
        if content is not None and _is_whole(session, uid, content, listed):
            return Fetched(content=content)
    if not session.is_there(uid):
        return None
    head = session.part(uid, "[HEADER]")
    refusal, nothing = session.refusal or refusal, head is None and session.refusal
    together = _put_together(session, uid, head) if head is not None else None
    if together is not None and _is_whole(session, uid, together, listed):
        return Fetched(content=together)
    if nothing or any(code in refusal for code in NOT_NOW):
        raise Unfetched(which, f"the server does not give it ({refusal})")
    if head is None:
        return Fetched(content=_envelope(session, uid), whole=False)
    # What is made up in a mail's place is from nobody.
    return Fetched(content=head if _TRACES.search(head) else b"", whole=False)


def _is_whole(session: Session, uid: int, content: bytes, listed: int | None) -> bool:
    """Tell whether this is all of a mail.

    Many servers estimate the size that they list, so a shorter mail is whole when it holds what its structure says. Not so
    what a server (Courier) makes up in the place of a mail that it can't read: that has come over no network.
    """
    if not content:
        return listed == 0
    if listed is None or len(content) + content.replace(b"\r\n", b"").count(b"\n") >= listed:
        return True
    if len(content) * 2 < listed and not _TRACES.search(content):
        return False
    octets = _octets(session.described(uid, "BODYSTRUCTURE"))
    return len(content) * 10 >= listed * 9 if octets is None else len(content) >= octets


def _octets(structure: Any) -> int | None:  # noqa: ANN401 - as the library has it
    """Return how many bytes the parts have (RFC 3501, 7.4.2: the seventh field of each), or ``None`` where it is not said."""
    if not structure:
        return None
    if not isinstance(structure[0], list):
        return structure[6] if len(structure) > 6 and isinstance(structure[6], int) else None
    sizes = [_octets(part) for part in structure[0]]
    return None if None in sizes else sum(size for size in sizes if size is not None)


def _put_together(session: Session, uid: int, head: bytes) -> bytes | None:
    """Return header and body, the body in one piece or in its parts; ``None`` unless every piece is given."""
    text = session.part(uid, "[TEXT]")
    if text is not None:
        return head + text
    structure = session.described(uid, "BODYSTRUCTURE")
    if not structure:
        return None
    if not isinstance(structure[0], list):
        only = session.part(uid, "[1]")
        return None if only is None else head + only
    boundary = message_from_bytes(head, policy=compat32).get_boundary()
    if boundary is None:
        return None
    mark = b"--" + boundary.encode("ascii", "replace")
    made = head
    for number in range(1, len(structure[0]) + 1):
        kind, body = session.part(uid, f"[{number}.MIME]"), session.part(uid, f"[{number}]")
        if kind is None or body is None:
            return None
        made += mark + b"\r\n" + kind + body + b"\r\n"
    return made + mark + b"--\r\n"


def _envelope(session: Session, uid: int) -> bytes:
    """Return the headers that the server keeps apart from the mail, as far as it gives them."""
    envelope = session.described(uid, "ENVELOPE")
    if not envelope:
        return b""
    sender = next(
        (b"%s@%s" % (item.mailbox, item.host) for item in envelope.from_ or () if item.mailbox and item.host), b""
    )
    found = {b"From": sender, b"Subject": envelope.subject, b"Message-ID": envelope.message_id}
    return (
        b"".join(name + b": " + b" ".join(value.split()) + b"\r\n" for name, value in found.items() if value) + b"\r\n"
    )
