"""What persons allowed and did, who looked at the record, and what the bot did when it should not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time

from bot.ledger.codec import canonical
from bot.ledger.records import ActorType, StoredEvent
from bot.model import Severity
from bot.operation.inspection.facts import Case, Question, Scope, Table, days, grants, rules, rules_text, when

_LATE = frozenset({"V06", "V07"})
_TOUCHES = ("account.", "password.", "notice.")
_LOOKS = ("audit.", "ledger.backup", "ledger.restore")
_ABOUT = (("連番 / seq", 8), ("日時 / at", 25), ("実行者 / by", 20))
_EVENT = (
    *_ABOUT, ("操作 / action", 22), ("結果 / outcome", 10), ("案件 / request", 17), ("理由 / reason", 40),
    ("詳細 / details", 70),
)  # fmt: skip


class Late(Question):
    """What was granted although late, and who or which rule allowed it."""

    key, title = "late", "遅延承認 late grants"
    question = "締切後に認めた申請と認めた者（締切は現在の設定で計算） / granted after the cutoff, and who allowed it (cutoffs by the present settings)"
    columns = (
        *_ABOUT, ("案件 / request", 17), ("職員番号 / employee", 12), ("承認日 / granted", 24),
        ("受信が締切後の日 / days received late", 24), ("締切 / cutoff", 25), ("申請日時 / applied", 25), ("受信日時 / received", 25),
        ("審査項目 / rules", 18), ("理由 / reason", 40),
    )  # fmt: skip

    def of_case(self, case: Case) -> None:
        """See :meth:`Question.of_case`."""
        cutoff = self.scope.cutoff
        for one in (one for one in case.of_month if grants(one) and case.request.kind.asks_for_days):
            passed = [pair for pair in rules(one) if pair[0] in _LATE and pair[1] != Severity.REJECT.value]
            granted = _granted(one)
            after = [day for day in granted if case.request.received_at > cutoff(day)]
            if passed or after:
                self.rows.append([
                    *_about(one), case.request.id, case.request.application.employee_no, days(granted), days(after),
                    when(cutoff(after[0])) if after else "", when(case.request.application.applied_at),
                    when(case.request.received_at), rules_text(passed), one.event.reason,
                ])  # fmt: skip


class Overrides(Question):
    """What a person let pass although a rule stopped it."""

    key, title = "overrides", "例外承認 overrides"
    question = "審査項目に反して担当者が認めたもの、その理由 / what a person allowed against a rule, and why"
    columns = (
        *_ABOUT, ("案件 / request", 17), ("審査項目 / rules", 24), ("承認日 / granted", 24), ("理由 / reason", 50),
    )  # fmt: skip

    def of_event(self, one: StoredEvent) -> None:
        """See :meth:`Question.of_event`."""
        if one.event.action != "request.approve":
            return
        if stopped := [pair for pair in rules(one) if pair[1] != Severity.WARN.value]:
            self.rows.append(
                [*_about(one), one.event.request_id, rules_text(stopped), days(_granted(one)), one.event.reason]
            )


class Acts(Question):
    """Everything that persons did."""

    key, title = "acts", "担当者の操作 acts"
    question = "担当者の操作すべて / everything that operators did"
    columns = _EVENT

    def of_event(self, one: StoredEvent) -> None:
        """See :meth:`Question.of_event`."""
        if one.run.actor_type is ActorType.OPERATOR:
            self.rows.append(_row(one))


class Reconciled(Question):
    """The differences between ledger, console and directory, as the last comparisons found them."""

    key, title = "reconcile", "突合 reconcile"
    question = (
        "台帳・管理コンソール・名簿の差（月末までの最近の突合、新しい順） / differences between ledger, console and directory: the last"
        " comparisons up to the end of the month, newest first"
    )
    columns = (*_ABOUT, ("結果 / outcome", 10), ("理由 / reason", 30), ("項目 / item", 24), ("内容 / found", 90))

    def of_comparison(self, one: StoredEvent) -> None:
        """See :meth:`Question.of_comparison`."""
        for name, value in one.event.details.items() or (("", ""),):
            items = value if isinstance(value, list) and value else [value]
            self.rows += [[*_about(one), one.event.outcome, one.event.reason, name, _text(item)] for item in items]


class Configs(Question):
    """Which versions and settings were in force, and when."""

    key, title = "configs", "設定の版 settings"
    question = "使われた版と設定（SHA-256）とその期間 / versions and settings (SHA-256) in force, and when"
    columns = (
        ("版 / version", 10), ("設定 / config digest", 66), ("最初 / first", 25), ("最後 / last", 25),
        ("記録数 / events", 10), ("端末 / hosts", 24),
    )  # fmt: skip

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self._spans: dict[tuple[str, str], _Span] = {}

    def of_event(self, one: StoredEvent) -> None:
        """See :meth:`Question.of_event`."""
        span = self._spans.setdefault((one.run.version, one.run.config_digest), _Span(first=one.at, last=one.at))
        span.last = one.at
        span.events += 1
        span.hosts.add(one.run.host)

    def table(self) -> Table:
        """See :meth:`Question.table`."""
        self.rows = [
            [*used, when(span.first), when(span.last), span.events, " ".join(sorted(span.hosts))]
            for used, span in self._spans.items()
        ]
        return super().table()


class Readers(Question):
    """Who read the record, took a copy of it, or put one in its place."""

    key, title = "readers", "閲覧・出力 readers"
    question = "記録を閲覧・出力・複写した者 / who read, exported or copied the record"
    columns = _EVENT

    def of_event(self, one: StoredEvent) -> None:
        """See :meth:`Question.of_event`."""
        looks = one.run.actor_type is ActorType.AUDITOR or one.event.action.startswith(_LOOKS)
        if looks and one.event.outcome != "intended":
            self.rows.append(_row(one))


class Outside(Question):
    """What the bot did outside ``start`` to ``end``, or where ``is_open`` is given on a day that is not."""

    key, title = "outside_schedule", "時間外の動作 off schedule"
    columns = _EVENT

    def __init__(self, scope: Scope, *, start: time, end: time, is_open: Callable[[date], bool] | None) -> None:
        super().__init__(scope)
        self._start, self._end, self._is_open = start, end, is_open
        self.question = (
            f"{start:%H:%M}–{end:%H:%M} 以外"
            + ("・閉庁日" if is_open else "")
            + "のロボットの操作 / what the bot did outside its schedule"
        )

    def of_event(self, one: StoredEvent) -> None:
        """See :meth:`Question.of_event`."""
        touches = one.run.actor_type is ActorType.BOT and one.event.action.startswith(_TOUCHES)
        if touches and self._is_off(one.at.astimezone(self.scope.now.tzinfo)):
            self.rows.append(_row(one))
            self.findings += 1

    def _is_off(self, local: datetime) -> bool:
        closed = self._is_open is not None and not self._is_open(local.date())
        return closed or not self._start <= local.time() <= self._end


class Sample(Question):
    """Cases drawn by ``seed``, with all that was done: those whose SHA-256 of ``SEED:REQUEST`` is smallest."""

    key, title = "sample", "抽出 sample"
    columns = (
        ("案件 / request", 17), *_ABOUT, ("操作 / action", 22), ("結果 / outcome", 10), ("前 / before", 11),
        ("後 / after", 11), ("理由 / reason", 40), ("詳細 / details", 70), ("個人 / person", 50),
        ("実行番号 / run", 18), ("ハッシュ / hash", 66),
    )  # fmt: skip

    def __init__(self, scope: Scope, *, size: int, seed: str) -> None:
        super().__init__(scope)
        self._size, self._seed = size, seed
        self._drawn: dict[str, list[list[object]]] = {}

    def of_names(self, names: Collection[str]) -> None:
        """See :meth:`Question.of_names`."""
        ordered = sorted(names, key=lambda name: hashlib.sha256(f"{self._seed}:{name}".encode()).hexdigest())
        self._drawn = {name: [] for name in ordered[: self._size]}
        self.question = (
            f"無作為抽出（{len(self._drawn)}/{len(names)}件、種 {self._seed}、SHA-256「種:案件番号」の小さい順）とその全経過"
            " / a sample drawn by the seed, with every event"
        )

    def of_case(self, case: Case) -> None:
        """See :meth:`Question.of_case`."""
        if case.request.id in self._drawn:
            self._drawn[case.request.id] = _timeline(case)

    def table(self) -> Table:
        """See :meth:`Question.table`."""
        self.rows = [row for rows in self._drawn.values() for row in rows]
        return super().table()


@dataclass(kw_only=True)
class _Span:
    first: datetime
    last: datetime
    events: int = 0
    hosts: set[str] = field(default_factory=set)


def _timeline(case: Case) -> list[list[object]]:
    return [
        [case.request.id, *_about(one), one.event.action, one.event.outcome, one.event.before, one.event.after,
         one.event.reason, _text(one.event.details), _text(one.event.person), one.run.id, one.hash]
        for one in case.events
    ]  # fmt: skip


def _about(one: StoredEvent) -> tuple[object, ...]:
    return one.seq, when(one.at), one.run.actor


def _row(one: StoredEvent) -> list[object]:
    event = one.event
    return [*_about(one), event.action, event.outcome, event.request_id, event.reason, _text(event.details)]


def _granted(one: StoredEvent) -> Sequence[date]:
    return [date.fromisoformat(day) for day in one.event.details.get("granted", ())]


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return canonical(value) if value else ""
