"""The staff directory (職員名簿): who there is, and the only addresses that credentials are sent to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property, lru_cache

from bot.clock import aware
from bot.errors import ConfigInvalid, Problem
from bot.model import Application, Employee, Reading
from bot.rules.sheet import Layout, Problems, Row, breaks_off, number, read_dates, read_rows
from bot.settings.staff import StaffSettings
from bot.text import fold, number_key

REQUIRED = ("employee_no", "name", "mail")
_NUMBER = re.compile(r"[0-9A-Z][0-9A-Z-]{0,19}")
_LOOKS_LIKE = str.maketrans("OIL", "011")
_BETWEEN = re.compile(r"[・･,、.]+")
_MOST_LIKELY = 5
_LONGEST_NAME = 40
_PARTS = re.compile(r"[\s()（）\[\]【】・、,/]+")
_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


class Directory:
    """All employees, checked as a whole when loaded; raises ``ConfigInvalid`` for two with one number."""

    def __init__(self, employees: Iterable[Employee], *, stale_days: int = 7, as_of: datetime | None = None) -> None:
        self._by_number: dict[str, Employee] = {}
        for employee in employees:
            known = self._by_number.setdefault(number_key(employee.employee_no), employee)
            if known is not employee:
                text = f"employee number {employee.employee_no} stands there already, written {known.employee_no}"
                raise ConfigInvalid([Problem(path="staff", text=text)])
        self._by_mail: dict[str, list[Employee]] = {}
        for employee in self._by_number.values():
            self._by_mail.setdefault(employee.mail.casefold(), []).append(employee)
        self._stale_days = stale_days
        self._as_of = aware(as_of) if as_of else None

    def __len__(self) -> int:
        return len(self._by_number)

    def __iter__(self) -> Iterator[Employee]:
        return iter(self._by_number.values())

    def find(self, employee_no: str) -> Employee | None:
        """Return the employee with this number, whichever way it is written (see :func:`bot.text.number_key`)."""
        return self._by_number.get(number_key(employee_no))

    def spelled(self, reading: Reading) -> Reading:
        """Return the reading with each employee number as the directory writes it: one employee has one number everywhere.

        A number that the directory does not know is left as it was read.
        """
        return replace(reading, applications=tuple(map(self._spelled, reading.applications)))

    def _spelled(self, application: Application) -> Application:
        employee = self.find(application.employee_no or "")
        return replace(application, employee_no=employee.employee_no) if employee else application

    def by_mail(self, address: str) -> Employee | None:
        """Return the employee with this address; ``None`` when nobody has it, or several share it."""
        holders = self._by_mail.get(address.strip().casefold(), [])
        return holders[0] if len(holders) == 1 else None

    def likely(self, application: Application) -> tuple[Employee, ...]:
        """Return who may have been meant by a number that the directory does not have; for operators, never to grant by.

        Who has that number but for leading zeros and letters that look like digits, and who has the name stated: of several,
        those whose number is next to it.
        """
        number = number_key(application.employee_no or "")
        named = self._named(_plain_name(application.name or ""))
        near = [person for person in named if _next_to(number, number_key(person.employee_no))]
        found = [*self._by_look.get(_look(number), []), *(near or named)]
        return tuple(dict.fromkeys(found))[:_MOST_LIKELY]

    def _named(self, name: str) -> list[Employee]:
        """Return who has this name, else whose name stands within it."""
        text = name[:_LONGEST_NAME]
        within = (text[start:end] for start in range(len(text)) for end in range(start + 3, len(text) + 1))
        return self._by_name.get(name) or [person for part in within for person in self._by_name.get(part, ())]

    @cached_property
    def _by_look(self) -> dict[str, list[Employee]]:
        return _grouped(self, lambda person: _look(person.employee_no))

    @cached_property
    def _by_name(self) -> dict[str, list[Employee]]:
        return _grouped(self, lambda person: _plain_name(person.name))

    def warnings(self, now: datetime) -> tuple[str, ...]:
        """Return what a person should know and what stops nothing: a stale export, shared addresses."""
        stale = self._stale(aware(now))
        shared = sorted(mail for mail, holders in self._by_mail.items() if len(holders) > 1)
        found = [stale] if stale else []
        if shared:
            found.append(
                f"{len(shared)} address(es) of the staff directory belong to several employees: {', '.join(shared[:5])}"
            )
        return tuple(found)

    def _stale(self, now: datetime) -> str | None:
        if self._as_of is None or now - self._as_of <= timedelta(days=self._stale_days):
            return None
        days = (now - self._as_of).days
        return f"the staff directory is {days} days old (staff.stale_days: {self._stale_days}); export it again"


def _grouped(people: Iterable[Employee], key: Callable[[Employee], str]) -> dict[str, list[Employee]]:
    groups: dict[str, list[Employee]] = {}
    for person in people:
        groups.setdefault(key(person), []).append(person)
    return groups


def _look(number: str) -> str:
    """Return the number as it looks: O is 0, I and L are 1, and leading zeros are lost."""
    return number_key(number).translate(_LOOKS_LIKE).lstrip("0")


def _next_to(one: str, other: str) -> bool:
    """Tell whether one number is the other with a single digit changed, left out or added, or two neighbours swapped.

    Leading zeros may be lost besides.
    """
    return _one_slip(one, other) or _one_slip(_look(one), _look(other))


def _one_slip(one: str, other: str) -> bool:
    start = next((at for at, (left, right) in enumerate(zip(one, other, strict=False)) if left != right), None)
    if start is None:
        return abs(len(one) - len(other)) <= 1
    left, right = one[start:], other[start:]
    swapped = left[:2] == right[:2][::-1] and left[2:] == right[2:]
    return swapped or left[1:] in (right, right[1:]) or left == right[1:]


def _plain_name(name: str) -> str:
    return _BETWEEN.sub("", fold(name))


def load_directory(content: bytes, *, name: str, settings: StaffSettings, as_of: datetime | None = None) -> Directory:
    """Read the directory export; ``as_of`` (aware) is when it was made, for the warning about a stale one.

    Raises ``ConfigInvalid`` with every problem and its row: it is loaded whole or not at all.
    """
    problems = Problems(path="staff.file", source=name)
    if breaks_off(content):
        problems.add("it breaks off in the middle of its last row: it is half-written; export it again")
    rows = read_rows(content, layout(settings), problems)
    return build_directory(rows, settings, problems, as_of=as_of)


def layout(settings: StaffSettings) -> Layout:
    """Return what a directory export must look like."""
    return Layout(
        columns=settings.columns,
        required=REQUIRED,
        max_rows=settings.max_rows,
        telling=settings.status_words,
        telling_values=settings.status_values,
        gone=tuple(_gone(settings)),
    )


def build_directory(
    rows: Sequence[Row], settings: StaffSettings, problems: Problems, *, as_of: datetime | None = None
) -> Directory:
    """Check all rows and make the directory; raises ``ConfigInvalid`` with every problem."""
    if not rows:
        problems.add("no employees in it")
    seen: dict[str, Row] = {}
    employees = [_employee(row, seen, settings, problems) for row in rows]
    if rows and not any(employee.employed for employee in employees):
        seen_values = ", ".join(sorted({repr(row.text("status")) for row in rows})[:_MOST_LIKELY])
        problems.add(f"nobody in it is 在職: none of staff.active_values stands in the status column ({seen_values})")
    problems.refuse()
    return Directory(employees, stale_days=settings.stale_days, as_of=as_of)


def _employee(row: Row, seen: dict[str, Row], settings: StaffSettings, problems: Problems) -> Employee:
    employee_no = number(row.text("employee_no"))
    _check_number(employee_no, row, seen, problems)
    if not row.text("name"):
        problems.add("no name (氏名)", row)
    _check_mail(row, settings, problems)
    dates = read_dates(row, ("active_from", "active_until"), problems)
    start, end = dates["active_from"], dates["active_until"]
    if start and end and end < start:
        problems.add(f"the last day {end} is before the first {start}", row)
    return Employee(
        employee_no=employee_no,
        name=row.text("name"),
        mail=row.text("mail"),
        kana=row.text("kana"),
        department=row.text("department"),
        category=row.text("category"),
        supervisor_no=number(row.text("supervisor_no")),
        active_from=start,
        active_until=end,
        employed=_employed(row, settings),
    )


def _employed(row: Row, settings: StaffSettings) -> bool:
    """Tell whether the status column, where there is one, says that the employee is 在職, and no 任用区分 such as 休職 gainsays it."""
    if _gone(settings).intersection(map(fold, _PARTS.split(row.text("category")))):
        return False
    return "status" not in row.values or fold(row.text("status")) in _active(settings.active_values)


def _gone(settings: StaffSettings) -> frozenset[str]:
    """Return the values that say that somebody is not there, in whatever column."""
    return _active(settings.status_values) - _active(settings.active_values)


@lru_cache
def _active(values: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(fold, values))


def _check_number(employee_no: str, row: Row, seen: dict[str, Row], problems: Problems) -> None:
    if not employee_no:
        problems.add("no employee number (職員番号)", row)
    elif not _NUMBER.fullmatch(employee_no):
        problems.add(f"employee number {employee_no!r} has characters other than letters, digits and -", row)
    elif other := seen.get(number_key(employee_no)):
        written = (
            "" if other.text("employee_no") == row.text("employee_no") else f", written {other.text('employee_no')!r}"
        )
        problems.add(f"employee number {employee_no} stands in row {other.number} already{written}", row)
    seen.setdefault(number_key(employee_no), row)


def _check_mail(row: Row, settings: StaffSettings, problems: Problems) -> None:
    mail = row.text("mail")
    domain = mail.rpartition("@")[2].casefold()
    if not mail:
        problems.add("no mail address (メールアドレス)", row)
    elif not _MAIL.fullmatch(mail) or ".." in mail:
        problems.add(f"{mail!r} is not a mail address", row)
    elif settings.mail_domains and domain not in {item.casefold() for item in settings.mail_domains}:
        problems.add(f"{mail!r} is outside staff.mail_domains", row)
