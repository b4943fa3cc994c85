"""What every command that needs the settings does first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TypeVar

from bot.clock import Clock, SystemClock
from bot.commands.output import say
from bot.config import Config, load
from bot.errors import BadUsage, Problem
from bot.ledger.ledger import Ledger
from bot.log import set_up
from bot.log_file import Keeping
from bot.secret import Redactor
from bot.wiring import Workshop

T = TypeVar("T")
_LONGEST = 200


def open_workshop(path: Path, overrides: Sequence[str], *, quiet: bool = False, clock: Clock | None = None) -> Workshop:
    """Read the settings, start the log, and return the workshop. Raises ``ConfigInvalid`` with every problem."""
    config = load(path, overrides)
    redactor = Redactor()
    start_log(config, redactor, quiet=quiet)
    return Workshop(config=config, clock=clock or SystemClock(config.zone), redactor=redactor, say=say)


def start_log(config: Config, redactor: Redactor, *, quiet: bool) -> None:
    """Log to stderr and to the configured file."""
    settings = config.settings.log
    file = config.path(settings.file) if settings.file else None
    keeping = Keeping(rotate_bytes=int(settings.rotate_mb * 1_000_000), days=settings.keep_days)
    set_up(redactor, file=file, level="WARNING" if quiet else settings.level, keeping=keeping)


def with_ledger(workshop: Workshop, work: Callable[[Ledger], Awaitable[T]]) -> T:
    """Open the ledger, do ``work`` with it, close it."""
    ledger = workshop.ledger()
    try:
        return asyncio.run(_awaited(work(ledger)))
    finally:
        ledger.close()


def day(text: str, option: str) -> date:
    """Return the date ``text`` names; raises ``ConfigInvalid`` that says how to write one."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadUsage([Problem(path=option, text=f"{text!r} is not a date such as 2026-11-24")]) from None


def must_say(stated: Mapping[str, str]) -> None:
    """Be sure that each option says something, in no more than 200 characters; raises ``BadUsage`` with all that do not."""
    problems = [Problem(path=option, text="say it in words") for option, text in stated.items() if not text.strip()]
    problems += [
        Problem(path=option, text=f"longer than {_LONGEST} characters")
        for option, text in stated.items()
        if len(text) > _LONGEST
    ]
    if problems:
        raise BadUsage(problems)


async def _awaited(work: Awaitable[T]) -> T:
    return await work
