"""``flow new`` and ``flow check``: a start that loads, and a judgement that can be trusted."""

from __future__ import annotations

import json
import re
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

_CLUMSY = """

async def _clumsy(self, login_id, secret, window):
    raise ValueError(secret.reveal())


SandboxFlow.reset_password = _clumsy
"""


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


def test_without_a_login_nothing_else_is_tried(
    house: House, server: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """A landmark that is not there is told once, with the line of the flow; no account is made, and no time is lost."""
    before = len(server.users.search(""))
    server.faults.renamed["ユーザー一覧"] = "利用者一覧"
    status, broken = checked(house, capsys)
    assert (status, list(broken)) == (1, ["it_logs_in_and_finds_its_screens", "the_rest"])
    assert re.search(r"drift\.html \(sandbox\.py, line \d+\)$", broken["it_logs_in_and_finds_its_screens"])
    assert len(server.users.search("")) == before


def test_it_stops_at_the_first_broken_promise_when_asked(
    house: House, server: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rest is said to be untried, and what was made is disabled all the same."""
    server.faults.duplicate_as_success = True
    assert flows.check("sandbox", house.config, [], prefix="zzcheck", as_json=True, stops=True) == 1
    told = [(row["promise"], row["ok"]) for row in json.loads(capsys.readouterr().out)]
    assert told[-4:] == [
        ("a_second_create_is_a_conflict", False), ("the_rest", False), ("accounts_are_disabled_afterwards", True),
        ("no_password_in_evidence", True),
    ]  # fmt: skip


def test_a_mistake_in_the_flow_breaks_its_promises_only(
    house: House, server: SandboxServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error of the flow's own is told with its line and without the password; the others are tried, and all is cleaned up."""
    own = tmp_path / "flows" / "clumsy.py"
    own.parent.mkdir()
    text = (ROOT / "flows" / "sandbox.py").read_text(encoding="utf-8") + _CLUMSY
    own.write_text(text, encoding="utf-8")
    override = [f"console.flows_dir={own.parent}"]
    assert flows.check("clumsy", house.config, override, prefix="zzcheck", as_json=True) == 1
    broken = {row["promise"]: row["detail"] for row in json.loads(capsys.readouterr().out) if not row["ok"]}
    line = 1 + text.splitlines().index("    raise ValueError(secret.reveal())")
    assert "reset_alone_leaves_the_window" in broken
    broken.pop("a_refused_password_is_no_success")  # its password is the letter a, which is no secret
    assert set(broken.values()) == {f"ValueError: ******** (clumsy.py, line {line})"}
    assert not any(user.enabled for user in server.users.search("zzcheck"))


def test_a_page_is_shown_as_the_bot_sees_it(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """Before the login and behind it: names to write landmarks from, on stdout, and where the picture is, beside it."""
    assert flows.look("sandbox", "", house.config, [], inside=False) == 0
    assert flows.look("sandbox", "admin/users", house.config, [], inside=True) == 0
    seen = capsys.readouterr()
    before, behind = seen.out.split("# http")[1:]
    assert 'button "ログイン"' in before
    assert 'heading "ユーザー一覧"' in behind
    assert all(Path(line.removeprefix("kept ")).is_file() for line in seen.err.splitlines())


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
