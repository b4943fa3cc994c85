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
class Recipient:
    """Who gets a mail: somebody in the directory, or the operators, who have no employee number here."""

    name: str
    addresses: tuple[str, ...]
    employee_no: str = ""


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """One of the mails, and who it goes to."""

    kind: NoticeKind
    to: Recipient


def person(employee: Employee) -> Recipient:
    """Return the employee as a recipient, at the directory's address."""
    return Recipient(name=employee.name, addresses=(employee.mail,), employee_no=employee.employee_no)


def parcels(mode: Mode, employee: Employee, hands: Recipient | None) -> list[Parcel] | None:
    """Return the mails in their order; ``hands`` is who gives the applicant what is not mailed to them.

    ``None`` when there is nobody to do that: the applicants themselves can't.
    """
    made = []
    for kind in KINDS[mode]:
        to = person(employee) if kind is NoticeKind.CREDENTIALS else hands
        own_hands = kind is not NoticeKind.CREDENTIALS and to == person(employee)
        if to is None or own_hands or not to.addresses:
            return None
        made.append(Parcel(kind=kind, to=to))
    return made
