"""The kill matrix as CI has time for it, and that nothing which has an effect is missing from it (docs/crashes.md)."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from typing import Any

import pytest

from bot.console.flow import Flow
from bot.console.port import Console
from bot.console.socket_flow import SocketFlow
from bot.ledger.ledger import Ledger
from bot.mail.port import Mailbox
from tests.house import ROOT
from tests.scenario.matrix.moments import no_return

#: What no pass of the stories does, and where it is tried instead.
_NOT_IN_A_PASS = {
    "mailbox check": "`check` touches no mail: tests/contract/test_mailbox.py",
    "mailbox bring_back": "of `rerun --unreadable`: tests/scenario/test_unreadable.py",
    "mailbox stamp": "asked of what could not be moved, changes nothing: tests/scenario/test_receiving.py",
    "console everyone": "of `reconcile`, changes nothing: tests/scenario/test_reconcile.py",
    "ledger dismiss_message": "of `dismiss`: tests/scenario/test_unreadable.py",
    "ledger correct": "of `correct`, one transaction: tests/scenario/test_correct.py",
    "ledger assign": "of a pool, killed at every boundary: tests/scenario/test_scopes.py",
    "ledger reading_attempts": "forgets what is gone; a pass that dies before it does so again: tests/scenario/test_poison.py",
    "ledger forget_reading": "of a pass that was cut off; without it each is read alone: tests/scenario/test_poison.py",
    "ledger purge": "of `ledger purge`, killed between its steps: tests/scenario/test_purge.py",
    "ledger compact": "of `ledger purge`, changes no row: tests/scenario/test_purge.py",
}
_SECONDS = 1800


@pytest.fixture(scope="module")
def matrix() -> dict[str, Any]:
    """The short matrix, in a process of its own: bots are forked from one that has no threads."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.scenario.matrix", "kills", "--short", "--json"],
        cwd=ROOT, capture_output=True, text=True, timeout=_SECONDS, check=False,
    )  # fmt: skip
    assert done.stdout, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)["kills"]
    return found


@pytest.mark.timeout(_SECONDS)
def test_killed_everywhere_and_run_again(matrix: dict[str, Any]) -> None:
    """Wherever the process is killed, the next pass makes good what docs/crashes.md promises."""
    assert matrix["failures"] == []
    assert matrix["ok"]
    assert {part["part"]: part["runs"] > least for part, least in zip(matrix["parts"], (200, 5), strict=True)} == {
        "life": True, "console": True,
    }  # fmt: skip


@pytest.mark.timeout(_SECONDS)
def test_nothing_with_an_effect_is_missing(matrix: dict[str, Any]) -> None:
    """Every coroutine of the mailbox and the console, and every write of the ledger, is a boundary: a new one must be met."""
    seen = {" ".join(told.split(" ")[:2]) for part in matrix["parts"] for told in part["seen"]}
    ports = {"mailbox": _coroutines(Mailbox), "console": _coroutines(Console), "ledger": _own_coroutines(Ledger)}
    wanted = {f"{port} {name}" for port, names in ports.items() for name in names} - set(_NOT_IN_A_PASS)
    wanted = (wanted - {"mailbox send"}) | {"send send"}
    assert wanted - seen == set()
    assert len(wanted) > 12


@pytest.mark.timeout(_SECONDS)
def test_every_boundary_has_a_moment_before_and_one_after(matrix: dict[str, Any]) -> None:
    """Nothing is watched on one side alone; the inside of a move or a send is seen before each of its acts only."""
    met = matrix["parts"][0]["met"]
    assert {
        kind for kind in ("ledger", "mailbox", "send", "console", "write") if not met.get(f"before {kind}")
    } == set()
    assert {one: met[f"before {one}"] for one in ("ledger", "mailbox", "send", "console", "write")} == {
        one: met[f"after {one}"] for one in ("ledger", "mailbox", "send", "console", "write")
    }


@pytest.mark.timeout(_SECONDS)
def test_every_step_of_the_flow_is_a_boundary(matrix: dict[str, Any]) -> None:
    """Each step that the embedded console's flow names, and each submit and confirmation in it, was met."""
    seen = {told for part in matrix["parts"] for told in part["seen"]}
    steps = set(re.findall(r'self\.step\("([^"]+)"\)', (ROOT / "flows" / "sandbox.py").read_text(encoding="utf-8")))
    assert {f"step {name}" for name in steps - {"log in as a user", "list users"}} - seen == set()
    submitting = {told.rpartition(" of ")[2] for told in seen if told.startswith("step submit of ")}
    assert submitting == {"register", "reset password", "disable"}
    assert {f"step confirm of {name}" for name in submitting} - seen == set()


def test_a_new_point_of_no_return_is_found_by_itself() -> None:
    """What a base of flows adds around the submit is watched without being listed."""
    assert set(no_return(Flow)) == {"submit", "confirm"}
    assert set(no_return(SocketFlow)) == {"submit", "confirm", "confirm_heard", "confirm_each"}


def _coroutines(port: type) -> set[str]:
    return {name for name, one in inspect.getmembers(port, inspect.iscoroutinefunction) if not name.startswith("_")}


def _own_coroutines(port: type) -> set[str]:
    return {name for name, one in vars(port).items() if inspect.iscoroutinefunction(one) and not name.startswith("_")}
