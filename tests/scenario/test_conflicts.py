"""Two operators at once, each in a process of their own: one does it, the other is told that somebody was quicker."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.clock import FixedClock, SystemClock
from bot.errors import Conflict
from bot.ledger.ledger import Ledger
from bot.ledger.records import Changes
from bot.life import State
from bot.model import Decision, Outcome
from tests.acts_kit import in_ledger
from tests.house import ROOT, ZONE, House
from tests.ledger_kit import STEP, application, message, reading

#: Gives its commands one by one, each at the moment at which the other process gives the same.
_OPERATOR = """
import asyncio, contextlib, io, json, sys, time
from pathlib import Path
from loguru import logger
from bot.cli import main
from bot.commands.acts import _each, dismiss_message
from bot.commands.opening import open_workshop
from bot.errors import BotError
from bot.operation.acts import Acts
place, me, other = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
told, workshop = [], open_workshop(place.parent / "config.yaml", [], quiet=True)
verbs = {name: getattr(Acts, name) for name in ("rerun", "approve", "reject", "revoke", "dismiss")} | {"read": dismiss_message}

def act(verb, name):
    try:
        done = asyncio.run(_each(workshop, [name], me, "確認", verbs[verb]))
    except BotError as error:
        return [error.exit_status, repr(error)]
    return [max((error.exit_status for error in done.refused), default=0), " ".join(map(repr, done.refused))]

def command(line):
    said, sys.argv = io.StringIO(), ["run_bot.py", *(word.replace("@ME@", me) for word in line)]
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        try:
            main()
        except SystemExit as left:
            return [left.code or 0, said.getvalue()]
    return [0, said.getvalue()]

for number, line in enumerate(json.loads((place / "commands.json").read_text(encoding="utf-8"))):
    (place / f"{me}-{number}").touch()
    until = time.monotonic() + 30
    while not (place / f"{other}-{number}").exists():
        time.sleep(0.0005)
        assert time.monotonic() < until, "the other one has ended"
    told.append(act(*line) if line[0] in verbs and len(line) == 2 else command(line))
(place / f"{me}.json").write_text(json.dumps(told), encoding="utf-8")
"""
#: Times that each act is done by both.
_SAME = 5


@dataclass(frozen=True, kw_only=True)
class Said:
    """How a command ended for one of the two, and what it said."""

    status: int
    text: str


def both(house: House, lines: Sequence[Sequence[str]]) -> list[tuple[Said, Said]]:
    """Have two processes do the same at the same moments; returns what came of each act or command, for one and for the other."""
    place = house.path / "operators"
    place.mkdir()
    (place / "commands.json").write_text(json.dumps(lines), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TELEWORK_BOT_CONSOLE_PASSWORD": "never-used-Password-1"}
    names = ("yoshizawa", "akabane")
    running = [
        subprocess.Popen([sys.executable, "-c", _OPERATOR, str(place), me, other], env=environment)
        for me, other in (names, names[::-1])
    ]
    assert [process.wait(100) for process in running] == [0, 0]
    told = [json.loads((place / f"{name}.json").read_text(encoding="utf-8")) for name in names]
    return [(Said(status=a[0], text=a[1]), Said(status=b[0], text=b[1])) for a, b in zip(*told, strict=True)]


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> House:
    """A house in which nothing is carried out: the kill switch is there, and what is decided is only recorded."""
    changes: dict[str, dict[str, Any]] = {"alerts": {"mail_to": []}}
    if request.param == "postgresql":
        changes |= request.getfixturevalue("database").settings(tmp_path)
    now = SystemClock(ZONE).now().replace(microsecond=0)
    made = House(path=tmp_path / "house", clock=FixedClock(now)).lay_out(changes)
    (made.path / "var").mkdir()
    (made.path / "var" / "STOP").touch()
    return made


async def lay_in(ledger: Ledger, now: datetime, days: Sequence[date], steps: Sequence[State]) -> list[str]:
    """Record a request for each of the days and take it through these states."""
    ids = []
    for number, day in enumerate(days):
        name = f"{steps}-{number}"
        asked = application(days=[day], receipt_no=name)
        read = replace(reading(name, asked, received_at=now), sender="noreply@apply.city.example.jp")
        (request,) = (await ledger.record(message(name), read)).requests
        decision = Decision(outcome=Outcome.ACCEPT if State.ACCEPTED in steps else Outcome.HOLD, granted=(day,))
        for step in steps:
            expect = (await ledger.get(request.id)).state
            changes = Changes(decision=decision)
            await ledger.advance(request.id, expect=expect, to=step, event=STEP, changes=changes)
        ids.append(request.id)
    return ids


def lay_out(house: House) -> dict[str, list[str]]:
    """Lay in what each command is to be given for; returns it by the command."""
    now = house.clock.now()
    first, *days = (day for day, _ in house.workshop().rulebook().next_possible(now, _SAME + 1))

    async def work(ledger: Ledger) -> dict[str, list[str]]:
        stuck = await lay_in(ledger, now, [first] * 3 * _SAME, [State.ACCEPTED, State.STUCK])
        held = await lay_in(ledger, now, [*[first] * _SAME, *days], [State.HELD])
        unread = [(await ledger.record(message(f"u{n}"), reading(f"u{n}"))).message.id for n in range(_SAME)]
        return {
            "rerun": stuck[:_SAME], "dismiss": stuck[_SAME : 2 * _SAME], "read": unread, "--stuck": stuck[2 * _SAME :],
            "reject": held[:_SAME], "approve": held[_SAME:],
            "revoke": await lay_in(ledger, now, [first] * _SAME, [State.ACCEPTED]),
        }  # fmt: skip

    return in_ledger(house, work)


@pytest.mark.long
@pytest.mark.timeout(240)
def test_the_same_act_by_two_is_done_once(house: House) -> None:
    """Of each act one takes effect; the other is told of it as a conflict with status 1, and no auditor is called."""
    given = lay_out(house)
    stuck_all = given.pop("--stuck")
    who = ["--by", "@ME@", "--reason", "確認", "--config", str(house.config)]
    lines = [[verb, name] for verb, names in given.items() for name in names]
    lines += [
        ["rerun", "--stuck", *who], ["pause", "--part", "console", *who], ["resume", "--part", "console", *who],
        ["worklist", "--to", str(house.path / "@ME@.xlsx"), *who],
    ]  # fmt: skip
    told = both(house, lines)
    for line, pair in zip(lines, told, strict=True):
        for said in pair:
            assert said.status in {0, 1, 3}, (line, said)
            assert not [word for word in ("LedgerBroken", "auditors", "Traceback") if word in said.text], (line, said)
    done = in_ledger(house, lambda ledger: ledger.events())
    acts = Counter((one.event.action.partition(".")[2], one.event.request_id) for one in done)
    for verb, names in given.items():
        action = "dismiss" if verb == "read" else verb
        assert {name: acts[action, name] for name in names} == dict.fromkeys(names, 1), (verb, told)
    assert {acts["rerun", name] for name in stuck_all} == {1}
    resumed = [said for line, pair in zip(lines, told, strict=True) if line[0] == "resume" for said in pair]
    assert [one.event.action for one in done].count("resume") == 1, resumed
    assert sum(one.event.action == "worklist.export" for one in done) == 1
    assert in_ledger(house, lambda ledger: ledger.verify()).ok


async def test_who_was_slower_is_told_so(house: House) -> None:
    """What the slower one has looked at is changed before its step: the sentence says so, with what to do."""
    (name, *_) = (await asyncio.to_thread(lay_out, house))["reject"]
    with house.workshop().acts("吉澤") as first, house.workshop().acts("赤羽") as second:
        seen = await second.ledger.get(name)
        await first.reject(name, "確認")
        with pytest.raises(Conflict, match=f"{name} is rejected, no longer held") as raised:
            await second.ledger.advance(name, expect=seen, to=State.ACCEPTED, event=STEP)
        assert "show ID" in raised.value.advice
