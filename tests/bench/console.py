"""How fast IDs are made on a real MeshCentral, ours beside what people use instead, all in one run on one console.

``python3 run_bot.py bench console [IDS] [IMPORTED]`` (40 and 500 where none are given). Every ID is confirmed in the console's own
database. Seconds are those that the IDs took, without start and login but for ``naive``, which starts anew for each ID. Ours
looks for the ID first, reads it back and keeps evidence; the others do none of this.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bot.wiring  # noqa: F401 - what a bot at rest has loaded counts as its memory
from bot.commands.benching import figures_of
from bot.console.browser import ensure_browser, launch_arguments
from bot.console.evidence import EvidenceStore
from bot.console.flows import load_flow
from bot.console.playwright_console import PlaywrightConsole
from bot.console.port import Order
from bot.console.screens import Screens
from bot.model import AccountSpec, Window
from bot.packages import apt_install, usable_apt
from bot.sandbox.meshcentral import MeshCentral
from bot.sandbox.meshcentral_install import ensure_meshcentral
from bot.secret import Redactor
from bot.settings.console import BrowserSettings, ConsoleSettings

ROOT = Path(__file__).resolve().parent.parent.parent
RIVALS = Path(__file__).parent / "rivals"
LOCK = ROOT / "requirements" / "bench.lock"
_NOW = datetime.now(UTC)
_WINDOW = Window(start=_NOW, end=_NOW + timedelta(days=1))


def say(text: str) -> None:
    """Tell how far it is."""
    sys.stderr.write(f"{text}\n")


@dataclass(kw_only=True)
class Bench:
    """The console, and a folder for what the sides leave behind."""

    mesh: MeshCentral
    folder: Path
    executable: Path
    redactor: Redactor

    def orders(self, side: str, count: int) -> list[Order]:
        """Return accounts to make, with login IDs of this side's own."""
        return [
            Order(
                spec=AccountSpec(
                    login_id=f"{side}{number:04}", name=f"職員 {side} {number}", department="総務課",
                    mail=f"{side}{number:04}@city.example.jp", pool="", zones=(), window=_WINDOW,
                ),
                secret=self.redactor.new(f"Bench-{side}-{number:04}!Aa1"),
            )
            for number in range(count)
        ]  # fmt: skip

    def confirm(self, orders: Sequence[Order]) -> None:
        """Be sure that the console has every account with its name and address."""
        users = self.mesh.users()
        for order in orders:
            there = users.get(order.spec.login_id)
            found = there and (there.get("realname"), there.get("email"))
            if found != (order.spec.name, order.spec.mail):
                raise SystemExit(f"{order.spec.login_id} is not as it should be: {found}")

    def console(self, sessions: int) -> PlaywrightConsole:
        """Return the product's console, as configured by default but for its sessions."""
        settings = ConsoleSettings(
            url=self.mesh.url, user=self.mesh.admin, certificate=self.mesh.pin, sessions=sessions, flow="meshcentral"
        )
        return PlaywrightConsole(
            load_flow(ROOT / "flows", "meshcentral"), settings, password=self.redactor.new(self.mesh.password),
            browser=self.executable, evidence=EvidenceStore(self.folder / f"evidence{sessions}", self.redactor),
            screens=Screens(directory=self.folder / "screens"), redactor=self.redactor,
        )  # fmt: skip

    async def ours(self, sessions: int, orders: Sequence[Order]) -> dict[str, float]:
        """Look, create, read back, keep evidence, for each ID."""
        console, waiting = self.console(sessions), list(reversed(orders))

        async def work() -> None:
            while waiting:
                order = waiting.pop()
                if await console.find(order.spec.login_id) is None:
                    await console.create(order.spec, order.secret)
                    console.take_evidence()

        await asyncio.gather(*(console.find(f"nobody{number}") for number in range(sessions)))
        started = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(sessions)))
        seconds = time.perf_counter() - started
        memory = _pss_of_tree(os.getpid(), without=self.mesh)
        await console.close()
        self.confirm(orders)
        return {"seconds": seconds, "peak_mb": memory}

    async def imported(self, orders: Sequence[Order]) -> dict[str, float]:
        """Create all of them through the console's own import."""
        console = self.console(1)
        await console.find("nobody")
        started = time.perf_counter()
        made = await console.create_many(orders)
        seconds = time.perf_counter() - started
        await console.close()
        lost = [one for one in made if one.account is None]
        if lost:
            raise SystemExit(f"{len(lost)} of {len(made)} were not imported: {lost[0]}")
        self.confirm(orders)
        return {"seconds": seconds}

    def rival(self, orders: Sequence[Order], command: Sequence[str]) -> dict[str, float]:
        """Run another program on these accounts."""
        job = self.folder / "job.json"
        job.write_text(json.dumps(self._job(orders)), encoding="utf-8")
        result = self.folder / "result.json"
        result.unlink(missing_ok=True)
        words = [word.format(job=job, result=result, folder=self.folder) for word in command]
        done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=self.folder)
        if done.returncode != 0:
            raise SystemExit(
                f"{' '.join(words[:3])} ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
            )
        self.confirm(orders)
        said = result.read_text(encoding="utf-8") if result.exists() else done.stdout
        return {"seconds": float(json.loads(said)["seconds"])}

    def _job(self, orders: Sequence[Order]) -> dict[str, Any]:
        return {
            "url": self.mesh.url, "user": self.mesh.admin, "password": self.mesh.password,
            "executable": str(self.executable), "chromedriver": shutil.which("chromedriver"),
            "arguments": launch_arguments(self.mesh.pin),
            "orders": [
                {"id": one.spec.login_id, "name": one.spec.name, "mail": one.spec.mail, "secret": one.secret.reveal()}
                for one in orders
            ],
        }  # fmt: skip


def rivals_python() -> Path:
    """Return the interpreter of an environment with the other tools, made on the first call."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "telework-id-bot" / "bench"
    python, stamp = home / "bin" / "python", home / "lock"
    if not stamp.exists() or stamp.read_bytes() != LOCK.read_bytes():
        say("installing the other tools (once; about two minutes)")
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        subprocess.run(
            [str(python), "-m", "pip", "install", "-q", "--require-hashes", "--no-deps", "-r", str(LOCK)], check=True
        )
        stamp.write_bytes(LOCK.read_bytes())
    return python


def _pss_of_tree(root: int, *, without: MeshCentral) -> float:
    """Return the memory of a process and its descendants (PSS, MB), but for the console's own."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    total = 0.0
    for process in parents:
        line, chain = process, []
        while line in parents and line != root:
            chain.append(line)
            line = parents[line]
        if line == root and without.pid not in chain:
            total += _pss(process)
    return total


def _pss(process: int) -> float:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def measure(bench: Bench, count: int, imported: int) -> dict[str, Any]:
    """Run every side and return its figures."""
    raw = [sys.executable, str(RIVALS / "raw_playwright.py"), "{job}"]
    other = str(rivals_python())
    sides: dict[str, Any] = {}
    works: dict[str, Callable[[Sequence[Order]], dict[str, float]]] = {
        "one": lambda orders: asyncio.run(bench.ours(1, orders)),
        "raw": lambda orders: bench.rival(orders, raw),
        "two": lambda orders: asyncio.run(bench.ours(2, orders)),
        "naive": lambda orders: bench.rival(orders, [*raw, "naive"]),
        "selenium": lambda orders: bench.rival(orders, [other, str(RIVALS / "selenium_script.py"), "{job}"]),
        "robot": lambda orders: bench.rival(
            orders,
            [
                other, "-m", "robot", "--output", "NONE", "--report", "NONE", "--log", "NONE", "--variable", "JOB:{job}",
                "--variable", "TO:{result}", str(RIVALS / "robot.robot"),
            ],
        ),
    }  # fmt: skip
    for name, work in works.items():
        say(f"{name}: {count} IDs")
        sides[name] = {"ids": count, **work(bench.orders(name, count))}
    say(f"import: {imported} IDs")
    sides["import"] = {"ids": imported, **asyncio.run(bench.imported(bench.orders("imp", imported)))}
    for side in sides.values():
        side["seconds_per_id"] = side["seconds"] / side["ids"]
    return sides


def measure_all(count: int, imported: int) -> dict[str, Any]:
    """Return the figures of every side, on a console of their own."""
    if shutil.which("chromedriver") is None and (apt := usable_apt()):
        say("installing chromium-driver for Selenium")
        apt_install(apt, ["chromium-driver"])
    ensure_meshcentral(say)
    executable = ensure_browser(BrowserSettings(), say=say)
    with MeshCentral() as mesh, tempfile.TemporaryDirectory() as folder:
        bench = Bench(mesh=mesh, folder=Path(folder), executable=executable, redactor=Redactor())
        idle = _pss(os.getpid())
        sides = measure(bench, count, imported)
    each = {name: side["seconds_per_id"] for name, side in sides.items()}
    ratios = {
        "one_session_vs_raw": each["one"] / each["raw"], "two_sessions_vs_raw": each["two"] / each["raw"],
        "import_vs_raw": each["import"] / each["raw"], "naive_vs_ours": each["naive"] / each["one"],
        "robot_vs_ours": each["robot"] / each["one"], "selenium_vs_ours": each["selenium"] / each["one"],
    }  # fmt: skip
    return {"ratios": ratios, "sides": sides, "idle_mb": idle}


if __name__ == "__main__":
    figures_of(measure_all, 40, 500)
