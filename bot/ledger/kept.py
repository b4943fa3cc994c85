"""The types of the tables' columns: every text comes back as it was written, on every database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, String, Text, TypeDecorator
from sqlalchemy.types import TypeEngine

#: PostgreSQL's text has no NUL, which hostile mails do; this is no character in any of them, and marks what stands for one.
_MARK = "\U0010fffe"
_NUL, _ITSELF = f"{_MARK}0", f"{_MARK}1"

_Process = Callable[[Any], Any]


def written(text: str) -> str:
    """Return ``text`` without NUL, so that :func:`read` gives it back."""
    return text.replace(_MARK, _ITSELF).replace("\0", _NUL)


def read(text: str) -> str:
    """Return what :func:`written` was given."""
    return text.replace(_NUL, "\0").replace(_ITSELF, _MARK) if _MARK in text else text


class Kept(TypeDecorator[str]):
    """Text of any length; SQLite's is taken as it is, without a step for each value."""

    impl = Text
    cache_ok = True

    def __init__(self, length: int | None = None) -> None:
        super().__init__()
        #: Stands in the schema of a file alone, where nothing is ever cut to it.
        self.length = length

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """See SQLAlchemy."""
        named = self.length and dialect.name == "sqlite"
        return dialect.type_descriptor(String(self.length) if named else Text())

    def bind_processor(self, dialect: Dialect) -> _Process | None:
        """See SQLAlchemy."""
        if dialect.name == "sqlite":
            return None
        return lambda value: written(value) if isinstance(value, str) else value

    def result_processor(self, dialect: Dialect, coltype: object) -> _Process | None:  # noqa: ARG002 - SQLAlchemy's
        """See SQLAlchemy."""
        if dialect.name == "sqlite":
            return None
        return lambda value: read(value) if isinstance(value, str) else value


#: A number of 64 bits, as SQLite's always are.
Number = BigInteger().with_variant(Integer(), "sqlite")
