"""A list comes back: its results are judged, looked at where that is possible, and put on record all at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.clock import Clock
from bot.errors import ActRefused, Problem
from bot.ledger.conditions import BY_CLERKS
from bot.ledger.ledger import Ledger
from bot.ledger.records import Event
from bot.ledger.steps import take
from bot.life import State
from bot.operation.alerts.gate import Gate
from bot.operation.report import Progress
from bot.operation.worklist.answers import Answer, Answers, at_row
from bot.operation.worklist.items import Items
from bot.operation.worklist.judging import Judge, Judged
from bot.operation.worklist.moves import Moves
from bot.operation.worklist.seeing import Sight
from bot.operation.worklist.taking import IMPORT, RESULT, TAKE, name_of, open_list


@dataclass(frozen=True, kw_only=True)
class Done:
    """A row that was taken back."""

    row: int
    id: str
    result: str
    before: State
    after: State
    #: Whether the bot saw in the console that it is so.
    looked: bool


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What came of an import."""

    rows: Sequence[Done] = ()
    problems: Sequence[Problem] = ()
    #: Rows that were taken back by an earlier import of the same list.
    known: int = 0
    #: Why the console was not looked at; empty where it was, or nothing had to be looked at.
    blind: str = ""
    #: Items of the list that is out which have no result yet.
    left: int = 0
    #: Every item has a result: the console's part goes on.
    resumed: bool = False


@dataclass(frozen=True, kw_only=True)
class Importing:
    """Takes results back; ``ledger`` is opened in the name of the person who imports them. Call it while no pass runs."""

    ledger: Ledger
    gate: Gate
    items: Items
    sight: Sight
    clock: Clock

    async def run(
        self, answers: Answers, reason: str, progress: Progress, *, file: Mapping[str, str], partly: bool = False
    ) -> Imported:
        """Put results on record: all of them, or none where one is wrong unless ``partly``.

        ``file`` says on record what they were read from. Imported again, a row that is on record is passed over.
        """
        judge = await Judge.over(answers.found, ledger=self.ledger, items=self.items, now=self.clock.now())
        fresh = [answer for answer in answers.found if not judge.known(answer)]
        problems = list(answers.problems)
        believed = await self._judged(fresh, judge, problems)
        moves, rows = Moves(reason=reason), list[Done]()
        if any(one.item for one in believed):
            await self.sight.prepare()
        progress.start("管理コンソールで確かめる / looking", len(believed))
        for one in believed:
            try:
                evidence = await self.sight.check(one, pooled=self.items.pooled(one.answer.login_id))
            except ActRefused as error:
                problems.append(at_row(one.answer.row, str(error)))
            else:
                after = moves.add(one, evidence)
                rows.append(_done(one, after, looked=evidence is not None))
            progress.step()
        known = len(answers.found) - len(fresh)
        if problems and not partly:
            return Imported(problems=problems, known=known, blind=self.sight.blind, left=await self._left())
        if rows:
            now, counted = self.clock.now(), {"rows": len(rows), "wrong": len(problems), "known": known}
            whole = Event(action=IMPORT, outcome="done", reason=reason, details={**file, **counted})
            await self.ledger.change(lambda connection: take(connection, moves.steps, now), *moves.events, whole)
        left = await self._left()
        return Imported(
            rows=rows, problems=problems, known=known, blind=self.sight.blind, left=left, resumed=await self._end(left)
        )  # fmt: skip

    async def _judged(self, fresh: Sequence[Answer], judge: Judge, problems: list[Problem]) -> list[Judged]:
        believed = []
        for answer in fresh:
            try:
                believed.append(await judge.judge(answer))
            except ActRefused as error:
                problems.append(at_row(answer.row, str(error)))
        return believed

    async def _left(self) -> int:
        """Return how many items of the list that is out have no result."""
        pause = await open_list(self.gate)
        if pause is None:
            return 0
        named = {
            action: {
                one.event.request_id for one in await self.ledger.of_action(action)
                if one.event.details["worklist"] == name_of(pause)
            }
            for action in (TAKE, RESULT)
        }  # fmt: skip
        return len(named[TAKE] - named[RESULT])

    async def _end(self, left: int) -> bool:
        pause = await open_list(self.gate)
        if pause is None or left:
            return False
        await self.gate.over(frozenset({BY_CLERKS}), f"{name_of(pause)} was taken back")
        return True


def _done(judged: Judged, after: State, *, looked: bool) -> Done:
    return Done(
        row=judged.answer.row, id=judged.request.id, result=judged.answer.result.value, before=judged.request.state, after=after,
        looked=looked,
    )  # fmt: skip
