"""Faults of the ledger: held by another program, and a power cut that takes what was written last."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bot.life import State
from bot.sandbox.faults import AfterSubmit
from tests.scenario.faults.fault import Fault, nothing_is_left
from tests.scenario.faults.scene import FIRST, Ran, Scene

_HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""
_SHORTLY = {"ledger": {"url": "sqlite:///ledger.sqlite3?timeout=1"}}


@contextmanager
def _held(scene: Scene) -> Iterator[None]:
    """Have another process hold the ledger."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(_ledger(scene))], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        yield
        holder.communicate()


def _locked_before(scene: Scene) -> Ran:
    scene.ask(lambda ledger: ledger.size())  # the ledger is made
    with _held(scene):
        ran = scene.run()
    assert (scene.inbox(), scene.server.users.writes.total()) == (2, 0)
    return ran


def _locked_in_mid_create(scene: Scene) -> Ran:
    scene.server.faults.after_submit = AfterSubmit.HOLD_MADE
    holding = _held(scene)
    ran, _ = scene.run_until_submit(holding.__enter__)
    holding.__exit__(None, None, None)
    assert scene.server.users.writes["create"] == 1
    assert scene.house.credentials() == []
    return ran


def _power_cut(scene: Scene) -> Ran:
    """Cut the power after the submit, and lose the write-ahead log: what is left on the disk is the ledger alone."""
    ran = _killed_at_submit(scene)
    for side in ("-wal", "-shm"):
        Path(f"{_ledger(scene)}{side}").unlink(missing_ok=True)
    assert scene.outcomes("account.create") == ["intended"], "a committed intent survives without the log"
    return ran


def _power_cut_with_lying_disk(scene: Scene) -> Ran:
    """The same, on a disk that said "written" and had not: the last transaction of the log, the intent, is gone."""
    scene.ask(lambda ledger: ledger.size())
    with closing(sqlite3.connect(_ledger(scene))) as reader:
        # While somebody reads, nothing is taken from the log into the database: all of this pass stands in the log.
        reader.execute("BEGIN").execute("SELECT count(*) FROM events").fetchone()
        _killed_at_submit(scene)
        wal = Path(f"{_ledger(scene)}-wal")
        database, log = _ledger(scene).read_bytes(), wal.read_bytes()
    # The reader was the last to leave and has tidied up: put back what the power cut left, but for the last transaction.
    _ledger(scene).write_bytes(database)
    wal.write_bytes(_without_last_transaction(log))
    Path(f"{_ledger(scene)}-shm").unlink(missing_ok=True)
    assert scene.outcomes("account.create") == [], "the intent is lost"
    assert scene.states() == ["accepted", "accepted"]
    after = scene.run()
    assert after.status == 1
    scene.strays, scene.ends[FIRST] = {f"tw{FIRST}"}, State.STUCK
    return after


def _killed_at_submit(scene: Scene) -> Ran:
    scene.server.faults.after_submit = AfterSubmit.HOLD_MADE
    with scene.process() as running:
        scene.await_submit()
        os.killpg(running.pid, signal.SIGKILL)
        ran = scene.ended(running)
    scene.server.faults.clear()
    return ran


def _without_last_transaction(wal: bytes) -> bytes:
    """Return a write-ahead log as it was before its last commit (https://sqlite.org/fileformat2.html#the_write_ahead_log)."""
    page = int.from_bytes(wal[8:12], "big")
    frame = 24 + page
    ends = [at + frame for at in range(32, len(wal) - frame + 1, frame) if int.from_bytes(wal[at + 4 : at + 8], "big")]
    return wal[: ends[-2]]


def _ledger(scene: Scene) -> Path:
    return scene.house.path / "ledger.sqlite3"


FAULTS = (
    Fault(
        name="the ledger is locked", made="another process holds a write transaction on it",
        does="waits 30 s (here 1 s, `?timeout=1`), touches no mail and no console",
        says=("LedgerBusy: the ledger …ledger.sqlite3 is locked by another program", "Close the program that holds the ledger; the next pass goes on."),
        status=4, happens=_locked_before, changes=_SHORTLY, short=True,
    ),
    Fault(
        name="the ledger is locked in mid-create", made="another process takes the ledger while the submit is not answered yet",
        does="mails nothing that is not on record; stops; the next pass finds the account and gives it a new password",
        says=("LedgerBusy: the ledger …ledger.sqlite3 is locked by another program",), status=4,
        happens=_locked_in_mid_create, changes=_SHORTLY,
    ),
    Fault(
        name="power cut after the submit", made="SIGKILL to bot and browser, and the ledger's write-ahead log removed",
        does="has the intent in the ledger all the same (synchronous=FULL); the next pass finds the account and gives it a new password",
        says=(), status=-9, happens=_power_cut, short=True,
    ),
    Fault(
        name="power cut on a disk that lies", made="SIGKILL after the submit, and the last transaction cut off the write-ahead log: no intent, and an account",
        does="the next pass finds an account that it does not know as its own, leaves it alone and mails nothing; the others go on; "
        "an operator removes it in the console and reruns",
        says=(f"AccountConflict: login ID 'tw{FIRST}' exists and is not ours", "restored: `reconcile --adopt`"), status=1,
        happens=_power_cut_with_lying_disk, resolves=nothing_is_left,
    ),
)  # fmt: skip
