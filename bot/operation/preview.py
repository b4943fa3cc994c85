"""What a decision would do, in a few words for the operator who is about to make it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bot.ledger.queries import Queries
from bot.ledger.records import Request
from bot.model import Decision, Kind, Outcome, Severity
from bot.rules.earlier import referred_to


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """Which days a change takes back, which it brings, and which stay."""

    goes: tuple[date, ...] = ()
    comes: tuple[date, ...] = ()
    stays: tuple[date, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What would happen to a request, and why."""

    outcome: Outcome
    granted: tuple[date, ...]
    #: Only of a change that would be accepted.
    exchange: Exchange | None
    #: The first line in Japanese and English, then what goes with it.
    lines: tuple[str, ...]


async def preview(ledger: Queries, request: Request, decision: Decision, now: datetime) -> Preview:
    """Return what this decision on the request would do; ``now`` is in the city's time zone."""
    exchange = None
    if request.kind is Kind.CHANGE and decision.outcome is Outcome.ACCEPT:
        exchange = await _exchange(ledger, request, decision.granted, now.date())
    lines = (_headline(request.kind, decision, exchange, now.date()), *_beside(request, decision, now.date()))
    return Preview(outcome=decision.outcome, granted=decision.granted, exchange=exchange, lines=lines)


async def _exchange(ledger: Queries, request: Request, granted: Collection[date], today: date) -> Exchange:
    """Return what a change does to the days of the request that it names; past ones stay as they are."""
    history = await ledger.history(request.application, before=request.id)
    named = referred_to(request.application.refers_to or "", history)
    held = {day for day, holder in history.granted.items() if holder == named and day >= today}
    return Exchange(
        goes=tuple(sorted(held.difference(granted))), comes=tuple(sorted(set(granted) - held)),
        stays=tuple(sorted(held.intersection(granted))),
    )  # fmt: skip


def _headline(kind: Kind, decision: Decision, exchange: Exchange | None, today: date) -> str:
    if decision.outcome is not Outcome.ACCEPT:
        ja, en = ("保留", "held") if decision.outcome is Outcome.HOLD else ("却下", "rejected")
        worst = Severity.HOLD if decision.outcome is Outcome.HOLD else Severity.REJECT
        found = [item for item in decision.violations if item.severity is worst] or list(decision.violations)
        return (
            f"{ja}: {' '.join(f'{item.text}［{item.code}］' for item in found)} / {en}: "
            f"{' '.join(item.text_en for item in found)}"
        )
    days = short(decision.granted, today)
    if exchange is not None:
        goes, comes, stays = (short(found, today) or "-" for found in (exchange.goes, exchange.comes, exchange.stays))
        return (
            f"変更: なくなる日 {goes}、加わる日 {comes}、残る日 {stays} / change: days that go {goes}, that come {comes}, "
            f"that stay {stays}"
        )
    if kind is Kind.CANCEL:
        return f"取消: {days} / cancel: {days}"
    if kind is Kind.REISSUE:
        return "再発行: 新しいパスワードを設定 / reissue: a new password is set"
    return f"IDを発行: {days} / issue: {days}"


def _beside(request: Request, decision: Decision, today: date) -> tuple[str, ...]:
    """Return what goes with an acceptance: days that are not granted, and what is taken as checked by it."""
    if decision.outcome is not Outcome.ACCEPT:
        return ()
    days = request.application.dates if request.kind.asks_for_days else ()
    left = short([day for day in days if day not in decision.granted], today)
    lines = [f"発行しない日: {left} / not granted: {left}"] if left else []
    for item in decision.violations:
        if item.severity is Severity.HOLD:
            lines.append(f"確認済みとする: {item.text}［{item.code}］ / taken as checked: {item.text_en}")
        elif item.severity is Severity.REJECT:
            lines.append(f"{item.text}［{item.code}］ / {item.text_en}")
    return tuple(lines)


def short(days: Sequence[date], today: date) -> str:
    """Return days as people say them: ``12/2, 12/3``; with the year where it is not this one."""
    return ", ".join(
        f"{day.month}/{day.day}" if day.year == today.year else f"{day.year}/{day.month}/{day.day}" for day in days
    )
