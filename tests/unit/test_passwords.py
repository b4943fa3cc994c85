"""Initial passwords and login IDs: random where they must be, the same where they must be, in safe characters."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.errors import ConfigInvalid
from bot.issuance.login_ids import login_id
from bot.issuance.passwords import new_password
from bot.secret import Redactor
from bot.settings.account import AccountSettings, PasswordSettings


@given(length=st.integers(8, 64), exclude=st.text(alphabet="0O1lI|abcXYZ789!#", max_size=12))
def test_a_password_keeps_the_policy(length: int, exclude: str) -> None:
    """Of the length asked for, with each of four classes, none of what is excluded, and never like a formula."""
    settings = PasswordSettings(length=length, exclude=exclude)
    password = new_password(settings, Redactor()).reveal()
    assert len(password) == length
    assert not set(password) & set(exclude)
    for group in (string.ascii_uppercase, string.ascii_lowercase, string.digits, settings.symbols):
        assert set(password) & set(group)
    assert password[0] not in "=+-@"


def test_passwords_differ_and_are_watched() -> None:
    """No two are alike, and the second net knows each as long as somebody holds it."""
    redactor = Redactor()
    made = [new_password(PasswordSettings(), redactor) for _ in range(200)]
    assert len({secret.reveal() for secret in made}) == 200
    assert made[7].reveal() not in redactor.clean(f"x{made[7].reveal()}x")


@pytest.mark.parametrize(
    "changes",
    [
        {"exclude": string.digits}, {"exclude": string.ascii_uppercase}, {"symbols": "#", "exclude": "#"}, {"symbols": "a b"},
        {"symbols": "！"},
    ],
)  # fmt: skip
def test_a_policy_that_no_password_meets_is_refused(changes: dict[str, str]) -> None:
    """A policy that leaves a class empty, or calls letters symbols, is a problem of the config, not an endless search."""
    with pytest.raises(ValidationError):
        PasswordSettings(**changes)  # type: ignore[arg-type] # texts for text fields


@given(number=st.from_regex(r"[0-9]{3,10}", fullmatch=True))
def test_one_employee_one_login_id(number: str) -> None:
    """The same number always gives the same ID, full-width digits too, whatever the request."""
    wide = number.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    ids = {
        login_id(AccountSettings(), employee_no=text, request_id=name)
        for text in (number, wide)
        for name in ("R-1", "R-2")
    }
    assert ids == {f"tw{number}"}


@pytest.mark.parametrize("number", ["", "   ", "a b", "x\ny", "../etc", "髙橋", "1" * 70, "1'--"])
def test_an_id_that_no_console_takes_is_refused(number: str) -> None:
    """Characters outside A-Z a-z 0-9 . _ - and overlong IDs are refused before any console sees them."""
    with pytest.raises(ConfigInvalid):
        login_id(AccountSettings(), employee_no=number, request_id="R-1")
