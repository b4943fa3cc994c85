"""``ledger restore``: a backup in the place of the ledger, and what is to be done next."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bot.commands.backups import Shown
from bot.commands.opening import must_say, open_workshop
from bot.commands.output import people, print_json, say, table
from bot.errors import BotError
from bot.ledger.backup import digest, examine
from bot.ledger.engine import place_of
from bot.ledger.ledger import Ledger
from bot.ledger.present import Present, present_at
from bot.ledger.records import Event
from bot.ledger.restore import Replaced, look_back, must_be_whole, prepare
from bot.operation.adopt import RESTORE
from bot.wiring import Workshop

_SHOWN = 20
_NEXT = """次に / next:
 1. 上の一覧のメールを受信フォルダへ戻す。 / Put the mails listed back into the inbox (on a mail server: into the inbox folder).
 2. run_bot.py reconcile  台帳・管理コンソール・名簿を突き合わせる。 / Compare ledger, console and directory.
 3. run_bot.py run        戻したメールを処理する。 / Takes in what was put back.
 4. run_bot.py reconcile --adopt all --by WHO --reason TEXT
    バックアップ後に発行したIDは保留になるので、引き取って新しいパスワードを送る。
    Logins issued since the backup are stuck until you adopt them; each gets a new password.
 承認・取消など担当者の操作は失われています。 / Operators' acts since the backup are lost: see docs/guides/backup.md."""


def restore(file: Path, config: Path, overrides: Sequence[str], *, by: str, reason: str, as_json: bool) -> int:
    """Put ``file`` in the place of the ledger; raises ``AlreadyRunning`` while anything works on it."""
    must_say({"--by": by, "--reason": reason})
    row, replaced = put_back(
        open_workshop(config, overrides, quiet=as_json), file, by=by.strip(), reason=reason.strip()
    )
    messages = [asdict(message) for message in replaced.messages]
    if as_json:
        print_json({**row, "messages": messages if replaced.head else None, "logins": len(replaced.logins)})
        return 0
    screen = people()
    screen.print(table("復元 / restored", ["", ""], list(row.items())))
    if messages:
        listed = [list(message.values()) for message in messages[:_SHOWN]]
        title = f"受信フォルダへ戻すメール / mails to put back: {len(messages)}"
        screen.print(table(title, ["id", "file or subject", "received (UTC)", "folder"], listed))
        if len(messages) > _SHOWN:
            say(f"… {len(messages) - _SHOWN} more; --json lists all")
    elif not replaced.head:
        say(f"the ledger replaced can't be read: put back every mail received since {file.name} was made")
    say(_NEXT)
    return 0


def put_back(workshop: Workshop, file: Path, *, by: str, reason: str) -> tuple[dict[str, Any], Replaced]:
    """Put ``file`` in the place of the ledger, on record in both; returns what was done, and what only the replaced one knew.

    Raises ``AlreadyRunning`` while anything works on the ledger, ``BadUsage``, ``Unusable`` or ``LedgerBroken`` for a file
    that can't take its place.
    """
    place = place_of(workshop.config.settings.ledger.url, workshop.config.base)
    with workshop.alone():
        must_be_whole(file, place)
        return _restored(workshop, file, place, by, reason)


def _restored(workshop: Workshop, file: Path, place: Path, by: str, reason: str) -> tuple[dict[str, Any], Replaced]:
    run, now = workshop.run(by), workshop.clock.now()
    found, _ = examine(file)
    details: dict[str, Any] = {"file": file.name, "sha256": digest(file), "head": found.head, "events": found.events}
    settings, base = workshop.config.settings.ledger, workshop.config.base
    with present_at(settings.url, base, workshop.ledger_password()) as present:
        _intend(workshop, present, by, Event(action=RESTORE, outcome="intended", reason=reason, details=details))
        with Shown("今の台帳を写す / copying the present ledger") as shown:
            present.close_down(shown.tell)
        replaced = look_back(place, file) if place.exists() else Replaced()
        details |= {"replaced_head": replaced.head, "replaced_events": replaced.events, "trusted": replaced.trusted}
        done = Event(
            action=RESTORE, outcome="done", reason=reason, details=details, person={"logins": list(replaced.logins)}
        )
        with Shown("バックアップを写す / copying the backup") as shown:
            draft = prepare(file, place, replaced, done, run=run, now=now, tell=shown.tell)
        with Shown("台帳に入れる / putting it in place") as shown:
            kept = present.replace_by(draft, replaced, now, shown.tell)
    return {**details, "ledger": present.name, "kept_aside": str(kept) if kept else None}, replaced


def _intend(workshop: Workshop, present: Present, by: str, event: Event) -> None:
    """Record the intent in the ledger that is to be replaced, where that can still be written."""
    if not present.can_be_told:
        return
    try:
        with workshop.recording(by) as ledger:
            asyncio.run(_noted(ledger, event))
    except BotError as error:
        say(f"the ledger that is replaced can't take the record of it: {error}")


async def _noted(ledger: Ledger, event: Event) -> None:
    await ledger.note(event)
