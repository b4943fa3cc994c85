"""Creates many accounts where the console has no import of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

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
