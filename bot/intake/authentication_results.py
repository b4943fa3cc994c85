"""Whether a sender is who the From line says: what a trusted host wrote into Authentication-Results (RFC 8601)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.intake.structured import Token, tokens

HEADER = "authentication-results"
#: A longer header is not believed at all: its end is where a ``fail`` could be pushed to.
_LONGEST = 8_000
_VERSION = "1"
_METHODS = frozenset({"dmarc", "dkim", "spf"})


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one method came to, with the domains that it is about (``ptype.property``, values in small letters)."""

    method: str
    value: str
    properties: tuple[tuple[str, str], ...]

    def domains(self, name: str) -> frozenset[str]:
        """Return the domains that a property names; several, or none, are no statement."""
        return frozenset(
            value.rpartition("@")[2].removesuffix(".") for known, value in self.properties if known == name
        )


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One header: who wrote it, and what it says; ``results`` is ``None`` when it can't be read to its end."""

    host: str
    results: tuple[Result, ...] | None


def verify_sender(headers: Iterable[str], sender: str, trusted: Sequence[str]) -> bool | None:
    """Tell whether the newest statement of a trusted host vouches for the sender's domain; ``None`` when none is trusted.

    DMARC decides where it is stated: each of its results must be ``pass``, with ``header.from`` the very domain of the From
    line. Else DKIM (``header.d``; ``header.i`` where that is missing) or SPF (``smtp.mailfrom``) must have passed for that very
    domain (RFC 7489's strict alignment), and neither may have failed for it. An older statement of a trusted host can only
    take this back, by a DMARC failure: it may have come along with the mail. A statement that can't be read vouches for
    nothing. The trusted host must strip such headers from outside (RFC 8601, section 5).
    """
    if not trusted:
        return None
    hosts, domain = {host.casefold() for host in trusted}, sender.rpartition("@")[2].casefold()
    stated = [found for header in headers if (found := read_statement(header)) and found.host in hosts]
    if not stated or not domain or any(found.results is None for found in stated[:1]):
        return False
    refused = any(_dmarc(found.results or (), domain) is False for found in stated)
    return not refused and _vouches(stated[0].results or (), domain)


def read_statement(header: str) -> Statement | None:
    """Return what a header says, or ``None`` when not even its author can be told."""
    found = tokens(header, ";=") if len(header) <= _LONGEST else None
    # Whose it is can be told of a broken one, too: a trusted host's own broken header must not give way to an older one.
    pieces = list(_split(tokens(header[:_LONGEST].partition(";")[0], ";=") or () if found is None else found))
    head = pieces[0]
    if not 1 <= len(head) <= 2 or any(token.is_special("=") for token in head):
        return None
    whole = found is not None and len(pieces) > 1 and all(token.text == _VERSION for token in head[1:])
    return Statement(host=head[0].text.casefold(), results=_results(pieces[1:]) if whole else None)


def _vouches(results: Sequence[Result], domain: str) -> bool:
    by_dmarc = _dmarc(results, domain)
    if by_dmarc is not None:
        return by_dmarc
    aligned = [result.value for result in results if _about(result) == {domain}]
    return "pass" in aligned and "fail" not in aligned


def _dmarc(results: Iterable[Result], domain: str) -> bool | None:
    """Tell whether DMARC passed for the domain; ``None`` where it says nothing."""
    stated = [result for result in results if result.method == "dmarc" and result.value != "none"]
    if not stated:
        return None
    return all(result.value == "pass" and result.domains("header.from") == {domain} for result in stated)


def _about(result: Result) -> frozenset[str]:
    """Return the domain that DKIM or SPF has checked."""
    if result.method == "spf":
        return result.domains("smtp.mailfrom")
    if result.method == "dkim":
        return result.domains("header.d") or result.domains("header.i")
    return frozenset()


def _split(found: Iterable[Token]) -> Iterator[list[Token]]:
    """Yield the tokens between semicolons."""
    piece: list[Token] = []
    for token in found:
        if token.is_special(";"):
            yield piece
            piece = []
        else:
            piece.append(token)
    yield piece


def _results(pieces: Sequence[list[Token]]) -> tuple[Result, ...] | None:
    """Return all results, or ``None`` when a piece is none; what ends with a semicolon has an empty piece behind it."""
    stated = pieces[:-1] if pieces[-1] == [] and len(pieces) > 1 else pieces
    if len(stated) == 1 and [token.text.casefold() for token in stated[0]] == ["none"]:
        return ()
    found: list[Result] = []
    for piece in stated:
        pairs = _pairs(piece)
        if not pairs:
            return None
        (method, value), *properties = pairs
        name, slash, version = method.partition("/")
        if name in _METHODS:
            if slash and version != _VERSION:
                return None
            found.append(Result(method=name, value=value, properties=tuple(properties)))
    return tuple(found)


def _pairs(piece: Sequence[Token]) -> list[tuple[str, str]] | None:
    """Return ``name=value`` pairs in small letters; a value goes on to the next space (``bounce+a=b@example.jp``)."""
    pairs: list[tuple[str, str]] = []
    at = 0
    while at < len(piece):
        if at + 1 >= len(piece) or not piece[at + 1].is_special("=") or piece[at].quoted or piece[at].is_special("="):
            return None
        name, at = piece[at].text.casefold(), at + 2
        value = ""
        if at < len(piece) and not (at + 1 < len(piece) and piece[at].apart and piece[at + 1].is_special("=")):
            value, at = piece[at].text, at + 1
            while at < len(piece) and not piece[at].apart:
                value, at = value + piece[at].text, at + 1
        pairs.append((name, value.casefold()))
    return pairs
