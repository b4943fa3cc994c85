"""Which mails carry the credentials of one request, to whom, and in which order (``delivery.mode``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.ledger.records import NoticeKind
from bot.model import Employee
from bot.settings.delivery import Mode

#: The mails of each mode in the order in which they go out; with the last one the credentials are delivered.
KINDS: Mapping[Mode, tuple[NoticeKind, ...]] = {
    Mode.SINGLE: (NoticeKind.CREDENTIALS,),
    Mode.SPLIT: (NoticeKind.SECRET, NoticeKind.CREDENTIALS),
    Mode.HANDOVER: (NoticeKind.HANDOVER,),
}
#: Every kind that carries a login ID or a password.
CARRIES = frozenset(kind for kinds in KINDS.values() for kind in kinds)


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """One of the mails, and the person in the directory whom it goes to."""

    kind: NoticeKind
    to: Employee


def parcels(mode: Mode, employee: Employee, supervisor: Employee | None) -> list[Parcel] | None:
    """Return the mails in their order; ``None`` when one must go to a supervisor whom the directory does not have."""
    made = []
    for kind in KINDS[mode]:
        to = employee if kind is NoticeKind.CREDENTIALS else supervisor
        own_boss = kind is not NoticeKind.CREDENTIALS and to is employee
        if to is None or own_boss:
            return None
        made.append(Parcel(kind=kind, to=to))
    return made
