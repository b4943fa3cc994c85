"""Looks in the console whether what clerks say is so, where it can be used; else their word stands, on record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from loguru import logger

from bot.console.port import Console
from bot.errors import AccessDenied, ActRefused, BotError
from bot.issuance.account import evidence_of, same_address
from bot.ledger.conditions import BY_CLERKS, Part
from bot.model import Account, AccountState
from bot.operation.alerts.catalogue import Area
from bot.operation.alerts.findings import finding_of
from bot.operation.alerts.gate import Gate
from bot.operation.worklist.columns import Result
from bot.operation.worklist.judging import Judged


@dataclass(kw_only=True)
class Sight:
    """Sees accounts as long as the console lets it; ``blind`` says why it does not."""

    open: Callable[[], Console]
    gate: Gate
    blind: str = ""
    _console: Console | None = field(default=None, init=False)

    async def prepare(self) -> None:
        """Find out whether the console can be used; what stands still for another reason than a list is left alone.

        A refused login is tried once: after it the console's part stands still until an operator resumes it.
        """
        now = self.gate.clock.now()
        others = [one for one in await self.gate.pauses() if one.cause != BY_CLERKS and one.holds(Part.CONSOLE, now)]
        if self.gate.switched_off or others:
            self.blind = others[0].reason if others else "the kill switch is there"
            return
        try:
            self._console = self.open()
            await self._console.probe()
        except BotError as error:
            await self._lose(error)

    async def check(self, judged: Judged, *, pooled: bool) -> Sequence[dict[str, str]] | None:
        """Look at the account; returns the evidence, or ``None`` where it could not be seen. Raises ``ActRefused``."""
        if self.blind or self._console is None or judged.item is None:
            return None
        try:
            seen = await self._console.find(judged.item.login_id)
        except BotError as error:
            await self._lose(error)
            return None
        evidence = evidence_of(self._console.take_evidence())
        if wrong := _wrong(judged, seen, pooled=pooled):
            raise ActRefused(f"{judged.request.id}: {wrong}")
        return evidence

    async def close(self) -> None:
        """Log out."""
        if self._console:
            await self._console.close()

    async def _lose(self, error: BotError) -> None:
        logger.warning("the console can't be looked at: {}", error)
        self.blind = f"{type(error).__name__}: {error}"
        if isinstance(error, AccessDenied):
            await self.gate.stop(finding_of(error, Area.CONSOLE))


def _wrong(judged: Judged, seen: Account | None, *, pooled: bool) -> str:
    item, result = judged.item, judged.answer.result
    if item is None:
        return ""
    if result is Result.DISABLED:
        open_still = seen is not None and seen.state is not AccountState.DISABLED
        return f"{item.login_id} is {seen.state} in the console, not disabled" if open_still and seen else ""
    if seen is None:
        return f"{item.login_id} is not in the console: make it, or say {Result.FAILED}"
    mail = item.employee.mail if item.employee else ""
    if seen.mail and not pooled and not same_address(seen.mail, mail):
        return f"{item.login_id} carries another mail address in the console: whose is it?"
    if result is Result.HANDED and seen.state not in {AccountState.ACTIVE, AccountState.CREATING}:
        return f"{item.login_id} is {seen.state} in the console: the password that was handed over does not work"
    return ""
