"""Letters without fields: what they certainly say."""

from __future__ import annotations

import re

from bot.text import normalise

_EMPLOYEE = re.compile(r"(?:職員番号|職員コード|職員ID)\s*(?:(?:は|:)\s*)?(\d{5,8})(?!\d)|\(\s*(\d{5,8})\s*\)")


def only_employee_no(text: str) -> str | None:
    """Return the one employee number that a letter without fields names, or ``None`` when it names none or several."""
    found = {first or second for first, second in _EMPLOYEE.findall(normalise(text))}
    return found.pop() if len(found) == 1 else None
