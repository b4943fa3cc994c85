"""V14, V15: an employee's own PC is registered, approved and not expired; its software is in support."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from bot.rules.case import Case, Finding, reject, warn
from bot.rules.register import OwnPc, OwnPcs
from bot.rules.sheet import number
from bot.text import fold, normalise
from bot.wording import day_en, day_ja, days_en, days_ja, quote

_NONE = frozenset(map(fold, ("", "なし", "無", "無し", "未導入", "×", "no", "none", "-")))


def registered(case: Case) -> Iterator[Finding]:
    """V14: an own PC is in the register for this employee, approved, and not expired on the day. Off without a register."""
    register = case.context.own_pcs
    if register is None or case.employee is None or not is_own(case):
        return
    pc = _pc_of(case, register)
    stated = quote(case.application.terminal)
    if pc is None:
        yield reject(
            f"個人所有の端末（記入内容: {stated}）は、申請者の端末として登録されていません。",
            f"The own PC (read: {stated}) is not registered for the applicant.",
        )
        return
    if pc.approved is False:
        text_en = f"The registration {pc.number} of the PC is not approved."
        yield reject(f"端末の登録（{pc.number}）は承認されていません。", text_en)
    yield from _expired(case, pc)
    yield from _recent(case, pc)


def supported(case: Case) -> Iterator[Finding]:
    """V15: an own PC's system is in support on each day, and its virus scanner is there and current."""
    if not is_own(case):
        return
    register = case.context.own_pcs
    pc = _pc_of(case, register) if register and case.employee else None
    yield from _outdated(case, pc)
    if pc is None or not case.rules.software.av_required:
        return
    if pc.antivirus is not None and fold(pc.antivirus) in _NONE:
        yield reject(
            f"端末（{pc.number}）にウイルス対策ソフトが登録されていません。",
            f"No virus scanner is registered for the PC {pc.number}.",
        )
    over = [day for day in case.days if pc.antivirus_until and day > pc.antivirus_until]
    if over and pc.antivirus_until:
        yield reject(
            f"{days_ja(over)}は端末（{pc.number}）のウイルス対策ソフトの期限（{day_ja(pc.antivirus_until)}）を過ぎています。",
            f"{days_en(over)}: the virus scanner of the PC {pc.number} ends on {day_en(pc.antivirus_until)}.",
            over,
        )


def is_own(case: Case) -> bool:
    """Tell whether the terminal is described as the employee's own."""
    folded = fold(case.application.terminal or "")
    return bool(folded) and any(fold(word) in folded for word in case.rules.byod.words)


def _pc_of(case: Case, register: OwnPcs) -> OwnPc | None:
    """Return the PC whose number is stated; where none is, the employee's only one."""
    employee_no = number(case.employee.employee_no) if case.employee else ""
    text = normalise(case.application.terminal or "").upper()
    stated = re.findall(case.rules.byod.number_pattern, text)
    if stated:
        found = (register.find(item) for item in stated)
        return next((pc for pc in found if pc and pc.employee_no == employee_no), None)
    own = register.of(employee_no)
    return own[0] if len(own) == 1 else None


def _expired(case: Case, pc: OwnPc) -> Iterator[Finding]:
    end = pc.expires_on or _fiscal_year_end(case, pc)
    over = [day for day in case.days if end and day > end]
    if over and end:
        yield reject(
            f"{days_ja(over)}は端末の登録（{pc.number}）の有効期限（{day_ja(end)}）を過ぎています。",
            f"{days_en(over)}: the PC's registration {pc.number} ends on {day_en(end)}.",
            over,
        )


def _recent(case: Case, pc: OwnPc) -> Iterator[Finding]:
    lead = case.rules.byod.lead_days
    if pc.registered_on and case.days and case.days[0] - pc.registered_on < timedelta(days=lead):
        yield warn(
            f"端末の登録（{day_ja(pc.registered_on)}）は利用日の{lead}日前までが目安です。",
            f"The PC was registered on {day_en(pc.registered_on)}; {lead} days ahead is the guide.",
        )


def _fiscal_year_end(case: Case, pc: OwnPc) -> date | None:
    if case.rules.byod.expires == "never" or pc.registered_on is None:
        return None
    return date(pc.registered_on.year + (pc.registered_on.month > 3), 3, 31)


def _outdated(case: Case, pc: OwnPc | None) -> Iterator[Finding]:
    described = f"{case.application.terminal or ''} {pc.os if pc else ''}"
    system = _system(described, case.rules.software.os_eol)
    end = case.rules.software.os_eol.get(system)
    over = [day for day in case.days if end and day > end]
    if over and end:
        yield reject(
            f"{days_ja(over)}は端末のOS（{system}）のサポート期限（{day_ja(end)}）を過ぎています。",
            f"{days_en(over)}: support of the PC's system ({system}) ended on {day_en(end)}.",
            over,
        )


def _system(described: str, known: dict[str, date]) -> str:
    """Return the listed system that the text names, the longest name first: Windows 8.1 is not Windows 8."""
    text = fold(described)
    for name in sorted(known, key=len, reverse=True):
        if re.search(rf"{re.escape(fold(name))}(?![\d])", text):
            return name
    return ""
