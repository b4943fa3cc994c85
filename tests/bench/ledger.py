"""What a ledger of many years costs: its chain verified, a pass on it beside one on an empty ledger, commands, a start.

Arguments: how many requests, events, mails in a pass and rounds; 1000000 1000000 20 5 where none is given. Prints one JSON
document. A pass is timed in this process with a console in memory, on both ledgers in turn; the median round counts.
"""

from __future__ import annotations

import asyncio
import email.policy
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from bot.clock import FixedClock, SystemClock
from bot.commands.benching import figures_of
from bot.console.memory import MemoryConsole
from bot.log import set_up
from bot.secret import Redactor
from tests.bulk_kit import Bulk
from tests.house import ROOT, ZONE, House

_LIVE, _STAFF = 1_000, 20_000
_STAFF_HEAD = "職員番号,氏名,フリガナ,所属,メールアドレス,任用区分,所属長職員番号,在職開始日,在職終了日"
#: Calls the command line and leaves its peak memory (KB) and seconds of CPU in a file; wait4 would count this process too.
_CALL = """
import atexit, runpy, sys, time
from pathlib import Path
used = Path(sys.argv.pop(1))
def tell():
    peak = next(line.split()[1] for line in Path("/proc/self/status").open() if line.startswith("VmHWM:"))
    used.write_text(f"{peak} {time.process_time()}")
atexit.register(tell)
runpy.run_module("bot.cli", run_name="__main__", alter_sys=True)
"""


def say(text: str) -> None:
    """Tell how far it is."""
    sys.stderr.write(f"{text}\n")


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Two houses that differ in their ledgers alone."""

    folder: Path
    bulk: Bulk
    mails: int
    days: tuple[date, ...]

    def house(self, name: str) -> House:
        """Return the house with the ledger ``name``."""
        return House(path=self.folder / name, clock=FixedClock(self.bulk.now))

    def lay_out(self) -> None:
        """Make both houses."""
        rows = (
            f"{number:07},丸山　優,ﾏﾙﾔﾏ ﾕｳ,商工観光部観光課,p{number:07}@city.example.jp,正規,,2000-04-01,"
            for number in range(self.bulk.staff)
        )
        staff = "\r\n".join([_STAFF_HEAD, *rows]).encode("cp932")
        for name in ("empty", "million"):
            house = self.house(name).lay_out()
            (house.path / "staff.csv").write_bytes(staff)
            house.workshop().ledger().close()
        place = self.folder / "million" / "ledger.sqlite3"
        place.unlink()
        self.bulk.fill(place.parent)

    def apply(self, name: str, number: int) -> None:
        """Put an application for the next days into an inbox."""
        now = self.bulk.now
        body = "\n".join([
            f"受付番号：N{number:07}", f"申請日時：{now:%Y/%m/%d %H:%M:%S}", "申請区分：新規", f"職員番号：{number:07}",
            "氏名：丸山　優", "所属：商工観光部観光課", f"利用日：{'、'.join(f'{day:%Y/%m/%d}' for day in self.days)}",
            "実施場所：自宅",
        ])  # fmt: skip
        mail = EmailMessage(policy=email.policy.SMTP)
        mail["Received"] = f"from form by mx.city.example.jp; {format_datetime(now)}"
        mail["Message-ID"] = f"<new{number}@apply.city.example.jp>"
        mail["From"], mail["To"] = "noreply@apply.city.example.jp", "telework-id@city.example.jp"
        mail["Subject"] = "テレワーク利用申請"
        mail.set_content(body)
        (self.folder / name / "mailbox" / "inbox" / f"{number}.eml").write_bytes(mail.as_bytes())

    def pass_seconds(self, name: str, turn: int) -> float:
        """Make one pass over so many new mails, and return how long it took; all of them must be delivered."""
        house = self.house(name)
        for number in range(turn * self.mails, (turn + 1) * self.mails):
            self.apply(name, number)
        started = time.perf_counter()
        report = asyncio.run(house.run(MemoryConsole()))
        seconds = time.perf_counter() - started
        if (report.delivered, report.messages) != (self.mails, self.mails):
            raise SystemExit(f"{name}: {report}")
        return seconds

    def command(self, name: str, *words: str) -> dict[str, Any]:
        """Call the command line in a process of its own; returns its answer, seconds (by the wall, of CPU), peak memory (RSS, MB)."""
        config, used = self.folder / name / "config.yaml", self.folder / "used"
        command = [sys.executable, "-c", _CALL, str(used), *words, "--json", "--config", str(config)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TELEWORK_BOT_CONSOLE_PASSWORD": "never-used-Password-1"}
        started = time.perf_counter()
        done = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)
        seconds = time.perf_counter() - started
        if done.returncode not in {0, 1}:
            raise SystemExit(f"{' '.join(words)} on {name} ended with {done.returncode}: {done.stdout}{done.stderr}")
        kilobytes, cpu = map(float, used.read_text(encoding="utf-8").split())
        return {
            "answer": json.loads(done.stdout), "seconds": round(seconds, 3), "cpu_seconds": round(cpu, 3),
            "peak_mb": round(kilobytes / 1024, 1),
        }  # fmt: skip


def verified(bench: Bench) -> dict[str, Any]:
    """Verify the chain of the full ledger."""
    found = bench.command("million", "audit", "verify")
    if not found["answer"]["ok"] or found["answer"]["events"] < bench.bulk.events:
        raise SystemExit(f"the chain does not verify: {found}")
    return {"events": found["answer"]["events"], **{key: value for key, value in found.items() if key != "answer"}}


def commands(bench: Bench) -> dict[str, dict[str, float]]:
    """Return what commands cost on both ledgers; ``idle_run`` is a pass over an empty inbox, start included."""
    yesterday = (bench.bulk.now - timedelta(days=1)).date().isoformat()
    found: dict[str, dict[str, float]] = {}
    for what, words in {
        "idle_run": ["run"], "requests_since": ["requests", "--since", yesterday], "audit_list": ["audit", "list"],
        "show": ["show", bench.bulk.name(bench.bulk.requests // 2)], "digest": ["digest"],
        "purge_dry_run": ["ledger", "purge", "--dry-run"],
    }.items():  # fmt: skip
        say(what)
        full = bench.command("million", *words)
        found[what] = {"million_seconds": full["seconds"], "million_peak_mb": full["peak_mb"]}
        if what != "show":
            found[what]["empty_seconds"] = bench.command("empty", *words)["seconds"]
    return found


def measure(requests: int, events: int, mails: int, rounds: int) -> dict[str, Any]:
    """Fill a ledger, measure, and return the figures."""
    set_up(Redactor(), file=None, level="ERROR")
    now = SystemClock(ZONE).now().replace(microsecond=0)
    live, staff = min(_LIVE, requests // 10), min(_STAFF, max(requests // 10, mails * rounds * 4))
    bulk = Bulk(requests=requests, events=events, live=live, staff=staff, applicants=mails * (rounds + 1), now=now)
    with tempfile.TemporaryDirectory() as folder:
        rules = House(path=Path(folder) / "rules").lay_out().workshop().rulebook()
        days = tuple(day for day, _ in rules.next_possible(now, 2))
        bench = Bench(folder=Path(folder), bulk=bulk, mails=mails, days=days)
        say(f"filling a ledger with {requests} requests and {events} events")
        started = time.perf_counter()
        bench.lay_out()
        filled = time.perf_counter() - started
        size = (bench.folder / "million" / "ledger.sqlite3").stat().st_size
        say(f"audit verify: {events} events")
        verify = verified(bench)
        seconds: dict[str, list[float]] = {"empty": [], "million": []}
        for turn in range(rounds + 1):  # the first warms up
            say(f"pass {turn} of {rounds}: {mails} mails on each ledger")
            for name in sorted(seconds, reverse=bool(turn % 2)):
                seconds[name].append(bench.pass_seconds(name, turn))
        medians = {name: statistics.median(values[1:]) for name, values in seconds.items()}
        others = commands(bench)
        shutil.rmtree(bench.folder / "million")
    return {
        "ratios": {"run_million_vs_empty": round(medians["million"] / medians["empty"], 3)},
        "verify": verify,
        "run": {
            "mails": mails, "live": live, "staff": staff, "seconds": {name: [round(one, 3) for one in values] for name, values in seconds.items()},
        },
        "commands": others,
        "requests": requests, "filled_seconds": round(filled, 1), "ledger_mb": round(size / 2**20),
    }  # fmt: skip


if __name__ == "__main__":
    figures_of(measure, 1_000_000, 1_000_000, 20, 5)
