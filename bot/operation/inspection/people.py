"""What persons allowed and did, who looked at the record, and what the bot did when it should not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import date, datetime, time

from bot.ledger.codec import canonical
from bot.ledger.records import ActorType, StoredEvent
from bot.model import Severity
from bot.operation.inspection.facts import Case, Facts, Table, days, grants, rules, rules_text, when

_LATE = frozenset({"V06", "V07"})
_TOUCHES = ("account.", "password.", "notice.")
_LOOKS = ("audit.", "ledger.backup", "ledger.restore")
_ABOUT = (("連番 / seq", 8), ("日時 / at", 25), ("実行者 / by", 20))
_EVENT = (
    *_ABOUT, ("操作 / action", 22), ("結果 / outcome", 10), ("案件 / request", 17), ("理由 / reason", 40),
    ("詳細 / details", 70),
)  # fmt: skip


def late(facts: Facts) -> Table:
    """Answer: what was granted although late, and who or which rule allowed it."""
    rows = []
    for case, events in facts.by_case():
        for one in (one for one in events if grants(one) and case.request.kind.asks_for_days):
            passed = [pair for pair in rules(one) if pair[0] in _LATE and pair[1] != Severity.REJECT.value]
            granted = [date.fromisoformat(day) for day in one.event.details.get("granted", ())]
            after = [day for day in granted if case.request.received_at > facts.cutoff(day)]
            if passed or after:
                rows.append([
                    *_about(one), case.request.id, case.request.application.employee_no, days(granted), days(after),
                    when(facts.cutoff(after[0])) if after else "", when(case.request.application.applied_at),
                    when(case.request.received_at), rules_text(passed), one.event.reason,
                ])  # fmt: skip
    return Table(
        key="late", title="遅延承認 late grants", rows=rows,
        question="締切後に認めた申請と認めた者（締切は現在の設定で計算） / granted after the cutoff, and who allowed it (cutoffs by the present settings)",
        columns=(
            *_ABOUT, ("案件 / request", 17), ("職員番号 / employee", 12), ("承認日 / granted", 24),
            ("受信が締切後の日 / days received late", 24), ("締切 / cutoff", 25), ("申請日時 / applied", 25), ("受信日時 / received", 25),
            ("審査項目 / rules", 18), ("理由 / reason", 40),
        ),
    )  # fmt: skip


def overrides(facts: Facts) -> Table:
    """Answer: what a person let pass although a rule stopped it."""
    rows = [
        [*_about(one), one.event.request_id, rules_text(stopped), days(_granted(one)), one.event.reason]
        for one in facts.events
        if one.event.action == "request.approve"
        and (stopped := [pair for pair in rules(one) if pair[1] != Severity.WARN.value])
    ]
    return Table(
        key="overrides", title="例外承認 overrides", rows=rows,
        question="審査項目に反して担当者が認めたもの、その理由 / what a person allowed against a rule, and why",
        columns=(
            *_ABOUT, ("案件 / request", 17), ("審査項目 / rules", 24), ("承認日 / granted", 24), ("理由 / reason", 50),
        ),
    )  # fmt: skip


def acts(facts: Facts) -> Table:
    """Answer: everything that persons did."""
    rows = [_row(one) for one in facts.events if one.run.actor_type is ActorType.OPERATOR]
    question = "担当者の操作すべて / everything that operators did"
    return Table(key="acts", title="担当者の操作 acts", question=question, columns=_EVENT, rows=rows)


def reconciled(facts: Facts, most: int = 10) -> Table:
    """Answer: the differences between ledger, console and directory, as the last comparisons found them."""
    rows: list[list[object]] = []
    for one in reversed(facts.reconciles[-most:]):
        for name, value in one.event.details.items() or (("", ""),):
            items = value if isinstance(value, list) and value else [value]
            rows += [[*_about(one), one.event.outcome, one.event.reason, name, _text(item)] for item in items]
    return Table(
        key="reconcile", title="突合 reconcile", rows=rows,
        question="台帳・管理コンソール・名簿の差（月末までの最近の突合、新しい順） / differences between ledger, console and directory: the last"
        " comparisons up to the end of the month, newest first",
        columns=(*_ABOUT, ("結果 / outcome", 10), ("理由 / reason", 30), ("項目 / item", 24), ("内容 / found", 90)),
    )  # fmt: skip


def configs(facts: Facts) -> Table:
    """Answer: which versions and settings were in force, and when."""
    spans: dict[tuple[str, str], list[StoredEvent]] = {}
    for one in facts.events:
        spans.setdefault((one.run.version, one.run.config_digest), []).append(one)
    rows = [
        [version, config, when(found[0].at), when(found[-1].at), len(found), " ".join(sorted({e.run.host for e in found}))]
        for (version, config), found in spans.items()
    ]  # fmt: skip
    return Table(
        key="configs", title="設定の版 settings", rows=rows,
        question="使われた版と設定（SHA-256）とその期間 / versions and settings (SHA-256) in force, and when",
        columns=(
            ("版 / version", 10), ("設定 / config digest", 66), ("最初 / first", 25), ("最後 / last", 25),
            ("記録数 / events", 10), ("端末 / hosts", 24),
        ),
    )  # fmt: skip


def looked(facts: Facts) -> Table:
    """Answer: who read the record, took a copy of it, or put one in its place."""
    rows = [
        _row(one) for one in facts.events
        if one.event.outcome != "intended"
        and (one.run.actor_type is ActorType.AUDITOR or one.event.action.startswith(_LOOKS))
    ]  # fmt: skip
    question = "記録を閲覧・出力・複写した者 / who read, exported or copied the record"
    return Table(key="readers", title="閲覧・出力 readers", question=question, columns=_EVENT, rows=rows)


def outside(facts: Facts, *, start: time, end: time, is_open: Callable[[date], bool] | None) -> Table:
    """Answer: what the bot did outside ``start`` to ``end``, or where ``is_open`` is given on a day that is not."""

    def off(at: datetime) -> bool:
        local = at.astimezone(facts.now.tzinfo)
        return not start <= local.time() <= end or (is_open is not None and not is_open(local.date()))

    rows = [
        _row(one) for one in facts.events
        if one.run.actor_type is ActorType.BOT and one.event.action.startswith(_TOUCHES) and off(one.at)
    ]  # fmt: skip
    return Table(
        key="outside_schedule", title="時間外の動作 off schedule", rows=rows, findings=len(rows), columns=_EVENT,
        question=f"{start:%H:%M}–{end:%H:%M} 以外"
        + ("・閉庁日" if is_open else "")
        + "のロボットの操作 / what the bot did outside its schedule",
    )  # fmt: skip


def sample(facts: Facts, *, size: int, seed: str) -> Table:
    """Answer: cases drawn by ``seed``, with all that was done: those whose SHA-256 of ``SEED:REQUEST`` is smallest."""
    drawn = sorted(facts.cases, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).hexdigest())[:size]
    rows = [row for name in drawn for row in _timeline(facts.cases[name])]
    return Table(
        key="sample", title="抽出 sample", rows=rows,
        question=f"無作為抽出（{len(drawn)}/{len(facts.cases)}件、種 {seed}、SHA-256「種:案件番号」の小さい順）とその全経過 / a sample drawn by the seed,"
        " with every event",
        columns=(
            ("案件 / request", 17), *_ABOUT, ("操作 / action", 22), ("結果 / outcome", 10), ("前 / before", 11),
            ("後 / after", 11), ("理由 / reason", 40), ("詳細 / details", 70), ("個人 / person", 50),
            ("実行番号 / run", 18), ("ハッシュ / hash", 66),
        ),
    )  # fmt: skip


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
