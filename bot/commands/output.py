"""How commands speak: one JSON document on stdout, or tables for people; everything else goes to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

_PLAIN_WIDTH = 160  # columns where stdout is a file or a pipe


def print_json(data: object) -> None:
    """Print ``data`` as the one JSON document on stdout; times in RFC 3339 with offset."""
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2, default=plain) + "\n")


def say(text: str) -> None:
    """Tell the person at the terminal something, on stderr."""
    sys.stderr.write(text + "\n")


def people() -> Console:
    """Return the terminal for people: stdout, plain when it is no terminal."""
    wide = None if sys.stdout.isatty() else _PLAIN_WIDTH
    return Console(highlight=False, width=wide)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Return a table of texts; what stands in the cells is shown as it is, never as markup."""
    made = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(escape(printable(str(cell))) for cell in row))
    return made


def printable(text: str) -> str:
    """Return ``text`` with everything that a terminal would obey made visible: it may come from a hostile mail."""
    shown = (char if char.isprintable() or char in "\n\u3000" else f"\\x{ord(char):02x}" for char in text)
    return "".join(shown)


class Bars:
    """Progress bars on stderr for long work; nothing where stderr is no terminal but a line for each part."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def start(self, what: str, total: int) -> None:
        """Begin a part of ``total`` steps."""
        if not self._console.is_terminal:
            say(f"{what}: {total}")
        self._task = self._progress.add_task(what, total=total)

    def step(self) -> None:
        """One step more."""
        if self._task is not None:
            self._progress.advance(self._task)


def plain(value: object) -> Any:  # noqa: ANN401 - what json accepts
    """Return what stands in JSON for a value that JSON does not know; raises ``TypeError`` where nothing does."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
