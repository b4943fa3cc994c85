"""Shows the record of a month to the questions, a piece at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from itertools import product

from bot.ledger.queries import Queries
from bot.ledger.record_queries import batches
from bot.ledger.records import AccountRecord, Verdict
from bot.life import AccountRecordState
from bot.operation.inspection.facts import Case, Month, Question, Scope, Table

_OPEN = (AccountRecordState.CREATING, AccountRecordState.CREATED)
_BATCH = 200  # requests with all their events that are in memory at a time
_COMPARISONS = 10  # the last ones are shown


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What a report says: the answers, what they count, and whether the chain they were made from holds."""

    scope: Scope
    tables: Sequence[Table]
    verdict: Verdict
    events: int
    cases: int


async def answers(ledger: Queries, scope: Scope, questions: Sequence[Question]) -> Answered:
    """Answer the questions from the ledger; recomputes the whole chain, so that the answers can be believed."""
    verdict = await ledger.verify()
    events, names = await _show_events(ledger, scope.month, questions)
    async for case in _cases(ledger, names, scope.month):
        for question in questions:
            question.of_case(case)
    await _show_accounts(ledger, scope.month, questions)
    for one in await ledger.last_of("reconcile", before=scope.month.end, most=_COMPARISONS):
        for question in questions:
            question.of_comparison(one)
    return Answered(
        scope=scope, tables=[one.table() for one in questions], verdict=verdict, events=events, cases=len(names)
    )


async def _show_events(ledger: Queries, month: Month, questions: Sequence[Question]) -> tuple[int, Collection[str]]:
    """Return how many events the month has, and the requests they tell of."""
    count, names = 0, set[str]()
    async for page in ledger.between(month.first, month.end):
        count += len(page)
        names |= {one.event.request_id for one in page if one.event.request_id}
        for question in questions:
            for one in page:
                question.of_event(one)
    requests = await ledger.those_of_requests(names)
    for question in questions:
        question.of_names(requests)
    return count, requests


async def _show_accounts(ledger: Queries, month: Month, questions: Sequence[Question]) -> None:
    accounts: dict[str, list[AccountRecord]] = {}
    for account in await ledger.accounts(states=_OPEN):
        accounts.setdefault(account.request_id, []).append(account)
    async for case in _cases(ledger, accounts, month):
        for question, account in product(questions, accounts[case.request.id]):
            question.of_account(account, case)


async def _cases(ledger: Queries, names: Collection[str], month: Month) -> AsyncIterator[Case]:
    """Yield the requests in the order of their ids."""
    for batch in batches(names, _BATCH):
        requests, lines = await ledger.named(batch), await ledger.timelines(batch)
        for name in batch:
            of_month = [one for one in lines[name] if month.first <= one.at < month.end]
            yield Case(request=requests[name], events=lines[name], of_month=of_month)
