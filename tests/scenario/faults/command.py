"""``python3 -m tests.scenario.faults``: make every fault happen and print the table."""

from __future__ import annotations

import argparse
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bot.commands.output import people, print_json, say, table
from bot.sandbox.postoffice import PostOffice
from tests.scenario.faults.fault import Fault, prove
from tests.scenario.faults.table import TABLE


def main(short: bool) -> list[dict[str, Any]]:  # noqa: FBT001 - the one thing to say, and called so by others
    """Make the faults happen, progress on stderr; returns ``fault, does, sees, test, ok, seconds`` of each."""
    return run([fault for fault in TABLE if fault.short or not short])


def run(faults: Sequence[Fault]) -> list[dict[str, Any]]:
    """Make these faults happen one after the other; one that is not as the table says never stops the rest."""
    with ExitStack() as stack, tempfile.TemporaryDirectory(prefix="faults-") as folder:
        offices: list[PostOffice] = []

        def office() -> PostOffice:
            if not offices:
                offices.append(stack.enter_context(PostOffice()))
            return offices[0]

        rows = []
        for number, fault in enumerate(faults, 1):
            say(f"[{number}/{len(faults)}] {fault.name}")
            started = time.monotonic()
            ok = _holds(fault, Path(folder) / f"{number}", office)
            rows.append({
                "fault": fault.name, "does": fault.does, "sees": fault.sees, "test": fault.test, "ok": ok,
                "seconds": round(time.monotonic() - started, 1),
            })  # fmt: skip
        return rows


def from_command_line(arguments: Sequence[str]) -> int:
    """Print the table of the faults that were asked for; 1 when one is not as it should be."""
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.scenario.faults", description="Make every fault happen, and check the invariants after each.",
        epilog='Example: python3 -m tests.scenario.faults --only "the disk is full"',
    )  # fmt: skip
    parser.add_argument("--short", action="store_true", help="the most telling ones alone")
    parser.add_argument(
        "--only",
        action="append",
        metavar="NAME",
        choices=[fault.name for fault in TABLE],
        help="this fault; may be repeated",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    asked = parser.parse_args(arguments)
    rows = run([fault for fault in TABLE if fault.name in asked.only]) if asked.only else main(asked.short)
    if asked.json:
        print_json(rows)
    else:
        cells = [
            ("ok" if row["ok"] else "NG", f"{row['seconds']:.0f} s", row["fault"], row["does"], row["sees"])
            for row in rows
        ]
        people().print(table("", ["", "", "fault", "what the bot does", "what the operator sees"], cells))
    return 0 if all(row["ok"] for row in rows) else 1


def _holds(fault: Fault, path: Path, office: Callable[[], PostOffice]) -> bool:
    try:
        prove(fault, path, office)
    except Exception as error:  # noqa: BLE001 - whatever it is, the table shows it and goes on
        say(
            f"NG {fault.name}: {type(error).__name__}: {error}\n{''.join(traceback.format_tb(error.__traceback__)[-2:])}"
        )
        return False
    return True
