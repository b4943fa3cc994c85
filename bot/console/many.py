"""Creates many accounts: one by one, or by an import of the console's own, with the same result told of each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from bot.console.port import Created, Order
from bot.errors import AccountConflict, BotError, OutcomeUnknown
from bot.model import Account, AccountSpec
from bot.secret import Secret


async def one_by_one(
    create: Callable[[AccountSpec, Secret], Awaitable[Account]], orders: Sequence[Order]
) -> Sequence[Created]:
    """Create each account by itself and tell of each what became of it, in order.

    An error that is not one account's alone ends it, and stands with all that were not tried; it is raised instead where
    it struck the very first, so that the whole may be tried again.
    """
    made: list[Created] = []
    for order in orders:
        login_id = order.spec.login_id
        try:
            made.append(Created(login_id=login_id, account=await create(order.spec, order.secret)))
        except (AccountConflict, OutcomeUnknown) as error:
            made.append(Created(login_id=login_id, error=error))
        except BotError as error:
            if not made:
                raise
            return [*made, *(Created(login_id=left.spec.login_id, error=error) for left in orders[len(made) :])]
    return made


class Imports(Protocol):
    """What a flow offers whose console imports a file of accounts; a key is what the console tells accounts apart by."""

    async def everyone(self) -> Mapping[str, Account]:
        """Return all accounts as the console lists them now, by key."""
        ...

    async def import_file(self, orders: Mapping[str, Order], sent: set[str]) -> set[str]:
        """Import these, adding their keys to ``sent`` right before the submit; returns the keys that it says it made."""
        ...

    def key(self, login_id: str) -> str:
        """Return the key of a login ID."""
        ...

    def same(self, account: Account, spec: AccountSpec) -> bool:
        """Tell whether the account is the one that was asked for."""
        ...


async def by_import(console: Imports, orders: Sequence[Order], *, size: int) -> Sequence[Created]:
    """Import the orders in files of ``size`` and tell of each, in order, what became of it.

    The accounts are looked at before and after: those that exist are left out and told as ``AccountConflict``; those that
    the console did not say it made, or does not list as ordered, as ``OutcomeUnknown``. An error before anything was
    sent is raised; one that comes later stands with those that were not sent.
    """
    there = await console.everyone()
    fresh: dict[str, Order] = {}
    for order in orders:
        if (key := console.key(order.spec.login_id)) not in there:
            fresh.setdefault(key, order)
    sent: set[str] = set()
    made: set[str] = set()
    failure: BotError | None = None
    try:
        for start in range(0, len(fresh), size):
            made |= await console.import_file(dict(list(fresh.items())[start : start + size]), sent)
        there = await console.everyone() if sent else {}
    except BotError as error:
        if not sent:
            raise
        failure, there = error, {}

    def outcome(order: Order) -> Created:
        login_id, key = order.spec.login_id, console.key(order.spec.login_id)
        if fresh.get(key) is not order:
            return Created(login_id=login_id, error=AccountConflict(login_id, "it exists, or is ordered twice"))
        if key in made and key in there and console.same(there[key], order.spec):
            return Created(login_id=login_id, account=there[key])
        if failure and key not in sent:
            return Created(login_id=login_id, error=failure)
        unsure = str(failure or "the console does not list it as ordered")
        return Created(login_id=login_id, error=OutcomeUnknown("import", unsure))

    return [outcome(order) for order in orders]
