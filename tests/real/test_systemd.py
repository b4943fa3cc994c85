"""The systemd unit as systemd itself judges it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from bot.commands.testing import ensure_systemd
from tests.house import ROOT

UNIT = ROOT / "deploy" / "telework-bot.service"
#: Of 10; what systemd calls "OK" ends at 4.5. The rest is the network, which the bot needs.
_MOST_EXPOSED = 2.0


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Call systemd-analyze."""
    command = [ensure_systemd(lambda _: None), "--no-pager", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_unit_has_no_mistake() -> None:
    """Every setting is known and makes sense to systemd: not a word of complaint."""
    done = analyze("verify", str(UNIT))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_mistake_in_a_unit_is_seen(tmp_path: Path) -> None:
    """The check above can fail: a setting that is misspelt is complained about."""
    broken = tmp_path / UNIT.name
    broken.write_text(UNIT.read_text(encoding="utf-8").replace("ProtectSystem=", "ProtectSistem="), encoding="utf-8")
    assert "ProtectSistem" in analyze("verify", str(broken)).stderr


def test_the_unit_leaves_little_exposed() -> None:
    """What a taken-over bot could reach is small, by systemd's own measure."""
    done = analyze("security", "--offline=true", str(UNIT))
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert found, done.stderr
    assert float(found.group(1)) <= _MOST_EXPOSED
