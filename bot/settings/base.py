"""What every section of config.yaml shares."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict


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
