"""Further days for somebody who has a login: the same one goes on."""

from __future__ import annotations

import asyncio
import email
import email.policy
from dataclasses import replace
from pathlib import Path

from bot.console.memory import MemoryConsole
from bot.ledger.records import Request
from bot.life import State
from bot.model import AccountState
from tests.acts_kit import in_ledger
from tests.house import PROVEN, House, text_of
from tests.scenario.test_switching import KATO, THURSDAY, TUESDAY, WEDNESDAY, issued


def test_further_days_extend_the_same_login(tmp_path: Path) -> None:
    """A later application: same account, a validity over all days, a new password, and a mail that says so and names its days."""
    console = MemoryConsole()
    house = issued(tmp_path, console, TUESDAY, WEDNESDAY)
    (before,) = house.credentials()
    house.apply("0000790", employee_no=KATO, days=(THURSDAY,), now=house.clock.now())
    assert asyncio.run(house.run(console)).problems == []
    first, further = _requests(house)
    assert (first.state, further.state) == (State.DELIVERED, State.DELIVERED)
    (account,) = console.accounts.values()
    assert first.window is not None
    assert further.window is not None
    assert account.window == replace(first.window, end=further.window.end)
    *_, newest = house.credentials()
    assert newest.login_id == before.login_id
    assert console.accepts(newest.login_id, newest.password)
    assert not console.accepts(before.login_id, before.password)
    text = _last_mail(house)
    assert "すでにお持ちのログインIDに新しいパスワードを設定しました" in text
    assert "8月5日" in text
    house.clock.set(first.window.end)
    asyncio.run(house.run(console))
    (account,) = console.accounts.values()
    assert (_requests(house)[0].state, account.state) == (State.REVOKED, AccountState.ACTIVE)
    house.clock.set(further.window.end)
    asyncio.run(house.run(console))
    (account,) = console.accounts.values()
    assert account.state is AccountState.DISABLED


def test_days_that_were_taken_back_open_no_login_after_a_reissue(tmp_path: Path) -> None:
    """Granted Wednesday, a new password for it, Wednesday taken back: what is granted for Thursday works on Thursday alone."""
    console = MemoryConsole()
    house = issued(
        tmp_path, console, WEDNESDAY, forms=PROVEN, rules={"automatic_kinds": ["issue", "reissue", "cancel"]}
    )
    number = _requests(house)[0].application.receipt_no
    for name, kind, note in (("0000791", "再発行", ""), ("0000792", "取消", f"元の受付番号：{number}")):
        house.apply(name, employee_no=KATO, days=(), now=house.clock.now(), kind=kind, note=note)
        asyncio.run(house.run(console))
    assert [one.state for one in _requests(house)] == [State.REVOKED, State.DELIVERED, State.DONE]
    house.apply("0000793", employee_no=KATO, days=(THURSDAY,), now=house.clock.now())
    asyncio.run(house.run(console))
    (account,) = console.accounts.values()
    assert account.window is not None
    assert account.window.start.date() == THURSDAY


def _requests(house: House) -> tuple[Request, ...]:
    return in_ledger(house, lambda ledger: ledger.requests())


def _last_mail(house: House) -> str:
    *_, file = [one for one in house.files("outbox") if ".credentials." in one.name]
    return text_of(email.message_from_bytes(file.read_bytes(), policy=email.policy.default))
