"""Says what was done to a chain that does not verify, from where the neighbours of the first bad event stand now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from bot.ledger.records import Fault
from bot.ledger.tables import events

_NEIGHBOUR = "it does not follow the event before it"


def diagnose(
    connection: Connection, row: Mapping[str, Any], seq: int, previous: str, *, found: str, whole: bool
) -> tuple[Fault, str]:
    """Return what was done, and the sentence that says so, of the ``row`` that stands where event ``seq`` should.

    ``previous`` is the hash of the event before, ``found`` what is wrong, ``whole`` whether the row has the hash of its content.
    """
    if row["seq"] == seq and row["prev_hash"] == previous:
        return Fault.CHANGED, found
    said = str(row["prev_hash"]).encode("utf-8", "replace").decode()  # SQL takes no text that is none
    follower = connection.scalar(select(events.c.seq).where(events.c.prev_hash == previous, events.c.seq != row["seq"]))
    before = connection.scalar(select(events.c.seq).where(events.c.hash == said))
    if row["seq"] < seq or (before is not None and before < seq - 1):
        return Fault.INSERTED, f"{_NEIGHBOUR}: an event was put in between"
    if follower is not None:
        return Fault.REORDERED, f"{_NEIGHBOUR}: the one that does stands as event {follower}"
    if row["seq"] != seq:
        return Fault.REMOVED, f"{found}: events {seq} to {row['seq'] - 1} were removed"
    if whole:
        return Fault.CHANGED, f"{_NEIGHBOUR}: that one was changed and its hash made anew"
    return Fault.REMOVED, f"{_NEIGHBOUR}: one between was removed, and the rest numbered anew"
