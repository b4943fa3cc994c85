"""When the receiving server got a mail: its own ``Received:`` stamp, which stands on top."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_RECEIVED = re.compile(rb"^Received:((?:[^\r\n]|\r?\n[ \t])*)", re.IGNORECASE | re.MULTILINE)


def receipt_time(head: bytes) -> datetime | None:
    """Return the aware time of the first ``Received:`` header in ``head``, or ``None`` if there is none that is whole.

    RFC 5321 §4.4: each server adds its line on top, with the time after the last semicolon. A stamp without a zone
    (``-0000``) is UTC.
    """
    headers = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]
    found = _RECEIVED.search(headers)
    if not found:
        return None
    stamp = found.group(1).rpartition(b";")[2].decode("ascii", "replace")
    try:
        moment = parsedate_to_datetime(" ".join(stamp.split()))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    # At the ends of the calendar a time can't be shown in another zone.
    if not 1 < moment.year < 9999:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
