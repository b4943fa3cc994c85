"""Who a mail says it is from: the one address of its one From header (RFC 5322, section 3.6.2), read as it stands.

Encoded words (RFC 2047) may stand beside an address and never in it: nothing is decoded before the address is found. What
two programs could read differently is no address: the sender is then unknown, and the mail is held for a person.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from bot.intake.structured import Token, tokens
from bot.model import Doubt

_SPECIALS = "<>@,;:[]"
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*")
_LONGEST_LOCAL, _LONGEST_DOMAIN = 64, 253  # RFC 5321, section 4.5.3.1
#: A From header's name as any mail program may see it: at the start of a line, white space before the colon (section 4.5).
_NAME = re.compile(rb"(?:\A|[\r\n])from[ \t]*:", re.IGNORECASE)
_HEAD_ENDS = re.compile(rb"\r?\n\r?\n|\r\r")


class FromFault(StrEnum):
    """Why a mail's sender is unknown."""

    #: It has no From header.
    MISSING = "missing"
    #: It has several: one program shows the first of them, another one the last.
    SEVERAL_HEADERS = "several headers"
    #: The header names several addresses, or a group.
    SEVERAL_ADDRESSES = "several addresses"
    #: What stands there is no plain address: encoded, quoted, invisible or foreign characters, a route, an open quote.
    NOT_PLAIN = "not plain"


_TEXTS = {
    FromFault.MISSING: ("差出人（From）の行がありません", "there is no From header"),
    FromFault.SEVERAL_HEADERS: ("差出人（From）の行が複数あります", "there are several From headers"),
    FromFault.SEVERAL_ADDRESSES: (
        "差出人（From）に複数のアドレスが書かれています",
        "the From header names several addresses",
    ),
    FromFault.NOT_PLAIN: (
        "差出人（From）のアドレスが正しい形ではありません（なりすましの疑い）",
        "the address in the From header is not a plain one: it may be forged",
    ),
}


def read_from(content: bytes, values: Sequence[str]) -> str | FromFault:
    """Return the sender's address in small letters, or why there is none.

    ``values`` are the From headers as a parser found them in ``content``; both must agree that there is one.
    """
    head = _HEAD_ENDS.split(content, maxsplit=1)[0]
    count = max(len(values), len(_NAME.findall(head)))
    if count != 1:
        return FromFault.SEVERAL_HEADERS if count else FromFault.MISSING
    return read_address(values[0]) if values else FromFault.NOT_PLAIN


def read_address(header: str) -> str | FromFault:
    """Return the one address of a From header's value in small letters, or why there is none."""
    found = tokens(header, _SPECIALS)
    if found is None:
        return FromFault.NOT_PLAIN
    if any(token.is_special(mark) for token in found for mark in ",;:"):
        return FromFault.SEVERAL_ADDRESSES
    if found and found[-1].is_special(">"):
        start = next((at for at, token in enumerate(found) if token.is_special("<")), len(found))
        name, address = found[:start], found[start + 1 : -1]
        if any(token.is_special(mark) for token in name for mark in _SPECIALS):
            return FromFault.NOT_PLAIN
    else:
        address = found
    return _plain(address) or FromFault.NOT_PLAIN


def doubt(fault: FromFault, header: str) -> Doubt:
    """Return what a person who looks at such a mail is told."""
    text, text_en = _TEXTS[fault]
    return Doubt(field="sender", read=header, text=text, text_en=text_en)


def _plain(found: Sequence[Token]) -> str | None:
    """Return ``local@domain``, of one piece and in ASCII, or ``None``."""
    if len(found) != 3 or any(token.quoted for token in found) or found[1].apart or found[2].apart:
        return None
    local, at, domain = (token.text for token in found)
    fits = len(local) <= _LONGEST_LOCAL and len(domain) <= _LONGEST_DOMAIN
    if at != "@" or not fits or "=?" in local or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        return None
    return f"{local}@{domain}".lower()
