"""What a trusted host says about the sender, and when our own hosts took a mail in, from the mail to the decision."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.console.memory import MemoryConsole
from bot.ledger.records import Request
from bot.life import State
from bot.operation.report import Report
from tests.house import House

_BODY = "受付番号：0000901\n申請区分：新規\n職員番号：0031977\n氏名：上野原　拓\n利用日：R3.8.2\n実施場所：自宅\n"
_FORM = "noreply@apply.city.example.jp"


def received(house: House, head: str) -> tuple[Request, Report]:
    """Put one application with these headers into the inbox and make a pass."""
    content = f"{head}\nFrom: {_FORM}\nMessage-ID: <a@x>\nSubject: =?UTF-8?B?55Sz6KuL?=\nContent-Type: text/plain; charset=utf-8\n\n{_BODY}"
    (house.path / "mailbox" / "inbox" / "a.eml").write_bytes(content.encode())

    async def work() -> tuple[Request, Report]:
        report = await house.run(MemoryConsole())
        ledger = house.workshop().ledger()
        try:
            (request,) = await ledger.requests()
            return request, report
        finally:
            ledger.close()

    return asyncio.run(work())


@pytest.mark.parametrize(
    ("checks", "state"),
    [
        ("Authentication-Results: mx.city.example.jp; dkim=pass header.d=apply.city.example.jp", State.DELIVERED),
        ("Authentication-Results: mx.city.example.jp; dkim=fail header.d=apply.city.example.jp; spf=fail", State.HELD),
        ("Authentication-Results: mx.evil.example; dkim=pass header.d=apply.city.example.jp", State.HELD),
        ("X-Nothing: here", State.HELD),
    ],
)
def test_a_sender_nobody_vouches_for_is_held_and_told_nothing(tmp_path: Path, checks: str, state: State) -> None:
    """With a trusted host configured, only its word counts; a forged mail changes no account and gets no answer."""
    house = House(path=tmp_path).lay_out(
        {"forms": {"trusted_authserv": ["mx.city.example.jp"]}, "console": {"settle": 0.3}}
    )
    stamp = "Received: from x by mx.city.example.jp; Fri, 30 Jul 2021 12:00:00 +0900"
    request, _ = received(house, f"{stamp}\n{checks}")
    assert request.state is state
    assert request.decision is not None
    assert request.decision.tell_applicant is (state is State.DELIVERED)
    assert len(house.mailed()) == (1 if state is State.DELIVERED else 0)


@pytest.mark.parametrize(
    ("hosts", "state"), [(["lg.example.jp", "mx.example.jp"], State.DELIVERED), ([], State.REJECTED)]
)
def test_the_cutoff_is_judged_by_when_our_hosts_took_it_in(tmp_path: Path, hosts: list[str], state: State) -> None:
    """A mail that our own gateway had at 12:59 is in time although the mailbox got it at 13:02, where that is configured."""
    house = House(path=tmp_path).lay_out({"forms": {"trusted_received": hosts}, "console": {"settle": 0.3}})
    head = (
        "Received: from lg.example.jp by mx.example.jp; Fri, 30 Jul 2021 04:02:00 +0000\n"
        "Received: from x by lg.example.jp; Fri, 30 Jul 2021 12:59:59 +0900"
    )
    request, _ = received(house, head)
    assert request.state is state
