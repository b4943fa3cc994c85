"""``intake``: a file goes into the inbox in somebody's name."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from bot.commands.opening import must_say, open_workshop
from bot.commands.output import print_json, say
from bot.ledger.brought import brought_event
from bot.ledger.ledger import INTENDED
from bot.mail.bringing import Draft, inbox_of
from bot.wiring import Workshop


def intake(file: Path, config: Path, overrides: Sequence[str], *, by: str, reason: str, as_json: bool) -> int:
    """Put a table or a mail into the inbox, with who did it on record; the next pass reads it."""
    must_say({"--by": by, "--reason": reason})
    workshop = open_workshop(config, overrides, quiet=as_json)
    place = asyncio.run(_put_in(workshop, file, by.strip(), reason.strip()))
    if as_json:
        print_json({"file": str(file), "put": str(place), "by": by.strip()})
    else:
        say(f"受信箱に置きました。次の処理で読み取ります / put into the inbox; the next pass reads it: {place}")
    return 0


async def _put_in(workshop: Workshop, file: Path, by: str, reason: str) -> Path:
    """Put the intent on record, then the file into the inbox, then the outcome: what lies there is never nobody's."""
    settings = workshop.config.settings.mailbox
    inbox, most = inbox_of(settings, workshop.config.path), int(settings.max_message_mb * 2**20)
    with Draft(file, inbox, now=workshop.clock.now(), zone=workshop.config.zone, max_bytes=most) as draft:
        message = draft.message()
        with workshop.recording(by) as ledger:
            await ledger.note(brought_event(message, outcome=INTENDED, reason=reason))
            draft.put_in()
            await ledger.note(brought_event(message, outcome="done", reason=reason))
    return draft.place
