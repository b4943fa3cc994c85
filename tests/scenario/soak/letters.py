"""What arrives during the soak: a seeded mix of applications and other mails, each with the end it must come to."""

from __future__ import annotations

import email.policy
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

from bot.clock import SystemClock
from bot.life import State
from tests.house import CHECKED, ZONE
from tests.scenario.soak.place import Employee, Place

#: How often each kind of mail comes.
MIX = {"issue": 12, "again": 2, "reissue": 3, "cancel": 2, "rejected": 2, "unreadable": 2, "auto-reply": 1}


@dataclass(kw_only=True)
class Expected:
    """What must have become of an application in the end."""

    employee: Employee
    receipt: str
    state: State
    #: Somebody has asked for something more about it.
    taken: bool = False


@dataclass(kw_only=True)
class Letters:
    """Delivers mails, and knows what is to become of each."""

    place: Place
    chance: random.Random
    applications: list[Expected] = field(default_factory=list)
    #: By the folder of the mailbox in which so many must end.
    filed: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    #: Employees whose login must not work any more.
    gone: set[str] = field(default_factory=set)
    _last: tuple[bytes, str] | None = None

    def deliver(self) -> None:
        """Have something arrive."""
        kind = self.chance.choices(list(MIX), weights=list(MIX.values()))[0]
        doing: dict[str, Callable[[], bool]] = {
            "again": self._again, "reissue": self._reissue, "cancel": self._cancel, "rejected": self._rejected,
            "unreadable": self._unreadable, "auto-reply": self._auto_reply,
        }  # fmt: skip
        if kind not in doing or not doing[kind]():
            self.issue()
        else:
            self.sent[kind] += 1

    def issue(self) -> None:
        """Have somebody new apply."""
        employee = self.place.staff[len({one.employee.number for one in self.applications})]
        days = self.chance.sample(self.place.days, k=self.chance.randint(1, 2))
        self._apply(employee, "新規", State.DELIVERED, days=sorted(days))
        self.sent["issue"] += 1

    def _again(self) -> bool:
        """Deliver the last application once more: the same mail, under another file's name."""
        if self._last is None:
            return False
        content, folder = self._last
        self._put(f"again-{self.sent.total():05}", content, folder)
        return True

    def _reissue(self) -> bool:
        if (earlier := self._delivered()) is None:
            return False
        earlier.taken = True
        self._apply(earlier.employee, "再発行", State.DELIVERED)
        self.applications[-1].taken = True
        return True

    def _cancel(self) -> bool:
        if (earlier := self._delivered()) is None:
            return False
        earlier.taken, earlier.state = True, State.REVOKED
        self.gone.add(earlier.employee.number)
        self._apply(earlier.employee, "取消", State.DONE, note=f"元の受付番号：{earlier.receipt}")
        self.applications[-1].taken = True
        return True

    def _rejected(self) -> bool:
        """Have somebody new apply for a day that is over."""
        employee = self.place.staff[len({one.employee.number for one in self.applications})]
        yesterday = self.place.now.date() - timedelta(days=1)
        self._apply(employee, "新規", State.REJECTED, days=[yesterday], folder="rejected")
        self.applications[-1].taken = True
        return True

    def _unreadable(self) -> bool:
        name = f"odd-{self.sent.total():05}"
        self._put(name, self._mail(name, "お世話になっております。\n先日の件、よろしくお願いします。"), "unreadable")
        return True

    def _auto_reply(self) -> bool:
        name = f"auto-{self.sent.total():05}"
        self._put(name, self._mail(name, "本日は不在です。", {"Auto-Submitted": "auto-replied"}), "ignored")
        return True

    def _delivered(self) -> Expected | None:
        """Return a delivered application of which nobody has asked for anything more."""
        requests = self.place.ask(lambda ledger: ledger.requests(states={State.DELIVERED}))
        known = {one.application.receipt_no for one in requests}
        free = [one for one in self.applications if not one.taken and one.receipt in known]
        return self.chance.choice(free) if free else None

    def _apply(
        self, employee: Employee, kind: str, state: State, *, days: list[date] | None = None, note: str = "",
        folder: str = "processed",
    ) -> None:  # fmt: skip
        receipt = f"7{len(self.applications):06}"
        when = [f"利用日：{'、'.join(f'{day:%Y/%m/%d}' for day in days)}", "実施場所：自宅"] if days else []
        body = "\n".join([
            f"受付番号：{receipt}", f"申請日時：{_now():%Y/%m/%d %H:%M:%S}", f"申請区分：{kind}", f"職員番号：{employee.number}",
            f"氏名：{employee.name}", f"所属：{employee.department}", *when, note,
        ])  # fmt: skip
        content = self._mail(receipt, body)
        self._put(receipt, content, folder)
        self.applications.append(Expected(employee=employee, receipt=receipt, state=state))
        self._last = content, folder

    def _mail(self, name: str, body: str, headers: dict[str, str] | None = None) -> bytes:
        mail = EmailMessage(policy=email.policy.SMTP)
        mail["Authentication-Results"] = CHECKED
        mail["Received"] = f"from form by mx.city.example.jp; {format_datetime(_now())}"
        mail["Message-ID"] = f"<{name}@apply.city.example.jp>"
        mail["From"], mail["To"] = "noreply@apply.city.example.jp", "telework-id@city.example.jp"
        mail["Subject"] = "テレワーク利用申請"
        for header, value in (headers or {}).items():
            mail[header] = value
        mail.set_content(body)
        return mail.as_bytes()

    def _put(self, name: str, content: bytes, folder: str) -> None:
        """Deliver it as a mail program does: whole, or not there."""
        place: Path = self.place.house.path / "mailbox" / "inbox" / f"{name}.eml"
        place.with_suffix(".tmp").write_bytes(content)
        place.with_suffix(".tmp").rename(place)
        self.filed[folder] += 1


def _now() -> datetime:
    return SystemClock(ZONE).now().replace(microsecond=0)
