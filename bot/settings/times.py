"""A time of day as people write it in YAML."""

from __future__ import annotations

from datetime import time
from typing import Annotated

from pydantic import BeforeValidator

_MINUTES = range(60, 24 * 60 + 1)
_SECONDS = range(60 * 60, 24 * 60 * 60 + 1)
_LAST = time(23, 59, 59)


def _clock_time(value: object) -> object:
    """Undo YAML 1.1: an unquoted ``13:00`` arrives as 780 and ``13:00:00`` as 46800, which never overlap.

    Midnight at the end of the day (``24:00``) becomes its last second.
    """
    if value in ("24:00", "24:00:00"):
        return _LAST
    if not isinstance(value, int) or isinstance(value, bool):
        return value
    if value in _MINUTES:
        hours, minutes, seconds = value // 60, value % 60, 0
    elif value in _SECONDS:
        hours, minutes, seconds = value // 3600, value // 60 % 60, value % 60
    else:
        raise ValueError('not a time of day; write it in quotes, such as "13:00"')
    return _LAST if hours == 24 else time(hours, minutes, seconds)


ClockTime = Annotated[time, BeforeValidator(_clock_time)]
"""A time of day in the city's time zone; ``24:00`` is the last second of the day."""
