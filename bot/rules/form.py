"""V01, V17, V21, V22: what the form must say, and what a clerk would ask about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import time

from bot.model import Kind
from bot.rules.case import Case, Finding, hold, warn
from bot.text import fold
from bot.wording import clock_ja, quote

FIELDS = {
    "receipt_no": ("受付番号", "receipt number"),
    "applied_at": ("申請日時", "time of application"),
    "received_at": ("受信日時", "time of receipt"),
    "employee_no": ("職員番号", "employee number"),
    "name": ("氏名", "name"),
    "department": ("所属", "department"),
    "dates": ("利用日", "telework dates"),
    "place": ("実施場所", "place"),
    "terminal": ("使用端末", "terminal"),
    "kind": ("申請区分", "kind"),
    "body": ("本文", "body"),
    "sender": ("差出人", "sender"),
}
#: Without these nothing can be granted, whatever the settings say.
_ALWAYS = ("employee_no", "dates")
_WITH_DATES = {Kind.ISSUE, Kind.CHANGE}
_CLOCK = re.compile(r"(\d{1,2})(?::(\d{2})|時(?:(\d{1,2})分|半)?)")


def complete(case: Case) -> Iterator[Finding]:
    """V01: every required field is stated, and nothing was read with a doubt."""
    application = case.application
    for name in dict.fromkeys((*_ALWAYS, *case.rules.required_fields)):
        missing = not getattr(application, name) and not case.doubted(name)
        if missing and (name != "dates" or application.kind in _WITH_DATES):
            ja, en = FIELDS[name]
            yield hold(f"「{ja}」が記入されていないか、読み取れません。", f"The {en} is missing or could not be read.")
    for doubt in application.doubts:
        ja, en = FIELDS.get(doubt.field, (doubt.field, doubt.field))
        read = quote(doubt.read)
        if doubt.field == "body" and read:
            yield hold(
                f"{read}を確認できません（{quote(doubt.text)}）。", f"Not clear: {read} ({quote(doubt.text_en)})."
            )
            continue
        yield hold(
            f"「{ja}」を確認できません: {quote(doubt.text)}" + (f"（記入内容: {read}）" if read else ""),
            f"Not clear ({en}): {quote(doubt.text_en)}" + (f" (read: {read})" if read else ""),
        )


def no_personal_information(case: Case) -> Iterator[Finding]:
    """V17: where the form asks, the applicant declares to do without personal information."""
    if not case.rules.declare_no_pii:
        return
    stated = case.application.declaration
    # Only the whole answer counts: 同意しない holds 同意.
    if fold(stated or "").rstrip("。") not in {fold(word) for word in case.rules.no_pii_words}:
        yield hold(
            f"個人情報を取り扱わない旨の申告を確認できません（記入内容: {quote(stated) or 'なし'}）。",
            f"No declaration to work without personal information (read: {quote(stated) or 'nothing'}).",
        )


def not_too_many_days(case: Case) -> Iterator[Finding]:
    """V21: one application asks for a sane number of days."""
    most, count = case.rules.max_days_per_application, len(case.days)
    if count > most:
        yield hold(
            f"1件の申請で利用できるのは{most}日までです（今回の申請: {count}日）。担当者が確認します。",
            f"One application may ask for {most} days at most (this one: {count}); an operator decides.",
        )


def within_hours(case: Case) -> Iterator[Finding]:
    """V22: hours stated outside the working hours are pointed out."""
    stated = case.application.hours
    times = [moment for match in _CLOCK.finditer(fold(stated or "")) if (moment := _time(match))]
    hours = case.rules.hours
    if times and (min(times) < hours.start or max(times) > hours.end):
        yield warn(
            f"勤務時間（{clock_ja(hours.start)}から{clock_ja(hours.end)}まで）の外の時間が記入されています（記入内容: {quote(stated)}）。時間外の利用は認められません。",
            f"Hours outside {hours.start:%H:%M}–{hours.end:%H:%M} were stated (read: {quote(stated)}); overtime is not allowed.",
        )


def _time(match: re.Match[str]) -> time | None:
    hour = int(match[1])
    minute = 30 if match[0].endswith("半") else int(match[2] or match[3] or 0)
    try:
        return time(hour, minute)
    except ValueError:
        return None
