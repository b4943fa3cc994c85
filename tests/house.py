"""A house to test in: a folder with mails, a staff directory, a config and a ledger, and what is left behind in it."""

from __future__ import annotations

import email
import email.policy
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from bot.clock import FixedClock
from bot.config import load
from bot.console.port import Console
from bot.ledger.ledger import Ledger
from bot.mail.port import Mailbox
from bot.operation.report import Report, Silent
from bot.reading.isolated import Readers
from bot.secret import Redactor
from bot.wiring import Workshop

ROOT = Path(__file__).resolve().parent.parent
ZONE = ZoneInfo("Asia/Tokyo")
#: The demo's Friday, four minutes after the cutoff for Monday.
FRIDAY = datetime(2021, 7, 30, 13, 4, tzinfo=ZONE)
MONDAY = datetime(2021, 8, 2, 8, 30, tzinfo=ZONE)
#: The reading processes of all houses: starting one takes as long as a whole test.
_READERS = Readers(most=3)
PASSWORD_LINE = re.compile(r"^\s*初期パスワード\s*：(\S+)\s*$", re.MULTILINE)
#: The forms as they come with the bot.
FORMS = load(ROOT / "config.yaml").settings.forms
#: ``forms:`` under which the mails of :meth:`House.apply`, and the samples, have a sender that is proven.
PROVEN: dict[str, object] = {"trusted_authserv": ["mx.city.example.jp", "lgmail.city.example.jp"]}
#: What the form system's mails bear there.
CHECKED = "mx.city.example.jp; dmarc=pass (p=reject dis=none) header.from=apply.city.example.jp"
LOGIN_LINE = re.compile(r"^\s*ログインID\s*：(\S+)\s*$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A credential mail that went out."""

    request_id: str
    to: str
    login_id: str
    password: str


@dataclass(kw_only=True)
class House:
    """Everything below one folder."""

    path: Path
    clock: FixedClock = field(default_factory=lambda: FixedClock(FRIDAY))

    @property
    def config(self) -> Path:
        """Where config.yaml is."""
        return self.path / "config.yaml"

    def lay_out(self, changes: Mapping[str, Mapping[str, Any]] | None = None) -> House:
        """Write config.yaml and the staff directory."""
        raw: dict[str, Any] = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
        raw["mailbox"]["path"] = "mailbox"
        raw["staff"]["file"] = "staff.csv"
        raw["ledger"]["url"] = "sqlite:///ledger.sqlite3"
        raw["log"]["file"] = "log/bot.jsonl"
        raw["console"] |= {
            "evidence_dir": "evidence",
            "screens_dir": "screens",
            "flows_dir": str(ROOT / "flows"),
            "settle": 2,
            "step_timeout": 10,
        }
        raw["forms"]["profiles_dir"] = str(ROOT / "forms")
        for section, values in (changes or {}).items():
            raw[section] |= values
        self.path.mkdir(parents=True, exist_ok=True)
        self.config.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
        shutil.copyfile(ROOT / "inbox_samples" / "staff.csv", self.path / "staff.csv")
        (self.path / "mailbox" / "inbox").mkdir(parents=True, exist_ok=True)
        return self

    def receive(self, *names: str) -> None:
        """Put samples into the inbox by the beginning of their names; all of them when none is named."""
        for sample in sorted((ROOT / "inbox_samples").glob("[0-9]*")):
            wanted = not names or sample.name.startswith(names)
            if wanted and sample.suffix != ".json":
                shutil.copyfile(sample, self.path / "mailbox" / "inbox" / sample.name)

    def apply(
        self, name: str, *, employee_no: str, days: Sequence[date], now: datetime, note: str = "", kind: str = "新規"
    ) -> None:
        """Put an application for ``days`` into the inbox, as the form system would send it now."""
        staff = self.workshop().directory().find(employee_no)
        assert staff is not None
        body = "\n".join([
            f"受付番号：{name}", f"申請日時：{now:%Y/%m/%d %H:%M:%S}", f"申請区分：{kind}", f"職員番号：{employee_no}",
            f"氏名：{staff.name}", f"所属：{staff.department}",
            *([f"利用日：{'、'.join(f'{day:%Y/%m/%d}' for day in days)}", "実施場所：自宅"] if days else []), note,
        ])  # fmt: skip
        mail = EmailMessage(policy=email.policy.SMTP)
        mail["Authentication-Results"] = CHECKED
        mail["Received"] = f"from form by mx.city.example.jp; {format_datetime(now)}"
        mail["Message-ID"] = f"<{name}@apply.city.example.jp>"
        mail["From"], mail["To"] = "noreply@apply.city.example.jp", "telework-id@city.example.jp"
        mail["Subject"] = "テレワーク利用申請"
        mail.set_content(body)
        (self.path / "mailbox" / "inbox" / f"{name}.eml").write_bytes(mail.as_bytes())

    def workshop(self) -> Workshop:
        """Return a workshop on this house with its clock."""
        return Workshop(
            config=load(self.config), clock=self.clock, redactor=Redactor(), say=lambda _: None, readers=_READERS
        )

    async def run(self, console: Console, *, mailbox: Mailbox | None = None, ledger: Ledger | None = None) -> Report:
        """Make one pass with this console; mailbox and ledger are the house's where none is given."""
        workshop = self.workshop()
        own = ledger or workshop.ledger()
        try:
            cycle = workshop.cycle(ledger=own, mailbox=mailbox or workshop.mailbox(), console=console)
            return await cycle.run(Silent())
        finally:
            own.close()

    def files(self, folder: str) -> list[Path]:
        """Return the files in a folder of the mailbox."""
        place = self.path / "mailbox" / folder
        return sorted(file for file in place.iterdir() if file.is_file()) if place.exists() else []

    def mailed(self) -> list[Path]:
        """Return the mails that went out about single requests: all but the alerts of what is wrong."""
        return [file for file in self.files("outbox") if ".conditions." not in file.name]

    def credentials(self, *, as_sent: bool = False) -> list[Sent]:
        """Return all credential mails that went out, in the order of their attempts, or ``as_sent``."""
        files = [file for file in self.files("outbox") if ".credentials." in file.name]
        if as_sent:
            files.sort(key=lambda file: file.stat().st_mtime_ns)
        mails = [(file, _parsed(file)) for file in files]
        return [
            Sent(
                request_id=file.name.partition(".")[0], to=mail["To"], login_id=_one(LOGIN_LINE, text),
                password=_one(PASSWORD_LINE, text),
            )
            for file, mail in mails for text in [text_of(mail)]
        ]  # fmt: skip

    def left_behind(self, *, but: Iterable[str] = ()) -> dict[Path, bytes]:
        """Return every byte in the house except below the folders named."""
        skipped = [self.path / name for name in but]
        return {
            file: file.read_bytes()
            for file in self.path.rglob("*")
            if file.is_file() and not any(file.is_relative_to(place) for place in skipped)
        }


def text_of(mail: EmailMessage) -> str:
    """Return the plain text of a mail."""
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def _parsed(file: Path) -> EmailMessage:
    return email.message_from_bytes(file.read_bytes(), policy=email.policy.default)


def _one(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.findall(text)
    assert len(found) == 1, f"expected one {pattern.pattern}, found {len(found)}"
    return str(found[0])


def in_kanji(digits: str) -> str:
    """Return digits as they stand in a name that no other number has."""
    return "".join("〇一二三四五六七八九"[int(digit)] for digit in digits)


def without_received(content: bytes) -> bytes:
    """Return a mail without its Received lines: nobody says then when it came."""
    return re.sub(rb"(?m)^Received:.*\r\n(?:[ \t].*\r\n)*", b"", content)
