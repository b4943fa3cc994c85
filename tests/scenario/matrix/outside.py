"""The world as it is: MeshCentral for a console, Dovecot and Postfix for a mailbox; all three outlive every bot."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.clock import FixedClock
from bot.console.port import Console
from bot.mail.port import Folder
from bot.sandbox.meshcentral import MeshCentral
from bot.sandbox.postoffice import BOT, PostOffice
from bot.wiring import Workshop
from tests.house import FRIDAY, PROVEN, ZONE, House
from tests.postoffice_kit import imap_settings, smtp_settings
from tests.scenario.matrix.at_console import watched_console
from tests.scenario.matrix.moments import Gate
from tests.scenario.matrix.story import BY_ITSELF, Stage, Story
from tests.scenario.matrix.worlds import INBOX, Filed, Mail, Seen, Settings, filed, thin

#: The number of the run in which nobody is killed.
_CLEAN = 90_000
_LOCKED, _PASSWORD_CHANGED = 32, 75
_LATER = FRIDAY + timedelta(minutes=2)
_MAILBOX, _CONSOLE = "MATRIX_MAILBOX", "MATRIX_CONSOLE"


@dataclass(frozen=True, kw_only=True)
class Servers:
    """What is started once for all runs."""

    office: PostOffice
    mesh: MeshCentral


class OutsideWorld:
    """A house of two employees whom no other run has, on the servers that all runs share, one after the other."""

    mails_may_double = True

    def __init__(self, base: Path, servers: Servers) -> None:
        self.base, self._servers = base, servers
        ending = base.name.rpartition("-")[2]
        self._number = int(ending) if ending.isdecimal() else _CLEAN
        self.house = House(path=base / "house")

    def _settings(self) -> Settings:
        office, mesh = self._servers.office, self._servers.mesh
        ca, mailbox = str(office.certificates.ca), f"env:{_MAILBOX}"
        console = {"flow": "meshcentral", "url": mesh.url, "certificate": mesh.pin, "user": mesh.admin, "settle": 2}
        return {
            "mailbox": {
                "kind": "imap",
                "imap": imap_settings(office, ca_file=ca, password=mailbox).model_dump(mode="json"),
                "smtp": smtp_settings(office, ca_file=ca, password=mailbox).model_dump(mode="json"),
            },
            "console": {**console, "password": f"env:{_CONSOLE}"},
            "forms": PROVEN,
            "rules": BY_ITSELF,
        }

    def prepare(self, settings: Settings) -> None:  # noqa: ARG002 - the servers say what is to be set
        """Lay the house out on the servers, empty their mailbox, and give the house its two employees."""
        thin(self.house.lay_out(self._settings()))
        self._servers.office.empty()
        numbers = [f"{self._number:05}{place:02}" for place in (1, 2)]
        rows = [f"{number},職員　{number},総務部総務課,p{number}@city.example.jp,正規" for number in numbers]
        table = "\r\n".join(["職員番号,氏名,所属,メールアドレス,任用区分", *rows])
        (self.house.path / "staff.csv").write_bytes(table.encode("cp932"))

    def comparable(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Everybody's name and number is another in each run; only how the requests end is the same."""
        return {"ends": facts["ends"], "chain": facts["chain"]}

    @contextmanager
    def running(self, at: datetime) -> Iterator[dict[str, str]]:
        """Bring what has arrived to the mail server; the servers run already."""
        self.house.clock = FixedClock(at)
        yield {_MAILBOX: self._servers.office.password, _CONSOLE: self._servers.mesh.password}

    def deliver(self) -> None:
        """Put what has arrived into the mailbox on the server."""
        for file in self.house.files(INBOX):
            self._servers.office.put(BOT, file.stem, file.read_bytes(), at=self.house.clock.now().timestamp())
            file.unlink()

    def console(self, workshop: Workshop, gate: Gate) -> Console:
        """Return the bot's own console, with a boundary at each step of its flow."""
        return watched_console(workshop, gate)

    def on_write(self, act: Callable[[int], None]) -> None:
        """MeshCentral tells of a write only when it has answered."""

    def accounts(self) -> dict[str, Seen]:
        """See :meth:`tests.scenario.matrix.worlds.World.accounts`; it has no validity."""
        return {
            name: ("disabled" if int(user.get("siteadmin", 0)) & _LOCKED else "active", "")
            for name, user in self._servers.mesh.users().items()
            if name.startswith(f"tw{self._number:05}")
        }

    def record(self) -> list[Seen]:
        """See :meth:`tests.scenario.matrix.worlds.World.record`: what the console's own events say of creates and passwords."""
        found: list[Seen] = []
        for event in self._servers.mesh._events():
            login_id = str(event.get("account", {}).get("_id", "")).rpartition("/")[2]
            if not login_id.startswith(f"tw{self._number:05}"):
                continue
            if event["action"] == "accountcreate":
                found.append(("create", login_id))
            elif event.get("msgid") == _PASSWORD_CHANGED:
                found.append(("reset_password", login_id))
        return found

    def logs_in(self, login_id: str, password: str) -> bool:
        """Log in by the console's own login page."""
        return self._servers.mesh.works(login_id, password)

    def passwords(self) -> list[str]:
        """Return the bot's own two."""
        return [self._servers.office.password, self._servers.mesh.password]

    def mails(self) -> list[Mail]:
        """Return what lies in the recipients' mailboxes when nothing is on its way any more."""
        office = self._servers.office
        people = [place.name for place in (office.folder / "mail").iterdir() if place.name != BOT]
        return [
            Mail(file=file, content=file.read_bytes()) for name in sorted(people) for file in office.delivered(name)
        ]

    def filed(self) -> list[Filed]:
        """See :meth:`tests.scenario.matrix.worlds.World.filed`."""
        office, here = self._servers.office, [filed(INBOX, file) for file in self.house.files(INBOX)]
        there = [filed(INBOX, file) for file in office.mails(BOT)]
        return [*here, *there, *(filed(one.value, file) for one in Folder for file in office.mails(BOT, one.value))]

    def save(self, to: Path) -> None:
        """Only the house: the servers go on."""
        shutil.copytree(self.base, to)


def _first(house: House) -> None:
    """One that is granted, and one that comes too late."""
    one, other = _people(house)
    house.apply(f"{one}1", employee_no=one, days=[date(2021, 8, 3)], now=FRIDAY)
    house.apply(f"{other}1", employee_no=other, days=[date(2021, 8, 2)], now=FRIDAY)


def _lost(house: House) -> None:
    one, _ = _people(house)
    house.apply(f"{one}2", employee_no=one, days=[], now=_LATER, kind="再発行")


def _people(house: House) -> list[str]:
    table = (house.path / "staff.csv").read_bytes().decode("cp932")
    return [row["職員番号"] for row in csv.DictReader(io.StringIO(table))]


#: A login from its making to its end, and a refusal.
OUTSIDE = Story(
    stages=(
        Stage(name="made", at=FRIDAY, arrive=_first),
        Stage(name="renewed", at=_LATER, arrive=_lost),
        Stage(name="disabled", at=datetime(2021, 8, 7, 9, 0, tzinfo=ZONE), arrive=lambda _: None),
    )
)
