"""Application to decision: every rule in one table, all that they find at once, and what follows from it.

What follows, in this order:

1. A doubt about what was read: held, whatever else is found and even if no day is left; a person reads it first.
2. Anything that refuses the whole application: rejected. A sender who is not allowed: held.
3. No day left after the refused, the repeated and the closed ones: rejected.
4. Anything that asks for a person: held, with nothing granted yet.
5. Accepted: the days that are left are granted, the others stand in the violations. In learning mode (``rules.learning``)
   held instead, until an operator agrees.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.clock import aware
from bot.model import Application, Decision, Kind, Outcome, Severity, Violation
from bot.rules import earlier, form, limits, sender, terminal, when, where, who
from bot.rules.calendar import Calendar
from bot.rules.case import Case, Check, Context
from bot.rules.cutoff import Cutoffs
from bot.settings.rules import RulesSettings

__all__ = ["RULES", "Context", "Rule", "Rulebook", "overridable"]

_ALL = frozenset(Kind)
_DAYS = frozenset({Kind.ISSUE, Kind.CHANGE})
#: Even as a warning this takes its days out: they are closed. (Days granted before are not among those asked.)
_TAKES_OUT = "V09"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A named check (審査項目): which kinds of application it looks at, and whether an operator may let it pass."""

    code: str
    title: str
    check: Check
    kinds: frozenset[Kind] = _ALL
    overridable: bool = True


#: In the order in which notices show what they find.
RULES = (
    Rule(code="V01", title="記入内容", check=form.complete),
    Rule(code="V02", title="在職", check=who.employed, overridable=False),
    Rule(code="V03", title="氏名・所属", check=who.same_person),
    Rule(code="V04", title="送信元", check=sender.known_sender),
    Rule(code="V05", title="任用区分", check=who.eligible, kinds=_DAYS),
    Rule(code="V06", title="締切", check=when.in_time, kinds=_DAYS),
    Rule(code="V07", title="緊急", check=when.urgent, kinds=_DAYS),
    Rule(code="V08", title="日付の範囲", check=when.near, kinds=_DAYS),
    Rule(code="V09", title="開庁日", check=when.business_days, kinds=_DAYS),
    Rule(code="V10", title="週の日数", check=limits.weekly, kinds=_DAYS),
    Rule(code="V11", title="利用者数", check=limits.capacity, kinds=_DAYS),
    Rule(code="V12", title="実施場所", check=where.allowed_place, kinds=_DAYS),
    Rule(code="V13", title="ネットワーク", check=where.zones_of_place, overridable=False),
    Rule(code="V14", title="端末の登録", check=terminal.registered, kinds=_DAYS),
    Rule(code="V15", title="端末の安全", check=terminal.supported, kinds=_DAYS),
    Rule(code="V16", title="所属長の承認", check=who.supervisor_agreed, kinds=_DAYS),
    Rule(code="V17", title="個人情報", check=form.no_personal_information, kinds=_DAYS),
    Rule(code="V18", title="重複", check=earlier.not_twice, kinds=_ALL - {Kind.CANCEL}),
    Rule(code="V19", title="元の申請", check=earlier.builds_on, kinds=_ALL - {Kind.ISSUE}),
    Rule(code="V20", title="担当者の処理", check=earlier.by_operator),
    Rule(code="V21", title="日数", check=form.not_too_many_days, kinds=_DAYS),
    Rule(code="V22", title="時間", check=form.within_hours, kinds=_DAYS),
)
#: Found in learning mode where nothing else was that stops it.
_LEARNING = Violation(
    code="V20", severity=Severity.HOLD, text="導入期間中のため、担当者が確認してから処理します。",
    text_en="In this introductory period an operator agrees to each application.",
)  # fmt: skip
_FIXED = frozenset(rule.code for rule in RULES if not rule.overridable)
#: Rules whose holds an operator who approves has agreed to, and one who puts a reading right: what is doubted about it.
_APPROVED = frozenset(rule.code for rule in RULES) - _FIXED
_READ = frozenset({"V01"})


def overridable(code: str) -> bool:
    """Tell whether an operator's approval may pass over what this rule holds or refuses."""
    return code not in _FIXED


class Rulebook:
    """The city's rules; pure: every call with the same arguments gives the same answer."""

    def __init__(self, rules: RulesSettings, calendar: Calendar, zone: ZoneInfo) -> None:
        self._rules, self._calendar, self._zone = rules, calendar, zone
        self._cutoffs = Cutoffs(rules.deadline, calendar, zone)

    def decide(self, application: Application, context: Context) -> Decision:
        """Return the decision with every violation there is."""
        return self._settle(application, context, agreed=frozenset())

    def approve(self, application: Application, context: Context) -> Decision:
        """Return the decision when an operator has approved: what only asks for a person no longer stops it.

        Refusals stay, and so does what nobody may pass over (see :func:`overridable`): then it is no acceptance.
        """
        return self._settle(application, context, agreed=_APPROVED)

    def correct(self, application: Application, context: Context) -> Decision:
        """Return the decision when an operator has put the reading right: what is doubted about it no longer stops it.

        Whatever else asks for a person still does, and refusals stay.
        """
        return self._settle(application, context, agreed=_READ)

    def cutoff_for(self, day: date) -> datetime:
        """Return the moment by which an application for ``day`` must have been received, in the city's time zone.

        Raises ``ValueError`` at the edges of time.
        """
        return self._cutoffs.cutoff_for(day)

    def next_possible(self, now: datetime, count: int) -> list[tuple[date, datetime]]:
        """Return the next ``count`` business days that can still be applied for at ``now``, each with its cutoff."""
        today = aware(now).astimezone(self._zone).date()
        ahead = (today + timedelta(days=offset) for offset in range(self._rules.max_ahead_days + 1))
        still = (day for day in ahead if self._calendar.is_open(day) and self._cutoffs.in_time(day, now))
        return [(day, self.cutoff_for(day)) for day, _ in zip(still, range(count), strict=False)]

    def _settle(self, application: Application, context: Context, *, agreed: Collection[str]) -> Decision:
        case = Case(
            application=application,
            context=context,
            rules=self._rules,
            calendar=self._calendar,
            cutoffs=self._cutoffs,
            zone=self._zone,
        )
        violations = tuple(_violations(case))
        left = _left(case, violations)
        outcome = _outcome(case, violations, left, agreed)
        if outcome is Outcome.ACCEPT and self._rules.learning and _LEARNING.code not in agreed:
            outcome, violations = Outcome.HOLD, (*violations, _LEARNING)
        return Decision(
            outcome=outcome,
            granted=left if outcome is Outcome.ACCEPT else (),
            violations=violations,
            tell_applicant=sender.sender_allowed(case),
        )


def _violations(case: Case) -> Iterator[Violation]:
    for rule in RULES:
        if case.application.kind in rule.kinds:
            for found in rule.check(case):
                yield Violation(
                    code=rule.code,
                    severity=found.severity,
                    text=found.text,
                    text_en=found.text_en,
                    dates=found.dates,
                    hint=found.hint,
                )


def _left(case: Case, violations: Collection[Violation]) -> tuple[date, ...]:
    """Return the days that nothing takes out."""
    out = {
        day
        for item in violations
        if item.severity is Severity.REJECT or (item.severity is Severity.WARN and item.code == _TAKES_OUT)
        for day in item.dates
    }
    asked = earlier.cancelled_days(case) if case.application.kind is Kind.CANCEL else case.asked
    return tuple(day for day in asked if day not in out)


def _outcome(case: Case, violations: Collection[Violation], left: Collection[date], agreed: Collection[str]) -> Outcome:
    if _is_doubted(case, agreed):
        return Outcome.HOLD
    if any(item.severity is Severity.REJECT and not item.dates for item in violations):
        return Outcome.REJECT
    if _needs_reading(case, agreed):
        return Outcome.HOLD
    if not left and case.application.kind in _DAYS:
        return Outcome.REJECT
    stops = (item for item in violations if item.severity is Severity.HOLD)
    return Outcome.HOLD if any(item.code not in agreed for item in stops) else Outcome.ACCEPT


def _is_doubted(case: Case, agreed: Collection[str]) -> bool:
    """Tell whether something was read with a doubt: nothing is refused, or called a repetition, on a doubtful reading."""
    return bool(case.application.doubts) and "V01" not in agreed


def _needs_reading(case: Case, agreed: Collection[str]) -> bool:
    """Tell whether a person must look first, whatever the days: at the sender, or at what was granted or asked for before.

    Without a known employee, or without any day, there is nothing that an approval could grant.
    """
    if case.employee is None or (case.application.kind in _DAYS and not case.application.dates):
        return True
    unlike_before = case.used_otherwise is not None or bool(case.failed_before)
    stranger = not sender.sender_allowed(case)
    return (unlike_before and "V18" not in agreed) or (stranger and "V04" not in agreed)
