"""Pause, resume and status at the command line, what check says of alerts, and the console's clock by its answers."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from bot.clock import ServerClock
from bot.commands import pausing
from bot.console.memory import MemoryConsole
from bot.errors import BadUsage, Unusable
from bot.ledger.records import ActorType
from bot.wiring.alert_check import check_alerts
from tests.acts_kit import in_ledger
from tests.alerts_kit import Bot, apply, chat_service, down, told
from tests.house import FRIDAY, House


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house."""
    return House(path=tmp_path).lay_out()


def shown(house: House, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, object]]:
    """Return the exit status of ``status`` and which parts stand still, by whom."""
    capsys.readouterr()
    status = pausing.status(house.config, (), as_json=True)
    document = json.loads(capsys.readouterr().out)
    return status, {
        row["part"]: [pause["by"] for pause in row["pauses"]] for row in document["parts"] if row["stands_still"]
    }


def test_an_operator_pauses_and_resumes(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """What stands still is shown with who ordered it, ended only by its own name or all, and both acts are on the chain."""
    assert shown(house, capsys) == (0, {})
    assert pausing.pause(house.config, (), part="console", by="赤羽", reason="更新作業", as_json=False) == 0
    assert shown(house, capsys) == (1, {"console": ["赤羽"]})
    assert pausing.resume(house.config, (), part="intake", by="赤羽", reason="なし", as_json=False) == 0
    assert shown(house, capsys) == (1, {"console": ["赤羽"]})
    assert pausing.pause(house.config, (), part="all", by="吉澤", reason="停電", as_json=False) == 0
    assert pausing.resume(house.config, (), part="console", by="吉澤", reason="済んだ", as_json=False) == 1
    assert shown(house, capsys) == (1, {"intake": ["吉澤"], "console": ["吉澤"], "delivery": ["吉澤"]})
    assert pausing.resume(house.config, (), part="all", by="吉澤", reason="復電", as_json=False) == 0
    assert shown(house, capsys) == (0, {})
    events = in_ledger(house, lambda ledger: ledger.events())
    assert [(one.event.action, one.run.actor, one.event.reason) for one in events] == [
        ("pause", "赤羽", "更新作業"), ("pause", "吉澤", "停電"), ("resume", "吉澤", "済んだ"), ("resume", "吉澤", "復電"),
    ]  # fmt: skip
    assert {one.run.actor_type for one in events} == {ActorType.OPERATOR}


def test_a_part_that_is_tried_and_fails_does_not_work(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """While the console is down nobody has stopped its part, and `status` does not say that it works."""
    console = MemoryConsole()
    apply(house)
    down(console)
    Bot(house, console).run()
    capsys.readouterr()
    assert pausing.status(house.config, (), as_json=False) == 1
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("│ ")]
    assert [" ".join(row[1:7]).partition(" │ │")[0] for row in rows[:3]] == [
        "intake │ works", "console │ in trouble", "delivery │ works",
    ]  # fmt: skip


def test_the_kill_switch_is_named_by_its_path(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """Who is to remove it reads where it is, and nowhere that nothing is wrong."""
    switch = house.path / "var" / "STOP"
    switch.parent.mkdir()
    switch.touch()
    assert pausing.status(house.config, (), as_json=False) == 1
    said = capsys.readouterr()
    assert str(switch) in "".join(said.err.split())
    assert "nothing is wrong" not in said.out


def test_what_is_resumed_waits_for_nobody(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """The answer to `resume` does not say that somebody must resume."""
    pausing.pause(house.config, (), part="console", by="赤羽", reason="更新作業", as_json=False)
    assert "│ resume" in capsys.readouterr().out
    pausing.resume(house.config, (), part="console", by="赤羽", reason="済んだ", as_json=False)
    assert "resume" not in capsys.readouterr().out


def test_who_why_and_what_must_be_said(house: House) -> None:
    """Without words, or for a part that there is none of, nothing is paused."""
    for part, by, reason in (("console", " ", "x"), ("console", "x", ""), ("browser", "x", "x")):
        with pytest.raises(BadUsage):
            pausing.pause(house.config, (), part=part, by=by, reason=reason, as_json=False)


async def test_check_sends_only_when_asked(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ready ways are named; with --send-test each gets a message; one that fails is named with its reason, never its address."""
    with chat_service() as chat:
        monkeypatch.setenv("TELEWORK_BOT_TEST_CHAT", chat.url)
        house.lay_out({"alerts": {"apprise": ["env:TELEWORK_BOT_TEST_CHAT"]}})
        both = await check_alerts(house.workshop(), send_test=False)
        assert both.endswith("mail, Apprise (env:TELEWORK_BOT_TEST_CHAT)")
        assert (told(house), chat.posted) == ([], [])
        await check_alerts(house.workshop(), send_test=True)
        assert (len(told(house)), len(chat.posted)) == (1, 1)
        chat.refuses = True
        with pytest.raises(Unusable, match="did not take") as raised:
            await check_alerts(house.workshop(), send_test=True)
        assert "hook-with-a-token" not in str(raised.value)


async def test_check_doubts_mail_alone(house: House) -> None:
    """Where mail is the only way, `check` says that nobody hears of mails that fail."""
    house.lay_out()
    assert "while mails can't be sent nobody is told" in await check_alerts(house.workshop(), send_test=False)


async def test_check_finds_what_could_not_be_told(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No way at all, a reference that leads nowhere, an address that Apprise does not know: each is said, and no address."""
    house.lay_out({"alerts": {"mail_to": []}})
    with pytest.raises(Unusable, match="nobody is told"):
        await check_alerts(house.workshop(), send_test=False)
    monkeypatch.setenv("TELEWORK_BOT_TEST_CHAT", "slack://hook-with-a-token")
    house.lay_out({"alerts": {"mail_to": [], "apprise": ["env:TELEWORK_BOT_TEST_CHAT", "env:TELEWORK_BOT_UNSET"]}})
    with pytest.raises(Unusable) as raised:
        await check_alerts(house.workshop(), send_test=False)
    assert "no address that Apprise knows" in str(raised.value)
    assert "leads to nothing" in str(raised.value)
    assert "hook-with-a-token" not in str(raised.value) + caplog.text


def test_the_newest_answer_tells_the_clock() -> None:
    """A cached answer is older and tells nothing; no date, or a strange one, is no news."""
    clock = ServerClock()
    for headers in ({}, {"date": "soon"}):
        clock.hear(headers, FRIDAY)
        assert clock.ahead is None
    clock.hear({"date": "Fri, 30 Jul 2021 03:00:00 GMT"}, FRIDAY)
    clock.hear({"date": "Fri, 30 Jul 2021 04:02:00 GMT"}, FRIDAY)
    clock.hear({"date": "Fri, 30 Jul 2021 03:59:00 GMT"}, FRIDAY)
    assert clock.ahead == timedelta(minutes=-2)
    clock.forget()
    assert clock.ahead is None
