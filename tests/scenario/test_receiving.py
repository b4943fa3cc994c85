"""Mails that the server does not give, or does not move: told when it happens again, and what is on record is not read again."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bot.console.memory import MemoryConsole
from bot.ledger.unfiled import keep_unfiled, unfiled
from bot.life import State
from bot.operation.report import Report, Silent
from bot.operation.unreadable import read_again
from bot.sandbox.ews.server import EwsServer
from tests.acts_kit import in_ledger
from tests.alerts_kit import Bot, apply, beginnings, conditions, told
from tests.house import FRIDAY, House, text_of, without_received
from tests.postoffice_kit import exchange_mailbox

_GIVE, _MOVE = "mails_not_given", "mails_not_filed"


@dataclass(kw_only=True)
class Office:
    """A bot that reads from the embedded Exchange, with an application in its inbox."""

    house: House
    server: EwsServer
    bot: Bot

    def apply(self, number: int = 0) -> None:
        """Have an employee's application arrive by the server."""
        apply(self.house, first=number)
        (file,) = self.house.files("inbox")
        self.server.deliver(file.read_bytes(), FRIDAY)
        file.unlink()

    def alerts(self) -> list[EmailMessage]:
        """Return the alerts that went out about mails, the first first."""
        mails = [email.message_from_bytes(sent, policy=email.policy.default) for sent in self.server.store.sent]
        return [mail for mail in mails if ".conditions." in mail["Message-ID"]]

    def states(self) -> list[str]:
        """Return the states of all requests."""
        return sorted(one.state.value for one in in_ledger(self.house, lambda ledger: ledger.requests()))

    def run(self, count: int = 1, *, after: float = 5) -> list[Report]:
        """Make passes, so many minutes apart."""
        return [self.bot.run(after=after) for _ in range(count)]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A house on the embedded Exchange."""
    house = House(path=tmp_path).lay_out({"console": {"settle": 0.3}})
    with EwsServer() as server:
        made = Office(
            house=house, server=server, bot=Bot(house, MemoryConsole(), exchange_mailbox(server, mailbox="telework-id@city.example.jp"))
        )  # fmt: skip
        made.apply()
        yield made


def test_a_mail_that_is_not_given_again_is_told_once_with_start_and_end(office: Office) -> None:
    """The second pass that can't have it tells how to help; nothing more is told until it is there, and then that it is over."""
    office.server.faults.item_error, office.server.faults.of_mails_with = "ErrorAccessDenied", b"<0000600@"
    office.apply(1)
    (first,) = office.run()
    assert (first.exit_status, office.states(), office.alerts()) == (1, ["delivered"], [])
    assert "Unfetched: 2021-07-30 13:04:00: Exchange does not give it (ErrorAccessDenied" in first.problems[0]
    assert first.conditions == [_GIVE]
    office.run()
    (mail,) = office.alerts()
    assert "move it from the inbox to unreadable" in " ".join(text_of(mail).split())
    assert "2021-07-30 13:04:00" in text_of(mail)
    office.run()
    assert len(office.alerts()) == 1
    office.server.faults.item_error = ""
    office.run(2, after=40)
    assert "WHAT IS OVER" in text_of(office.alerts()[1])
    assert (len(office.alerts()), office.states(), conditions(office.house)) == (2, ["delivered"] * 2, [])


def test_what_passes_by_itself_is_told_to_nobody(office: Office) -> None:
    """A mail that is refused in one pass and given in the next was no condition, nor is its end news."""
    office.server.faults.item_error = "ErrorInternalServerError"
    office.run()
    office.server.faults.item_error = ""
    office.run(2, after=40)
    assert (office.alerts(), office.states(), conditions(office.house)) == ([], ["delivered"], [])


def test_what_comes_and_goes_is_told(office: Office) -> None:
    """Refused, given, refused within the calm time: that is again, and is told."""
    office.server.faults.item_error = "ErrorInternalServerError"
    office.run()
    office.server.faults.item_error = ""
    office.run()
    office.server.faults.item_error = "ErrorInternalServerError"
    office.apply(1)
    office.run()
    assert len(office.alerts()) == 1


@pytest.mark.parametrize("code", ["ErrorQuotaExceeded", "ErrorAccessDenied", "ErrorItemCorrupt"])
def test_what_can_not_be_moved_is_read_once(office: Office, code: str) -> None:
    """A recorded mail that stays in the inbox is done with, not fetched again, told at the second pass, and moved when it can be."""
    office.server.faults.move_error = code
    (first,) = office.run()
    assert (first.messages, first.exit_status, office.states()) == (1, 1, ["delivered"])
    asked = office.server.calls["GetItem"]
    second, third = office.run(2)
    assert (second.messages, second.repeated, third.messages) == (0, 0, 0)
    assert office.server.calls["GetItem"] == asked
    (mail,) = office.alerts()
    assert "can't be moved out of the inbox" in " ".join(text_of(mail).split())
    office.server.faults.move_error = ""
    office.run(2, after=40)
    assert "WHAT IS OVER" in text_of(office.alerts()[1])
    assert len(office.server.store.named("processed")) == 1
    assert in_ledger(office.house, lambda ledger: ledger.ask(unfiled)) == ()


def test_a_pass_that_did_not_look_ends_nothing(office: Office) -> None:
    """A mail that is not given stays a condition while the mailbox can't be listed."""
    office.server.faults.item_error = "ErrorAccessDenied"
    office.run(2)
    office.server.faults.unavailable_before = 99
    office.run()
    office.server.faults.unavailable_before = 0
    assert _GIVE in {one.key for one in conditions(office.house) if one.over_at is None}


def test_an_application_without_a_receipt_is_held_and_recorded_once(office: Office) -> None:
    """Where no server says when it came nothing is granted; looked at again it is the same message, whatever the time is now."""
    office.server.store.items.clear()
    office.apply(1)
    (item,) = office.server.store.items.values()
    item.content = without_received(item.content)
    office.server.faults.stamp = office.server.faults.created_stamp = None
    office.server.faults.move_error = "ErrorQuotaExceeded"
    office.run()
    assert office.states() == ["held"]
    (request,) = in_ledger(office.house, lambda ledger: ledger.requests())
    assert request.decision
    assert any("受信日時" in violation.text for violation in request.decision.violations)
    in_ledger(office.house, lambda ledger: ledger.change(_forget))
    (again,) = office.run()
    assert (again.repeated, office.states()) == (1, ["held"])


def _forget(connection: Connection) -> None:
    keep_unfiled(connection, (), [message.locator for message in unfiled(connection)])


# ---- in a folder


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house with an application in a folder, out of which nothing can be moved: a file stands where it should go."""
    made = House(path=tmp_path).lay_out({"console": {"settle": 0.3}})
    apply(made)
    for name in ("processed", "unreadable"):
        (made.path / "mailbox" / name).write_text("", encoding="utf-8")
    return made


def test_another_file_of_the_same_name_is_read(house: House) -> None:
    """What lies in the inbox under the name of a recorded mail that could not be moved is read when it is another one."""
    bot = Bot(house, MemoryConsole())
    assert bot.run().applications == 1
    assert (bot.run().messages, beginnings(house)) == (0, ["注意"])
    assert "processed/" in told(house)[0].text
    name = house.files("inbox")[0].name
    apply(house, first=1)
    (other,) = [file for file in house.files("inbox") if file.name != name]
    other.replace(other.with_name(name))
    assert bot.run().applications == 1
    assert [one.state for one in in_ledger(house, lambda ledger: ledger.requests())] == [State.DELIVERED] * 2


async def test_what_is_unreadable_and_could_not_be_moved_is_read_again_on_demand(house: House) -> None:
    """`rerun --unreadable` reads what still lies in the inbox too."""
    (file,) = house.files("inbox")
    whole = file.read_bytes()
    file.write_bytes(b"From: a@x\r\nSubject: x\r\n\r\nnothing\r\n")
    workshop = house.workshop()
    ledger = workshop.ledger()
    cycle = workshop.cycle(ledger=ledger, mailbox=workshop.mailbox(), console=MemoryConsole())
    assert (await cycle.run(Silent())).unreadable == 1
    house.clock.set(house.clock.now() + timedelta(minutes=5))
    assert (await cycle.run(Silent())).messages == 0
    _, report = await read_again(ledger, cycle, "もう一度", Silent())
    assert report.messages == 1
    file.write_bytes(whole)
    assert (await cycle.run(Silent())).applications == 1
    ledger.close()
