"""Alerts by a real mail server and a real webhook: what one can't tell, the other one tells."""

from __future__ import annotations

import asyncio
import email
import email.policy
from pathlib import Path

import pytest

from bot.console.memory import MemoryConsole
from bot.operation.report import Report
from bot.sandbox.postoffice import PostOffice
from tests.alerts_kit import chat_service
from tests.house import House
from tests.postoffice_kit import on_servers

_NOBODY_HAS_SO_MUCH = 10**9


async def one_pass(house: House) -> Report:
    """Make a pass by the mail servers."""
    mailbox = house.workshop().mailbox()
    try:
        return await house.run(MemoryConsole(), mailbox=mailbox)
    finally:
        await mailbox.close()


def test_mail_down_then_up(office: PostOffice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Postfix is down: the webhook is told of the full disk, the pass says that mail failed; up again, the end comes by mail."""
    office.empty()
    monkeypatch.setenv("ALERT_PASSWORD", office.password)
    with chat_service() as chat:
        monkeypatch.setenv("ALERT_CHAT", chat.url)
        house = on_servers(tmp_path, office, "env:ALERT_PASSWORD")
        servers = house.workshop().config.settings.mailbox.model_dump(mode="json")
        alerts = {"mail_to": ["operators@city.example.jp"], "apprise": ["env:ALERT_CHAT"], "calm_minutes": 0}
        house.lay_out({"mailbox": servers, "alerts": {**alerts, "disk_free_mb": _NOBODY_HAS_SO_MUCH}})
        office.stop_smtp()
        try:
            report = asyncio.run(one_pass(house))
        finally:
            office.start_smtp()
        assert report.conditions == ["disk_nearly_full", "sending_fails"]
        assert [text for text in report.problems if "could not be sent by mail" in text]
        assert any("ディスクの空きがわずかです" in post["message"] for post in chat.posted)
        house.lay_out({"mailbox": servers, "alerts": alerts})
        asyncio.run(one_pass(house))
    assert any("［解消］ディスクの空きがわずかです" in post["title"] for post in chat.posted)
    mails = [
        email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        for file in office.delivered("operators")
    ]
    assert any("解消" in mail["Subject"] for mail in mails)
