"""``demo``: the whole job on the sample mails, with an embedded mailbox and console and a clock that stands still."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from bot.clock import FixedClock
from bot.commands.demo_consoles import CONSOLES, DemoConsole, running_console
from bot.commands.demo_mailboxes import KINDS, PLACE, SAMPLES, filled_mailbox
from bot.commands.ledger import request_row, requests_table
from bot.commands.opening import open_workshop
from bot.commands.output import people, print_json, say
from bot.commands.passes import make_pass, tell_what_to_do
from bot.config import load
from bot.console.browser import ensure_browser
from bot.errors import BadUsage, ConfigInvalid, Problem
from bot.ledger.brought import brought_event
from bot.ledger.ledger import Ledger
from bot.ledger.records import Request, Verdict
from bot.mail.folder import INBOX, message_from_file
from bot.operation.report import Report
from bot.private import make_folder
from bot.wiring import Workshop

ROOT = Path(__file__).resolve().parent.parent.parent
ZONE = ZoneInfo("Asia/Tokyo")
#: Friday; the cutoff for Monday 2 August was at 13:00.
NOW = datetime(2021, 7, 30, 13, 4, tzinfo=ZONE)
#: When the tables were dropped into the inbox: a file has no receipt stamp of its own.
DROPPED = datetime(2021, 7, 30, 13, 2, tzinfo=ZONE)
#: Who put them there.
CLERK = "電子申請担当"
#: The morning of the first telework day.
MONDAY = datetime(2021, 8, 2, 8, 30, tzinfo=ZONE)
_PASSWORD = "TELEWORK_BOT_CONSOLE_PASSWORD"  # noqa: S105 - the name of the variable
_MARK = ".telework-demo"


def demo(folder: Path, *, mailbox: str, console: str, as_json: bool, stay: bool) -> int:
    """Run the demo into ``folder``; raises ``ConfigInvalid`` when something else is in there."""
    asked = {"--mailbox": (mailbox, KINDS), "--console": (console, CONSOLES)}
    unknown = [
        Problem(path=option, text=f"{kind!r} is none; known: {', '.join(kinds)}")
        for option, (kind, kinds) in asked.items()
        if kind not in kinds
    ]
    if unknown:
        raise BadUsage(unknown)
    started = time.monotonic()
    folder = folder.resolve()
    clock = FixedClock(NOW)
    ensure_browser(load(ROOT / "config.yaml").settings.console.browser, say=say)
    _make_room(folder)
    with running_console(console, clock) as running, filled_mailbox(mailbox, folder, dropped=DROPPED) as section:
        os.environ[_PASSWORD] = running.password
        workshop = open_workshop(lay_out(folder, running.section, section), [], quiet=True, clock=clock)
        asyncio.run(_bring_tables(workshop, folder))
        report = make_pass(workshop)
        requests, verdict = asyncio.run(_outcome(workshop.ledger()))
        result = _result(report, verdict, folder, accounts=running.accounts(), seconds=time.monotonic() - started)
        if as_json:
            print_json(result)
        else:
            _tell(requests, report, result)
        if stay:
            _stay(running)
    return 0 if verdict.ok and not (report.stuck or report.waiting or report.stopped) else 1


async def _bring_tables(workshop: Workshop, folder: Path) -> None:
    """Put on record who put the tables into the inbox, as `intake` does."""
    limit = int(workshop.config.settings.mailbox.max_message_mb * 2**20)
    with workshop.recording(CLERK) as ledger:
        for file in sorted((folder / PLACE / INBOX).glob("*")):
            if file.suffix != ".eml":
                message = message_from_file(file, max_bytes=limit, zone=workshop.config.zone)
                await ledger.note(brought_event(message, outcome="done", reason="電子申請から出力 / exported"))


def lay_out(folder: Path, console: Mapping[str, Any], mailbox: Mapping[str, Any]) -> Path:
    """Put the staff directory and a config.yaml into ``folder``; returns the config's path."""
    shutil.copyfile(SAMPLES / "staff.csv", folder / "staff.csv")
    os.utime(folder / "staff.csv", (DROPPED.timestamp(), DROPPED.timestamp()))
    raw: dict[str, Any] = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    for name, value in mailbox.items():
        known = raw["mailbox"].get(name)
        raw["mailbox"][name] = {**known, **value} if isinstance(known, dict) else value
    raw["staff"]["file"] = "staff.csv"
    raw["ledger"]["url"] = "sqlite:///ledger.sqlite3"
    raw["log"]["file"] = "log/bot.jsonl"
    raw["console"] |= {
        **console,
        "evidence_dir": "evidence",
        "screens_dir": "screens",
        "flows_dir": str(ROOT / "flows"),
    }
    raw["forms"]["profiles_dir"] = str(ROOT / "forms")
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(raw, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def _make_room(folder: Path) -> None:
    """Empty the folder if an earlier demo filled it; anything else is left alone."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / _MARK).is_file():
            raise ConfigInvalid(
                [Problem(path="--dir", text=f"{folder} is not empty and not from a demo; name another")]
            )
        shutil.rmtree(folder)
    make_folder(folder)
    (folder / _MARK).write_text("made by the demo; it empties this folder when it runs again\n", encoding="utf-8")


async def _outcome(ledger: Ledger) -> tuple[Sequence[Request], Verdict]:
    try:
        return await ledger.requests(), await ledger.verify()
    finally:
        ledger.close()


def _result(report: Report, verdict: Verdict, folder: Path, *, accounts: int, seconds: float) -> dict[str, Any]:
    counts = report.counts()
    names = ("messages", "repeated", "applications", "delivered", "rejected", "held", "unreadable", "ignored", "stuck")
    return {
        **{name: counts[name] for name in names}, "accounts": accounts,
        "audit": {"events": verdict.events, "head": verdict.head, "ok": verdict.ok},
        "seconds": round(seconds, 1), "dir": str(folder),
    }  # fmt: skip


def _tell(requests: Sequence[Request], report: Report, result: dict[str, Any]) -> None:
    screen = people()
    screen.print(requests_table([request_row(request) for request in requests]))
    skip = {"audit", "dir"}
    screen.print("  ".join(f"{name} {value}" for name, value in result.items() if name not in skip))
    tell_what_to_do(report)
    folder, audit = Path(result["dir"]), result["audit"]
    screen.print(
        f"\naudit verify    {'OK' if audit['ok'] else 'BROKEN'}: {audit['events']} events, head {audit['head']}"
    )
    for what, where in {
        "mails sent": "mailbox/outbox", "mails read": "mailbox/processed", "evidence": "evidence", "ledger": "ledger.sqlite3",
        "log": "log/bot.jsonl",
    }.items():  # fmt: skip
        screen.print(f"{what:<15} {folder / where}", markup=False)
    screen.print(
        f"look further    python3 run_bot.py show {requests[0].id} --config {folder / 'config.yaml'}", markup=False
    )


def _stay(console: DemoConsole) -> None:
    """Leave the console open on the first telework day, for a person to log in with a mailed ID."""
    say(f"{console.visit(MONDAY)}\nCtrl-C ends the demo")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        say("")
