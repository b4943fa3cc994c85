"""The mailbox behind the endpoint: folders, items, and what was sent."""

from __future__ import annotations

import email
import email.policy
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime

INBOX, ROOT, TOP = "inbox", "root", "msgfolderroot"


@dataclass(frozen=True, kw_only=True)
class FolderRow:
    """A folder; ``key`` is its id, and its distinguished name where it has one."""

    key: str
    name: str
    parent: str
    #: Its class: what it is for.
    kind: str = "IPF.Note"


@dataclass(kw_only=True)
class Item:
    """A mail; its id changes when it is moved."""

    key: str
    folder: str
    content: bytes
    received: datetime


@dataclass
class Store:
    """One mailbox; with an ``address`` it answers to that one alone."""

    address: str = ""
    folders: dict[str, FolderRow] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    sent: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        for key, name, parent in ((ROOT, "Root", ""), (TOP, "Top of Information Store", ROOT), (INBOX, "Inbox", TOP)):
            self.folders[key] = FolderRow(key=key, name=name, parent=parent)

    def deliver(self, content: bytes, received: datetime) -> Item:
        """Put a mail into the inbox, its MIME rebuilt as Exchange does."""
        return self._add(rebuilt(content), received.astimezone(UTC), INBOX)

    def move(self, item: Item, folder: str) -> Item:
        """Move a mail; it is another item afterwards."""
        del self.items[item.key]
        return self._add(item.content, item.received, folder)

    def make(self, name: str, parent: str, kind: str = "IPF.Note") -> FolderRow:
        """Make a folder."""
        row = FolderRow(key=f"F{next(self._numbers):06}", name=name, parent=parent, kind=kind)
        self.folders[row.key] = row
        return row

    def children(self, parent: str) -> list[FolderRow]:
        """Return the folders below one."""
        return [row for row in self.folders.values() if row.parent == parent]

    def within(self, folder: str) -> list[Item]:
        """Return the mails of a folder, oldest first."""
        return sorted((item for item in self.items.values() if item.folder == folder), key=lambda item: item.received)

    def named(self, name: str) -> list[Item]:
        """Return the mails of the folders of this name."""
        return [item for row in self.folders.values() if row.name == name for item in self.within(row.key)]

    def _add(self, content: bytes, received: datetime, folder: str) -> Item:
        item = Item(key=f"I{next(self._numbers):08}", folder=folder, content=content, received=received)
        self.items[item.key] = item
        return item


def rebuilt(content: bytes) -> bytes:
    """Return the mail as a server that stores properties, not bytes, would write it anew."""
    mail = email.message_from_bytes(content, policy=email.policy.compat32)
    mail["X-MS-Exchange-Organization-AuthSource"] = "ex.city.example.jp"
    return mail.as_bytes(policy=email.policy.compat32.clone(linesep="\r\n", max_line_length=None))
