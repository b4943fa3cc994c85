"""What the head of a mail says before it is read: when the receiving server got it, and whom it is from."""

from __future__ import annotations

import re
from datetime import datetime

from bot.intake.arrival import stamp

_RECEIVED = re.compile(rb"^Received:((?:[^\r\n]|\r?\n[ \t])*)", re.IGNORECASE | re.MULTILINE)
_FROM = re.compile(rb"^From:((?:[^\r\n]|\r?\n[ \t])*)", re.IGNORECASE | re.MULTILINE)


def receipt_time(head: bytes) -> datetime | None:
    """Return the aware time of the first ``Received:`` header in ``head``, or ``None`` if there is none that is whole.

    RFC 5321 §4.4: each server adds its line on top, with the time after the last semicolon.
    """
    headers = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]
    found = _RECEIVED.search(headers)
    return stamp(found.group(1).decode("ascii", "replace")) if found else None


def from_line(head: bytes) -> str:
    """Return what stands in the first ``From:`` header in ``head``, as it stands; empty where there is none."""
    found = _FROM.search(re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0])
    return found.group(1).decode("ascii", "replace").strip() if found else ""
