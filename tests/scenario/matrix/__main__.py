"""Prints the matrix: ``python3 -m tests.scenario.matrix kills|faults|all``."""

from __future__ import annotations

import argparse
import importlib
import json
import signal
import sys
from typing import Any

from tests.scenario.matrix import kills

_EXAMPLES = """examples:
  python3 -m tests.scenario.matrix                   every kill and every fault: about half an hour
  python3 -m tests.scenario.matrix kills --short     what CI runs: a few minutes
  python3 -m tests.scenario.matrix kills --only life the embedded console alone
"""


def main() -> int:
    """Run what is asked for; 0 when everything held, 1 when something did not."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # servers and bots that were started are stopped then too
    found: dict[str, Any] = {}
    if options.what in {"kills", "all"}:
        found["kills"] = kills.main(short=options.short, say=_say, only=options.only)
    if options.what in {"faults", "all"}:
        found["faults"] = importlib.import_module("tests.scenario.faults").main(options.short)
    if options.json:
        sys.stdout.write(f"{json.dumps(found, ensure_ascii=False, indent=1)}\n")
    else:
        sys.stdout.write(_table(found))
    faults_held = all(one["ok"] for one in found.get("faults", []))
    return 0 if found.get("kills", {}).get("ok", True) and faults_held else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.scenario.matrix", description="Kill the bot everywhere, and let everything fail around it.",
        epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("what", nargs="?", choices=["kills", "faults", "all"], default="all")
    parser.add_argument(
        "--short", action="store_true", help="what CI has time for (docs/crashes.md says what is left out)"
    )
    parser.add_argument("--only", choices=["life", "console", "outside"], default="", help="kills: this part alone")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    options = parser.parse_args()
    if options.short and options.only == "outside":
        parser.error("--short leaves the outside out: run it without --short")
    return options


def _table(found: dict[str, Any]) -> str:
    lines = []
    if "kills" in found:
        for part in found["kills"]["parts"]:
            kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(part["boundaries"].items()))
            lines.append(f"{part['part']}: boundaries {kinds}; {part['runs']} kills in {part['seconds']:.0f} s")
        for failure in found["kills"]["failures"]:
            lines += [f"! {failure['stage']}, killed {failure['moments']}: {one}" for one in failure["failures"]]
        lines.append(
            f"{found['kills']['runs']} kills: {'everything held' if found['kills']['ok'] else 'NOT everything held'}"
        )
    for row in found.get("faults", []):
        lines.append(f"{'ok ' if row['ok'] else 'NOT'} {row['fault']} ({row['seconds']:.0f} s, {row['test']})")
    return "\n".join(lines) + "\n"


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
