"""Login IDs by the configured pattern."""

from __future__ import annotations

import re
import unicodedata
from string import Formatter

from bot.errors import ConfigInvalid, Problem
from bot.settings.account import SAFE, AccountSettings

#: What the fields of a pattern can stand for.
_FIELDS = {"employee_no": r"[0-9A-Za-z][0-9A-Za-z-]{0,19}", "request": r"R-\d{8}-\d+"}


def login_id(settings: AccountSettings, *, employee_no: str, request_id: str) -> str:
    """Return the login ID of an employee: the same every time, in characters that every console takes.

    Raises ``ConfigInvalid`` when the pattern and the number make something else.
    """
    number = unicodedata.normalize("NFKC", employee_no).strip()
    made = settings.login_id.format(employee_no=number, request=request_id)
    if not number or not SAFE.fullmatch(made):
        text = f"makes {made!r} of employee number {employee_no!r}; a login ID is 1 to 64 of A-Z a-z 0-9 . _ -"
        raise ConfigInvalid([Problem(path="account.login_id", text=text)])
    return made


def own_ids(settings: AccountSettings) -> tuple[str, re.Pattern[str]]:
    """Return what every login ID of the pattern begins with, and the pattern; its group ``employee_no`` is whose the ID is."""
    parts = list(Formatter().parse(settings.login_id))
    made, known = "", set[str]()
    for text, field, _, _ in parts:
        made += re.escape(text)
        if field:
            made += f"(?P={field})" if field in known else f"(?P<{field}>{_FIELDS[field]})"
            known.add(field)
    return parts[0][0] if parts else "", re.compile(made)
