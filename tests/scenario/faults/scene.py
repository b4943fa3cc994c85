"""One fault's scene: a house with applications, a console with a browser on it, and the command line run for real."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from email import message_from_bytes
from pathlib import Path
from typing import Any, TypeVar

from loguru import logger

from bot.cli import main
from bot.clock import Clock, FixedClock, SystemClock
from bot.commands.opening import open_workshop
from bot.commands.passes import make_pass, tell
from bot.ledger.ledger import Ledger
from bot.ledger.records import Request
from bot.life import State
from bot.model import ReadOutcome
from bot.reading.isolated import Readers
from bot.sandbox.postoffice import PostOffice
from bot.sandbox.server import SandboxServer
from tests.acts_kit import in_ledger
from tests.house import ROOT, ZONE, House

T = TypeVar("T")
#: Who applies: the first is the one that a fault hits, the second shows that the rest goes on.
FIRST, SECOND = "0041120", "0046690"
_PATIENCE = 120
_PASSWORD = "TELEWORK_BOT_CONSOLE_PASSWORD"


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A command that has ended: its exit status, and everything it said on stdout and stderr."""

    status: int
    said: str


@dataclass(kw_only=True)
class Scene:
    """Where one fault happens."""

    house: House
    server: SandboxServer
    now: datetime
    days: list[date]
    #: Gives the mail server of all scenes, started when the first one needs it.
    office: Callable[[], PostOffice]
    #: Employee numbers that applied, each with the receipt number.
    applied: dict[str, str] = field(default_factory=dict)
    #: Where the requests of these employees end, if not as delivered.
    ends: dict[str, State] = field(default_factory=dict)
    #: Receipt numbers of mails that only name an employee, or repeat, each with where its requests end.
    named: dict[str, set[State]] = field(default_factory=dict)
    #: What the messages are that hold no application.
    others: list[ReadOutcome] = field(default_factory=list)
    #: Mails that brought several of those who applied.
    shared: int = 0
    #: Accounts of ours in the console that are in nobody's request: a fault of the console made them.
    strays: set[str] = field(default_factory=set)
    #: So many messages nobody can read.
    unreadable: int = 0
    #: Names of messages that the fault itself put into the inbox, as an attacker does: nobody of these applied.
    besides: set[str] = field(default_factory=set)
    #: Counts the messages that wait, where the mailbox is no folder.
    waiting: Callable[[], int] | None = None
    ran: list[Ran] = field(default_factory=list)

    def apply(self, *employees: str) -> None:
        """Have these employees apply for the last of the days."""
        for employee_no in employees:
            receipt = f"00005{len(self.applied):02}"
            self.house.apply(receipt, employee_no=employee_no, days=self.days[-1:], now=self.now)
            self.applied[employee_no] = receipt

    def run(self, *arguments: str) -> Ran:
        """Run a command in this process, ``run`` where none is named, as the command line does."""
        line = list(arguments) if arguments and not arguments[0].startswith("-") else ["run", *arguments]
        with self._said() as said:
            status = self._main([*line, "--config", str(self.house.config)])
        return self._ended(status, said.getvalue())

    def resume(self) -> None:
        """Let go on what the fault made stand still, as an operator does who has mended the cause."""
        self.run("resume", "--by", "吉澤", "--reason", "原因を取り除いた")

    def run_by(self, clock: Clock, readers: Readers | None = None) -> Ran:
        """Make a pass by another clock than the machine's, or with other processes that read mails."""
        with self._said() as said:
            workshop = open_workshop(self.house.config, [], clock=clock)
            report = make_pass(replace(workshop, readers=readers or workshop.readers))
            tell(report)
        return self._ended(report.exit_status, said.getvalue())

    @contextmanager
    def process(
        self, *arguments: str, of: Sequence[str] = ("run",), config: Path | None = None
    ) -> Iterator[subprocess.Popen[str]]:
        """Give a command, ``run`` where no other is named, in a process of its own, which leads a group; what is left of it is killed."""
        command = [sys.executable, "-m", "bot.cli", *of, *arguments, "--config", str(config or self.house.config)]
        environment = {**os.environ, _PASSWORD: self.server.password, "PYTHONPATH": str(ROOT)}
        with subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, start_new_session=True,
        ) as running:  # fmt: skip
            try:
                yield running
            finally:
                running.kill()

    def ended(self, running: subprocess.Popen[str]) -> Ran:
        """Wait for a process and return how it ended."""
        said, _ = running.communicate(timeout=_PATIENCE)
        return self._ended(running.returncode, said)

    def await_submit(self) -> None:
        """Wait until a submit has arrived at the console that is held or cut."""
        if not self.server.faults.arrived.wait(_PATIENCE):
            raise TimeoutError("no submit arrived at the console")

    def run_while(self, meanwhile: Callable[[], T], *arguments: str, by: Clock | None = None) -> tuple[Ran, T]:
        """Run, by another clock if one is given, and have ``meanwhile`` done in another thread; its errors are raised here."""
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(meanwhile)
            ran = self.run_by(by) if by else self.run(*arguments)
            return ran, done.result(_PATIENCE)

    def run_until_submit(self, then: Callable[[], T], *arguments: str) -> tuple[Ran, T]:
        """Run; when a held submit has arrived do ``then``, and let the console answer."""
        released = self.server.faults.released

        def meanwhile() -> T:
            self.await_submit()
            try:
                return then()
            finally:
                released.set()

        return self.run_while(meanwhile, *arguments)

    def ask(self, question: Callable[[Ledger], Awaitable[T]]) -> T:
        """Ask the ledger."""
        return in_ledger(self.house, question)

    def requests(self) -> dict[str, Request]:
        """Return the requests by their employee's number."""
        return {one.application.employee_no or "": one for one in self.applications()}

    def applications(self) -> list[Request]:
        """Return the requests of those who applied, not of what the fault put in."""
        strange = {one.id for one in self.ask(lambda ledger: ledger.messages()) if one.name in self.besides}
        return [one for one in self.ask(lambda ledger: ledger.requests()) if one.message_id not in strange]

    def states(self) -> list[str]:
        """Return the states of all requests, sorted."""
        return sorted(one.state.value for one in self.ask(lambda ledger: ledger.requests()))

    def inbox(self) -> int:
        """Return how many messages wait in the inbox."""
        return self.waiting() if self.waiting else len(self.house.files("inbox"))

    def sent_ids(self) -> set[str]:
        """Return the Message-IDs of all mails that went out."""
        files = self.house.files("outbox")
        return {str(message_from_bytes(file.read_bytes())["Message-ID"]) for file in files}

    def outcomes(self, action: str) -> list[str]:
        """Return what stands on record of an action, in order."""
        return [one.event.outcome for one in self.ask(lambda ledger: ledger.of_action(action))]

    @contextmanager
    def _said(self) -> Iterator[io.StringIO]:
        said, before = io.StringIO(), os.environ.get(_PASSWORD)
        os.environ[_PASSWORD] = self.server.password
        try:
            with redirect_stdout(said), redirect_stderr(said):
                yield said
        finally:
            logger.remove()  # the log of this house is closed with it
            if before is None:
                del os.environ[_PASSWORD]
            else:
                os.environ[_PASSWORD] = before

    @staticmethod
    def _main(line: list[str]) -> int:
        before, sys.argv = sys.argv, ["run_bot.py", *line]
        try:
            main()
        except SystemExit as left:
            return int(left.code or 0)
        finally:
            sys.argv = before
        return 0

    def _ended(self, status: int, said: str) -> Ran:
        ran = Ran(status=status, said=said)
        self.ran.append(ran)
        return ran


@contextmanager
def scene(
    path: Path, office: Callable[[], PostOffice], changes: Mapping[str, Mapping[str, Any]] | None = None
) -> Iterator[Scene]:
    """Give a scene below ``path`` with two applications in the inbox."""
    now = SystemClock(ZONE).now().replace(microsecond=0)
    with SandboxServer(FixedClock(now)) as server:
        sections = {**(changes or {})}
        # Pictures of failures alone: those of every submit are the subject of one fault only.
        console = {"url": server.url, "step_timeout": 8, "evidence": "failure"}
        sections["console"] = console | dict(sections.get("console", {}))
        house = House(path=path / "house").lay_out(sections)
        days = [day for day, _ in house.workshop().rulebook().next_possible(now, 3)]
        made = Scene(house=house, server=server, now=now, days=days, office=office)
        made.apply(FIRST, SECOND)
        yield made
