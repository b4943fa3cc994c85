"""Ledger, console and staff directory side by side: every place where they disagree, as a value with what to do about it.

Pure: it is given what the three say. One account can differ in several ways, and each is told.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bot.issuance.account import same_address
from bot.ledger.records import PURGED, AccountRecord, Request
from bot.life import AccountRecordState, State
from bot.model import Account, AccountState, Employee
from bot.operation.difference_words import WORDS
from bot.text import fold


class Gap(StrEnum):
    """How the three disagree (docs/guides/reconcile.md: what each means and what to do)."""

    #: In the console, by the pattern of our login IDs, and the ledger does not know it: made by hand, or by another bot.
    UNKNOWN_ACCOUNT = "unknown_account"
    #: The same after a restore, and the ledger that was replaced knew it: issued since the backup.
    ISSUED_SINCE_BACKUP = "issued_since_backup"
    #: Ours, usable, and belonging to somebody who has left.
    LEAVER = "leaver"
    #: Ours, usable, and its employee number is gone from the directory while its address stands under another number.
    NUMBER_CHANGED = "number_changed"
    #: Ours, disabled by us, and usable again: somebody enabled it.
    ENABLED_AGAIN = "enabled_again"
    #: Ours, closed by us until its next day, and usable: somebody opened it.
    OPENED_BY_HAND = "opened_by_hand"
    #: Ours, usable, and nobody needs it any more: its time is over.
    ENABLED_AFTER_END = "enabled_after_end"
    #: Its request is delivered, and it is disabled in the console before its end.
    DISABLED_EARLY = "disabled_early"
    #: Its request is delivered, and the console has locked it: wrong passwords.
    LOCKED = "locked"
    #: The ledger has seen it made, and the console does not have it.
    MISSING = "missing"
    #: Its validity in the console is not the one that we set.
    WINDOW_DIFFERS = "window_differs"
    #: It carries another name than the directory.
    NAME_DIFFERS = "name_differs"
    #: It carries another address than the directory.
    MAIL_DIFFERS = "mail_differs"
    #: A request was left half done: the next run looks and settles it.
    UNFINISHED = "unfinished"


#: What ``--fix`` resolves: the account is ours and must not work any more.
FIXABLE = frozenset({Gap.LEAVER, Gap.ENABLED_AGAIN, Gap.OPENED_BY_HAND, Gap.ENABLED_AFTER_END})
#: What the next run settles by itself.
BY_ITSELF = frozenset({Gap.UNFINISHED})
#: The console was seen to have it, and was not told to end it.
_MADE = frozenset({AccountRecordState.CREATED, AccountRecordState.SWITCHING, AccountRecordState.CLOSED})
_USABLE = frozenset({AccountState.ACTIVE, AccountState.LOCKED, AccountState.CREATING})


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One disagreement; ``detail`` and ``advice`` say what is so and what to do, in words of the house."""

    kind: Gap
    login_id: str | None
    employee_no: str | None
    request: str | None
    detail_ja: str
    detail: str
    advice: str
    #: It was resolved just now.
    fixed: bool = False
    #: It is to be resolved when a second person gives the same command (``operators.four_eyes``).
    proposed: bool = False

    @property
    def needs_operator(self) -> bool:
        """Whether somebody has to do something about it."""
        return not self.fixed and self.kind not in BY_ITSELF


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One login ID with all that is known of it."""

    login_id: str
    record: AccountRecord | None
    seen: Account | None
    #: Whose it is, by the record or by the ID.
    employee_no: str
    employee: Employee | None
    #: Requests that give this login now or later.
    needed_by: Sequence[Request] = ()
    #: The request that is stuck on it, or the one it was last issued for.
    request: str | None = None
    #: The employee has left.
    left: bool = False
    #: It should be open now, and the next pass opens it.
    opens: bool = False
    #: The employee of another number who has its address.
    renumbered: Employee | None = None
    #: The ledger that a restore replaced knew it.
    forgotten: bool = False

    @property
    def usable(self) -> bool:
        """Whether somebody can log in with it, or could once it is unlocked."""
        return self.seen is not None and self.seen.state in _USABLE

    @property
    def ours(self) -> bool:
        """Whether it is certainly ours: one whose making nobody confirmed must carry the employee's address."""
        if self.record is None or self.record.state is not AccountRecordState.CREATING:
            return self.record is not None
        return self.seen is not None and (not self.seen.mail or self._same_mail(self.seen))

    @property
    def delivered(self) -> bool:
        """Whether somebody has its credentials and needs it."""
        return any(one.state is State.DELIVERED for one in self.needed_by)

    def _same_mail(self, seen: Account) -> bool:
        return self.employee is not None and same_address(seen.mail, self.employee.mail)


def compare(pair: Pair) -> Iterator[Difference]:
    """Yield every way in which the three disagree about one login ID."""
    for kind in _kinds(pair):
        yield difference(
            kind, login_id=pair.login_id, employee_no=pair.employee_no or None, request=pair.request,
            facts=_facts(pair),
        )  # fmt: skip


def difference(
    kind: Gap, *, login_id: str | None, employee_no: str | None, request: str | None, facts: Mapping[str, str]
) -> Difference:
    """Return a difference in its words."""
    words = WORDS[kind.value]
    known = {"login": login_id or "", "employee": employee_no or "", "request": request or "ID", **facts}
    ja, en, advice = (text.format_map(known) for text in (words.ja, words.en, words.advice))
    return Difference(
        kind=kind, login_id=login_id, employee_no=employee_no, request=request, detail_ja=ja, detail=en, advice=advice
    )


def _kinds(pair: Pair) -> Iterator[Gap]:
    if pair.seen is None:
        if pair.record and pair.record.state in _MADE:
            yield Gap.MISSING
        return
    if not pair.ours:
        yield Gap.ISSUED_SINCE_BACKUP if pair.forgotten else Gap.UNKNOWN_ACCOUNT
        return
    yield from (_of_usable(pair) if pair.usable else _of_disabled(pair))


def _of_disabled(pair: Pair) -> Iterator[Gap]:
    if pair.delivered and pair.record and pair.record.state is AccountRecordState.CREATED:
        yield Gap.DISABLED_EARLY


def _of_usable(pair: Pair) -> Iterator[Gap]:
    disabled = pair.record is not None and pair.record.state is AccountRecordState.DISABLED
    if pair.left and pair.employee_no != PURGED:
        yield Gap.NUMBER_CHANGED if pair.renumbered else Gap.LEAVER
    elif disabled and not pair.delivered:
        yield Gap.ENABLED_AGAIN
    elif not pair.needed_by:
        yield Gap.ENABLED_AFTER_END
    else:
        yield from _of_needed(pair)


def _of_needed(pair: Pair) -> Iterator[Gap]:
    seen, employee, record = pair.seen, pair.employee, pair.record
    if seen is None or employee is None or record is None:
        return
    if seen.state is AccountState.ACTIVE and record.state is AccountRecordState.CLOSED and not pair.opens:
        yield Gap.OPENED_BY_HAND
    if seen.state is AccountState.LOCKED and pair.delivered:
        yield Gap.LOCKED
    if seen.window and record.window and seen.window != record.window:
        yield Gap.WINDOW_DIFFERS
    if seen.name and fold(seen.name) != fold(employee.name):
        yield Gap.NAME_DIFFERS
    if seen.mail and not same_address(seen.mail, employee.mail):
        yield Gap.MAIL_DIFFERS


def _facts(pair: Pair) -> dict[str, str]:
    """Return what the words of a difference may name."""
    seen, record = pair.seen, pair.record
    return {
        "state": seen.state.value if seen else "",
        "name": seen.name if seen else "",
        "known_name": pair.employee.name if pair.employee else "",
        "mail": (seen.mail if seen else "") or "-",
        "known_mail": pair.employee.mail if pair.employee else "-",
        "other": pair.renumbered.employee_no if pair.renumbered else "",
        "window": _span(seen), "known_window": _span(record),
    }  # fmt: skip


def _span(one: Account | AccountRecord | None) -> str:
    window = one.window if one else None
    return f"{window.start:%Y-%m-%d %H:%M}–{window.end:%Y-%m-%d %H:%M}" if window else "-"


@dataclass(frozen=True, kw_only=True)
class Sides:
    """What the three say, by login ID; makes the pairs."""

    records: Mapping[str, AccountRecord]
    seen: Mapping[str, Account]
    #: Whose a login ID is, by its pattern; ``None`` for an ID that is not of our pattern.
    whose: Callable[[str], str | None]
    find: Callable[[str], Employee | None]
    by_mail: Callable[[str], Employee | None]
    has_left: Callable[[str, Sequence[Request]], bool]
    needed_by: Mapping[str, Sequence[Request]] = field(default_factory=dict)
    #: The request that is stuck on an ID that is not ours.
    stuck_on: Mapping[str, str] = field(default_factory=dict)
    forgotten: Callable[[Account, Employee | None], bool]
    #: The logins that the next pass opens.
    opening: Collection[str] = ()

    def pairs(self) -> Iterator[Pair]:
        """Yield every login ID that is ours, or looks like ours."""
        for login_id in sorted({*self.records, *self.seen}):
            record, seen = self.records.get(login_id), self.seen.get(login_id)
            employee_no = record.employee_no if record else self.whose(login_id)
            if employee_no is not None:
                yield self._pair(login_id, record, seen, employee_no)

    def _pair(self, login_id: str, record: AccountRecord | None, seen: Account | None, employee_no: str) -> Pair:
        employee, needed_by = self.find(employee_no), self.needed_by.get(login_id, ())
        same = self.by_mail(seen.mail) if seen and seen.mail else None
        last = needed_by[-1].id if needed_by else record.request_id if record else None
        return Pair(
            login_id=login_id, record=record, seen=seen, employee_no=employee_no, employee=employee, needed_by=needed_by,
            request=self.stuck_on.get(login_id, last), left=self.has_left(employee_no, needed_by),
            renumbered=same if employee is None and same and same.employee_no != employee_no else None,
            opens=login_id in self.opening, forgotten=record is None and seen is not None and self.forgotten(seen, employee),
        )  # fmt: skip
