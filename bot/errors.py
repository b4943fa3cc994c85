"""The tree of everything that can go wrong on purpose.

BotError
├── ConfigInvalid      the configuration can't be used
│   └── BadUsage       what was typed can't be used
├── Unreadable         a message can't be read
│   └── ReadingFailed  reading it was broken off
├── Transient          try again later
│   ├── Unreachable    the console does not answer
│   ├── StoodStill     the machine stood still while something was waited for
│   ├── Unsent         a mail could not be handed over
│   │   └── SenderRefused  the mail server takes no mail from the bot's address
│   ├── Unfetched      the mailbox does not give one of its messages
│   ├── Unfiled        a message can't be moved out of the inbox
│   ├── SessionExpired the console wants the admin to log in again
│   ├── LedgerBusy     another program holds the ledger
│   └── Paused         this part of the work was told to stand still
├── ConsoleDrift       a screen is not as the flow expects
├── OutcomeUnknown     a submit was clicked and no confirmation seen
├── AccessDenied       a login was refused
├── AccountConflict    the login ID exists and is not ours
├── NoneFree           every login ID of the pool is held
├── DeliveryFailed     a notice can't be sent
├── ActRefused         an operator's act does not fit the request
├── Conflict           somebody else changed it first
├── LedgerBroken       the audit chain or the ledger contradicts itself (RowAltered: one row does)
├── AlreadyRunning     another process holds the lock
├── TookTooLong        a pass or a job got no step further and was cut off
└── Unusable           mailbox, console, database or browser can't be used at all
    ├── LedgerUnusable the database of the ledger
    └── Stopped        a stop condition ends a part of the pass

The first paragraph of an error's docstring says when it is raised; ``advice`` says what the operator should do, and is shown as it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path


class BotError(Exception):
    """Root of all errors that the bot raises knowingly."""

    advice = "担当者へ: 記録（show ID）を確認してください。 / Look at the record with `show ID`."
    #: Exit status of a command that ends with this error (DESIGN.md, Command line).
    exit_status = 1

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").splitlines()[0])


def advice_of(name: str, root: type[BotError] = BotError) -> str:
    """Return the advice of the error with this class name, as records keep it; empty where there is none."""
    if root.__name__ == name:
        return root.advice
    return next((found for one in root.__subclasses__() if (found := advice_of(name, one))), "")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing wrong in the configuration: ``path`` in config.yaml such as ``rules.deadline.time``, and what is wrong there."""

    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}: {self.text}" if self.path else self.text


class ConfigInvalid(BotError):
    """Raised when the configuration can't be used; carries all problems at once, each with its path."""

    advice = "config.yaml の表示された箇所を直してください。 / Mend the places named, then run `check`."
    exit_status = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class BadUsage(ConfigInvalid):
    """Raised when something was typed that the command can't use; carries all problems at once."""

    advice = "--help に使い方と例があります。 / See --help for how to call it, with examples."


class Unreadable(BotError):
    """Raised when a message can't be read as applications and may not be ignored; the message is kept and shown."""

    advice = "メールを開いて内容を確認し、手で処理するか申請者に再申請を依頼してください。 / Open the mail; handle it by hand or ask for a new application."

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class ReadingFailed(Unreadable):
    """Raised when reading a message was broken off: it took too long or too much memory, or the reading process died of it.

    It is read once more by itself, after all others; then it is kept as unreadable.
    """

    advice = (
        "添付ファイルを確認して手で処理するか、forms.read_seconds か forms.read_memory_mb を上げて rerun --unreadable を実行してください。"
        " / Handle it by hand, or raise forms.read_seconds or forms.read_memory_mb and `rerun --unreadable`."
    )


class Transient(BotError):
    """Raised when the same attempt may well succeed later and nothing has been changed yet."""

    advice = "次回の実行で自動的に再試行します。 / The next pass tries again by itself."
    exit_status = 4


class Unreachable(Transient):
    """Raised when the console can't be reached, or does not answer: the network, or the whole console, is gone."""


class StoodStill(Transient):
    """Raised when the machine or the browser stood still while something was waited for: that it did not come proves nothing."""

    advice = "次回の実行で自動的に続けます。心当たりがなければ機械の基盤を確認してください。 / The next pass goes on by itself; look at the machine's host."


class Unsent(Transient):
    """Raised when a mail could not be handed over; whatever else was at work has nothing to do with it."""


class Unfetched(Transient):
    """Raised when the mailbox does not give one of its messages; it stays in the inbox, and the others go on."""

    advice = (
        "次回の実行で再試行します。続くときはメールソフトで開き、手で処理して受信箱から移してください。"
        " / The next pass tries again; if it lasts, open the mail yourself, handle it, and move it out of the inbox."
    )

    def __init__(self, which: str, reason: str) -> None:
        #: Names the message, the same at every attempt.
        self.which = which
        super().__init__(f"{which}: {reason}")


class Unfiled(Transient):
    """Raised when a message can't be moved out of the inbox, where it stays: what it says is on record."""

    advice = (
        "次回の実行で再試行します。容量とフォルダの権限を確認してください。"
        " / The next pass tries again; look at the mailbox's room and the rights on its folders."
    )


class SenderRefused(Unsent):
    """Raised when the mail server takes no mail from the bot's own address, whoever it is for: nothing at all can be sent."""

    advice = "mailbox.address とその送信権限を確認してください。直れば自動的に送ります。 / Check mailbox.address and the right to send as it; then it is sent by itself."


class SessionExpired(Transient):
    """Raised when the console shows its login page in the middle of a flow: the admin session has ended."""


class Paused(Transient):
    """Raised when a part of the work was told to stand still: by an operator, by a stop condition, or by the kill switch."""

    advice = "status で理由を確認し、resume で再開してください。 / See why with `status`; `resume` lets it go on."
    exit_status = 1


class LedgerBusy(Transient):
    """Raised when another program held the ledger for as long as the bot waits; everything that needs the ledger stops with it."""

    advice = "台帳を開いている他のプログラムを閉じてください。次回の実行が続きから行います。 / Close the program that holds the ledger; the next pass goes on."


#: Stands between what drifted and where its evidence lies.
SEE = "; see "


class ConsoleDrift(BotError):
    """Raised when a screen is not the one the flow expects; nothing more is clicked."""

    advice = "証跡の画面と flows/ の目印を見比べ、変わった名称をフローに反映してください。 / Compare the evidence with the landmarks in flows/ and mend the flow."

    def __init__(self, step: str, expected: str, evidence: Path | None = None) -> None:
        self.step, self.expected, self.evidence = step, expected, evidence
        #: What the missing landmark is probably called now, and the page that shows it all.
        self.likely: str = ""
        self.report: Path | None = None
        super().__init__(f"step {step!r}: expected {expected}")

    @property
    def what(self) -> str:
        """What is not as expected, without where the evidence lies."""
        return f"{super().__str__()}{f' (probably now {self.likely})' if self.likely else ''}"

    @property
    def seen(self) -> Path | None:
        """Where the evidence lies: the report where there is one, else the picture."""
        return self.report or self.evidence

    def __str__(self) -> str:
        return f"{self.what}{f'{SEE}{self.seen}' if self.seen else ''}"


class OutcomeUnknown(BotError):
    """Raised when a submit was clicked and no confirmation was seen; the next step is to look, never to click again."""

    advice = "次回の実行で管理コンソールを照会して確定します。 / The next pass looks in the console and settles it."

    def __init__(self, step: str, detail: str = "") -> None:
        self.step = step
        super().__init__(f"step {step!r}: no confirmation seen after the submit{': ' + detail if detail else ''}")


class AccessDenied(BotError):
    """Raised when a login is refused; it is tried once, then everything that uses it stops: a lock-out is worse than late."""

    advice = "パスワードと権限を確認してから再実行してください。再試行を繰り返すとロックされます。 / Check password and rights first; repeated tries lock the account."
    exit_status = 4


class AccountConflict(BotError):
    """Raised when the login ID exists in the console and the ledger does not know it as ours."""

    advice = "管理コンソールでそのIDの持ち主を確認し、IDの規則か既存IDを整理してください。 / Find out whose it is; mend the pattern; restored: `reconcile --adopt`."

    def __init__(self, login_id: str, detail: str = "") -> None:
        self.login_id = login_id
        super().__init__(f"login ID {login_id!r} exists and is not ours{': ' + detail if detail else ''}")


class NoneFree(BotError):
    """Raised when a request needs a login ID of the pool and each is held by somebody, or was today (V11)."""

    advice = "IDが空いてから rerun するか、account.pool_ids に追加してください。 / Rerun it when one is free, or add to account.pool_ids."

    def __init__(self, ids: int) -> None:
        super().__init__(f"V11: all {ids} login IDs of the pool are held, or were held by another employee today")


class DeliveryFailed(BotError):
    """Raised when a notice can't be sent to the address it belongs to; it is not tried again by itself."""

    advice = "名簿のアドレスとメールサーバを確認し、notices retry で送り直してください。 / Check the directory's address and the mail server, then `notices retry`."


class ActRefused(BotError):
    """Raised when an operator's act does not fit the request, or would break a rule that nobody may break; nothing is changed."""

    advice = "show ID で案件の状態と審査結果を確認してください。 / Look at its state and its violations with `show ID`."


class Conflict(BotError):
    """Raised when what an act was decided on was changed by somebody else in the meantime; nothing of the act is done."""

    advice = "先に別の操作がありました。show ID で確認し、必要なら再実行してください。 / See with `show ID` what was done first; if it is still needed, do it again."


class LedgerBroken(BotError):
    """Raised when the audit chain does not verify, or the ledger contradicts itself, at event ``seq``."""

    advice = "書き込みを止め、監査担当に連絡し、最後のバックアップと照合してください。 / Stop writing, call the auditors, compare with the last backup."
    exit_status = 5

    def __init__(self, seq: int, detail: str = "") -> None:
        self.seq = seq
        super().__init__(f"audit chain broken at event {seq}{': ' + detail if detail else ''}")


class RowAltered(LedgerBroken):
    """Raised when a row of the ledger is not what the audit chain says of it: nothing is done from it, all else goes on."""

    def __init__(self, row: str, detail: str) -> None:
        super().__init__(0)
        self.row, self.detail = row, detail

    def __str__(self) -> str:
        return f"{self.row}: {self.detail}"


class AlreadyRunning(BotError):
    """Raised when another process of the bot works on the same ledger."""

    advice = "実行中の処理が終わるのを待ってください。 / Wait until the running process is done."
    exit_status = 3


class TookTooLong(BotError):
    """Raised when a pass or a job of the schedule got no step further for its limit, and was cut off; the next pass goes on where it was."""

    advice = "ネットワーク、管理コンソール、メールサーバを check で確認してください。 / See with `check` what does not answer."

    def __init__(self, job: str, limit: timedelta, *, let_go: bool = True) -> None:
        #: Whether what hung has ended; else the process has to.
        self.let_go = let_go
        super().__init__(f"{job} got no step further for {limit.total_seconds() / 60:g} minutes and was cut off")


class Unusable(BotError):
    """Raised when mailbox, console, database or browser can't be used at all; the message says what to do."""

    advice = "表示された原因を直してから `check` で確認してください。 / Mend the cause named and run `check`."
    exit_status = 4


class LedgerUnusable(Unusable):
    """Raised when the database of the ledger can't be opened, read or written; the message says what to do."""


class Stopped(Unusable):
    """Raised when a stop condition ends a part of a pass: something is wrong with all of its work.

    ``condition`` names it, as bot/operation/alerts/catalogue.py does; ``evidence`` is the file that shows it, where there is one.
    """

    def __init__(self, condition: str, message: str, *, evidence: str = "") -> None:
        self.condition, self.evidence = condition, evidence
        super().__init__(message)
