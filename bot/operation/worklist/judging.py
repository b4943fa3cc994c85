"""What clerks wrote, held against the ledger: what was on their list, what has become of it since, what may follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from bot.errors import ActRefused
from bot.ledger.ledger import Ledger
from bot.ledger.records import Request, StoredEvent
from bot.life import State
from bot.operation.at_console import DRIVABLE
from bot.operation.worklist.answers import Answer
from bot.operation.worklist.columns import Result
from bot.operation.worklist.items import Item, Items, Todo
from bot.operation.worklist.taking import RESULT, TAKE

_ISSUED = frozenset({Result.HANDED, Result.MAILED})


@dataclass(frozen=True, kw_only=True)
class Judged:
    """An answer that can be believed so far, with what the list said of it."""

    answer: Answer
    request: Request
    #: As it is to be done now; ``None`` where nothing was done.
    item: Item | None = None


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Judges answers one by one; what it compares them with was read once."""

    items: Items
    taken: Mapping[tuple[str, str], StoredEvent]
    told: Mapping[tuple[str, str], StoredEvent]
    requests: Mapping[str, Request]
    now: datetime

    @classmethod
    async def over(cls, answers: Sequence[Answer], *, ledger: Ledger, items: Items, now: datetime) -> Self:
        """Return a judge of these answers."""
        return cls(
            items=items, now=now, taken=_by_list(await ledger.of_action(TAKE)),
            told=_by_list(await ledger.of_action(RESULT)),
            requests=await ledger.named({answer.request_id for answer in answers}),
        )  # fmt: skip

    def known(self, answer: Answer) -> bool:
        """Tell whether exactly this row was taken back before."""
        told = self.told.get((answer.worklist, answer.request_id))
        return told is not None and told.event.details["digest"] == answer.digest

    async def judge(self, answer: Answer) -> Judged:
        """Return the answer with what it is about; raises ``ActRefused``."""
        request, taken = self.requests.get(answer.request_id), self.taken.get((answer.worklist, answer.request_id))
        if request is None:
            raise ActRefused(f"the ledger has no {answer.request_id}")
        if taken is None:
            raise ActRefused(f"{request.id} is on no list {answer.worklist!r} that was taken here")
        told = self.told.get((answer.worklist, answer.request_id))
        if told and told.event.details["result"] != Result.FAILED:
            raise ActRefused(
                f"{request.id}: {told.event.details['result']} was taken back for it before, by event {told.seq}"
            )
        listed = taken.event.details
        if answer.login_id != listed["login_id"]:
            raise ActRefused(
                f"{request.id}: the login ID was changed to {answer.login_id!r}; on the list it was {listed['login_id']!r}"
            )
        if answer.todo != listed["todo"]:
            raise ActRefused(
                f"{request.id}: what was to do was changed to {answer.todo!r}; on the list it was {listed['todo']!r}"
            )
        if answer.at < request.created_at.replace(second=0, microsecond=0):
            raise ActRefused(f"{request.id}: done at {answer.at:%Y-%m-%d %H:%M}, before it was recorded")
        if answer.result is Result.FAILED:
            return Judged(answer=answer, request=request)
        disables = listed["todo"] == Todo.DISABLE
        if (answer.result is Result.DISABLED) is not disables or listed["todo"] == Todo.NOTHING:
            raise ActRefused(f"{request.id}: {answer.result} does not go with {answer.todo!r}")
        item = await (self._disabled(request) if disables else self._issued(request, answer))
        return Judged(answer=answer, request=request, item=item)

    async def _disabled(self, request: Request) -> Item:
        over = request.window is not None and request.window.end <= self.now
        item = await self.items.to_disable(request, self.now) if over else None
        if item is None or request.state not in {State.DELIVERED, State.STUCK}:
            raise ActRefused(
                f"{request.id} is {request.state}: its login is disabled on record, or somebody needs it again"
            )
        return item

    async def _issued(self, request: Request, answer: Answer) -> Item:
        if request.state is State.DELIVERED:
            raise ActRefused(
                f"{request.id} is delivered already: the newest password is not the one that was set by hand"
            )
        if request.state not in DRIVABLE:
            raise ActRefused(
                f"{request.id} is {request.state} by now: disable {answer.login_id} by hand, then say {Result.FAILED}"
            )
        item = await self.items.to_issue(request, self.now)
        if item.login_id != answer.login_id:
            raise ActRefused(f"{request.id}: {item.note or f'its login is {item.login_id} by now'}")
        return item


def _by_list(events: Sequence[StoredEvent]) -> dict[tuple[str, str], StoredEvent]:
    return {(one.event.details["worklist"], one.event.request_id or ""): one for one in events}
