"""When a mail reached us, and what our own hosts wrote on it, by their ``Received`` lines (RFC 5321, section 4.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import pairwise

from bot.intake.structured import tokens

RECEIVED = "received"
_FIRST_YEAR, _LAST_YEAR = 1990, 2200
#: A longer line is no server's.
_LONGEST = 4_000


def entered_at(lines: Iterable[str], trusted: Sequence[str]) -> datetime | None:
    """Return the earliest stamp (aware) of a trusted host, the newest line first; ``None`` when none is trusted.

    Only the unbroken run of trusted lines on top counts: what stands below a stranger's line may be the sender's own.
    """
    earliest = None
    for line in trusted_run(lines, trusted):
        earliest = stamp(line) or earliest
    return earliest


def trusted_run(lines: Iterable[str], trusted: Sequence[str]) -> Iterator[str]:
    """Yield the ``Received`` lines, the newest first, down to the first that no trusted host wrote."""
    hosts = {host.casefold() for host in trusted}
    for line in lines:
        if _written_by(line) not in hosts:
            return
        yield line


def written_here(trace: Sequence[tuple[str, str]], name: str, trusted: Sequence[str]) -> list[str]:
    """Return the headers of this name that stand above the last line of the trusted run; all where no host is trusted.

    A host writes above what it received. ``trace`` has ``Received`` lines and others as they stand, the newest first.
    """
    lines = [value for key, value in trace if key == RECEIVED]
    left = sum(1 for _ in trusted_run(lines, trusted))
    found: list[str] = []
    for key, value in trace:
        if trusted and left <= 0:
            break
        left -= key == RECEIVED
        if key == name:
            found.append(value)
    return found


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


def _written_by(line: str) -> str | None:
    """Return the host that a ``Received`` line says it was written by, in small letters."""
    found = tokens(line.rpartition(";")[0], ";") if len(line) <= _LONGEST else None
    words = [("" if token.quoted else token.text.casefold()) for token in found or ()]
    named = [host for word, host in pairwise(words) if word == "by"]
    return named[-1] if named else None
