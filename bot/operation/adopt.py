"""After a restore: logins that were issued since the backup are in the console, and the ledger does not know them as ours."""

from __future__ import annotations

from dataclasses import dataclass

from bot.errors import ActRefused
from bot.issuance.login_ids import login_id
from bot.ledger.ledger import Ledger
from bot.ledger.records import AccountRecord, Event
from bot.life import AccountRecordState, State
from bot.operation.acts import Act, Acts
from bot.settings.account import AccountSettings

RESTORE = "ledger.restore"


async def adopt(acts: Acts, settings: AccountSettings, request_id: str, reason: str) -> Act:
    """Put on record that the login of a stuck request is ours, made before the ledger was restored: STUCK to ACCEPTED.

    The next step looks at it: an account that carries another address than the employee's is left alone, ours gets a new
    password. Raises ``ActRefused`` where no backup was put in place, where the ledger that was replaced did not know the
    login either, and for any other state; ``KeyError`` for a request that does not exist.
    """
    request = await acts.ledger.get(request_id)
    number = request.application.employee_no or ""
    if request.state is not State.STUCK or not request.kind.asks_for_days:
        raise ActRefused(
            f"{request_id} is {request.kind} and {request.state}: only what is stuck on a login is adopted"
        )
    if acts.judge.directory.find(number) is None:
        raise ActRefused(f"{request_id}: the employee is not in the staff directory")
    name = request.login_id or login_id(settings, employee_no=number, request_id=request_id)
    if await acts.ledger.account(name) is not None:
        raise ActRefused(f"{request_id}: {name} is on record as ours; rerun it")
    await _must_be_lost(acts.ledger, name)
    if not await acts.four_eyes.agreed("adopt", request_id, reason):
        return Act(id=request_id, before=request.state, after=request.state, proposed=True)
    event = Event(
        action="account.adopt", outcome="done", request_id=request_id, reason=reason, details={"login_id": name}
    )
    # As one whose making nobody confirmed: its address must be the employee's.
    account = AccountRecord(login_id=name, employee_no=number, request_id=request_id, state=AccountRecordState.CREATING)
    return await acts.adopt(request_id, reason, event, account)


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """What restored ledgers have forgotten: ``logins`` by name; ``anything``, where a replaced ledger could not be believed."""

    restored: bool
    logins: frozenset[str]
    anything: bool


async def forgotten(ledger: Ledger) -> Forgotten:
    """Return what the ledgers that restores replaced knew and this one does not."""
    restores = [one.event for one in await ledger.of_action(RESTORE) if one.event.outcome == "done"]
    return Forgotten(
        restored=bool(restores),
        logins=frozenset(name for one in restores for name in one.person.get("logins", ())),
        anything=any(not one.details["trusted"] for one in restores),
    )


async def _must_be_lost(ledger: Ledger, name: str) -> None:
    lost = await forgotten(ledger)
    if not lost.restored:
        raise ActRefused(f"{name} is not ours: no backup was ever put in place that could have forgotten it")
    if name not in lost.logins and not lost.anything:
        raise ActRefused(f"{name} is not ours: the ledger that was replaced did not know it either")
