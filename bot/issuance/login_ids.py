"""Login IDs by the configured pattern."""

from __future__ import annotations

import unicodedata

from bot.errors import ConfigInvalid, Problem
from bot.settings.account import SAFE, AccountSettings


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
