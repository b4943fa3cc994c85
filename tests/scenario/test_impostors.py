"""Who applies is never taken from what a mail claims: somebody else's number, notice or spelling changes nothing for anybody."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from bot.console.memory import MemoryConsole
from bot.errors import ConfigInvalid
from bot.ledger.records import AccountRecord, Event, Request
from bot.life import AccountRecordState, State
from tests.acts_kit import in_ledger
from tests.house import FRIDAY, House
from tests.scenario.test_joining import notice, one_pass, row

KATO, COLLEAGUE = "0031977", "m.takahashi@city.example.jp"
TUESDAY, WEDNESDAY, THURSDAY = date(2021, 8, 3), date(2021, 8, 4), date(2021, 8, 5)
ASKED = f"職員番号：{KATO}\n氏名：上野原　拓\n実施場所：自宅\n"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house with an empty inbox."""
    return House(path=tmp_path).lay_out({"console": {"settle": 0.3}})


def mail(house: House, body: str, *, minutes: int, sender: str = COLLEAGUE, name: str = "attack") -> None:
    """Put a mail into the inbox that was received so many minutes before the pass; negative ones come after."""
    stamp = format_datetime(house.clock.now() - timedelta(minutes=minutes))
    head = f"Received: from x by mx.city.example.jp; {stamp}\nMessage-ID: <{name}@x>\nFrom: {sender}\nSubject: x\n"
    content = f"{head}Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{body}"
    (house.path / "mailbox" / "inbox" / f"{name}.eml").write_bytes(content.encode())


def requests(house: House) -> dict[str, Request]:
    """Return the requests by the file that each came in."""

    async def work(ledger: object) -> dict[str, Request]:
        names = {found.id: found.name for found in await ledger.messages()}  # type: ignore[attr-defined]
        return {names[request.message_id]: request for request in await ledger.requests()}  # type: ignore[attr-defined]

    return in_ledger(house, work)


def run(house: House, console: MemoryConsole | None = None) -> dict[str, Request]:
    """Make a pass and return the requests by their files."""
    asyncio.run(house.run(console or MemoryConsole()))
    return requests(house)


SAME, OTHER = (f"受付番号：0000777\n{ASKED}利用日：R3.8.{day}\n" for day in (3, 4))
UNDER_THE_NUMBER = {
    "the same": SAME,
    "another day": OTHER,
    "another spelling": SAME.replace("0000777", "００００－７７７"),
    "a cancellation": f"受付番号：0000777\n申請区分：取消\n{ASKED}",
    "a change": f"受付番号：0000777\n申請区分：変更\n元の受付番号：0000777\n{ASKED}利用日：R3.8.4\n",
    "a reissue": f"受付番号：0000777\n申請区分：再発行\n{ASKED}",
    "a notice": "受付番号：0000777\n申込内容は管理画面からご確認ください。\n",
}


@pytest.mark.parametrize(
    ("what", "order"),
    [(what, order) for what in UNDER_THE_NUMBER for order in ("a pass before", "after")]
    + [("the same", "before"), ("another day", "before")],
)
def test_a_number_taken_by_a_colleague_stops_nobody(house: House, what: str, order: str) -> None:
    """Whatever a colleague mails under the applicant's number, before or after, the true application is issued once."""
    console = MemoryConsole()
    mail(house, UNDER_THE_NUMBER[what], minutes=-1 if order == "after" else 9)
    if order == "a pass before":
        run(house, console)
    house.apply("0000777", employee_no=KATO, days=(TUESDAY,), now=FRIDAY - timedelta(minutes=5))
    found = run(house, console)
    assert (found["0000777.eml"].state, found["0000777.eml"].granted) == (State.DELIVERED, (TUESDAY,))
    assert found["attack.eml"].state in {State.HELD, State.REJECTED}
    assert len(house.credentials()) == 1


def test_the_applicants_own_cancellation_finds_the_true_application(house: House) -> None:
    """What a colleague has sent under the number before is not what it refers to; what it lists is what is granted."""
    mail(house, OTHER, minutes=9)
    house.apply("0000777", employee_no=KATO, days=(TUESDAY,), now=FRIDAY - timedelta(minutes=5))
    run(house)
    note = "元の受付番号：0000777"
    house.apply("0000790", employee_no=KATO, days=(), now=house.clock.now(), kind="取消", note=note)
    cancel = run(house)["0000790.eml"]
    assert cancel.decision is not None
    assert (cancel.state, [item.code for item in cancel.decision.violations]) == (State.HELD, ["V20"])


@pytest.mark.parametrize(
    ("sender", "order"),
    [
        (COLLEAGUE, "before"),
        (COLLEAGUE, "after"),
        (COLLEAGUE, "same pass"),
        ("x@example.com", "before"),
        ("noreply@apply.city.example.jp, x@example.com", "same pass"),
    ],
)
def test_a_strangers_notice_joins_no_row(house: House, sender: str, order: str) -> None:
    """A notice with somebody's number from anybody but the form system is held by itself: it marks and delays no row."""
    console = MemoryConsole()
    strange = {"before": ["notice", "pass", "row"], "after": ["row", "pass", "notice"], "same pass": ["notice", "row"]}
    for step in strange[order]:
        if step == "notice":
            notice(house, name="z", sender=sender, time="9時00分")
        elif step == "row":
            row(house, at=22)
        else:
            one_pass(house, console)
    one_pass(house, console)
    found = requests(house)
    assert (found["export.csv"].state, found["z.eml"].state) == (State.DELIVERED, State.HELD)
    assert found["export.csv"].application.doubts == ()
    assert found["export.csv"].received_at == FRIDAY - timedelta(minutes=22)


def test_the_form_systems_notice_still_finds_its_row_beside_a_strangers(house: House) -> None:
    """The true notice joins the row, whatever else bears its number."""
    notice(house, name="a", sender=COLLEAGUE, time="9時00分")
    notice(house, name="b")
    one_pass(house, MemoryConsole())
    row(house, applied="")
    one_pass(house, MemoryConsole())
    found = requests(house)
    assert (len(found), found["export.csv"].state, found["a.eml"].state) == (2, State.DELIVERED, State.HELD)


def test_a_forged_notice_joins_no_row_where_senders_are_proven(tmp_path: Path) -> None:
    """With a trusted host, a notice in the form system's name that it does not vouch for is a stranger's."""
    forms = {"trusted_authserv": ["mx.city.example.jp"]}
    house = House(path=tmp_path).lay_out({"console": {"settle": 0.3}, "forms": forms})
    notice(house, time="9時00分")
    row(house, at=22)
    one_pass(house, MemoryConsole())
    found = requests(house)
    assert (found["export.csv"].state, found["a.eml"].state) == (State.DELIVERED, State.HELD)


def hire(house: House, *numbers: str) -> None:
    """Add employees with these numbers to the directory, all with one name and each with an address."""
    staff = house.path / "staff.csv"
    rows = "".join(
        f"{number},久保田　望,クボタ　ノゾミ,総務部人事課,n{place}@city.example.jp,正規,,2012-04-01,\r\n"
        for place, number in enumerate(numbers)
    )
    staff.write_bytes(staff.read_bytes() + rows.encode("cp932"))


@pytest.mark.parametrize(
    ("listed", "written"),
    [
        ("A2000001", "a2000001"),
        ("a2000001", "A2000001"),
        ("Ａ２０００００１", " A 2 0 0 0 0 0 1 "),
        (" A2000001 ", "A2\u200b000001"),
        ("A2000001", "ａ－２０００００１"),
    ],
)
def test_one_employee_has_one_login_however_the_number_is_written(tmp_path: Path, listed: str, written: str) -> None:
    """The directory's number stands everywhere: one login, both days on it, the newest password works, limits count both."""
    house = House(path=tmp_path).lay_out({"console": {"settle": 0.3}, "rules": {"max_days_per_week": 2}})
    hire(house, listed)
    console = MemoryConsole()
    house.apply("0000001", employee_no="A2000001", days=(TUESDAY,), now=FRIDAY)
    house.apply("0000002", employee_no=written, days=(WEDNESDAY,), now=FRIDAY)
    house.apply("0000003", employee_no=written, days=(TUESDAY, THURSDAY), now=FRIDAY)
    found = run(house, console)
    assert {request.application.employee_no for request in found.values()} == {"A2000001"}
    assert [found[f"000000{place}.eml"].state for place in (1, 2, 3)] == [State.DELIVERED, State.DELIVERED, State.HELD]
    assert list(console.accounts) == ["twA2000001"]
    newest = house.credentials(as_sent=True)[-1]
    assert console.accepts(newest.login_id, newest.password)


@pytest.mark.parametrize("other", ["a2000001", "Ａ２０００００１", "A2\u3000000001", "A-2000001"])
def test_a_directory_with_one_number_twice_is_refused(house: House, other: str) -> None:
    """However they are written: nobody could tell whose application it is."""
    hire(house, "A2000001", other)
    with pytest.raises(ConfigInvalid, match=r"stands in row \d+ already, written 'A2000001'"):
        house.workshop().directory()


async def test_a_login_that_differs_only_in_its_letters_is_not_made(house: House) -> None:
    """Many consoles take small and capital letters for the same: the request is stuck, and says which login is in its way."""
    hire(house, "A2000001")
    console = MemoryConsole()
    house.apply("0000001", employee_no=KATO, days=(TUESDAY,), now=FRIDAY)
    await house.run(console)
    ledger = house.workshop().ledger()
    try:
        (first,) = await ledger.requests()
        account = AccountRecord(
            login_id="twa2000001", employee_no="a2000001", request_id=first.id, state=AccountRecordState.CREATING
        )
        await ledger.note(Event(action="account.create", outcome="intended"), account=account)
    finally:
        ledger.close()
    house.apply("0000002", employee_no="A2000001", days=(TUESDAY,), now=FRIDAY)
    await house.run(console)
    ledger = house.workshop().ledger()
    try:
        _, second = await ledger.requests()
    finally:
        ledger.close()
    assert (second.state, "twa2000001 is on record" in second.stuck_reason) == (State.STUCK, True)
    assert list(console.accounts) == [f"tw{KATO}"]
