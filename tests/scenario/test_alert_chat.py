"""What a chat service is told: everything that operators must know, and nobody's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.console.memory import MemoryConsole
from bot.errors import Transient
from bot.ledger.conditions import Part
from tests.acts_kit import in_ledger
from tests.alerts_kit import STAFF, Bot, apply, chat_service, deaf, gate_of, told
from tests.house import House

URL = "TELEWORK_BOT_TEST_CHAT"


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house without settling times."""
    return House(path=tmp_path).lay_out({"console": {"settle": 0.3}})


def test_the_chat_sees_nobody(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that the mail server named, and who paused what for which reason: the operators' mail has them, the chat has not."""
    with chat_service() as chat:
        monkeypatch.setenv(URL, chat.url)
        house.lay_out({"console": {"settle": 0.3}, "alerts": {"apprise": [f"env:{URL}"]}})
        apply(house, 1)
        (whose,) = [one.mail for one in house.workshop().directory() if one.employee_no == STAFF[0]]
        box = deaf(house, Transient(f"SMTP: mx refuses the recipient {whose}: 450 4.2.0 <{whose}>: later"))
        box.fussy = (whose,)
        Bot(house, MemoryConsole(), box).run()
        in_ledger(house, lambda ledger: gate_of(house, ledger).pause(Part.INTAKE, "山田さんの件を確認中"))
        Bot(house, MemoryConsole(), box).run()
    posted = "".join(post["message"] for post in chat.posted)
    assert "450 4.2.0" in posted
    assert "担当者が作業を一時停止" in posted
    assert (whose in posted, "山田" in posted) == (False, False)
    mailed = "".join(mail.text for mail in told(house))
    assert (whose in mailed, "山田さんの件" in mailed) == (True, True)
