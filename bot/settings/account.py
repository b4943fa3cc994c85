"""``account:`` and ``password:`` what an issued login looks like."""

from __future__ import annotations

from datetime import time
from string import ascii_lowercase, ascii_uppercase, digits, punctuation

from pydantic import Field, field_validator, model_validator

from bot.settings.base import Section
from bot.settings.times import ClockTime

_PATTERN_FIELDS = {"employee_no": "0012345", "request": "R-20210730-0001"}


class AccountSettings(Section):
    """The account."""

    login_id: str = "tw{employee_no}"
    """Pattern of the login ID; {employee_no} and {request} stand for themselves. One employee must always give one ID."""
    pool: str = "テレワーク標準"
    """The desktop pool of the console."""
    zones: tuple[str, ...] = ("LGWAN", "インターネット")
    """Network zones a telework login may reach; the zone of personal numbers (番号利用事務系) is never one of them."""
    enable_from: ClockTime = time(7, 0)
    """The login works from this time on the first telework day …"""
    disable_at: ClockTime = time(22, 0)
    """… until this time on the last."""
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

    @field_validator("zones")
    @classmethod
    def _never_personal_numbers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any("番号" in zone for zone in value):
            raise ValueError("番号利用事務系 must never be reachable by telework (V13)")
        return value

    @model_validator(mode="after")
    def _day(self) -> AccountSettings:
        if self.enable_from >= self.disable_at:
            raise ValueError("enable_from must be before disable_at")
        return self


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
