"""Prints the soak's verdict: ``python3 -m tests.scenario.soak``."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.scenario.soak.run import Asked, soak

_EXAMPLES = """examples:
  python3 -m tests.scenario.soak                          half an hour, a poll every 5 seconds
  python3 -m tests.scenario.soak --minutes 1 --every 1.2  what the tests have time for
"""


def main() -> int:
    """Have the soak that is asked for; 0 when everything held, 1 when something did not."""
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.scenario.soak", description="Have `serve` live in real time, disturb it, and watch it.",
        epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--minutes", type=float, default=30, help="how long mails arrive (30)")
    parser.add_argument("--every", type=float, default=5, help="seconds between two polls (5)")
    parser.add_argument("--seed", type=int, default=1, help="another order of mails")
    parser.add_argument("--keep", type=Path, help="leave the house in this new folder")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is stopped then too
    asked = Asked(minutes=options.minutes, every=options.every, seed=options.seed)
    with tempfile.TemporaryDirectory(prefix="soak-") as scratch:
        found = soak(asked, options.keep or Path(scratch), _say)
    sys.stdout.write(f"{json.dumps(found, ensure_ascii=False, indent=1)}\n" if options.json else _table(found))
    return 0 if found["ok"] else 1


def _table(found: dict[str, Any]) -> str:
    lines = []
    for one in found["lines"]:
        lines.append(f"{'ok ' if one['ok'] else 'NOT'} {one['name']}: {one['found']}")
        if one["wanted"]:
            lines.append(f"      ({one['wanted']})")
    held = "everything held" if found["ok"] else "NOT everything held"
    return "\n".join([*lines, f"{found['minutes']:g} minutes, a poll every {found['every']:g} s: {held}"]) + "\n"


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
