"""Lives through a year: ``python3 -m tests.scenario.year``."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from tests.scenario.year.facts import facts_of
from tests.scenario.year.story import Size
from tests.scenario.year.verdict import judge

_EXAMPLES = """examples:
  python3 -m tests.scenario.year                       the whole year: 40,000 applications, about an hour and a half
  python3 -m tests.scenario.year --last 2026-05-31 --applications 3000 --surges 1 --outages 4 --restarts 4
"""
#: In memory, where there is such a place: power cuts are tried elsewhere.
_IN_MEMORY = Path("/dev/shm")


def main() -> int:
    """Run what is asked for; 0 when everything held, 1 when something did not."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    size = Size(
        first=options.first, last=options.last, applications=options.applications, surges=options.surges, surge=options.surge,
        staff=options.staff, outages_each=options.outages, restarts=options.restarts, seed=options.seed,
    )  # fmt: skip
    base = options.dir or Path(tempfile.mkdtemp(prefix="year-", dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None))
    facts = facts_of(size, base, poll_minutes=options.poll_minutes, say=_say)
    _say("judging what was lived, for a minute or two")
    found = judge(facts)
    sys.stdout.write(f"{json.dumps(found, ensure_ascii=False, indent=1)}\n" if options.json else _table(found))
    if found["ok"] and not options.dir:
        shutil.rmtree(base)
    else:
        _say(f"everything is in {base}")
    return 0 if found["ok"] else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.scenario.year", description="Have the bot serve for a year on a fake clock, and judge it.",
        epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--first", type=date.fromisoformat, default=date(2026, 4, 1), metavar="DATE")
    parser.add_argument("--last", type=date.fromisoformat, default=date(2027, 3, 31), metavar="DATE")
    parser.add_argument("--applications", type=int, default=40_000)
    parser.add_argument("--surges", type=int, default=6, help="mornings on which a wave of applications comes")
    parser.add_argument("--surge", type=int, default=1_500, help="applications on such a morning")
    parser.add_argument("--staff", type=int, default=3_000)
    parser.add_argument("--outages", type=int, default=25, help="of the mail server, and as many of the console")
    parser.add_argument("--restarts", type=int, default=20, help="every other a kill")
    parser.add_argument("--poll-minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dir", type=Path, help="keep everything there (an empty folder)")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    return parser.parse_args()


def _table(found: dict[str, Any]) -> str:
    lines = [f"{name}: {found[name]}" for name in ("counts", "alerts", "memory_mb", "seconds")]
    for promise, wrong in found["broken"].items():
        lines += [f"! {promise}: {len(wrong)}", *(f"    {one}" for one in wrong[:20])]
    lines.append("everything held" if found["ok"] else "NOT everything held")
    return "\n".join(lines) + "\n"


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
