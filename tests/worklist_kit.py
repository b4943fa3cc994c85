"""What tests of issuing by hand share: to take a list, to fill it in as a clerk does, and to take it back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import openpyxl

from bot.commands.worklist import Given, bring_back, give
from bot.console.memory import MemoryConsole
from bot.model import AccountSpec, Window
from bot.operation.worklist.columns import AT, BY, HEADINGS, LIST, REQUEST, RESULT, TO, Result
from bot.operation.worklist.importing import Imported
from bot.secret import Secret
from tests.house import FRIDAY, House

OPERATOR, CLERK = "吉澤　勝", "赤羽　直子"


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A clerk's desk in a house, with a console to work in by hand."""

    house: House
    console: MemoryConsole

    @property
    def file(self) -> Path:
        """The list."""
        return self.house.path / "list.xlsx"

    def take(self) -> Given:
        """Take a list, as `worklist --to` does."""
        self.file.unlink(missing_ok=True)
        return give(self.house.workshop(), self.file, by=OPERATOR, reason="画面変更")

    def back(self, *, partly: bool = False) -> Imported:
        """Take it back, as `worklist import` does."""
        workshop = self.house.workshop()
        done, _ = bring_back(
            workshop, self.file, lambda: self.console, by=OPERATOR, reason="手作業の結果", partly=partly
        )
        return done

    def make(self, employee_no: str, *, mail: str | None = None, login_id: str | None = None) -> str:
        """Have the clerk make an account by hand, and return its password."""
        employee = self.house.workshop().directory().find(employee_no)
        assert employee is not None
        password = f"by-hand-{employee_no}"
        spec = AccountSpec(
            login_id=login_id or f"tw{employee_no}", name=employee.name, department=employee.department, mail=mail or employee.mail,
            pool="", zones=(), window=Window(start=FRIDAY, end=FRIDAY + timedelta(days=5)),
        )  # fmt: skip
        asyncio.run(self.console.create(spec, Secret(password)))
        return password

    def write(self, request_id: str, cells: Mapping[str, str | datetime | None]) -> None:
        """Type into the row of a request, by the headings of the columns."""
        book = openpyxl.load_workbook(self.file)
        sheet = book[LIST]
        place = HEADINGS.index(REQUEST)
        row = next(row for row in sheet.iter_rows(min_row=2) if row[place].value == request_id)
        for heading, value in cells.items():
            row[HEADINGS.index(heading)].value = value
        book.save(self.file)

    def done(self, request_id: str, result: Result, *, to: str | None = None, at: str = "") -> None:
        """Type in a result."""
        stamp = at or f"{self.house.clock.now():%Y/%m/%d %H:%M}"
        self.write(request_id, {RESULT: result.value, BY: CLERK, AT: stamp, TO: to})

    def rows(self) -> list[dict[str, object]]:
        """Return the list as a person sees it, by the headings."""
        sheet = openpyxl.load_workbook(self.file)[LIST]
        return [dict(zip(HEADINGS, row, strict=True)) for row in sheet.iter_rows(min_row=2, values_only=True)]
