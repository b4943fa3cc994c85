"""The register of employees' own PCs (自宅PC登録簿)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from bot.rules.sheet import Layout, Problems, Row, number, read_dates, read_rows
from bot.settings.staff import OwnPcSettings
from bot.text import fold, number_key

REQUIRED = ("number", "employee_no")
_DATES = ("registered_on", "expires_on", "antivirus_until")
_APPROVED = frozenset(
    map(fold, ("済", "承認", "承認済", "承認済み", "可", "○", "◯", "〇", "はい", "yes", "true", "1", "ok"))
)


@dataclass(frozen=True, kw_only=True)
class OwnPc:
    """One registered PC; ``approved`` and ``antivirus`` are ``None`` where the register has no such column."""

    number: str
    employee_no: str
    approved: bool | None = None
    registered_on: date | None = None
    expires_on: date | None = None
    os: str = ""
    antivirus: str | None = None
    antivirus_until: date | None = None


class OwnPcs:
    """The whole register, checked when loaded."""

    def __init__(self, pcs: Iterable[OwnPc]) -> None:
        self._by_number = {number(pc.number): pc for pc in pcs}
        self._by_employee: dict[str, list[OwnPc]] = {}
        for pc in self._by_number.values():
            self._by_employee.setdefault(number_key(pc.employee_no), []).append(pc)

    def __len__(self) -> int:
        return len(self._by_number)

    def find(self, registration: str) -> OwnPc | None:
        """Return the PC with this registration number; full-width characters don't matter."""
        return self._by_number.get(number(registration))

    def of(self, employee_no: str) -> Sequence[OwnPc]:
        """Return the PCs registered for an employee."""
        return tuple(self._by_employee.get(number_key(employee_no), ()))


def load_own_pcs(content: bytes, *, name: str, settings: OwnPcSettings, max_rows: int = 300_000) -> OwnPcs:
    """Read the register; raises ``ConfigInvalid`` with every problem and its row: whole or not at all."""
    problems = Problems(path="staff.own_pcs.file", source=name)
    return build_own_pcs(read_rows(content, layout(settings, max_rows), problems), problems)


def layout(settings: OwnPcSettings, max_rows: int) -> Layout:
    """Return what a register must look like."""
    return Layout(columns=settings.columns, required=REQUIRED, max_rows=max_rows)


def build_own_pcs(rows: Sequence[Row], problems: Problems) -> OwnPcs:
    """Check all rows and make the register; raises ``ConfigInvalid`` with every problem. An empty one is well."""
    seen: dict[str, Row] = {}
    pcs = [_pc(row, seen, problems) for row in rows]
    problems.refuse()
    return OwnPcs(pcs)


def _pc(row: Row, seen: dict[str, Row], problems: Problems) -> OwnPc:
    registration, employee_no = number(row.text("number")), number(row.text("employee_no"))
    if not registration:
        problems.add("no registration number (登録番号)", row)
    elif registration in seen:
        problems.add(f"registration number {registration} stands in row {seen[registration].number} already", row)
    if not employee_no:
        problems.add("no employee number (職員番号)", row)
    seen.setdefault(registration, row)
    dates = read_dates(row, _DATES, problems)
    return OwnPc(
        number=registration,
        employee_no=employee_no,
        approved=fold(row.text("approved")) in _APPROVED if "approved" in row.values else None,
        registered_on=dates["registered_on"],
        expires_on=dates["expires_on"],
        os=row.text("os"),
        antivirus=row.text("antivirus") if "antivirus" in row.values else None,
        antivirus_until=dates["antivirus_until"],
    )
