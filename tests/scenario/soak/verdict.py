"""One line of the verdict: what must hold, and what was found."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

_MOST = 5


@dataclass(frozen=True, kw_only=True)
class Line:
    """Whether something holds, with the figures."""

    name: str
    ok: bool
    found: str
    #: What is allowed, in words.
    wanted: str = ""


def holds(name: str, wrong: Collection[str], found: str, *, wanted: str = "") -> Line:
    """Return a line that holds unless there is something ``wrong``, of which the first ones are shown."""
    shown = "; ".join(list(wrong)[:_MOST])
    more = f" and {len(wrong) - _MOST} more" if len(wrong) > _MOST else ""
    return Line(name=name, ok=not wrong, found=f"{shown}{more}" if wrong else found, wanted=wanted)
