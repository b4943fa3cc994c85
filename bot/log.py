"""Logging: people read stderr, machines read a rotating JSON file; both pass the redactor."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from loguru import logger

from bot.log_file import Keeping, LogFile
from bot.private import make_folder
from bot.secret import Redactor
from bot.terminal import visible

if TYPE_CHECKING:
    from loguru import Record, RecordException

_LINE = "<dim>{time:HH:mm:ss}</dim> <level>{level: <7}</level> {extra[request]: <16} {message}{extra[trace]}\n"
#: Levels that go by the same name here and in the standard way.
_LEVELS = frozenset({"WARNING", "ERROR", "CRITICAL"})


def set_up(
    redactor: Redactor, *, file: Path | None, level: str = "INFO", quiet: bool = False, keeping: Keeping | None = None
) -> None:
    """Send log lines to stderr (unless ``quiet``) and to ``file``; every line carries the request id it belongs to.

    Tracebacks are logged without the values of variables, and the redactor takes every living secret out of each line,
    tracebacks and fields included. What libraries log at WARNING and above goes the same way. ``keeping`` says when the file
    is put aside and for how long.
    """

    def clean(text: str) -> str:
        return _harmless(redactor.clean(text))

    def prepare(record: Record) -> None:
        exception = record["exception"]
        trace = _trace(exception)
        record["message"] = clean(record["message"])
        record["extra"] = {"request": "-"} | {key: clean(str(value)) for key, value in record["extra"].items()}
        record["extra"]["error"] = exception.type.__name__ if exception and exception.type else ""
        record["extra"]["trace"] = "\n" + clean(trace) if trace else ""
        # Nothing unclean may remain: loguru prints the whole record when a sink fails.
        record["exception"] = None

    logger.remove()
    logger.configure(patcher=prepare)
    if not quiet:
        logger.add(_to_stderr, format=_for_people, level=level, colorize=sys.stderr.isatty())
    if file is not None:
        _make(file.parent)
        logger.add(
            LogFile(file, keeping or Keeping()),
            format=_for_machines,
            level="DEBUG",
        )
    logging.basicConfig(handlers=[_Library()], level=logging.WARNING, force=True)


def _make(folder: Path) -> None:
    try:
        make_folder(folder)
    except OSError as error:
        sys.stderr.write(f"the log folder {folder} can't be made ({error.strerror}): mend log.file or the rights\n")


class _Library(logging.Handler):
    """Hands on what a library logs the standard way: Python's last resort would print it past the redactor."""

    def emit(self, record: logging.LogRecord) -> None:
        level = record.levelname if record.levelname in _LEVELS else record.levelno
        logger.opt(exception=record.exc_info).log(level, "{}: {}", record.name, record.getMessage())


def _for_people(_record: Record) -> str:
    # A format made by a function gets nothing added: loguru would render the exception itself, and not clean.
    return _LINE


def _for_machines(record: Record) -> str:
    record["extra"]["line"] = json.dumps(_document(record), ensure_ascii=False)
    return "{extra[line]}"


def _to_stderr(text: str) -> None:
    sys.stderr.write(text)


def _trace(exception: RecordException | None) -> str:
    if exception is None or exception.type is None:
        return ""
    lines = traceback.format_exception(exception.type, exception.value, exception.traceback)
    return "".join(lines).rstrip()


def _harmless(text: str) -> str:
    """Return ``text`` with what steers a terminal shown as an escape, and further lines set in: none can pose as its own."""
    return visible(text).replace("\n", "\n    ")


def _document(record: Record) -> dict[str, object]:
    """Return what the file keeps of a record."""
    extra = {key: value for key, value in record["extra"].items() if value and key != "line"}
    return extra | {
        "time": record["time"].isoformat(),
        "level": record["level"].name,
        "message": record["message"],
        "where": f"{record['name']}:{record['function']}:{record['line']}",
        "process": record["process"].id,
    }
