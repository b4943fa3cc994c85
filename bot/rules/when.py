"""V06 to V09: the deadline, the urgent exception, and the days themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from bot.rules.case import Case, Finding, hold, reject, warn
from bot.text import fold
from bot.wording import day_en, day_ja, days_en, days_ja, moment_en, moment_ja, quote

#: So many days in a row were written as a range.
_RANGE = 3


def in_time(case: Case) -> Iterator[Finding]:
    """V06: received by the cutoff of each day, inclusive to the second; a stated time that can't be true is for a person."""
    fast = urgent_days(case)
    for day in late_days(case):
        if day not in fast:
            yield _late(case, day)
    yield from _suspicious(case)


def urgent(case: Case) -> Iterator[Finding]:
    """V07: late for an urgent reason: held at once for an operator, until the time set on the day itself."""
    late, fast = late_days(case), urgent_days(case)
    settings, stated = case.rules.urgent, case.application.urgent_reason
    # The reason itself is not repeated: it may be about health, and notices travel.
    if fast:
        yield hold(
            f"{days_ja(fast)}は締切後ですが、緊急の理由があるため担当者が至急確認します。{settings.needs}が必要です。",
            f"{days_en(fast)}: past the deadline, but urgent; an operator looks at once and needs {settings.needs_en}.",
            fast,
        )
    elif late and stated and not _accepted(case):
        reasons = "、".join(settings.reasons)
        yield warn(
            f"記入された理由は緊急の理由（{reasons}）に当たらないため、締切どおりに審査しました。",
            f"The reason given is none of the urgent ones ({reasons}); the deadline stands.",
            late,
        )


def near(case: Case) -> Iterator[Finding]:
    """V08: no day is past, and none is further ahead than allowed."""
    past = [day for day in (*case.days, *case.far) if day < case.today]
    if past:
        yield reject(
            f"{days_ja(past)}は審査日（{day_ja(case.today)}）の時点で過ぎています。",
            f"{days_en(past)}: past on the day of decision ({day_en(case.today)}).",
            past,
        )
    last = _applied_on(case) + timedelta(days=case.rules.max_ahead_days)
    far = [day for day in (*case.days, *case.far) if day > last]
    if far:
        yield reject(
            f"{days_ja(far)}は先すぎます。申請日から{case.rules.max_ahead_days}日先（{day_ja(last)}）まで申請できます。",
            f"{days_en(far)}: too far ahead; {case.rules.max_ahead_days} days after applying at most ({day_en(last)}).",
            far,
        )


def business_days(case: Case) -> Iterator[Finding]:
    """V09: each day is a business day. Closed days within a range are left out; one that was named is refused."""
    closed = case.closed
    if closed and case.rules.allow_closed_days:
        yield hold(
            f"{_named(case, closed)}は閉庁日です。週休日の振替かどうかを担当者が確認します。",
            f"{days_en(closed)}: closed; an operator checks whether the day off was moved.",
            closed,
        )
        return
    ranged = _within_ranges(case)
    dropped = [day for day in closed if day in ranged]
    refused = [day for day in closed if day not in ranged]
    if dropped:
        text_en = f"{days_en(dropped)}: closed days within the range are left out."
        yield warn(f"期間内の{_named(case, dropped)}は閉庁日のため除きました。", text_en, dropped)
    if refused:
        yield reject(
            f"{_named(case, refused)}は閉庁日のため利用できません。",
            f"{days_en(refused)}: the city hall is closed.",
            refused,
        )


def late_days(case: Case) -> list[date]:
    """Return the days for which the application came after the cutoff."""
    return [day for day in case.days if not _in_time(case, day, _basis(case, day))]


def urgent_days(case: Case) -> list[date]:
    """Return the late days for which an urgent reason was given early enough."""
    if not _accepted(case):
        return []
    limit = case.rules.urgent.cutoff
    return [day for day in late_days(case) if _basis(case, day) <= datetime.combine(day, limit, case.zone)]


def _late(case: Case, day: date) -> Finding:
    ruling = _ruling_day(case, day)
    cutoff = case.cutoffs.cutoff_for(ruling, case.cutoffs.rule_for(day))
    basis = _basis(case, day)
    first = "" if ruling == day else f"（初日 {day_ja(ruling)} の締切で審査します）"
    if case.context.dropped_file and basis == case.received_at:
        # When the file was put there says little of when they applied: a person finds out.
        return hold(
            f"{day_ja(day)}の締切は{moment_ja(case.local(cutoff))}です{first}。ファイルが受信箱に置かれたのは"
            f"{moment_ja(case.local(basis))}で、申請した日時が分からないため、担当者が確認します。",
            f"{day_en(day)}: the deadline was {moment_en(case.local(cutoff))}; the file was put into the inbox on "
            f"{moment_en(case.local(basis))}, and nothing says when they applied: an operator checks.",
            [day],
        )
    return reject(
        f"{day_ja(day)}の締切は{moment_ja(case.local(cutoff))}です{first}。申請は{moment_ja(case.local(basis))}でした。",
        f"{day_en(day)}: the deadline was {moment_en(case.local(cutoff))}; you applied on {moment_en(case.local(basis))}.",
        [day],
    )


def _suspicious(case: Case) -> Iterator[Finding]:
    """A stated time after the receipt can't be true; one long before it is believed only where it decides nothing."""
    stated, received = case.application.applied_at, case.received_at
    if stated is None:
        return
    # An export may be days old when it is put into the inbox: a time that its form is trusted for is believed all the same.
    behind = received - stated > timedelta(hours=case.rules.deadline.delay_hours) and not case.context.dropped_file
    if case.applied_ahead or (behind and _decides(case, stated, received)):
        relation = ("より後", "after") if case.applied_ahead else ("よりかなり前", "long before")
        yield hold(
            f"申請日時 {moment_ja(case.local(stated))} が受信日時 {moment_ja(case.local(received))} {relation[0]}です。",
            f"The stated time {moment_en(case.local(stated))} is {relation[1]} the receipt {moment_en(case.local(received))}.",
        )


def _decides(case: Case, stated: datetime, received: datetime) -> bool:
    return any(_in_time(case, day, stated) and not _in_time(case, day, received) for day in case.days)


def _in_time(case: Case, day: date, moment: datetime) -> bool:
    return case.cutoffs.in_time(_ruling_day(case, day), moment, case.cutoffs.rule_for(day))


def _ruling_day(case: Case, day: date) -> date:
    return min(case.days) if case.cutoffs.rule_for(day).scope == "first_day" else day


def _basis(case: Case, day: date) -> datetime:
    rule = case.cutoffs.rule_for(day)
    return case.applied_at if rule.basis == "applied_at" else case.received_at


def _applied_on(case: Case) -> date:
    return min(case.applied_at, case.received_at).astimezone(case.zone).date()


def _accepted(case: Case) -> bool:
    stated = fold(case.application.urgent_reason or "")
    if len(stated) < 2:
        return False
    reasons = (fold(reason) for reason in case.rules.urgent.reasons)
    return any(reason in stated or stated in reason for reason in reasons)


def _within_ranges(case: Case) -> set[date]:
    """Return the days that stand in a run of several days in a row: they were written as a range."""
    found: set[date] = set()
    run: list[date] = []
    for day in case.application.dates:
        run = [*run, day] if run and (day - run[-1]).days == 1 else [day]
        if len(run) >= _RANGE:
            found.update(run)
    return found


def _named(case: Case, days: Sequence[date]) -> str:
    """Return the days with the reason for which each is closed, such as ``8月9日（月）山の日 振替休日``."""
    if len(days) > 1 and len({case.calendar.why_closed(day) for day in days}) == len(days) <= 3:
        return "、".join(f"{day_ja(day)}［{case.calendar.why_closed(day)}］" for day in days)
    why = case.calendar.why_closed(days[0])
    return f"{days_ja(days)}［{quote(why)}］" if len(days) == 1 else days_ja(days)
