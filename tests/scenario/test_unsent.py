"""What could not be sent stands where people look until it is sent or closed by a person; sending stands still for all of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from bot.commands import notices, pausing
from bot.commands.digest import digest_of, send_digest
from bot.console.memory import MemoryConsole
from bot.errors import ActRefused, DeliveryFailed, SenderRefused, Transient
from bot.ledger.conditions import Part
from bot.ledger.ledger import Ledger
from bot.ledger.records import NoticeKind, NoticeState, Request
from bot.life import State
from bot.mail.folder import FolderMailbox
from tests.acts_kit import act, in_ledger, onward
from tests.alerts_kit import STAFF, TUESDAY, Bot, apply, conditions, deaf, pauses, told
from tests.house import FRIDAY, House


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house without settling times."""
    return House(path=tmp_path).lay_out({"console": {"settle": 0.3}})


def _one(house: House, state: State) -> Request:
    (found,) = in_ledger(house, lambda ledger: ledger.requests(states={state}))
    return found


def _refused_application(house: House) -> str:
    """Have somebody apply whom the rules refuse, and return who is told."""
    house.apply("0000690", employee_no=STAFF[0], days=(FRIDAY.date(),), now=FRIDAY)
    employee = house.workshop().directory().find(STAFF[0])
    assert employee
    return employee.mail


def test_a_refused_sender_pauses_sending_and_not_the_console(house: House) -> None:
    """553 at MAIL FROM: one ID was made before it was seen, no other is, nothing is stuck, and all go out when it is mended."""
    console, box = MemoryConsole(), deaf(house, SenderRefused("SMTP: 553 sender refused"))
    bot = Bot(house, console, box)
    apply(house, 5)
    bot.run()
    assert console.writes == {"create": 1}
    assert {pause.part for pause in pauses(house)} == {Part.DELIVERY}
    assert [condition.kind for condition in conditions(house)] == ["sending_refused"]
    states = {request.state for request in in_ledger(house, lambda ledger: ledger.requests())}
    assert states == {State.ISSUED, State.ACCEPTED}
    box.error = None
    bot.run(after=40)
    assert bot.run(after=40).conditions == []
    mailed = house.credentials(as_sent=True)
    assert len({sent.login_id for sent in mailed}) == 5
    assert all(console.accepts(sent.login_id, sent.password) for sent in mailed)


def test_mails_refused_in_a_row_pause_sending_and_not_the_console(house: House) -> None:
    """Three refusals in a row are no matter of the recipients: the rest is not issued, and revoking goes on."""
    console, box = MemoryConsole(), deaf(house, DeliveryFailed("554 refused"))
    bot = Bot(house, console, box)
    apply(house, 5)
    report = bot.run()
    assert console.writes == {"create": 3}
    assert {pause.part for pause in pauses(house)} == {Part.DELIVERY}
    assert "failures_in_a_row" not in report.conditions
    box.error = None
    house.clock.set(FRIDAY.replace(hour=15))
    stuck = [request.id for request in in_ledger(house, lambda ledger: ledger.requests(states={State.STUCK}))]
    for name in stuck:
        act(house, lambda acts, name=name: acts.retry_notices(name, "直した"))  # type: ignore[misc]
        onward(house, console, name)
    bot.run()
    mailed = house.credentials(as_sent=True)
    assert len({sent.login_id for sent in mailed}) == 5
    newest = {sent.login_id: sent.password for sent in mailed}
    assert all(console.accepts(login_id, password) for login_id, password in newest.items())


def test_a_failed_rejection_stands_until_it_is_sent(house: House) -> None:
    """A result that nobody was told of stands in status, digest and `notices list`; retried, it goes out once, on record."""
    box = deaf(house, DeliveryFailed("550 unknown user"))
    box.fussy = (_refused_application(house),)
    Bot(house, MemoryConsole(), box).run()
    Bot(house, MemoryConsole(), box).run()
    request = _one(house, State.REJECTED)
    assert [condition.subjects for condition in conditions(house) if condition.kind == "applicant_untold"] == [
        (request.id,)
    ]
    assert [
        line.id for line in in_ledger(house, lambda ledger: digest_of(house.workshop(), ledger, FRIDAY.date())).unsent
    ] == [request.id]
    act(house, lambda acts: acts.retry_notices(request.id, "アドレスを修正"))
    onward(house, MemoryConsole(), request.id)
    assert len([file for file in house.mailed() if ".rejected." in file.name]) == 1
    Bot(house, MemoryConsole()).run()
    assert in_ledger(house, lambda ledger: ledger.unsent()) == ()
    assert not [condition for condition in conditions(house) if condition.kind == "applicant_untold"]
    actions = [stored.event.action for stored in in_ledger(house, lambda ledger: ledger.timeline(request.id))]
    assert "notice.retry" in actions
    with pytest.raises(ActRefused):
        act(house, lambda acts: acts.retry_notices(request.id, "もう一度"))


def test_a_failed_rejection_may_be_closed_by_a_person(house: House) -> None:
    """Who was told by telephone needs no mail: closed, it is not sent, and stands nowhere any more."""
    box = deaf(house, DeliveryFailed("550 unknown user"))
    box.fussy = (_refused_application(house),)
    Bot(house, MemoryConsole(), box).run()
    request = _one(house, State.REJECTED)
    act(house, lambda acts: acts.close_notices(request.id, "電話で連絡"))
    Bot(house, MemoryConsole()).run()
    (notice,) = [
        notice
        for notice in in_ledger(house, lambda ledger: ledger.notices(request.id))
        if notice.kind is NoticeKind.REJECTED
    ]
    assert notice.state is NoticeState.CLOSED
    assert [file for file in house.mailed() if ".rejected." in file.name] == []
    assert in_ledger(house, lambda ledger: ledger.unsent()) == ()


def test_unsent_credentials_are_not_closed(house: House) -> None:
    """A login that nobody knows the password of is retried or dismissed, never called told."""
    apply(house, 1)
    Bot(house, MemoryConsole(), deaf(house, DeliveryFailed("550 unknown user"))).run()
    request = _one(house, State.STUCK)
    with pytest.raises(ActRefused, match="dismiss"):
        act(house, lambda acts: acts.close_notices(request.id, "電話で連絡"))


def test_the_commands_tell_what_was_not_sent(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """`notices list` and `status` name the request, what was to be told, and why it was not, as JSON too."""
    box = deaf(house, DeliveryFailed("550 unknown user"))
    box.fussy = (_refused_application(house),)
    Bot(house, MemoryConsole(), box).run()
    capsys.readouterr()
    assert notices.show(house.config, [], as_json=True) == 1
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["notice"], row["state"], row["reason"]) == ("rejected", "failed", "550 unknown user")
    pausing.status(house.config, [], as_json=True)
    assert json.loads(capsys.readouterr().out)["unsent"] == [row]
    assert notices.show(house.config, [], as_json=False) == 1
    assert row["id"] in capsys.readouterr().out


class _LeavesOut(FolderMailbox):
    """Takes mails to several for all but one."""

    out = "gone@city.example.jp"

    async def send(self, mail: EmailMessage) -> Mapping[str, str]:
        """Send, and name who was left out."""
        await super().send(mail)
        return {self.out: "550 unknown user"} if self.out and len(mail["To"].addresses) > 1 else {}


def _with_two_operators(tmp_path: Path) -> tuple[House, _LeavesOut]:
    to = ["op1@city.example.jp", _LeavesOut.out]
    house = House(path=tmp_path).lay_out({"console": {"settle": 0.3}, "alerts": {"mail_to": to}})
    return house, _LeavesOut(house.path / "mailbox", max_bytes=1_000_000, zone=house.workshop().config.zone)


def test_an_operator_s_refused_address_silences_nobody_else(tmp_path: Path) -> None:
    """The others are told, and told which address is refused; once all are accepted it is over."""
    house, box = _with_two_operators(tmp_path)
    console = MemoryConsole()
    bot = Bot(house, console, box)
    apply(house, 1)
    console.ahead = FRIDAY - FRIDAY.replace(hour=12)
    bot.run()
    assert any("address_refused" in condition.key for condition in conditions(house))
    assert any(box.out in mail.text for mail in told(house))
    box.out, console.ahead = "", timedelta()
    bot.run(after=40)
    house.apply("0000777", employee_no=STAFF[1], days=(TUESDAY,), now=FRIDAY, note="至急")
    console.ahead = FRIDAY - FRIDAY.replace(hour=12)
    bot.run(after=40)
    bot.run(after=40)
    assert not [found for found in conditions(house) if "address_refused" in found.key and found.over_at is None]


def test_a_digest_names_who_was_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The digest goes to those who are accepted, and the command says who was not."""
    house, box = _with_two_operators(tmp_path)
    workshop = house.workshop()
    monkeypatch.setattr(type(workshop), "mailbox", lambda _self: box)

    async def send(ledger: Ledger) -> None:
        await send_digest(workshop, ledger, await digest_of(workshop, ledger, FRIDAY.date()))

    in_ledger(house, send)
    said = capsys.readouterr()
    assert f"! {box.out} was left out" in said.err + said.out


def test_mails_that_fail_for_now_do_not_stop_revoking(house: House) -> None:
    """While no mail goes out, logins whose time is over are still disabled."""
    console = MemoryConsole()
    bot = Bot(house, console)
    apply(house, 1)
    bot.run()
    request = _one(house, State.DELIVERED)
    assert request.window
    house.clock.set(request.window.end.replace(hour=23))
    day = request.window.end.date()
    for number, staff in enumerate(STAFF[1:5]):
        house.apply(
            f"000080{number}",
            employee_no=staff,
            days=(day.replace(day=day.day + 3),),
            now=house.clock.now().replace(hour=9),
        )
    box, directory = deaf(house, Transient("no answer")), house.workshop().directory()
    box.fussy = tuple(employee.mail for staff in STAFF if (employee := directory.find(staff)))
    Bot(house, console, box).run()
    assert console.writes["create"] == 1 + 3, "the server takes mails as such, so that three are tried"
    assert _one(house, State.REVOKED).id == request.id
