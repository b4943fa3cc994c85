"""``flow new`` and ``flow check``: a start that loads, and a judgement that can be trusted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.commands import flows
from bot.config import load
from bot.console.flows import load_flow
from bot.errors import BadUsage
from bot.sandbox.server import SandboxServer
from tests.acts_kit import in_ledger
from tests.house import ROOT, ZONE, House


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    """A console of today."""
    with SandboxServer(SystemClock(ZONE)) as running:
        yield running


@pytest.fixture
def house(tmp_path: Path, server: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> House:
    """A house on that console."""
    monkeypatch.setenv("CHECK_PASSWORD", server.password)
    console = {"url": server.url, "password": "env:CHECK_PASSWORD", "settle": 1, "step_timeout": 4}
    return House(path=tmp_path).lay_out({"console": console})


def checked(house: House, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, str]]:
    """Check the flow; returns the exit status and what is broken."""
    status = flows.check("sandbox", house.config, [], prefix="zzcheck", as_json=True)
    results = json.loads(capsys.readouterr().out)
    return status, {row["promise"]: row["detail"] for row in results if not row["ok"]}


@pytest.mark.timeout(300)  # thirteen promises, each with accounts of its own, in a real browser
def test_a_good_flow_holds(house: House, server: SandboxServer, capsys: pytest.CaptureFixture[str]) -> None:
    """Every promise holds; every account made is of the reserved range, and disabled afterwards; nobody is left logged in."""
    before = {user.user_id for user in server.users.search("")}
    assert checked(house, capsys) == (0, {})
    made = [user for user in server.users.search("") if user.user_id not in before]
    assert len(made) >= 8
    assert all(user.user_id.startswith("zzcheck") and not user.enabled for user in made)
    assert server.admin.sessions.logged_in() == 0


def test_a_console_that_lies_is_found_out(
    house: House, server: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """A duplicate that is answered as success breaks its promise, by name; the others are tried all the same."""
    server.faults.duplicate_as_success = True
    status, broken = checked(house, capsys)
    assert (status, set(broken)) == (1, {"a_second_create_is_a_conflict"})


def test_a_new_flow_loads_and_is_never_overwritten(house: House, tmp_path: Path) -> None:
    """The template is a whole flow; a file that is there is not touched."""
    override = [f"console.flows_dir={tmp_path / 'flows'}"]
    assert flows.new("desk_port", house.config, override) == 0
    made = load_flow(tmp_path / "flows", "desk_port")
    assert (made.__name__, made.LOGIN.name) == ("DeskPortFlow", "Log in")
    with pytest.raises(BadUsage, match="is there already"):
        flows.new("desk_port", house.config, override)
    with pytest.raises(BadUsage, match="small letters"):
        flows.new("../evil", house.config, override)


def test_a_changed_screen_is_accepted_on_the_record(
    house: House, server: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is new is told, accepted by a named person with a reason, and then no news any more."""
    accept = {"by": "吉澤", "reason": "製品の更新を確認", "as_json": True}
    assert flows.accept([], house.config, [], **accept) == 0  # type: ignore[arg-type] # two kinds of values
    server.faults.renamed["ログアウト</button>"] = "ログアウト</button><button>一括削除</button>"
    flows.accept([], house.config, [], **accept)  # type: ignore[arg-type] # two kinds of values
    flows.accept([], house.config, [], **accept)  # type: ignore[arg-type] # two kinds of values
    first, second, third = (json.loads(part) for part in _documents(capsys.readouterr().out))
    assert (first, third) == ([], [])
    assert "ユーザー一覧" in {row["screen"] for row in second}
    events = in_ledger(house, lambda ledger: ledger.events())
    accepted = [stored for stored in events if stored.event.action == "screen.accept"]
    assert {stored.run.actor for stored in accepted} == {"吉澤"}
    assert len(accepted) == len(second)


def _documents(text: str) -> list[str]:
    return [part for part in text.replace("]\n[", "]\0[").split("\0") if part.strip()]


def test_the_products_flow_is_what_config_names() -> None:
    """The flow that config.yaml names is there and loads."""
    settings = load(ROOT / "config.yaml").settings.console
    assert load_flow(ROOT / settings.flows_dir, settings.flow)
