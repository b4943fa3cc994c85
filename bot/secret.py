"""A value that must not be seen, and the second net that takes it out of text."""

from __future__ import annotations

import weakref
from typing import Never, Self

MASK = "********"


class Secret:
    """Holds a password or token in memory and never shows it by accident.

    ``repr``, ``str``, ``format``, logging and tracebacks show a mask; pickling, copying and JSON refuse with ``TypeError``.
    The value comes out through :meth:`reveal` alone, so that a search for that word finds every place that sees it.
    """

    __slots__ = ("__weakref__", "_value")

    def __init__(self, value: str) -> None:
        if not value:
            raise ValueError("a secret must not be empty")
        self._value = value

    def reveal(self) -> str:
        """Return the value itself; hand it on at once and keep no copy."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, _spec: str, /) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce_ex__(self, _protocol: object, /) -> Never:
        raise TypeError("a Secret is never pickled or copied")

    def __copy__(self) -> Never:
        raise TypeError("a Secret is never copied")

    def __deepcopy__(self, _memo: object) -> Never:
        raise TypeError("a Secret is never copied")


class Redactor:
    """Takes every living secret it knows of out of a text: the net below the first rule, which is not to write one.

    Secrets are held weakly: when the last user lets go of one, it is forgotten here too.
    """

    def __init__(self) -> None:
        self._known: weakref.WeakValueDictionary[int, Secret] = weakref.WeakValueDictionary()

    def watch(self, secret: Secret) -> Secret:
        """Remember ``secret`` for as long as somebody else holds it, and return it."""
        self._known[id(secret)] = secret
        return secret

    def clean(self, text: str) -> str:
        """Return ``text`` with every known secret replaced by a mask."""
        for secret in list(self._known.values()):
            text = text.replace(secret.reveal(), MASK)
        return text

    def new(self, value: str) -> Secret:
        """Make a secret of ``value`` and watch it."""
        return self.watch(Secret(value))

    def __deepcopy__(self, _memo: object) -> Self:
        return self
