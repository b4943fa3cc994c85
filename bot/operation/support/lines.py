"""The last lines of the log, and the last report on a changed screen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

_MOST_BYTES, _MOST_LINES = 4_000_000, 2_000
#: What names nobody: all that is left of a line when it is not known whom to mask.
_BARE = ("time", "level", "where", "request", "error", "process")


def last_lines(log: Path, masked: Callable[[object], object], *, bare: bool) -> str:
    """Return the last 2,000 lines of the log, each masked; ``bare`` leaves out every text. Raises ``OSError``."""
    with log.open("rb") as file:
        file.seek(max(log.stat().st_size - _MOST_BYTES, 0))
        lines = file.read().decode("utf-8", "replace").splitlines()[-_MOST_LINES:]
    return "".join(f"{line}\n" for line in _masked(lines, masked, bare=bare))


def last_drift(evidence: Path) -> str:
    """Return the newest report on a changed screen; empty where there is none. Raises ``OSError``."""
    reports = sorted(evidence.glob("*/*-drift.txt"), key=lambda path: path.stat().st_mtime)
    return reports[-1].read_text(encoding="utf-8", errors="replace") if reports else ""


def _masked(lines: list[str], masked: Callable[[object], object], *, bare: bool) -> Iterator[str]:
    for line in lines:
        try:
            document = json.loads(line)
        except ValueError:
            continue  # the first one, cut in two by the limit of bytes
        if not isinstance(document, dict):
            continue
        kept = {key: value for key, value in document.items() if not bare or key in _BARE}
        yield json.dumps(kept if bare else masked(kept), ensure_ascii=False)
