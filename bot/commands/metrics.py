"""``metrics``: the figures once, as Prometheus reads them."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.commands.opening import open_workshop, with_ledger
from bot.commands.output import print_json, say
from bot.errors import Unusable
from bot.operation.watching.exposition import exposition
from bot.operation.watching.figures import Figures
from bot.wiring.watching import gauge


def metrics(config: Path, overrides: Sequence[str], *, as_json: bool, to: Path | None) -> int:
    """Print the figures, or write them to a file that is whole at every moment."""
    workshop = open_workshop(config, overrides, quiet=True)
    figures = with_ledger(workshop, lambda ledger: gauge(workshop, ledger).read())
    if to:
        _write(to, exposition(figures))
        say(f"written: {to}")
    if as_json:
        print_json(_document(figures))
    elif not to:
        sys.stdout.write(exposition(figures).decode())
    return 0


def _document(figures: Figures) -> dict[str, Any]:
    counted = figures.counts
    return {
        "at": figures.at, "requests": counted.requests, "waiting": figures.waiting, "unreadable": counted.unreadable,
        "last_whole_pass": counted.whole_pass, "last_whole_pass_age_seconds": figures.pass_age,
        "seconds_per_id": figures.seconds_per_id,
        "conditions": [{"level": level, "name": name, "count": count} for (level, name), count in figures.conditions.items()],
        "pauses": figures.pauses, "kill_switch": figures.kill_switch, "chain_events": counted.events,
        "chain_head_age_seconds": figures.head_age, "next_cutoff": figures.next_cutoff,
    }  # fmt: skip


def _write(to: Path, text: bytes) -> None:
    """Write beside it and put it in its place: a collector never reads half of it, and may read it whoever it runs as."""
    try:
        descriptor, draft = tempfile.mkstemp(dir=to.parent, prefix=f".{to.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text)
            Path(draft).chmod(0o644)
            Path(draft).replace(to)
        except OSError:
            Path(draft).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise Unusable(
            f"{to} can't be written ({error.strerror}): name a folder that is there and may be written"
        ) from None
