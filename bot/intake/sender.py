"""Whether a sender is who the From line says: what a trusted host wrote into Authentication-Results (RFC 8601)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bot.intake.comments import without_comments

_RESULT = re.compile(r"^\s*(dmarc|dkim|spf)\s*=\s*(\w+)(.*)$", re.IGNORECASE | re.DOTALL)
_DOMAIN = re.compile(r"(?:header\.(?:d|i|from)|smtp\.mailfrom)\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)


def authentic(checks: Sequence[str], sender: str, trusted: Sequence[str]) -> bool | None:
    """Tell whether the newest statement of a trusted host vouches for the sender's domain; ``None`` when none is trusted.

    DMARC decides where it is stated. Else DKIM or SPF must have passed for the domain of the From line itself: a pass for
    another domain proves nothing. The trusted host must strip such headers from outside (RFC 8601, section 5).
    """
    if not trusted:
        return None
    hosts = {host.casefold() for host in trusted}
    for check in checks:
        host, _, rest = without_comments(check).partition(";")
        if (host.split() or [""])[0].casefold() in hosts:
            return _passed(rest, sender.rpartition("@")[2].casefold())
    return False


def _passed(rest: str, domain: str) -> bool:
    found = list(_results(rest))
    dmarc = [result == "pass" for method, result, _ in found if method == "dmarc" and result != "none"]
    if dmarc:
        return all(dmarc)
    return bool(domain) and any(result == "pass" and domain in domains for _, result, domains in found)


def _results(rest: str) -> Iterator[tuple[str, str, frozenset[str]]]:
    for piece in rest.split(";"):
        if match := _RESULT.match(piece):
            domains = (item.rpartition("@")[2].casefold().rstrip(".") for item in _DOMAIN.findall(match[3]))
            yield match[1].casefold(), match[2].casefold(), frozenset(domains)
