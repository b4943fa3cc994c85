"""When a mail reached us: the earliest stamp of hosts that are believed."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.intake.arrival import entered_at

ZONE = ZoneInfo("Asia/Tokyo")
OURS = ("mx.city.example.jp", "lgmail.city.example.jp")
MX = "from lgmail.city.example.jp (x [192.0.2.1])\n\tby mx.city.example.jp (Postfix) with ESMTP; Fri, 30 Jul 2021 13:05:00 +0900 (JST)"
LG = "from form.example.jp by LGMAIL.city.example.jp with ESMTPS id 7; Fri, 30 Jul 2021 03:59:58 +0000"
FORM = "from web by form.example.jp; Fri, 30 Jul 2021 09:00:00 +0900"
BROKEN = "from lg by mx.city.example.jp; some day"


def at(hour: int, minute: int, second: int = 0) -> datetime:
    """Return a moment of the Friday."""
    return datetime(2021, 7, 30, hour, minute, second, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("lines", "trusted", "expected"),
    [
        ([MX, LG, FORM], OURS, at(12, 59, 58)),
        ([MX, LG, FORM], OURS[:1], at(13, 5)),
        ([MX, FORM, LG], OURS, at(13, 5)),
        ([FORM, LG], OURS, None),
        ([BROKEN, LG], OURS, at(12, 59, 58)),
        ([BROKEN], OURS, None),
        ([MX, LG], (), None),
        ([], OURS, None),
        ([f"from mx ({MX}) by form.example.jp; Fri, 30 Jul 2021 09:00:00 +0900"], OURS, None),
    ],
)
def test_only_the_trusted_run_on_top_counts(
    lines: list[str], trusted: tuple[str, ...], expected: datetime | None
) -> None:
    """UTC is converted; a line below a stranger's, or one that names our host in a comment, is not believed."""
    assert entered_at(lines, trusted) == expected
