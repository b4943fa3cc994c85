"""Initial passwords: random, from four classes, uniform among all that the policy allows."""

from __future__ import annotations

import secrets
import string

from bot.secret import Redactor, Secret
from bot.settings.account import PasswordSettings

#: At the start of a cell or a field these are taken for a formula or an option.
_NEVER_FIRST = frozenset("=+-@")


def new_password(settings: PasswordSettings, redactor: Redactor) -> Secret:
    """Return a password by the policy, watched by ``redactor``.

    Drawn whole from :mod:`secrets` until it has every class, so that each allowed password is equally likely
    (domain.md §4: rejection sampling). Never derived from anything.
    """
    classes = [_allowed(group, settings) for group in _groups(settings)]
    alphabet = "".join(classes)
    while True:
        drawn = "".join(secrets.choice(alphabet) for _ in range(settings.length))
        if drawn[0] not in _NEVER_FIRST and all(set(drawn) & set(group) for group in classes):
            return redactor.new(drawn)


def _groups(settings: PasswordSettings) -> tuple[str, ...]:
    return string.ascii_uppercase, string.ascii_lowercase, string.digits, settings.symbols


def _allowed(group: str, settings: PasswordSettings) -> str:
    return "".join(sorted(set(group) - set(settings.exclude)))
