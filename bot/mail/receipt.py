"""When the receiving server got a mail: its own ``Received:`` stamp, which stands on top."""

from __future__ import annotations

import re
from datetime import datetime

from bot.intake.arrival import stamp

_RECEIVED = re.compile(rb"^Received:((?:[^\r\n]|\r?\n[ \t])*)", re.IGNORECASE | re.MULTILINE)


def receipt_time(head: bytes) -> datetime | None:
    """Return the aware time of the first ``Received:`` header in ``head``, or ``None`` if there is none that is whole.

    RFC 5321 §4.4: each server adds its line on top, with the time after the last semicolon.
    """
    headers = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]
    found = _RECEIVED.search(headers)
    return stamp(found.group(1).decode("ascii", "replace")) if found else None
