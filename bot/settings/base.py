"""What every section of config.yaml shares."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


class Section(BaseModel):
    """A frozen section: unknown keys are problems, and no value is guessed from another type's look."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, regex_engine="python-re")


_REFERENCE = re.compile(r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|keyring:[^/]+/.+)$")


def is_reference(value: str) -> bool:
    """Tell whether a value says where a secret is found."""
    return bool(_REFERENCE.match(value))


def _reference(value: str) -> str:
    if not is_reference(value):
        # The value itself is not repeated: it may well be the secret.
        raise ValueError(
            "must be a reference (env:NAME, file:PATH or keyring:SERVICE/USER); a literal secret is refused"
        )
    return value


SecretRef = Annotated[str, AfterValidator(_reference)]
"""Where a secret is found; :func:`bot.config.resolve` fetches it."""


#: The type of a problem whose value is not repeated, for a secret is in it.
HOLDS_SECRET = "holds_secret"


def _without_password(url: str) -> str:
    """Refuse a password in either place that a database's address has for one; a path may hold whatever it likes."""
    kind, _, rest = url.partition("://")
    place, _, query = rest.partition("?")
    if not kind.startswith("sqlite") and (":" in place.rpartition("@")[0] or "password=" in query):
        raise PydanticCustomError(
            HOLDS_SECRET, "a password in url is refused; write a reference to it in password, beside url"
        )
    return url


DatabaseUrl = Annotated[str, AfterValidator(_without_password)]
"""Where a database is found, as SQLAlchemy writes it; its password is a :data:`SecretRef` beside it."""
