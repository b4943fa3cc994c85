"""What is shown before an act that can't be taken back, and how an operator agrees to it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from bot.commands.output import people, print_json, say
from bot.errors import ActRefused, BadUsage, Problem
from bot.intake.dates import read_dates
from bot.operation.preview import Preview

#: The exit status where something was shown and nothing done: it waits for an operator.
ONLY_SHOWN = 1
_NOT_DONE = "まだ何もしていません。実行するには --yes を付けてください / nothing was done; add --yes to do it"
_INFER_DAYS = 366


def asked_days(texts: Sequence[str], today: date) -> tuple[date, ...]:
    """Return the days of ``--days``, written as people do; raises ``BadUsage`` for what is none."""
    days: set[date] = set()
    for text in texts:
        read = read_dates(text, base=today, infer_days=_INFER_DAYS, range_days=_INFER_DAYS)
        if read.doubts or not read.dates:
            why = f"{read.doubts[0].text} / {read.doubts[0].text_en}" if read.doubts else "日付がありません / no day"
            raise BadUsage([Problem(path="--days", text=f"{text!r}: {why}; write 12/7,12/8 or 2026-12-07")])
        days.update(read.dates)
    return tuple(sorted(days))


def show_previews(previews: Mapping[str, Preview]) -> None:
    """Show a person what would happen to each."""
    screen = people()
    for name, shown in previews.items():
        first, *rest = shown.lines
        screen.print(f"{name}  {first}", markup=False)
        for line in rest:
            screen.print(f"    {line}", markup=False)


def agreed(*, yes: bool, as_json: bool) -> bool:
    """Tell whether the operator wants what was shown: said beforehand, or now at the terminal; nobody else is asked."""
    if yes or as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return yes
    sys.stderr.write("実行しますか / do it? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().casefold() in {"y", "yes", "はい"}


def tell_previews(previews: Mapping[str, Preview], refused: Sequence[ActRefused], *, as_json: bool) -> int:
    """Say that nothing was done, in JSON what would be, and what was refused; returns the exit status."""
    if as_json:
        print_json([preview_row(name, shown) for name, shown in previews.items()])
    for error in refused:
        say(f"! {error}")
    say(_NOT_DONE)
    return ONLY_SHOWN


def preview_row(name: str, shown: Preview) -> dict[str, Any]:
    """Return a preview as JSON has it."""
    exchange = shown.exchange
    return {
        "id": name, "done": False, "would": shown.outcome, "granted": list(shown.granted),
        "goes": list(exchange.goes) if exchange else [], "comes": list(exchange.comes) if exchange else [],
        "lines": list(shown.lines),
    }  # fmt: skip
