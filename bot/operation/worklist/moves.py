"""The steps that a believed result takes a request, all of its life (bot/life.py), and the events that go with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from bot.issuance.account import while_renewed
from bot.ledger.records import AccountRecord, Changes, Event
from bot.ledger.steps import Step
from bot.life import AccountRecordState, State
from bot.operation.worklist.columns import Result
from bot.operation.worklist.items import Item, Todo
from bot.operation.worklist.judging import Judged
from bot.operation.worklist.taking import RESULT
from bot.wording import quote

#: The outcome of the clerk's act was not recorded before it: from these the outcome comes next.
_BEGUN = frozenset({State.ISSUING, State.UNKNOWN})


@dataclass(kw_only=True)
class Moves:
    """Collects the steps of one import; ``reason`` is the importer's."""

    reason: str
    steps: list[Step] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    #: Accounts as the steps so far leave them: several requests may have one login.
    _records: dict[str, AccountRecord] = field(default_factory=dict)

    def add(self, judged: Judged, evidence: Sequence[dict[str, str]] | None) -> State:
        """Add what a result leads to and return the state after it; ``evidence`` is ``None`` where nobody looked."""
        answer, item = judged.answer, judged.item
        self.events.append(
            Event(
                action=RESULT, outcome="failed" if item is None else "done", request_id=judged.request.id, reason=self.reason,
                details={
                    "worklist": answer.worklist, "row": answer.row, "result": answer.result.value, "at": answer.at,
                    "login_id": answer.login_id, "digest": answer.digest, "looked": evidence is not None,
                    "evidence": evidence or [],
                },
                person={"by": quote(answer.by), "to": quote(answer.to), "note": quote(answer.note)},
            )
        )  # fmt: skip
        if item is None:
            return judged.request.state
        before = judged.request.state
        for to, event, account in self._path(judged, item):
            request = replace(judged.request, state=before)
            # From the first step on it has the login and the time that the list named.
            changes = Changes(login_id=item.login_id, window=item.own) if before is judged.request.state else Changes()
            self.steps.append(Step(request=request, to=to, changes=changes, account=account))
            self.events.append(replace(event, before=before, after=to))
            before = to
        return before

    def _path(self, judged: Judged, item: Item) -> Iterator[tuple[State, Event, AccountRecord | None]]:
        if item.todo is Todo.DISABLE:
            closed = self._account(item, AccountRecordState.DISABLED)
            yield State.REVOKED, self._event(judged, "account.disable", "done"), closed
            return
        creates = item.todo is Todo.CREATE and item.login_id not in self._records
        action = "account.create" if creates else "password.reset"
        known = self._records.get(item.login_id, item.record)
        if item.request.state not in _BEGUN:
            begun = while_renewed(known) if known else AccountRecordState.CREATING
            yield State.ISSUING, self._event(judged, action, "intended"), self._account(item, begun, renewed=True)
        if judged.answer.result is Result.MAILED:
            if item.request.state is not State.UNKNOWN:
                # The next pass looks, and goes on from what it sees: with a new password, in a mail of its own.
                yield State.UNKNOWN, self._event(judged, action, "unknown"), None
            return
        yield State.ISSUED, self._event(judged, action, "done"), self._account(item, AccountRecordState.CREATED)
        yield State.DELIVERING, self._event(judged, "credentials.handover", "intended"), None
        yield State.DELIVERED, self._event(judged, "credentials.handover", "done"), None

    def _account(self, item: Item, state: AccountRecordState, *, renewed: bool = False) -> AccountRecord:
        known = self._records.get(item.login_id, item.record)
        self._records[item.login_id] = AccountRecord(
            login_id=item.login_id, employee_no=item.request.application.employee_no or "", request_id=item.request.id,
            state=state, window=item.window, secret_version=(known.secret_version if known else 0) + renewed,
        )  # fmt: skip
        return self._records[item.login_id]

    def _event(self, judged: Judged, action: str, outcome: str) -> Event:
        answer = judged.answer
        handed = {"to": quote(answer.to)} if action == "credentials.handover" else {}
        return Event(
            action=action, outcome=outcome, request_id=judged.request.id, reason=self.reason,
            details={"login_id": answer.login_id, "by_hand": answer.worklist}, person={"by": quote(answer.by), **handed},
        )  # fmt: skip
