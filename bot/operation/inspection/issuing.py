"""Who got a login and by which rules, whether the refused got nothing, and which logins are open that should not be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.ledger.records import AccountRecord, StoredEvent
from bot.life import AccountRecordState
from bot.operation.inspection.facts import (
    GIVES,
    HANDS_OVER,
    MAKES,
    Case,
    Question,
    Table,
    days,
    grants,
    refuses,
    rules,
    rules_text,
    when,
)

_DECIDES = ("request.decide", "request.approve", "request.reject")


class Issued(Question):
    """Every login issued or renewed in the month."""

    key, title = "issued", "発行 issued"
    question = "この月に発行・更新したID、申請、審査、担当者、時刻 / every ID issued or renewed, with application, rules, people, times"
    columns = (
        ("案件 / request", 17), ("種別 / kind", 9), ("ログインID / login ID", 14), ("職員番号 / employee", 11),
        ("氏名 / name", 16), ("所属 / department", 22), ("受付番号 / receipt", 14), ("申請日時 / applied", 25),
        ("受信日時 / received", 25), ("希望日 / asked", 24), ("承認日 / granted", 24), ("審査項目 / rules", 20),
        ("審査日時 / decided", 25), ("審査者 / decided by", 16), ("承認者 / approved by", 16),
        ("承認の理由 / reason of approval", 24), ("発行日時 / issued", 25), ("操作 / acts", 24),
        ("実行者 / by", 24), ("通知日時 / handed over", 25), ("有効期間 / window", 52), ("停止日時 / disabled", 25),
        ("現在 / state now", 11), ("記録 / events", 12), ("版 / version", 9),
    )  # fmt: skip

    def of_case(self, case: Case) -> None:
        """See :meth:`Question.of_case`."""
        made = [one for one in case.of_month if one.event.action in MAKES and one.event.outcome == "done"]
        if made:
            self.rows.append(_issued(case, made))


def _issued(case: Case, made: Sequence[StoredEvent]) -> list[object]:
    request, application = case.request, case.request.application
    decided = [one for one in case.events if one.event.action in _DECIDES]
    approved = case.first({"request.approve"})
    told, ended = case.first(HANDS_OVER), case.first({"account.disable"})
    window = request.window
    return [
        request.id, request.kind, request.login_id, application.employee_no, application.name, application.department,
        application.receipt_no, when(application.applied_at), when(request.received_at), days(application.dates),
        days(request.granted), rules_text(pair for one in decided for pair in rules(one)),
        when(decided[0].at if decided else None), decided[0].run.actor if decided else "",
        approved.run.actor if approved else "", approved.event.reason if approved else "",
        when(made[0].at), " ".join(one.event.action for one in made), f"{made[0].run.actor} ({made[0].run.host})",
        when(told.at if told else None), f"{when(window.start)} – {when(window.end)}" if window else "",
        when(ended.at if ended else None), request.state, f"{case.events[0].seq}–{case.events[-1].seq}",
        made[0].run.version,
    ]  # fmt: skip


class Refused(Question):
    """What was refused in the month, and the proof that nothing was given for it."""

    key, title = "refused", "不承認 refused"
    question = "不承認の申請に何も与えていないことの証明（記録全体から） / proof from the whole record that the refused got nothing"
    columns = (
        ("案件 / request", 17), ("職員番号 / employee", 12), ("不承認日時 / refused", 25), ("審査者 / by", 18),
        ("審査項目 / rules", 24), ("理由 / reason", 30), ("発行・通知の記録数 / giving events", 14),
        ("判定 / verdict", 60),
    )  # fmt: skip

    def of_case(self, case: Case) -> None:
        """See :meth:`Question.of_case`."""
        refusal = next((one for one in case.of_month if refuses(one)), None)
        if refusal is None:
            return
        # Granted later by a person is a grant; before and after the refusal alike, what gives is a finding without it.
        allowed = any(grants(one) and one.seq > refusal.seq for one in case.events)
        given = [one for one in case.events if one.event.action in GIVES and one.event.outcome != "failed"]
        self.findings += bool(given) and not allowed
        self.rows.append([
            case.request.id, case.request.application.employee_no, when(refusal.at), refusal.run.actor,
            rules_text(rules(refusal)), refusal.event.reason, len(given),
            "後に承認 / granted later" if allowed else _given(given),
        ])  # fmt: skip


def _given(given: Sequence[StoredEvent]) -> str:
    if not given:
        return "何も与えていない / nothing was given"
    return "要調査 / FINDING: " + ", ".join(f"{one.seq} {one.event.action} {one.event.outcome}" for one in given)


class StillOpen(Question):
    """Logins that are open past their end, half made, or never handed to anybody, as of now."""

    key, title = "not_disabled", "未停止・未使用 open or unused"
    question = (
        "作成日時点で停止されていない・渡されていないID（最終利用は管理コンソールで確認） / IDs not disabled or never handed over, as of"
        " now (when an ID was last used, the console knows)"
    )
    columns = (
        ("ログインID / login ID", 16), ("職員番号 / employee", 12), ("台帳の状態 / state in the ledger", 14),
        ("期限 / end", 25), ("案件 / request", 17), ("案件の状態 / request's state", 12), ("理由 / why", 60),
    )  # fmt: skip

    def of_account(self, account: AccountRecord, case: Case) -> None:
        """See :meth:`Question.of_account`."""
        if why := _why_open(account, case, self.scope.now):
            window = account.window
            self.rows.append([
                account.login_id, account.employee_no, account.state, when(window.end if window else None),
                account.request_id, case.request.state, why,
            ])  # fmt: skip
            self.findings += 1

    def table(self) -> Table:
        """See :meth:`Question.table`."""
        self.rows.sort(key=lambda row: str(row[0]))
        return super().table()


def _why_open(account: AccountRecord, case: Case, now: datetime) -> str:
    found = []
    if account.window and account.window.end <= now:
        found.append("期限を過ぎて停止されていない / not disabled after its end")
    if account.state is AccountRecordState.CREATING:
        found.append("作成の結果が確認されていない / its making was never confirmed")
    if case.first(HANDS_OVER) is None:
        found.append("本人に渡された記録がない（未使用） / never handed over, so unused")
    return "; ".join(found)
