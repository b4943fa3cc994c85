"""The mailboxes that the demo can run on: a folder, a real mail server on this machine, or an embedded Exchange endpoint."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.commands.output import say
from bot.mail.folder import INBOX, OUTBOX
from bot.mail.port import Folder
from bot.mail.receipt import receipt_time
from bot.sandbox.ews.server import EwsServer
from bot.sandbox.postoffice import BOT, PostOffice, ensure_postoffice

ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLES = ROOT / "inbox_samples"
KINDS = ("folder", "imap", "exchange")
_PASSWORD = "TELEWORK_BOT_MAILBOX_PASSWORD"  # noqa: S105 - the name of the variable
#: The folder of the demo in which its mailbox, or the folder beside it, lies.
PLACE = "mailbox"


@contextmanager
def filled_mailbox(kind: str, folder: Path, *, dropped: datetime) -> Iterator[dict[str, Any]]:
    """Give the ``mailbox:`` section of a mailbox of this kind with the samples in it; its mails are left in ``folder``.

    Tables lie in a folder, dropped there at ``dropped``. Raises ``Unusable`` where no mail server can run.
    """
    inbox = folder / PLACE / INBOX
    inbox.mkdir(parents=True)
    for sample in _samples(".csv", ".tsv", ".xlsx", ".xls"):
        shutil.copyfile(sample, inbox / sample.name)
        os.utime(inbox / sample.name, (dropped.timestamp(), dropped.timestamp()))
    if kind == "folder":
        for sample in _samples(".eml"):
            shutil.copyfile(sample, inbox / sample.name)
        yield {"path": PLACE}
        return
    mails = {
        sample.name: (content := sample.read_bytes(), receipt_time(content) or dropped) for sample in _samples(".eml")
    }
    with _postoffice(mails, folder / PLACE) if kind == "imap" else _exchange(mails, folder / PLACE) as section:
        yield {**section, "kind": kind, "drops": PLACE}


@contextmanager
def _postoffice(mails: Mapping[str, tuple[bytes, datetime]], place: Path) -> Iterator[dict[str, Any]]:
    ensure_postoffice(say)
    with PostOffice() as office:
        for name, (content, received) in mails.items():
            office.put(BOT, name, content, at=received.timestamp())
        os.environ[_PASSWORD] = office.password
        shared = {"host": "localhost", "ca_file": str(office.certificates.ca)}
        try:
            yield {"imap": {**shared, "port": office.ports["imaps"]}, "smtp": {**shared, "port": office.ports["smtp"]}}
        finally:
            _keep(office, place)


@contextmanager
def _exchange(mails: Mapping[str, tuple[bytes, datetime]], place: Path) -> Iterator[dict[str, Any]]:
    with EwsServer() as server:
        for content, received in mails.values():
            server.deliver(content, received)
        os.environ[_PASSWORD] = server.password
        try:
            yield {
                "exchange": {
                    "endpoint": server.url,
                    "user": server.user,
                    "auth": "basic",
                    "ca_file": str(server.ca_file),
                }
            }
        finally:
            _write(
                place / OUTBOX, {f"{number:03}": content for number, content in enumerate(server.store.sent, start=1)}
            )
            for folder in Folder:
                _write(place / folder.value, {item.key: item.content for item in server.store.named(folder.value)})


def _write(place: Path, mails: Mapping[str, bytes]) -> None:
    place.mkdir(exist_ok=True)
    for name, content in mails.items():
        (place / f"{name}.eml").write_bytes(content)


def _samples(*endings: str) -> list[Path]:
    return [file for file in sorted(SAMPLES.glob("[0-9]*")) if file.suffix in endings]


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
