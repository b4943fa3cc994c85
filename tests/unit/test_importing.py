"""Many new accounts at once, through the console's own import."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from bot.console.memory import Fault, MemoryConsole
from bot.console.port import Created, Order
from bot.errors import OutcomeUnknown, Transient
from bot.life import State
from bot.model import Account, AccountState
from bot.operation.report import Report
from bot.secret import Secret
from tests.acts_kit import in_ledger
from tests.house import FRIDAY, House

TUESDAY = date(2021, 8, 3)
COUNT = 5


class Importing(MemoryConsole):
    """Counts imports, and loses its word on some of the accounts that it makes."""

    def __init__(self) -> None:
        super().__init__()
        self.imports: list[int] = []
        self.loses: set[int] = set()

    async def create_many(self, orders: Sequence[Order]) -> Sequence[Created]:
        """Make them all."""
        self.imports.append(len(orders))
        made = list(await super().create_many(orders))
        for number in self.loses:
            made[number] = Created(login_id=made[number].login_id, error=OutcomeUnknown("import"))
        return made


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house with five applications in the inbox, and an import from three on."""
    made = House(path=tmp_path).lay_out({"console": {"settle": 0.3, "import_from": 3}})
    rows = (made.path / "staff.csv").read_bytes().decode("cp932").splitlines()[1:]
    for number, employee in enumerate([row.split(",")[0] for row in rows][:COUNT]):
        made.apply(f"000070{number}", employee_no=employee, days=(TUESDAY,), now=FRIDAY)
    return made


def run(house: House, console: MemoryConsole) -> Report:
    """Make one pass."""
    return asyncio.run(house.run(console))


def states(house: House) -> list[State]:
    """Return where the requests stand."""
    return sorted(request.state for request in in_ledger(house, lambda ledger: ledger.requests()))


def all_work(house: House, console: MemoryConsole) -> bool:
    """Tell whether the newest mail of every applicant logs in."""
    newest = {sent.login_id: sent.password for sent in house.credentials()}
    return len(newest) == COUNT and all(console.accepts(name, password) for name, password in newest.items())


def test_many_are_imported_and_mailed(house: House) -> None:
    """One import makes them all; each gets one mail that works, and the chain has the intent of each before its outcome."""
    console = Importing()
    report = run(house, console)
    assert (report.delivered, report.problems, console.imports) == (COUNT, [], [COUNT])
    assert (len(house.credentials()), console.writes["reset_password"]) == (COUNT, 0)
    assert all_work(house, console)
    acts: dict[str | None, list[str]] = {}
    for stored in in_ledger(house, lambda ledger: ledger.events()):
        if stored.event.action == "account.create":
            acts.setdefault(stored.event.request_id, []).append(stored.event.outcome)
    assert list(acts.values()) == [["intended", "done"]] * COUNT


def test_a_few_are_not_worth_an_import(house: House) -> None:
    """Below ``import_from`` each is made by itself."""
    console = Importing()
    text = house.config.read_text(encoding="utf-8").replace("import_from: 3", "import_from: 6")
    house.config.write_text(text, encoding="utf-8")
    run(house, console)
    assert (console.imports, len(console.accounts)) == ([], COUNT)


def test_an_unsure_one_is_looked_for(house: House) -> None:
    """What the import does not vouch for is found out by looking, gets a new password, and nothing is made twice."""
    console = Importing()
    console.loses = {1, 3}
    report = run(house, console)
    assert (report.delivered, len(console.accounts), console.writes["create"]) == (COUNT, COUNT, COUNT)
    assert console.writes["reset_password"] == 2
    assert all_work(house, console)


def test_an_id_that_somebody_has_stops_for_a_person(house: House) -> None:
    """An account made by hand is not adopted: that request is stuck, and the others are served."""
    console = Importing()
    console.accounts["tw0031977"] = Account(
        login_id="tw0031977", name="手", mail="hand@city.example.jp", state=AccountState.ACTIVE
    )
    console._secrets["tw0031977"] = Secret("by hand")
    report = run(house, console)
    assert (report.delivered, states(house)) == (COUNT - 1, [State.DELIVERED] * (COUNT - 1) + [State.STUCK])
    assert console.accounts["tw0031977"].mail == "hand@city.example.jp"


@pytest.mark.parametrize("acted", [False, True])
def test_an_import_that_fails_is_made_good(house: House, *, acted: bool) -> None:
    """Before anything was sent all of them go the usual way; after it, each is looked for; nobody gets two accounts."""
    console = Importing()
    console.fail_next(Fault(verb="create_many", error=Transient("not now"), acted=acted))
    run(house, console)
    run(house, console)
    assert (states(house), console.writes["create"]) == ([State.DELIVERED] * COUNT, COUNT)
    assert all_work(house, console)
