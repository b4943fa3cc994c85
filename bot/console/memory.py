"""The console port without a console: accounts in memory, for tests and simulations that need no browser.

It passes the same contract suite as the consoles behind a browser (tests/contract/test_console.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.console.many import one_by_one
from bot.console.port import Ability, Created, Evidence, Order
from bot.console.screens import ScreenChange
from bot.errors import AccountConflict
from bot.model import Account, AccountSpec, AccountState, Window
from bot.secret import Secret


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What the next call of a verb does instead: raise ``error``, after having ``acted`` or not."""

    verb: str
    error: Exception
    acted: bool = False


class MemoryConsole:
    """Keeps accounts and their passwords in memory; ``writes`` counts what was changed, by verb."""

    abilities = frozenset(Ability) - {Ability.COMPLETES}
    sessions = 1

    def __init__(self, *, without: Collection[Ability] = ()) -> None:
        self.abilities = self.abilities - frozenset(without)
        self.accounts: dict[str, Account] = {}
        #: What :meth:`clock_offset` tells.
        self.ahead: timedelta | None = None
        self.writes: Counter[str] = Counter()
        self._secrets: dict[str, Secret] = {}
        self._faults: list[Fault] = []

    def fail_next(self, fault: Fault) -> None:
        """Have the next call of ``fault.verb`` fail; several queue up."""
        self._faults.append(fault)

    def accepts(self, login_id: str, password: str) -> bool:
        """Tell whether this login would work, were it inside its window."""
        account = self.accounts.get(login_id)
        usable = account is not None and account.state is AccountState.ACTIVE
        return usable and self._secrets[login_id].reveal() == password

    async def probe(self) -> Sequence[ScreenChange]:
        """See :meth:`bot.console.port.Console.probe`."""
        self._maybe_fail("probe", acted=False)
        return ()

    async def find(self, login_id: str) -> Account | None:
        """See :meth:`bot.console.port.Console.find`."""
        self._maybe_fail("find", acted=False)
        return self.accounts.get(login_id)

    async def everyone(self, words: str = "") -> Sequence[Account]:
        """See :meth:`bot.console.port.Console.everyone`."""
        self._maybe_fail("everyone", acted=False)
        return tuple(account for login_id, account in self.accounts.items() if words in login_id)

    async def create(self, spec: AccountSpec, secret: Secret) -> Account:
        """See :meth:`bot.console.port.Console.create`."""
        self._maybe_fail("create", acted=False)
        if spec.login_id in self.accounts:
            raise AccountConflict(spec.login_id)
        account = Account(
            login_id=spec.login_id,
            name=spec.name,
            mail=spec.mail,
            state=AccountState.ACTIVE,
            window=self._kept(spec.window),
        )
        self._write("create", account, secret)
        self._maybe_fail("create", acted=True)
        return account

    async def create_many(self, orders: Sequence[Order]) -> Sequence[Created]:
        """See :meth:`bot.console.port.Console.create_many`."""
        self._maybe_fail("create_many", acted=False)
        made = await one_by_one(self.create, orders)
        self._maybe_fail("create_many", acted=True)
        return made

    async def reset_password(self, login_id: str, secret: Secret, window: Window | None = None) -> None:
        """See :meth:`bot.console.port.Console.reset_password`."""
        self._maybe_fail("reset_password", acted=False)
        account = self.accounts[login_id]
        renewed = replace(account, state=AccountState.ACTIVE, window=self._kept(window) or account.window)
        self._write("reset_password", renewed, secret)
        self._maybe_fail("reset_password", acted=True)

    async def set_window(self, login_id: str, window: Window) -> None:
        """See :meth:`bot.console.port.Console.set_window`."""
        self._maybe_fail("set_window", acted=False)
        self._write("set_window", replace(self.accounts[login_id], window=window), self._secrets[login_id])
        self._maybe_fail("set_window", acted=True)

    async def enable(self, login_id: str) -> None:
        """See :meth:`bot.console.port.Console.enable`."""
        self._maybe_fail("enable", acted=False)
        account = self.accounts[login_id]
        if account.state is AccountState.ACTIVE:
            return
        self._write("enable", replace(account, state=AccountState.ACTIVE), self._secrets[login_id])
        self._maybe_fail("enable", acted=True)

    async def disable(self, login_id: str) -> None:
        """See :meth:`bot.console.port.Console.disable`."""
        self._maybe_fail("disable", acted=False)
        account = self.accounts.get(login_id)
        if account is None or account.state is AccountState.DISABLED:
            return
        self._write("disable", replace(account, state=AccountState.DISABLED), self._secrets[login_id])
        self._maybe_fail("disable", acted=True)

    async def ask_clock(self) -> timedelta | None:
        """See :meth:`bot.console.port.Console.ask_clock`."""
        return self.ahead

    def clock_offset(self) -> timedelta | None:
        """See :meth:`bot.console.port.Console.clock_offset`."""
        return self.ahead

    def take_evidence(self) -> Sequence[Evidence]:
        """See :meth:`bot.console.port.Console.take_evidence`; memory has no screens."""
        return ()

    def complaint(self) -> str:
        """See :meth:`bot.console.port.Console.complaint`; memory is never full."""
        return ""

    async def close(self) -> None:
        """See :meth:`bot.console.port.Console.close`."""

    def _kept(self, window: Window | None) -> Window | None:
        return window if Ability.WINDOW in self.abilities else None

    def _write(self, verb: str, account: Account, secret: Secret) -> None:
        self.writes[verb] += 1
        self.accounts[account.login_id] = account
        self._secrets[account.login_id] = secret

    def _maybe_fail(self, verb: str, *, acted: bool) -> None:
        if self._faults and (self._faults[0].verb, self._faults[0].acted) == (verb, acted):
            raise self._faults.pop(0).error
