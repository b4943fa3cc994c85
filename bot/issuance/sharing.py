"""Requests that share one login: for how long it must work, which one a reissue renews, whether another still needs it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bot.issuance.windows import span
from bot.ledger.ledger import Ledger
from bot.ledger.records import Request
from bot.life import State
from bot.model import Window
from bot.settings.account import AccountSettings, Scope


def shared_window(request: Request, window: Window, live: Iterable[Request], login_id: str) -> Window:
    """Return the window that spans ``window`` and those of the employee's other live requests with this login: it serves them all.

    Not that of a reissue, which has no days of its own: those that it renewed the login for may have been taken back since.
    """
    others = (other for other in live if other.id != request.id and other.login_id == login_id)
    return span([window, *(other.window for other in others if other.window and other.kind.asks_for_days)])


def login_to_renew(live: Iterable[Request], now: datetime) -> tuple[str, Window] | None:
    """Return the login that a reissue renews, the employee's that works longest; ``None`` where none works now."""
    own = [one for one in live if one.state is State.DELIVERED and one.kind.asks_for_days]
    working = [(one.login_id or "", one.window) for one in own if one.window and one.window.end > now]
    return max(working, key=lambda one: one[1].end, default=None)


async def still_needed(ledger: Ledger, account: AccountSettings, request: Request, now: datetime) -> bool:
    """Tell whether another live request of the employee still needs the login of this one."""
    live = await ledger.live(request.application.employee_no or "")
    return any(
        other.id != request.id
        and other.kind.asks_for_days
        and _same_login(account, other, request)
        and goes_on(other, now)
        for other in live
    )


def goes_on(request: Request, now: datetime) -> bool:
    """Tell whether a request needs its login after ``now``: by its window, or before it has one by its days."""
    if request.window:
        return request.window.end > now
    return any(day >= now.date() for day in request.granted)


def _same_login(account: AccountSettings, other: Request, request: Request) -> bool:
    """Tell whether another request of the employee uses this one's login, or will: that is known before only for one for good."""
    will = other.login_id is None and account.scope is Scope.PER_EMPLOYEE
    return will or other.login_id == request.login_id
