"""When the receiving server got a mail: its own ``Received:`` stamp, which stands on top."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_FIRST_YEAR, _LAST_YEAR = 1990, 2200
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
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        return None  # no server's clock: arithmetic at the edges of time would fail for the whole inbox
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
