"""A receipt number that comes again: the true repetition changes nothing, and what takes something back is seen by a person."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from bot.console.memory import MemoryConsole
from bot.life import State
from tests.acts_kit import in_ledger
from tests.house import FRIDAY, House, text_of
from tests.unit.test_cli import answer

_TUESDAY = date(2021, 8, 3)
_TAKAHASHI = "0048213"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house in which the application 0000701 for Tuesday was issued."""
    made = House(path=tmp_path / "house").lay_out({"console": {"settle": 0.3}, "mailbox": {"batch_seconds": 0}})
    made.apply("0000701", employee_no=_TAKAHASHI, days=(_TUESDAY,), now=FRIDAY - timedelta(hours=1))
    asyncio.run(made.run(MemoryConsole()))
    return made


def sent_again(house: House, *changes: tuple[str, str]) -> tuple[State, dict[str, Any]]:
    """Send the mail once more with these changes; return what became of it, and what ``show`` says."""
    mail = (house.path / "mailbox" / "processed" / "0000701.eml").read_bytes().decode()
    for old, new in (("<0000701@", "<again@"), *changes):
        assert old in mail
        mail = mail.replace(old, new, 1)
    (house.path / "mailbox" / "inbox" / "again.eml").write_bytes(mail.encode())
    asyncio.run(house.run(MemoryConsole()))
    request = in_ledger(house, lambda ledger: ledger.requests())[-1]
    return request.state, answer("show", request.id, "--config", str(house.config))


def differing(shown: dict[str, Any]) -> Sequence[tuple[str, str]]:
    """Return the requests under the same number, each with the fields that differ."""
    return [
        (other["id"], pair["field"]) for other in shown["same_number"] for pair in other["pairs"] if pair["differs"]
    ]


def test_the_same_again_is_rejected_as_issued(house: House) -> None:
    """Word for word, and its login works: the notice of the first one says so."""
    state, shown = sent_again(house)
    assert (state, [item["code"] for item in shown["violations"]]) == (State.REJECTED, ["V18"])
    assert differing(shown) == []


def test_a_reply_that_takes_it_back_is_held(house: House) -> None:
    """The words above the quoted application come first: nobody is told that all is well while the login lives on."""
    state, shown = sent_again(house, ("\n受付番号", "\nこの申請を取り消します。\n受付番号"))
    assert state is State.HELD
    assert {item["code"] for item in shown["violations"]} >= {"V01", "V18"}
    assert [other["id"] for other in shown["same_number"]] == ["R-20210730-0001"]


def test_other_days_under_the_number_are_held_beside_the_first(house: House) -> None:
    """An operator sees both readings, and the applicant is told what is not clear."""
    state, shown = sent_again(house, ("2021/08/03", "2021/08/04"))
    assert state is State.HELD
    assert differing(shown) == [("R-20210730-0001", "dates")]
    [notice] = [file for file in house.files("outbox") if ".held." in file.name]
    body = text_of(message_from_bytes(notice.read_bytes(), policy=default))
    assert "内容の異なる申請" in body
    assert "必要はありません" not in body


def test_the_same_again_after_it_was_taken_back_is_held(house: House) -> None:
    """While a person looks at the cancellation, the application that follows it is no mere repetition."""
    cancelled, _ = sent_again(house, ("申請区分：新規", "申請区分：取消"))
    mail = (house.path / "mailbox" / "processed" / "0000701.eml").read_bytes().replace(b"<0000701@", b"<third@", 1)
    (house.path / "mailbox" / "inbox" / "third.eml").write_bytes(mail)
    asyncio.run(house.run(MemoryConsole()))
    request = in_ledger(house, lambda ledger: ledger.requests())[-1]
    assert (cancelled, request.state) == (State.HELD, State.HELD)
    assert request.decision is not None
    assert "V18" in {violation.code for violation in request.decision.violations}
