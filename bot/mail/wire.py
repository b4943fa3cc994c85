"""A mail as its bytes go over the wire."""

from __future__ import annotations

from email.message import EmailMessage


def wire_bytes(mail: EmailMessage) -> bytes:
    """Return the mail with CRLF line ends (RFC 5321), written as its own policy writes it."""
    return mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))
