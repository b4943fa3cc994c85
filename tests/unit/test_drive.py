"""drive(): onward from what is true; what can't go on is stuck and says why; nobody else's account is touched."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from bot.console.memory import Fault, MemoryConsole
from bot.console.port import Ability
from bot.errors import AccessDenied, ConsoleDrift, OutcomeUnknown, Transient
from bot.life import State
from bot.model import Account, AccountSpec, AccountState
from bot.operation.report import Report
from bot.secret import Secret
from tests.console_kit import WINDOW
from tests.house import FRIDAY, House


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house with one good application (0048213, 2 to 6 August)."""
    made = House(path=tmp_path / "house").lay_out({"console": {"settle": 0.3}})
    made.receive("02")
    return made


async def state_of(house: House, request_id: str = "R-20210730-0001") -> tuple[State, str]:
    """Return where a request stands, and why it is stuck."""
    ledger = house.workshop().ledger()
    try:
        request = await ledger.get(request_id)
    finally:
        ledger.close()
    return request.state, request.stuck_reason


async def test_a_good_application_is_delivered(house: House) -> None:
    """One account, one mail to the directory's address, and its password works."""
    console = MemoryConsole()
    report = await house.run(console)
    (sent,) = house.credentials()
    assert (report.delivered, report.exit_status) == (1, 0)
    assert sent.to == "m.takahashi@city.example.jp"
    assert console.accepts(sent.login_id, sent.password)


async def test_credentials_go_home_only(tmp_path: Path) -> None:
    """Whatever address the mail names or comes from, credentials go to the one in the staff directory (invariant 5)."""
    house = House(path=tmp_path / "house").lay_out({"rules": {"require_directory_mail": False}})
    days = [date(2021, 8, 4)]
    house.apply("1", employee_no="0041120", days=days, now=FRIDAY, note="メールアドレス：thief@example.com")
    console = MemoryConsole()
    await house.run(console)
    assert [sent.to for sent in house.credentials()] == ["y.maruyama@city.example.jp"]
    assert not any(
        b"thief" in content
        for content in house.left_behind(but=["mailbox/processed", "ledger.sqlite3", "ledger.sqlite3-wal"]).values()
    )


async def test_a_foreign_account_is_left_alone(house: House) -> None:
    """A login ID that exists and is not ours makes the request stuck; nobody's password is touched, nothing is mailed."""
    console = MemoryConsole()
    foreign = Account(login_id="tw0048213", name="somebody", mail="x@y", state=AccountState.ACTIVE)
    console.accounts["tw0048213"] = foreign
    report = await house.run(console)
    assert (await state_of(house))[0] is State.STUCK
    assert console.accounts["tw0048213"] == foreign
    assert console.writes.total() == 0
    assert house.credentials() == []
    assert report.exit_status == 1


async def test_an_id_taken_between_look_and_click_is_a_conflict(house: House) -> None:
    """An account that somebody else made in between carries another address: it is not ours, whatever the ledger intended."""
    console = MemoryConsole()
    theirs = AccountSpec(
        login_id="tw0048213", name="x", department="", mail="other@city.example.jp", pool="", zones=(),
        window=WINDOW,
    )  # fmt: skip

    class Racing(MemoryConsole):
        async def create(self, spec: AccountSpec, secret: Secret) -> Account:
            if "tw0048213" not in self.accounts:
                await super().create(theirs, Secret("Somebody-elses-1"))
            return await super().create(spec, secret)

    console = Racing()
    await house.run(console)
    state, reason = await state_of(house)
    assert state is State.STUCK
    assert "AccountConflict" in reason
    assert house.credentials() == []
    assert console.accepts("tw0048213", "Somebody-elses-1")


@pytest.mark.parametrize("acted", [False, True])
@pytest.mark.parametrize("verb", ["create", "reset_password"])
async def test_unknown_is_settled_by_looking(house: House, verb: str, *, acted: bool) -> None:
    """Whether the console acted or not, one look settles it in the same pass, and the mailed password works."""
    console = MemoryConsole()
    console.fail_next(Fault(verb="create", error=OutcomeUnknown("register"), acted=acted or verb == "reset_password"))
    if verb == "reset_password":
        console.fail_next(Fault(verb="reset_password", error=OutcomeUnknown("reset"), acted=acted))
    await house.run(console)
    (sent,) = house.credentials()
    assert console.writes["create"] == 1
    assert console.accepts(sent.login_id, sent.password)


class Careless(MemoryConsole):
    """A console that never refuses an ID that is taken: it makes the account again."""

    async def create(self, spec: AccountSpec, secret: Secret) -> Account:
        """Make the account, whoever has the ID."""
        self.accounts.pop(spec.login_id, None)
        return await super().create(spec, secret)


async def test_no_console_is_clicked_twice(house: House) -> None:
    """Even where the console would not refuse, a submit that was done is never repeated, and no foreign ID is overwritten."""
    console = Careless()
    console.fail_next(Fault(verb="create", error=OutcomeUnknown("register"), acted=True))
    await house.run(console)
    assert console.writes["create"] == 1
    foreign = Careless()
    foreign.accounts["tw0041120"] = Account(login_id="tw0041120", name="x", mail="x@y", state=AccountState.ACTIVE)
    house.receive("01")
    await house.run(foreign)
    assert foreign.writes["create"] == 0


async def test_transient_failures_wait_for_the_next_pass(house: House) -> None:
    """A failure before the submit changes nothing; the next pass delivers."""
    console = MemoryConsole()
    console.fail_next(Fault(verb="create", error=Transient("busy")))
    report = await house.run(console)
    assert (await state_of(house))[0] is State.ACCEPTED
    assert (report.waiting, report.exit_status) == (1, 1)
    assert (await house.run(console)).delivered == 1


async def test_drift_at_the_start_stops_the_console_and_no_request_is_stuck(house: House) -> None:
    """A changed screen found by the probe stops the console's part; taking in and deciding are done all the same."""
    console = MemoryConsole()
    console.fail_next(Fault(verb="probe", error=ConsoleDrift("probe", "heading 'x'")))
    report = await house.run(console)
    assert (report.messages, report.accepted, report.stopped) == (1, 1, 1)
    assert (await state_of(house))[0] is State.ACCEPTED


async def test_a_refused_admin_stops_the_console(house: House) -> None:
    """A refused login is told once with exit status 4; nothing is stuck."""
    console = MemoryConsole()
    console.fail_next(Fault(verb="probe", error=AccessDenied("wrong password")))
    report = await house.run(console)
    assert (report.exit_status, len(report.problems)) == (4, 1)
    assert (await state_of(house))[0] is State.ACCEPTED


async def test_an_account_that_is_never_ready_is_stuck(house: House) -> None:
    """A console that stays at 作成中 gets no second submit, and no credentials are mailed for it."""

    class Unready(MemoryConsole):
        async def create(self, spec: AccountSpec, secret: Secret) -> Account:
            made = replace(await super().create(spec, secret), state=AccountState.CREATING)
            self.accounts[spec.login_id] = made
            return made

    console = Unready()
    await house.run(console)
    state, reason = await state_of(house)
    assert state is State.STUCK
    assert "still being created" in reason
    assert (console.writes["create"], house.credentials()) == (1, [])


async def test_three_failures_in_a_row_end_the_consoles_part(house: House) -> None:
    """After three failures in a row the rest waits for the next pass."""
    house.receive("01", "04", "06", "09")
    console = MemoryConsole()
    for _ in range(5):
        console.fail_next(Fault(verb="create", error=Transient("busy")))
    report = await house.run(console)
    assert (report.delivered, report.waiting, report.exit_status) == (0, 5, 4)


async def test_the_login_ends_with_the_telework(house: House) -> None:
    """After the last day the account is disabled and the request revoked, once; a later request keeps it."""
    console = MemoryConsole()
    await house.run(console)
    house.clock.set(house.clock.now().replace(month=8, day=6, hour=21))
    assert (await house.run(console)).revoked == 0
    house.clock.set(house.clock.now().replace(hour=22))
    report: Report = await house.run(console)
    assert (report.revoked, (await state_of(house))[0]) == (1, State.REVOKED)
    assert console.accounts["tw0048213"].state is AccountState.DISABLED
    assert (await house.run(console)).revoked == 0
    assert console.writes["disable"] == 1


class TwoForms(MemoryConsole):
    """Makes an account by two forms; the first time it stops between them."""

    abilities = frozenset(Ability)

    async def create(self, spec: AccountSpec, secret: Secret) -> Account:
        """Stop after the first form, or complete what was begun."""
        begun = self.accounts.pop(spec.login_id, None)
        account = await super().create(spec, secret)
        if begun is None:
            self.accounts[spec.login_id] = replace(account, mail="", name="")
            raise OutcomeUnknown("name and mail")
        return account


async def test_a_half_made_account_is_completed(house: House) -> None:
    """Where create stopped between two forms and can complete what it began, it does: no account stays without its mail."""
    console = TwoForms()
    report = await house.run(console)
    (account,) = console.accounts.values()
    (sent,) = house.credentials()
    assert (report.delivered, account.mail) == (1, "m.takahashi@city.example.jp")
    assert console.accepts(sent.login_id, sent.password)
