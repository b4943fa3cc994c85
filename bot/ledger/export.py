"""Writes the chain to a file that other programs read."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from bot.errors import BadUsage, Problem, Unusable
from bot.ledger.chain import HASHED
from bot.ledger.tables import events

_COLUMNS = (*HASHED, "hash", "person", "person_salt")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export_events(connection: Connection, path: Path) -> int:
    """Write all events to ``path`` and return how many: .jsonl keeps every stored byte, .csv (UTF-8 with BOM) is for reading.

    In CSV a cell that a spreadsheet would take for a formula begins with an apostrophe. Raises ``ConfigInvalid`` for
    another ending, ``Unusable`` when the file can't be written.
    """
    writers = {".jsonl": _write_lines, ".csv": _write_csv}
    write = writers.get(path.suffix.lower())
    if write is None:
        raise BadUsage([Problem(path="--to", text=f"{path.name}: the name must end in .jsonl or .csv")])
    query = select(*(events.c[name] for name in _COLUMNS)).order_by(events.c.seq)
    rows = connection.execution_options(stream_results=True, yield_per=2_000).execute(query).mappings()
    try:
        return write(path, (dict(row) for row in rows))
    except OSError as error:
        raise Unusable(f"{path} can't be written: {error.strerror}") from error


def _write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count


def _write_csv(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, _COLUMNS, extrasaction="ignore")
        writer.writeheader()
        for row in rows:
            writer.writerow({name: _guarded(value) for name, value in row.items()})
            count += 1
    return count


def _guarded(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
