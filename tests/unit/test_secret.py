"""A secret never shows itself, and what slips out is masked."""

from __future__ import annotations

import copy
import gc
import html
import json
import logging
import pickle
import pprint
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.secret import MASK, Redactor, Secret

VALUE = "Kx7#mQ2%vT9=wZ4!"
#: Every printable ASCII character that a password policy might let in.
PRINTABLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=40)


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Something that carries a secret along."""

    secret: Secret


SHOWN: dict[str, Callable[[Secret], object]] = {
    "repr": repr,
    "str": str,
    "ascii": ascii,
    "format": lambda secret: format(secret, ">40"),
    "f-string": lambda secret: f"{secret} {secret!r} {secret!s}",
    "percent": lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - the old way is what is tried
    "str.format": lambda secret: "{} {0}".replace("{}", "{0}").format(secret),
    "in a list": lambda secret: f"{[secret]} { {'k': secret} }",
    "in a dataclass": lambda secret: Holder(secret=secret),
    "pprint": lambda secret: pprint.pformat([secret]),
    "json default": lambda secret: json.dumps([secret], default=str),
    "an exception": lambda secret: repr(ValueError(secret)) + str(KeyError(secret)),
    "the directory": lambda secret: [name for name in dir(secret) if name == VALUE],
}

REFUSED: dict[str, Callable[[Secret], object]] = {
    "pickle": pickle.dumps,
    "old pickle": lambda secret: pickle.dumps(secret, protocol=0),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "deepcopy of its holder": lambda secret: copy.deepcopy(Holder(secret=secret)),
    "asdict": lambda secret: asdict(Holder(secret=secret)),
    "json": json.dumps,
    "vars": vars,
    "joining": lambda secret: "".join([secret]),  # type: ignore[list-item]  # the mistake that is tried
    "adding": lambda secret: "x" + secret,  # type: ignore[operator]  # the mistake that is tried
}


@pytest.mark.parametrize("way", SHOWN.values(), ids=SHOWN.keys())
def test_no_way_of_showing_a_secret_shows_it(way: Callable[[Secret], object]) -> None:
    """Whatever turns objects into text gets the mask."""
    assert VALUE not in str(way(Secret(VALUE)))


@pytest.mark.parametrize("way", REFUSED.values(), ids=REFUSED.keys())
def test_a_secret_refuses_to_be_copied_or_stored(way: Callable[[Secret], object]) -> None:
    """What would make a second copy of the value fails loudly, and its message keeps quiet."""
    with pytest.raises(TypeError) as caught:
        way(Secret(VALUE))
    assert VALUE not in str(caught.value)


def test_a_traceback_with_the_values_of_variables_shows_a_mask() -> None:
    """A traceback that captures locals, as debuggers and error reporters make it, has no secret in it."""

    def fails(secret: Secret) -> None:
        raise ValueError(f"refused {secret}")

    with pytest.raises(ValueError, match="refused") as caught:
        fails(Secret(VALUE))
    text = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert VALUE not in text
    assert MASK in text


def test_standard_logging_shows_a_mask(caplog: pytest.LogCaptureFixture) -> None:
    """A library that logs a secret it was handed logs the mask."""
    logging.getLogger("library").warning("login with %s, %r", Secret(VALUE), {"password": Secret(VALUE)})
    assert VALUE not in caplog.text
    assert MASK in caplog.text


def test_the_value_comes_out_by_its_one_door() -> None:
    """reveal() returns the value; equal values are equal secrets; an empty one is refused."""
    assert Secret(VALUE).reveal() == VALUE
    assert Secret(VALUE) == Secret(VALUE)
    assert Secret(VALUE) != VALUE
    assert len({Secret(VALUE), Secret(VALUE)}) == 1
    with pytest.raises(ValueError, match="empty"):
        Secret("")


@given(value=PRINTABLE)
def test_the_net_catches_a_secret_however_a_program_quotes_it(value: str) -> None:
    """Raw, in repr, JSON, an URL, a form or HTML: it is gone."""
    redactor = Redactor()
    secret = redactor.new(value)
    quoted = [value, repr(value), json.dumps(value), quote(value, safe=""), quote_plus(value), html.escape(value)]
    for text in quoted:
        bare = text.strip("\"'")
        assert bare not in redactor.clean(f"before {text} after") or bare in MASK
    assert secret.reveal() == value


@given(inner=PRINTABLE, before=PRINTABLE, after=PRINTABLE)
def test_a_secret_within_another_leaves_nothing_of_the_longer_one(inner: str, before: str, after: str) -> None:
    """Masking the shorter first would leave the ends of the longer one to read."""
    redactor = Redactor()
    held = [redactor.new(inner), redactor.new(before + inner + after)]
    assert redactor.clean(f"[{before}{inner}{after}]") == f"[{MASK}]"
    assert len(held) == 2


def test_the_net_forgets_a_secret_that_nobody_holds_any_more() -> None:
    """The redactor never keeps a password alive."""
    redactor = Redactor()
    secret = redactor.new(VALUE)
    assert redactor.clean(VALUE) == MASK
    del secret
    gc.collect()
    assert redactor.clean(VALUE) == VALUE


def test_two_equal_secrets_are_masked_until_the_last_one_is_gone() -> None:
    """The death of one holder does not uncover the value that another one still holds."""
    redactor = Redactor()
    first, second = redactor.new(VALUE), redactor.new(VALUE)
    del first
    gc.collect()
    assert redactor.clean(VALUE) == MASK
    assert second.reveal() == VALUE
