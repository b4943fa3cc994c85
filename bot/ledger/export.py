"""Writes the chain, or some of it, to a file that other programs read; beside it a cover says what it is and holds."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from bot.errors import BadUsage, Problem, Unusable
from bot.ledger.backup import digest
from bot.ledger.cells import Fitting, Unwritable, guarded
from bot.ledger.chain import ADDED, GENESIS, HASHED, SEALS, must_be_readable
from bot.ledger.selection import Wanted, rows
from bot.ledger.tables import events
from bot.ledger.workbook import Workbook
from bot.wording import moment_ja

UTF8, CP932 = "utf-8-sig", "cp932"
ENDINGS = (".jsonl", ".csv", ".xlsx")
_ERA = "和暦"
#: Every stored byte of an event: from these the hash is made.
_STORED = (*HASHED, *ADDED, *SEALS, "hash", "person", "person_salt")
#: For reading: heading in a workbook, column, width.
_READ = (
    ("連番 / seq", "seq", 8), ("日時 / at", "at", 32), ("和暦 / era", _ERA, 30), ("種別 / actor type", "actor_type", 10),
    ("実行者 / actor", "actor", 18), ("操作 / action", "action", 22), ("結果 / outcome", "outcome", 10),
    ("案件 / request", "request", 17), ("職員番号 / employee", "employee_no", 12), ("受付番号 / receipt", "receipt_no", 14),
    ("ログインID / login ID", "login_id", 14), ("前 / before", "state_before", 11), ("後 / after", "state_after", 11),
    ("理由 / reason", "reason", 40), ("詳細 / details", "details", 60), ("個人 / person", "person", 40),
    ("実行番号 / run", "run", 18), ("経過ミリ秒 / elapsed ms", "elapsed_ms", 10), ("端末 / host", "host", 16),
    ("版 / version", "version", 9), ("設定 / config digest", "config_digest", 20), ("様式 / form", "form", 6),
    ("塩 / person salt", "person_salt", 12), ("個人の要約 / person digest", "person_digest", 20),
    ("前のハッシュ / prev hash", "prev_hash", 20), ("ハッシュ / hash", "hash", 20),
)  # fmt: skip
_STEP = 1_000

Rows = Iterable[Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A finished export; ``events`` and ``head`` are the chain's own, as of its moment."""

    file: Path
    rows: int
    sha256: str
    events: int
    head: str
    #: Nothing was left out, and the file keeps every stored byte: docs/auditor/verify_audit.py verifies it.
    verifiable: bool
    unwritable: tuple[Unwritable, ...] = ()
    #: Cells that were too long for Excel.
    cut: int = 0


def must_be_possible(path: Path, encoding: str | None) -> None:
    """Be sure that such a file can be written; raises ``BadUsage`` with every problem."""
    ending = path.suffix.lower()
    problems = []
    if ending not in ENDINGS:
        problems.append(
            Problem(path="--to", text=f"{path.name}: the name must end in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}")
        )
    elif encoding is not None and ending != ".csv":
        problems.append(Problem(path="--encoding", text=f"only .csv has one; {path.name} is always UTF-8 inside"))
    if encoding not in (None, UTF8, CP932):
        problems.append(Problem(path="--encoding", text=f"{encoding!r} is none; known: {UTF8}, {CP932}"))
    if problems:
        raise BadUsage(problems)


def export_events(
    connection: Connection, path: Path, *, wanted: Wanted, zone: tzinfo, encoding: str | None = None,
    tell: Callable[[], None] = lambda: None,
) -> Exported:  # fmt: skip
    """Write events to ``path``, readable for its owner alone: .jsonl keeps every stored byte, .csv and .xlsx are for reading.

    A cell that a spreadsheet would take for a formula begins with an apostrophe; what cp932 does not have is 〓 there and listed.
    ``tell`` is called once for each thousand rows. An earlier file stays until the new one is whole. Raises as
    :func:`must_be_possible`, ``LedgerBroken`` for an event that holds what no ledger writes, ``Unusable`` when the file can't be written.
    """
    must_be_possible(path, encoding)
    found = connection.execute(select(events.c.seq, events.c.hash).order_by(events.c.seq.desc()).limit(1)).first()
    fitting = Fitting(encoding or UTF8)
    counted = _Counted(rows(connection, wanted, zone), tell)
    draft = path.with_name(f".{path.name}.part")
    cut = 0
    try:
        os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600))
        match path.suffix.lower():
            case ".jsonl":
                _write_lines(draft, counted)
            case ".csv":
                _write_csv(draft, counted, encoding or UTF8, fitting)
            case _:
                cut = _write_book(draft, counted)
        draft.replace(path)
        sha256 = digest(path)
    except OSError as error:
        raise Unusable(f"{path} can't be written: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)
    return Exported(
        file=path, rows=counted.count, sha256=sha256, events=found.seq if found else 0, cut=cut,
        head=found.hash if found else GENESIS, unwritable=fitting.unwritable,
        verifiable=wanted.whole and path.suffix.lower() == ".jsonl",
    )  # fmt: skip


class _Counted:
    """Rows that are counted as they go by."""

    def __init__(self, source: Rows, tell: Callable[[], None]) -> None:
        self._source, self._tell = source, tell
        self.count = 0

    def __iter__(self) -> Any:  # noqa: ANN401 - a generator of rows
        for row in self._source:
            must_be_readable(row)
            yield row
            self.count += 1
            if self.count % _STEP == 0:
                self._tell()


def _write_lines(path: Path, found: Rows) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in found:
            file.write(json.dumps({name: row[name] for name in _STORED}, ensure_ascii=False) + "\n")


def _write_csv(path: Path, found: Rows, encoding: str, fitting: Fitting) -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file)
        writer.writerow([name for _, name, _ in _READ])
        for row in found:
            writer.writerow([
                guarded(fitting.fit(value, row["seq"])) if isinstance(value, str) else value for value in _cells(row)
            ])  # fmt: skip


def _write_book(path: Path, found: Rows) -> int:
    book = Workbook()
    sheet = book.sheet("監査記録", [(heading, width) for heading, _, width in _READ])
    for row in found:
        sheet.add(_cells(row))
    book.save(path)
    return book.cut


def _cells(row: Mapping[str, Any]) -> Sequence[object]:
    era = moment_ja(datetime.fromisoformat(row["at"]).replace(microsecond=0))
    return [era if name == _ERA else row[name] for _, name, _ in _READ]
