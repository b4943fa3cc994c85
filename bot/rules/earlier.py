"""V18, V19, V20: what was applied for before, and what takes something back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

from bot.model import Application, History, Kind, Progress
from bot.rules.case import Case, Finding, hold, numbered, reject, warn
from bot.rules.repetition import differences
from bot.rules.sender import approval_withdrawn, proven
from bot.wording import clock_ja, days_en, days_ja, quote

_DAY = timedelta(hours=24)
_KINDS = {
    Kind.ISSUE: ("新規発行", "new application"),
    Kind.REISSUE: ("再発行", "reissue"),
    Kind.CANCEL: ("取消", "cancellation"),
    Kind.CHANGE: ("変更", "change"),
}


def not_twice(case: Case) -> Iterator[Finding]:
    """V18: what is granted already is not granted again, and no second password is made; the earlier notice stands.

    Only the exact repetition is refused. Anything else under a number that is known, and whatever is doubted, is for a person.
    """
    if case.repeated:
        yield from _repeats(case, case.repeated)
        return
    yield from _not_too_often(case)
    if case.used_otherwise:
        yield _used_otherwise(case, *case.used_otherwise)
    for request, days in _by_request(case.granted_before).items():
        yield _granted_before(case, request, days)
    for request, days in _by_request(case.failed_before).items():
        yield hold(
            f"{days_ja(days)}は案件 {request} で承認済みですが、そのログインIDは使える状態にありません。担当者が確認します。",
            f"{days_en(days)}: granted in {request}, whose login does not work; an operator checks.",
            days,
        )


def _repeats(case: Case, request: str) -> Iterator[Finding]:
    # What asks for no days has none that could be left out: it is refused as a whole.
    tells = warn if case.application.kind.asks_for_days else reject
    ja, en = _which(case)
    yield tells(
        f"{ja}の申請を案件 {request} として受け付け済みです。結果はその案件の通知でお知らせします（お知らせ済みの場合は、その通知を"
        "ご覧ください）。内容を改める場合は、新しい申請として提出してください。",
        f"{en} was taken in as {request}; the notice of that request tells the result. To ask for something else, apply anew.",
    )


def _used_otherwise(case: Case, request: str, earlier: Application) -> Finding:
    """Say that the number is known, and what is asked for otherwise under it."""
    number, found = quote(case.application.receipt_no), differences(earlier, case.application)
    if found:
        told = "、".join(difference.told() for difference in found)
        return hold(
            f"同じ受付番号（{number}）で内容の異なる申請が案件 {request} にあります（{told}）。担当者が確認します。",
            f"Another application with this receipt number, {request}, asks for something else "
            f"({', '.join(difference.field for difference in found)}); an operator decides.",
        )
    return hold(
        f"同じ受付番号（{number}）の申請が案件 {request} にあり、その後の届出を含めて確認できない記載があります。担当者が確認します。",
        f"There is an application with this receipt number, {request}; it, this one or what followed is not clear: "
        "an operator decides.",
    )


def _granted_before(case: Case, request: str, days: list[date]) -> Finding:
    if case.progress(request) is Progress.WORKS:
        return warn(
            f"{days_ja(days)}は案件 {request} で発行済みです。先にお送りした通知のIDとパスワードをお使いください。",
            f"{days_en(days)}: issued already in {request}; use the ID and password of the earlier notice.",
            days,
        )
    return warn(
        f"{days_ja(days)}は案件 {request} で承認済みです。IDとパスワードは、その案件の通知でお知らせします。",
        f"{days_en(days)}: granted already in {request}, whose notice brings the ID and password.",
        days,
    )


def _not_too_often(case: Case) -> Iterator[Finding]:
    """A new password is set so many times a day without a person, and once for one moment: who asks more may be somebody else."""
    since, most = case.context.now - _DAY, case.rules.max_reissues_per_day
    lately = [item for item in case.context.history.same_kind if item.granted and item.recorded_at > since]
    if case.same_moment:
        yield hold(
            f"同じ申請日時の申請を案件 {case.same_moment} として受け付け済みです。担当者が確認します。",
            f"An application of the same moment was taken in as {case.same_moment}; an operator checks.",
        )
    if case.application.kind is Kind.REISSUE and len(lately) >= most:
        yield hold(
            f"24時間以内に{len(lately)}回、再発行しています（上限{most}回）。担当者が確認します。",
            f"Reissued {len(lately)} times within 24 hours ({most} at most); an operator checks.",
        )


def builds_on(case: Case) -> Iterator[Finding]:
    """V19: what takes back or renews needs something of the same person to build on."""
    yield from _has_login(case) if case.application.kind is Kind.REISSUE else _refers_well(case)


def _refers_well(case: Case) -> Iterator[Finding]:
    """A change or cancellation names an application of the same person that holds the days, and is not too late."""
    refers_to = _refers_to(case)
    request = referred_to(refers_to or "", case.context.history)
    if not refers_to:
        yield hold(
            "元の申請の受付番号が記入されていません。", "The receipt number of the earlier application is missing."
        )
    elif request is None:
        yield hold(
            f"元の受付番号 {quote(refers_to)} の申請が、この職員の申請に見当たりません。",
            f"No application {quote(refers_to)} of this employee is known.",
        )
    elif case.application.kind is Kind.CANCEL:
        yield from _held_and_in_time(case, request)


def _held_and_in_time(case: Case, request: str) -> Iterator[Finding]:
    days, granted = cancelled_days(case), case.context.history.granted
    strange = [day for day in days if granted.get(day) != request]
    if not days:
        yield hold(f"案件 {request} には取り消す日がありません。", f"{request} holds no days to cancel.")
    if strange:
        yield hold(
            f"{days_ja(strange)}は案件 {request} で発行された日ではありません。",
            f"{days_en(strange)}: not among the days of {request}.",
            strange,
        )
    begun = [day for day in days if case.applied_at > _last_moment(case, day)]
    if begun and not approval_withdrawn(case):
        yield hold(
            f"{days_ja(begun)}は取消の期限（当日{clock_ja(case.rules.cancel_cutoff)}）を過ぎています。担当者が確認します。",
            f"{days_en(begun)}: past the time for cancelling ({case.rules.cancel_cutoff:%H:%M} of the day).",
            begun,
        )


def _has_login(case: Case) -> Iterator[Finding]:
    """A reissue renews a login that has days to come; without one there is nothing to renew."""
    if not any(day >= case.today for day in case.context.history.granted):
        yield hold(
            "再発行する有効なログインIDが、この職員にはありません。", "This employee has no login that works now."
        )


def by_operator(case: Case) -> Iterator[Finding]:
    """V20: what takes something back, or renews it, is carried out by an operator unless it is set to go by itself.

    A supervisor who withdraws the approval is obeyed at once. Neither holds for a mail whose sender nobody vouches for: it
    must not shut anybody's login, nor change its password.
    """
    kind = case.application.kind
    ja, en = _KINDS[kind]
    if kind.value not in case.rules.automatic_kinds and not approval_withdrawn(case):
        yield hold(f"「{ja}」の申請は担当者が確認して処理します。", f"A {en} is carried out by an operator.")
    elif kind is not Kind.ISSUE and not proven(case):
        yield hold(
            f"送信元が本物かどうかをメールサーバーが証明していないため、「{ja}」は担当者が確認して処理します。",
            f"No mail server vouches for the sender, so this {en} is carried out by an operator.",
        )


def cancelled_days(case: Case) -> tuple[date, ...]:
    """Return the days that a cancellation takes back: those named, else all that the earlier application holds."""
    if case.application.kind is not Kind.CANCEL:
        return ()
    request = referred_to(_refers_to(case) or "", case.context.history)
    held = (day for day, holder in case.context.history.granted.items() if holder == request)
    return case.application.dates or tuple(sorted(held))


def referred_to(receipt_no: str, history: History) -> str | None:
    """Return the employee's request that a receipt number stands for: the newest that holds days, else the newest."""
    known = [request.id for request in reversed(numbered(receipt_no, history))]
    holders = set(history.granted.values())
    return next((request for request in known if request in holders), next(iter(known), None))


def _refers_to(case: Case) -> str | None:
    """Return the earlier application's number; a 取下げ notice carries the one it withdraws as its own."""
    own = case.application.receipt_no if case.application.kind is Kind.CANCEL else None
    return case.application.refers_to or own


def _last_moment(case: Case, day: date) -> datetime:
    return datetime.combine(day, case.rules.cancel_cutoff, case.zone)


def _which(case: Case) -> tuple[str, str]:
    """Return by what an application is known to repeat another, in both languages."""
    if case.application.receipt_no:
        return f"同じ受付番号（{quote(case.application.receipt_no)}）", "An application with this receipt number"
    return "同じ内容", "The same application"


def _by_request(held: Mapping[date, str]) -> dict[str, list[date]]:
    found: dict[str, list[date]] = {}
    for day, request in held.items():
        found.setdefault(request, []).append(day)
    return found
