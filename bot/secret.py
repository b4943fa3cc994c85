"""A value that must not be seen, and the second net that takes it out of text."""

from __future__ import annotations

import base64
import html
import json
import weakref
from typing import Never, Self
from urllib.parse import quote, quote_plus

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

    A secret is found as it is and as programs quote it: in ``repr``, JSON, URLs, forms, HTML and base64. Secrets are held
    weakly: when the last user lets go of one, it is forgotten here too.
    """

    def __init__(self) -> None:
        self._known: weakref.WeakValueDictionary[int, Secret] = weakref.WeakValueDictionary()

    def watch(self, secret: Secret) -> Secret:
        """Remember ``secret`` for as long as somebody else holds it, and return it."""
        self._known[id(secret)] = secret
        return secret

    def clean(self, text: str) -> str:
        """Return ``text`` with every known secret replaced by a mask."""
        # The longest first: masking a secret that is part of another one would leave the rest of that other one to read.
        forms = {form for secret in list(self._known.values()) for form in _forms(secret.reveal())}
        for form in sorted(forms, key=len, reverse=True):
            text = text.replace(form, MASK)
        return text

    def new(self, value: str) -> Secret:
        """Make a secret of ``value`` and watch it."""
        return self.watch(Secret(value))

    def __deepcopy__(self, _memo: object) -> Self:
        return self


def _forms(value: str) -> set[str]:
    """Return ``value`` as it is and as programs write it into their messages."""
    quoted = {
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        repr(value)[1:-1],
        ascii(value)[1:-1],
    }
    # Browsers leave other characters as they are than Python does: in a form, and in encodeURIComponent.
    escaped = {quote(value), quote(value, safe=""), quote(value, safe="!'()*"), quote_plus(value, safe="*")}
    marked = {html.escape(value), html.escape(value, quote=False)}
    return {value, base64.b64encode(value.encode()).decode()} | quoted | escaped | marked
