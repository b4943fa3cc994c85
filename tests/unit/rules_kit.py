"""What the tests of the rules share: a small city, one plain application, and a rulebook around them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.model import (
    Application,
    Decision,
    EarlierRequest,
    Employee,
    History,
    Kind,
    Outcome,
    Progress,
    Severity,
    Violation,
)
from bot.rules.calendar import Calendar, DayOverride
from bot.rules.directory import Directory
from bot.rules.rulebook import Context, Rulebook
from bot.settings.rules import CalendarSettings, RulesSettings

TOKYO = ZoneInfo("Asia/Tokyo")
MONDAY, TUESDAY, FRIDAY = date(2021, 8, 2), date(2021, 8, 3), date(2021, 7, 30)
SYSTEM = "noreply@apply.city.example.jp"

MINORI = Employee(
    employee_no="0048213",
    name="髙橋　みのり",
    mail="takahashi-m@city.example.jp",
    department="健康福祉部 福祉政策課",
    category="正規",
    supervisor_no="0012001",
    active_from=date(2010, 4, 1),
)
BOSS = Employee(employee_no="0012001", name="宮下 一成", mail="miyashita-k@city.example.jp", department="福祉政策課")
DEPUTY = Employee(employee_no="0012002", name="赤羽 直子", mail="akabane-n@city.example.jp", department="福祉政策課")
LEAVER = Employee(
    employee_no="0000007", name="中村 健", mail="nakamura-k@city.example.jp", active_until=date(2021, 8, 2)
)
TEMP = Employee(employee_no="0090001", name="上野 拓", mail="ueno-t@city.example.jp", category="会計年度任用職員")
STAFF = Directory([MINORI, BOSS, DEPUTY, LEAVER, TEMP])


def at(text: str) -> datetime:
    """Return a moment in the city, such as ``07-30 13:00:01`` of 2021."""
    return datetime.fromisoformat(f"2021-{text}").replace(tzinfo=TOKYO)


PLAIN = Application(
    kind=Kind.ISSUE,
    form="test",
    receipt_no="0000412",
    applied_at=at("07-30 12:41"),
    employee_no="0048213",
    name="高橋みのり",
    department="福祉政策課",
    dates=(MONDAY,),
    place="自宅",
)
#: Four minutes after the cutoff; the mail server vouches for the sender.
NOON = Context(now=at("07-30 13:04"), received_at=at("07-30 12:42"), sender=SYSTEM, directory=STAFF, authentic=True)


def rulebook(
    overrides: Mapping[date, DayOverride] | None = None,
    /,
    **settings: object,
) -> Rulebook:
    """Return a rulebook whose settings are the defaults but for these."""
    return Rulebook(
        RulesSettings.model_validate(settings, strict=False), Calendar(CalendarSettings(), overrides), TOKYO
    )


def decide(
    settings: Mapping[str, object] | None = None,
    /,
    *,
    context: Mapping[str, Any] | None = None,
    **changes: Any,  # noqa: ANN401 - any field of an application
) -> Decision:
    """Decide the plain application with these changes, under these settings, in this context."""
    case = replace(NOON, **(context or {}))
    return rulebook(**(settings or {})).decide(replace(PLAIN, **changes), case)


def found(decision: Decision, code: str) -> Violation:
    """Return the one violation with this code."""
    [violation] = [item for item in decision.violations if item.code == code]
    return violation


def codes(decision: Decision) -> list[str]:
    """Return the codes of all violations, in order."""
    return [item.code for item in decision.violations]


def verdict(decision: Decision) -> tuple[Outcome, list[str]]:
    """Return the outcome with the codes of all violations."""
    return decision.outcome, codes(decision)


def severities(decision: Decision) -> list[tuple[str, Severity]]:
    """Return code and severity of all violations, in order."""
    return [(item.code, item.severity) for item in decision.violations]


def history(granted: Mapping[date, str] | None = None, receipts: Mapping[str, str] | None = None) -> History:
    """Return what the ledger knows of the applicant: granted days, and requests by the number under which they ask for the same."""
    return History(
        granted=granted or {},
        progress=dict.fromkeys((granted or {}).values(), Progress.WORKS),
        earlier=tuple(before(name, number) for number, name in (receipts or {}).items()),
    )


def before(
    name: str,
    number: str = "0000412",
    *,
    application: Application = PLAIN,
    received_at: datetime = NOON.received_at,
) -> EarlierRequest:
    """Return an earlier request under this number, for what the plain application asks for, or another one."""
    return EarlierRequest(id=name, application=replace(application, receipt_no=number), received_at=received_at)
