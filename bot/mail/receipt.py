"""From what a server gave of a mail to a message: when it came, whether it is whole, and whom it is from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.intake.arrival import stamp
from bot.model import Message

_RECEIVED = re.compile(rb"^Received:((?:[^\r\n]|\r?\n[ \t])*)", re.IGNORECASE | re.MULTILINE)
_FROM = re.compile(rb"^From:((?:[^\r\n]|\r?\n[ \t])*)", re.IGNORECASE | re.MULTILINE)
_NOT_GIVEN = "メールサーバから全文を取り出せませんでした / the mail server did not give the whole mail"


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What came of a mail: all of it, or, where that can't be had, what is known of its headers."""

    content: bytes
    whole: bool = True

    def message(
        self, *, locator: str, received: datetime | None, zone: ZoneInfo, name: str = "", cut: bool = False
    ) -> Message:
        """Return the message; where the server does not say when it came, its newest ``Received:`` stamp does.

        A message without ``name`` is named after its receipt.
        """
        known = received or receipt_time(self.content)
        at = (known or datetime.now(zone)).astimezone(zone)
        return Message(
            locator=locator, name=name or f"{at:%Y%m%d-%H%M%S}.eml", received_at=at, receipt_known=known is not None,
            content=self.content, cut=cut, unfetched="" if self.whole else _NOT_GIVEN,
        )  # fmt: skip


def receipt_time(head: bytes) -> datetime | None:
    """Return the aware time of the first ``Received:`` header in ``head``, or ``None`` if there is none that is whole.

    RFC 5321 §4.4: each server adds its line on top, with the time after the last semicolon.
    """
    headers = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]
    found = _RECEIVED.search(headers)
    return stamp(found.group(1).decode("ascii", "replace")) if found else None


def from_line(head: bytes) -> str:
    """Return what stands in the first ``From:`` header in ``head``, as it stands; empty where there is none."""
    found = _FROM.search(re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0])
    return found.group(1).decode("ascii", "replace").strip() if found else ""
