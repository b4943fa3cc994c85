"""How a login should stand at a moment: open or closed, and with which validity in the console."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.issuance.windows import window_for
from bot.ledger.records import Login
from bot.life import AccountRecordState
from bot.model import Window
from bot.settings.account import AccountSettings


class Verb(StrEnum):
    """What is to be done to a login."""

    OPEN = "account.open"
    CLOSE = "account.close"
    #: Nobody holds it any more.
    DISABLE = "account.disable"
    #: The console lets it work for longer than its requests need.
    NARROW = "account.window"


@dataclass(frozen=True, kw_only=True)
class Switch:
    """Something to be done to a login, and since when it should be so."""

    login: Login
    verb: Verb
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Hours:
    """Judges logins by their granted days. Pure: the time comes in."""

    account: AccountSettings
    zone: ZoneInfo
    #: The console opens and closes an account by a validity of its own.
    by_validity: bool

    def switch(self, login: Login, now: datetime) -> Switch | None:
        """Return what is to be done to a login now; ``None`` where it stands as it should."""
        if login.held and login.needed is None and not login.in_hand:
            return None  # it is over for all who held it: the expiry disables it
        verb, since = self._wanted(login, now)
        state = login.account.state
        done = {Verb.OPEN: AccountRecordState.CREATED, Verb.CLOSE: AccountRecordState.CLOSED}
        if verb and done.get(verb) is not state:
            return Switch(login=login, verb=verb, since=since)
        if self.by_validity and self._too_long(login, now):
            return Switch(login=login, verb=Verb.NARROW, since=login.changed_at)
        return None

    @property
    def by_bot(self) -> bool:
        """Whether the bot opens and closes logins each morning and evening."""
        setting = self.account.switching
        return setting == "bot" or (setting == "auto" and not self.by_validity)

    def _wanted(self, login: Login, now: datetime) -> tuple[Verb | None, datetime]:
        if not login.held:
            return Verb.DISABLE, login.account.window.end if login.account.window else login.changed_at
        spans = self._spans(login.days)
        begun = [one for one in spans if one.start <= now]
        if begun and now < begun[-1].end:
            return Verb.OPEN, begun[-1].start
        since = max(begun[-1].end, login.changed_at) if begun else login.changed_at
        # Before its first day and after its last a validity of the console's own keeps it closed, if nothing has opened it.
        doubtful = login.account.state is AccountRecordState.SWITCHING
        between = bool(begun) and len(begun) < len(spans)
        return (Verb.CLOSE if self.by_bot or between or doubtful else None), since

    def _spans(self, days: Sequence[date]) -> list[Window]:
        """Return the times in which a login is to work: day by day, or where a validity keeps it all consecutive days at once."""
        if days and self.account.between_days == "open":
            days = [min(days) + timedelta(days=number) for number in range((max(days) - min(days)).days + 1)]
        spans: list[Window] = []
        for day in days:
            own = window_for([day], self.account, self.zone)
            joins = spans and not self.by_bot and (day - spans[-1].end.date()).days <= 1
            if joins:
                spans[-1] = replace(spans[-1], end=own.end)
            else:
                spans.append(own)
        return spans

    def _too_long(self, login: Login, now: datetime) -> bool:
        """Tell whether the console would let the login work outside of what its requests need, from now on."""
        has, needs = login.account.window, login.needed
        if has is None or needs is None or login.in_hand:
            return False
        return needs.end < has.end or (now < needs.start and has.start < needs.start)
