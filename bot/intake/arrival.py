"""When a mail reached us, by the ``Received`` lines of hosts that are believed (RFC 5321, section 4.4)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from bot.intake.comments import without_comments

_FIRST_YEAR, _LAST_YEAR = 1990, 2200
_BY = re.compile(r"\bby\s+([A-Za-z0-9._-]+)", re.IGNORECASE)


def entered_at(lines: Iterable[str], trusted: Sequence[str]) -> datetime | None:
    """Return the earliest stamp (aware) of a trusted host, the newest line first; ``None`` when none is trusted.

    Only the unbroken run of trusted lines on top counts: what stands below a stranger's line may be the sender's own.
    """
    hosts = {host.casefold() for host in trusted}
    earliest = None
    for line in lines:
        by = _BY.findall(without_comments(line.rpartition(";")[0]))
        if not by or by[-1].casefold() not in hosts:
            break
        earliest = stamp(line) or earliest
    return earliest


def stamp(line: str) -> datetime | None:
    """Return the aware time after the last semicolon of a ``Received`` line, or ``None`` when it is not whole.

    A stamp without a zone (``-0000``) is UTC.
    """
    try:
        moment = parsedate_to_datetime(" ".join(line.rpartition(";")[2].split()))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        return None  # no server's clock: arithmetic at the edges of time would fail for the whole inbox
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
