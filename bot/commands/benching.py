"""``bench``: the benchmarks of tests/bench, each a program that measures and gives its figures as one JSON document."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.commands.output import people, print_json, say, table
from bot.errors import BadUsage, Problem, Unusable

ROOT = Path(__file__).resolve().parent.parent.parent
BENCHES = ROOT / "tests" / "bench"


def run(name: str, arguments: Sequence[str], *, as_json: bool) -> int:
    """Run the benchmark ``name`` and print its figures: one JSON document on stdout, and for people a table on stderr.

    Raises ``BadUsage`` that lists what there is, ``Unusable`` where the benchmark gave no figures: it has said why on stderr.
    """
    known = sorted(file.stem for file in BENCHES.glob("*.py"))
    if name not in known:
        raise BadUsage([Problem(path="NAME", text=f"there is no {name!r}; known: {', '.join(known)}")])
    if wrong := [word for word in arguments if not _is_number(word)]:
        raise BadUsage([Problem(path="ARGUMENTS", text=f"numbers only; not {', '.join(map(repr, wrong))}")])
    command = [sys.executable, str(BENCHES / f"{name}.py"), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, check=False, stdout=subprocess.PIPE)  # noqa: S603 - one of our own programs
    if done.returncode == BadUsage.exit_status:
        raise BadUsage([Problem(path="ARGUMENTS", text=f"not what bench {name} takes; see above")])
    try:
        figures = json.loads(done.stdout)
    except ValueError:
        raise Unusable(f"bench {name} ended with {done.returncode} and gave no figures") from None
    print_json(figures)
    if not as_json:
        people(on_stderr=True).print(table(f"bench {name}", ["", ""], _rows(figures)))
    return done.returncode


def figures_of(measure: Callable[..., Mapping[str, Any]], *defaults: float) -> Mapping[str, Any]:
    """Measure with the numbers of the command line, ``defaults`` where none are given, print the figures, and return them.

    For a benchmark's own program: whatever else is written to stdout meanwhile, by the programs it starts too, goes to stderr.
    """
    given = sys.argv[1:]
    try:
        numbers = [type(default)(word) for default, word in zip(defaults, given[: len(defaults)], strict=False)]
    except ValueError:
        numbers = []
    if len(numbers) < len(given):
        say(f"{Path(sys.argv[0]).stem}: at most {len(defaults)} numbers, such as {' '.join(map(str, defaults))}")
        sys.exit(BadUsage.exit_status)
    sys.stdout.flush()
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        os.dup2(2, 1)
        figures = measure(*numbers, *defaults[len(numbers) :])
        out.write(json.dumps(figures, ensure_ascii=False) + "\n")
    return figures


def _is_number(word: str) -> bool:
    try:
        return 0 < float(word) < float("inf")
    except ValueError:
        return False


def _rows(figures: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, object]]:
    """Yield every single figure with its way through the document."""
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from _rows(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value
