"""V02, V03, V05, V16: who applies, and who has agreed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.model import Employee, Kind
from bot.rules.approvals import approved, refused
from bot.rules.case import Case, Finding, hold, reject
from bot.rules.names import name_key, same_department, same_name, same_reading
from bot.text import fold
from bot.wording import days_en, days_ja, quote


def employed(case: Case) -> Iterator[Finding]:
    """V02: the employee number is in the directory, and the employee is 在職 on each day.

    A number that is not there is refused only where nobody can have been meant by it; else a person looks.
    """
    stated = case.application.employee_no
    if not stated:
        return  # V01 asks for it
    if case.employee is None:
        text = f"職員番号 {quote(stated)} は職員名簿にありません。"
        text_en = f"The employee number {quote(stated)} is not in the staff directory."
        likely = case.context.directory.likely(case.application)
        meant = bool(likely) or case.doubted("employee_no")
        yield hold(text, text_en, hint=_told(likely)) if meant else reject(text, text_en)
        return
    if case.application.kind is Kind.CANCEL:
        return  # whoever has left may still cancel
    if not case.employee.employed:
        yield reject("職員名簿によると在職していません。", "Not employed, according to the staff directory.")
        return
    days = case.days if case.application.dates else (case.today,)
    absent = [day for day in days if not case.employee.active_on(day)]
    if absent and not case.application.dates:
        yield reject("職員名簿によると在職していません。", "Not employed, according to the staff directory.")
    elif absent:
        yield reject(
            f"{days_ja(absent)}は在職期間の外です。", f"Not employed on {days_en(absent)}, by the directory.", absent
        )


def _told(likely: Sequence[Employee]) -> str:
    """Return who may have been meant, for operators alone."""
    people = "、".join(f"{person.employee_no} {quote(person.name)}" for person in likely)
    return f"職員名簿で近い職員: {people} / in the directory, perhaps meant: {people}" if people else ""


def same_person(case: Case) -> Iterator[Finding]:
    """V03: name and department agree with the directory; a difference that only variants make is none."""
    if case.employee is None:
        return
    application, employee, rules = case.application, case.employee, case.rules
    same = not application.name or same_name(
        application.name, employee.name, rules,
        kana=employee.kana, employee_no=employee.employee_no, department=employee.department,
    )  # fmt: skip
    if not same:
        yield hold(
            f"氏名「{quote(application.name or '')}」が職員番号 {employee.employee_no} の職員名簿の氏名と一致しません。",
            f"The name {quote(application.name or '')!r} differs from the directory's for {employee.employee_no}.",
        )
    if application.kana and not same_reading(application.kana, employee.kana, rules):
        yield hold(
            f"フリガナ「{quote(application.kana)}」が職員番号 {employee.employee_no} の職員名簿のフリガナと一致しません。",
            f"The reading {quote(application.kana)!r} differs from the directory's for {employee.employee_no}.",
        )
    stated, known = application.department, employee.department
    if stated and known and not same_department(stated, known, rules):
        yield hold(
            f"所属「{quote(stated)}」が職員名簿の所属「{quote(known)}」と一致しません。",
            f"The department {quote(stated)!r} differs from the directory's {quote(known)!r}.",
        )


def eligible(case: Case) -> Iterator[Finding]:
    """V05: the employee's category may telework; with the supervisor's approval an excluded one is for a person."""
    category = fold(case.employee.category) if case.employee else ""
    excluded = next((word for word in case.rules.excluded_categories if fold(word) in category), None)
    if case.employee is None or not excluded:
        return
    if case.rules.supervisor_may_except and approved(case.application.approval):
        yield hold(
            f"任用区分「{case.employee.category}」は原則対象外です。所属長の承認が記載されているため担当者が確認します。",
            f"The category {case.employee.category!r} is excluded; a supervisor's approval is stated, an operator decides.",
        )
        return
    exception = (
        "所属長が特に認める場合は、承認を記載して再申請してください。" if case.rules.supervisor_may_except else ""
    )
    exception_en = " If your supervisor makes an exception, apply again and say so." if exception else ""
    yield reject(
        f"任用区分「{case.employee.category}」はテレワークの対象外です。{exception}",
        f"The category {case.employee.category!r} may not telework.{exception_en}",
    )


def supervisor_agreed(case: Case) -> Iterator[Finding]:
    """V16: the approval is recorded, by the applicant's own supervisor or a deputy, never by the applicant.

    Where none is required, one that is stated to be missing or refused holds all the same.
    """
    settings, stated = case.rules.approval, case.application.approval
    if case.employee is None or not (settings.required or refused(stated)):
        return
    if not approved(stated):
        yield hold(
            f"所属長の承認を確認できません（記入内容: {quote(stated) or 'なし'}）。",
            f"The supervisor's approval is not recorded (read: {quote(stated) or 'nothing'}).",
        )
    elif settings.check_approver and not _names_approver(stated or "", case, case.employee):
        yield hold(
            f"承認者が申請者の所属長（または代理者）であることを確認できません（記入内容: {quote(stated)}）。",
            f"The approver can't be seen to be the supervisor or a deputy (read: {quote(stated)}).",
        )


def _names_approver(stated: str, case: Case, employee: Employee) -> bool:
    said = name_key(stated, case.rules)
    own = bool(employee.name) and name_key(employee.name, case.rules) in said
    return not own and any(name_key(person.name, case.rules) in said for person in case.supervisors)
