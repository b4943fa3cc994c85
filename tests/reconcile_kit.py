"""What tests of reconciling share: a house with one delivered login, its directory to change, and the comparison."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from bot.console.memory import MemoryConsole
from bot.operation.differences import Difference
from bot.operation.report import Report, Silent
from bot.wiring.reconciling import reconciler
from tests.house import FRIDAY, PROVEN, House

TUESDAY, WEDNESDAY = date(2021, 8, 3), date(2021, 8, 4)
UENOHARA = "0031977"
LOGIN = f"tw{UENOHARA}"


def delivered_house(folder: Path, console: MemoryConsole, staff: Mapping[str, int] | None = None) -> House:
    """Return a house that has issued a login to 上野原 for Tuesday."""
    house = House(path=folder / "house").lay_out(
        {"console": {"settle": 0.3}, "forms": PROVEN, "staff": dict(staff or {})}
    )
    house.apply("0000777", employee_no=UENOHARA, days=(TUESDAY,), now=FRIDAY)
    asyncio.run(house.run(console))
    return house


def change_staff(house: House, employee_no: str, changes: Mapping[str, str] | None) -> None:
    """Change an employee's row of the directory; ``None`` takes the row out."""
    path = house.path / "staff.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="cp932"))))
    kept = [
        {**row, **(changes or {})} if row["職員番号"] == employee_no else row
        for row in rows
        if changes is not None or row["職員番号"] != employee_no
    ]
    written = io.StringIO()
    writer = csv.DictWriter(written, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(kept)
    path.write_text(written.getvalue(), encoding="cp932")


def compared(house: House, console: MemoryConsole) -> Sequence[Difference]:
    """Compare, as `reconcile` does."""
    return _reconciled(house, console, None)[0]


def fixed(house: House, console: MemoryConsole, *, by: str = "吉澤　勝") -> tuple[Sequence[Difference], Report]:
    """Compare and resolve, as `reconcile --fix` does."""
    return _reconciled(house, console, by)


def kinds(found: Sequence[Difference]) -> list[tuple[str, str | None]]:
    """Return which kinds were found of which logins."""
    return [(one.kind.value, one.login_id) for one in found]


def _reconciled(house: House, console: MemoryConsole, by: str | None) -> tuple[Sequence[Difference], Report]:
    async def work() -> tuple[Sequence[Difference], Report]:
        workshop, report = house.workshop(), Report()
        with workshop.recording(by) as ledger:
            made = reconciler(workshop, ledger=ledger, console=console, operator=by)
            found = await made.look(Silent())
            return (await made.fix(found, "月例点検", report, Silent()) if by else found), report

    return asyncio.run(work())
