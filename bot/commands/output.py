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
from rich.text import Text

from bot.terminal import visible, visible_json

_PLAIN_WIDTH = 160  # columns where stdout is a file or a pipe


def print_json(data: object) -> None:
    """Print ``data`` as the one JSON document on stdout; times in RFC 3339 with offset.

    What would steer the terminal that shows it stands there as an escape, and means the same to a program.
    """
    sys.stdout.write(visible_json(json.dumps(data, ensure_ascii=False, indent=2, default=plain)) + "\n")


def say(text: str) -> None:
    """Tell the person at the terminal something, on stderr; what would steer the terminal is made visible."""
    sys.stderr.write(visible(text) + "\n")


class People(Console):
    """A terminal for people that shows what would steer it, wherever that stands: in a cell, a title, a sentence."""

    def render_str(self, text: str, **options: Any) -> Text:  # noqa: ANN401 - rich's own
        """See rich: everything that is printed and no markup yet goes through here."""
        return super().render_str(visible(text), **options)


def people(*, on_stderr: bool = False) -> Console:
    """Return the terminal for people: stdout where nothing else is asked for, plain when it is no terminal."""
    wide = None if (sys.stderr if on_stderr else sys.stdout).isatty() else _PLAIN_WIDTH
    return People(highlight=False, emoji=False, width=wide, stderr=on_stderr)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Return a table of texts; what stands in the cells is shown as it is, never as markup."""
    made = Table(title=escape(title), title_justify="left", title_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(escape(str(cell)) for cell in row))
    return made


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
