"""Logging: people read stderr, machines read a rotating JSON file; both pass the redactor."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from loguru import logger

from bot.secret import Redactor

if TYPE_CHECKING:
    from loguru import Record

_LINE = "<dim>{time:HH:mm:ss}</dim> <level>{level: <7}</level> {extra[request]: <16} {message}"


def set_up(redactor: Redactor, *, file: Path | None, level: str = "INFO", quiet: bool = False) -> None:
    """Send log lines to stderr (unless ``quiet``) and to ``file``; every line carries the request id it belongs to.

    Tracebacks are logged without the values of variables, and the redactor takes every living secret out of each line.
    """

    def clean(record: Record) -> None:
        record["message"] = redactor.clean(record["message"])
        record["extra"].setdefault("request", "-")

    def to_people(text: str) -> None:
        sys.stderr.write(redactor.clean(text))

    logger.remove()
    logger.configure(patcher=clean)
    if not quiet:
        logger.add(
            to_people,
            format=_LINE,
            level=level,
            colorize=sys.stderr.isatty(),
            backtrace=False,
            diagnose=False,
        )
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        logger.add(
            file,
            level="DEBUG",
            serialize=True,
            rotation="10 MB",
            retention=10,
            encoding="utf-8",
            backtrace=False,
            diagnose=False,
            catch=True,
        )
