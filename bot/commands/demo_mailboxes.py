"""The mailboxes that the demo can run on: a folder, or a real mail server on this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.commands.output import say
from bot.mail.folder import INBOX, OUTBOX
from bot.mail.port import Folder
from bot.mail.receipt import receipt_time
from bot.sandbox.postoffice import BOT, PostOffice, ensure_postoffice

ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLES = ROOT / "inbox_samples"
KINDS = ("folder", "imap")
_PASSWORD = "TELEWORK_BOT_MAILBOX_PASSWORD"  # noqa: S105 - the name of the variable
_PLACE = "mailbox"


@contextmanager
def filled_mailbox(kind: str, folder: Path, *, dropped: datetime) -> Iterator[dict[str, Any]]:
    """Give the ``mailbox:`` section of a mailbox of this kind with the samples in it; its mails are left in ``folder``.

    Tables lie in a folder, dropped there at ``dropped``. Raises ``Unusable`` where no mail server can run.
    """
    inbox = folder / _PLACE / INBOX
    inbox.mkdir(parents=True)
    for sample in _samples(".csv", ".tsv", ".xlsx", ".xls"):
        shutil.copyfile(sample, inbox / sample.name)
        os.utime(inbox / sample.name, (dropped.timestamp(), dropped.timestamp()))
    if kind == "folder":
        for sample in _samples(".eml"):
            shutil.copyfile(sample, inbox / sample.name)
        yield {"path": _PLACE}
        return
    ensure_postoffice(say)
    with PostOffice() as office:
        for sample in _samples(".eml"):
            content = sample.read_bytes()
            received = receipt_time(content) or dropped
            office.put(BOT, sample.name, content, at=received.timestamp())
        os.environ[_PASSWORD] = office.password
        try:
            yield _servers(office)
        finally:
            _keep(office, folder / _PLACE)


def _samples(*endings: str) -> list[Path]:
    return [file for file in sorted(SAMPLES.glob("[0-9]*")) if file.suffix in endings]


def _servers(office: PostOffice) -> dict[str, Any]:
    shared = {"host": "localhost", "ca_file": str(office.certificates.ca)}
    return {
        "kind": "imap",
        "drops": _PLACE,
        "imap": {**shared, "port": office.ports["imaps"]},
        "smtp": {**shared, "port": office.ports["smtp"]},
    }


def _keep(office: PostOffice, place: Path) -> None:
    """Copy what is in the mailboxes before the server's folder goes: what people got, and where the bot filed what."""
    outbox = place / OUTBOX
    outbox.mkdir(exist_ok=True)
    for person in sorted(path.name for path in (office.folder / "mail").iterdir()):
        if person == BOT:
            continue
        for number, mail in enumerate(office.delivered(person), start=1):
            shutil.copyfile(mail, outbox / f"{person}-{number}.eml")
    for folder in Folder:
        (place / folder.value).mkdir(exist_ok=True)
        for mail in office.mails(BOT, folder.value):
            shutil.copyfile(mail, place / folder.value / f"{mail.name.partition(',')[0]}.eml")
