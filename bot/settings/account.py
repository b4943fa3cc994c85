"""``account:`` and ``password:`` what an issued login looks like."""

from __future__ import annotations

import re
from datetime import time
from enum import StrEnum
from string import ascii_lowercase, ascii_uppercase, digits, punctuation
from typing import Literal

from pydantic import Field, field_validator, model_validator

from bot.settings.base import Section
from bot.settings.times import ClockTime

_PATTERN_FIELDS = {"employee_no": "0012345", "request": "R-20210730-0001"}


#: What every console takes for a login ID.
SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_RANGE = re.compile(r"(.*)\[([0-9]{1,4})-([0-9]{1,4})\](.*)")


class Scope(StrEnum):
    """Whose a login is."""

    #: An employee has one, for good: enabled, given a new password, extended.
    PER_EMPLOYEE = "per_employee"
    #: Each request has its own, disabled at its end and never used again.
    PER_REQUEST = "per_request"
    #: A fixed number of logins go from one employee to the next; each has one holder at a time, and per day.
    POOL = "pool"


class AccountSettings(Section):
    """The account."""

    scope: Scope = Scope.PER_EMPLOYEE
    """Whose a login is: ``per_employee``, ``per_request`` or ``pool``."""
    login_id: str = "tw{employee_no}"
    """Pattern of the login ID; {employee_no} and {request} (such as R-20210730-0001) stand for themselves. For ``per_employee``
    one employee must always give one ID; for ``per_request`` it must hold {request}: then no ID is ever used again."""
    pool_ids: tuple[str, ...] = ()
    """The login IDs of the pool: each by itself, or a range such as tele[001-050]. They belong to the bot alone."""
    pool: str = "テレワーク標準"
    """The desktop pool of the console."""
    zones: tuple[str, ...] = ("LGWAN", "インターネット")
    """Network zones a telework login may reach; the zone of personal numbers (番号利用事務系) is never one of them."""
    enable_from: ClockTime = time(7, 0)
    """The login works from this time on the first telework day …"""
    disable_at: ClockTime = time(22, 0)
    """… until this time on the last."""
    switching: Literal["auto", "console", "bot"] = "auto"
    """Who keeps a login closed outside of its hours: the console by a validity, or the bot by opening it at ``enable_from`` and
    closing it at ``disable_at`` of each granted day. ``auto``: the console where it has a validity, else the bot."""
    between_days: Literal["closed", "open"] = "closed"
    """Days between granted days that were not applied for: the login is closed on them (V22), or stays open."""
    escalate_after_hours: float = Field(default=2, gt=0, le=168)
    """A login that is open so many hours after its end is told to the operators; the bot goes on trying."""
    attempts: int = Field(default=3, ge=1, le=10)
    """How often one request may try to create its account, over all passes, before it is stuck."""

    @field_validator("login_id")
    @classmethod
    def _pattern(cls, value: str) -> str:
        try:
            value.format(**_PATTERN_FIELDS)
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(
                f"not a usable pattern: only {{employee_no}} and {{request}} are known ({error})"
            ) from None
        return value

    @field_validator("pool_ids")
    @classmethod
    def _spelled_out(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        every = tuple(one for item in value for one in _each(item))
        wrong = [one for one in every if not SAFE.fullmatch(one)]
        if wrong:
            raise ValueError(
                f"{wrong[0]!r}: a login ID is 1 to 64 of A-Z a-z 0-9 . _ -, a range is such as tele[001-050]"
            )
        if len({one.casefold() for one in every}) < len(every):
            raise ValueError("names a login ID twice; many consoles take A and a for the same")
        return every

    @field_validator("zones")
    @classmethod
    def _never_personal_numbers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any("番号" in zone for zone in value):
            raise ValueError("番号利用事務系 must never be reachable by telework (V13)")
        return value

    @model_validator(mode="after")
    def _scope(self) -> AccountSettings:
        if self.scope is Scope.POOL and not self.pool_ids:
            raise ValueError('scope pool needs pool_ids, such as ["tele[001-050]"]')
        if self.scope is Scope.PER_REQUEST and "{request}" not in self.login_id:
            raise ValueError(
                "scope per_request needs {request} in login_id, such as t-{request}: no ID may be used twice"
            )
        return self

    @model_validator(mode="after")
    def _day(self) -> AccountSettings:
        if self.enable_from >= self.disable_at:
            raise ValueError("enable_from must be before disable_at")
        return self


def _each(item: str) -> list[str]:
    """Return the login IDs of a range; anything else is one ID."""
    found = _RANGE.fullmatch(item)
    if found is None or int(found[2]) > int(found[3]):
        return [item]
    before, first, last, after = found.groups()
    return [f"{before}{number:0{len(first)}d}{after}" for number in range(int(first), int(last) + 1)]


class PasswordSettings(Section):
    """The initial password: random, four classes, nothing that is misread or breaks on a Japanese keyboard."""

    length: int = Field(default=16, ge=8, le=64)
    """Characters; NIST SP 800-63B-4 asks for 15 where the password is the only factor."""
    exclude: str = r"0O1lI|\¥~^" + '"'
    """Characters never used."""
    symbols: str = "!#$%&*+-=?@_"
    """The fourth class beside upper case, lower case and digits."""

    @model_validator(mode="after")
    def _classes(self) -> PasswordSettings:
        classes = {
            "upper case": ascii_uppercase,
            "lower case": ascii_lowercase,
            "digits": digits,
            "symbols": self.symbols,
        }
        empty = [name for name, group in classes.items() if not set(group) - set(self.exclude)]
        if empty:
            raise ValueError(f"exclude leaves nothing of: {', '.join(empty)}")
        if not set(self.symbols) <= set(punctuation):
            raise ValueError("symbols must be ASCII marks such as !#$%")
        return self
