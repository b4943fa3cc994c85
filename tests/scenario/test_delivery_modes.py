"""How credentials reach people: one mail, two by two hands, or a sheet to hand over; after any failure the newest works."""

from __future__ import annotations

import asyncio
import email
import email.policy
import re
from collections.abc import Mapping
from email.message import EmailMessage
from pathlib import Path

import pytest

from bot.console.memory import MemoryConsole
from bot.errors import ActRefused, OutcomeUnknown, Transient
from bot.ledger.records import Request
from bot.life import State
from bot.mail.folder import FolderMailbox
from tests.house import LOGIN_LINE, PASSWORD_LINE, ZONE, House, text_of

_APPLICANT, _BOSS = "t.uenohara@city.example.jp", "m.furuhata@city.example.jp"


class Failing(FolderMailbox):
    """A mailbox that fails once at the so-manieth mail, before or after it went out."""

    def __init__(self, path: Path, *, at: int, error: Exception, after: bool) -> None:
        super().__init__(path, max_bytes=10**6, zone=ZONE)
        self._left, self._error, self._after = at, error, after

    async def send(self, mail: EmailMessage) -> Mapping[str, str]:
        """Send, or fail."""
        self._left -= 1
        if self._left != 0:
            return await super().send(mail)
        if self._after:
            await super().send(mail)
        raise self._error


def house_with(path: Path, **delivery: str) -> House:
    """Return a house with one application in it, and these delivery settings."""
    house = House(path=path).lay_out({"delivery": delivery, "console": {"settle": 0.3}})
    house.receive("03")
    return house


def mails(house: House, kind: str) -> list[EmailMessage]:
    """Return the mails of a kind that went out, oldest attempt first."""
    files = [file for file in house.files("outbox") if f".{kind}." in file.name]
    return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]


def one_request(house: House) -> Request:
    """Return the request."""

    async def ask() -> Request:
        ledger = house.workshop().ledger()
        try:
            (request,) = await ledger.requests()
            return request
        finally:
            ledger.close()

    return asyncio.run(ask())


def boss_of(house: House) -> str:
    """Return the supervisor's address, from the directory."""
    directory = house.workshop().directory()
    employee = directory.find("0031977")
    assert employee is not None
    boss = directory.find(employee.supervisor_no)
    assert boss is not None
    return boss.mail


def test_split_gives_each_hand_one_half(tmp_path: Path) -> None:
    """The applicant's mail has the ID and no password, the supervisor's the password and no ID; together they log in."""
    house, console = house_with(tmp_path, mode="split"), MemoryConsole()
    asyncio.run(house.run(console))
    (half,), (other,) = mails(house, "credentials"), mails(house, "secret")
    (login_id,) = LOGIN_LINE.findall(text_of(half))
    (password,) = PASSWORD_LINE.findall(text_of(other))
    assert console.accepts(login_id, password)
    assert (half["To"], other["To"]) == (_APPLICANT, boss_of(house))
    assert (password in half.as_string() + text_of(half), login_id in text_of(other)) == (False, False)
    assert "所属長からお受け取りください" in text_of(half)


def test_handover_goes_to_the_supervisor_alone(tmp_path: Path) -> None:
    """The sheet has everything; the applicant, who can't read mail, is sent nothing secret; who gave it is recorded."""
    house, console = house_with(tmp_path, mode="handover"), MemoryConsole()
    asyncio.run(house.run(console))
    (sheet,) = mails(house, "handover")
    assert sheet["To"] == boss_of(house)
    assert console.accepts(LOGIN_LINE.findall(text_of(sheet))[0], PASSWORD_LINE.findall(text_of(sheet))[0])
    assert mails(house, "credentials") == []
    request = one_request(house)
    with house.workshop().acts("吉澤　勝") as acts:
        done = asyncio.run(acts.hand_over(request.id, to="上野原　拓", reason="折り返し電話で口頭"))
        events = asyncio.run(acts.ledger.timeline(request.id))
    assert (done.before, done.after) == (State.DELIVERED, State.DELIVERED)
    assert [(item.run.actor, item.event.action) for item in events][-1] == ("吉澤　勝", "credentials.handover")


def test_operators_may_hand_over_in_place_of_the_supervisor(tmp_path: Path) -> None:
    """With ``hand_to: operators`` the password comes as a sheet to the operators' address, and the supervisor gets nothing."""
    house, console = house_with(tmp_path, mode="split", hand_to="operators"), MemoryConsole()
    asyncio.run(house.run(console))
    (half,), (sheet,) = mails(house, "credentials"), mails(house, "secret")
    assert (half["To"], sheet["To"]) == (_APPLICANT, "telework-operators@city.example.jp")
    assert console.accepts(LOGIN_LINE.findall(text_of(half))[0], PASSWORD_LINE.findall(text_of(sheet))[0])


def test_only_urgent_ones_may_be_handed_over(tmp_path: Path) -> None:
    """With ``urgent_mode`` an ordinary request is mailed as ever, and nobody hands over what was not to be."""
    house = house_with(tmp_path, urgent_mode="handover")
    asyncio.run(house.run(MemoryConsole()))
    assert [mail["To"] for mail in mails(house, "credentials")] == [_APPLICANT]
    request = one_request(house)
    with house.workshop().acts("吉澤") as acts, pytest.raises(ActRefused, match="mailed to the applicant"):
        asyncio.run(acts.hand_over(request.id, to="上野原", reason="x"))


def test_without_a_supervisor_nothing_is_sent(tmp_path: Path) -> None:
    """Where the directory names no supervisor the request is stuck, with that reason, and no half of it has gone out."""
    house = house_with(tmp_path, mode="split")
    staff = house.path / "staff.csv"
    staff.write_bytes(
        re.sub("^(0031977,(?:[^,]*,){5})[^,]*", r"\1", staff.read_bytes().decode("cp932"), flags=re.M).encode("cp932")
    )
    asyncio.run(house.run(MemoryConsole()))
    request = one_request(house)
    assert (request.state, "no supervisor" in request.stuck_reason) == (State.STUCK, True)
    assert not [file for file in house.files("outbox") if ".secret." in file.name or ".credentials." in file.name]


@pytest.mark.parametrize("after", [False, True], ids=["not sent", "sent"])
@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("mode", ["single", "split"])
def test_whatever_fails_the_newest_halves_fit(tmp_path: Path, mode: str, at: int, *, after: bool) -> None:
    """A mail that fails, certainly or not, leads to halves that fit in the end: nobody is left with an old password."""
    house, console = house_with(tmp_path, mode=mode), MemoryConsole()
    error = OutcomeUnknown("send") if after else Transient("later")
    mailbox = Failing(house.path / "mailbox", at=at, error=error, after=after)
    asyncio.run(house.run(console, mailbox=mailbox))
    asyncio.run(house.run(console))
    assert one_request(house).state is State.DELIVERED
    newest = mails(house, "secret" if mode == "split" else "credentials")[-1]
    (login_id,) = LOGIN_LINE.findall(text_of(mails(house, "credentials")[-1]))
    assert console.accepts(login_id, PASSWORD_LINE.findall(text_of(newest))[0])
