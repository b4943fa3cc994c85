"""Which browser is taken, of those there are (bot/console/browser.py)."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from bot.console.browser import Surroundings, ensure_browser, find_browser
from bot.errors import Unusable
from bot.settings.console import BrowserSettings


def place(folder: Path, *names: str) -> Surroundings:
    """Return surroundings with these programs and nothing else."""
    for name in names:
        (folder / name).write_text("#!/bin/sh\n", encoding="ascii")
        (folder / name).chmod(0o755)
    return Surroundings(search_path=str(folder), well_known=(), apt="", playwright=False)


def test_without_a_screen_the_headless_shell_comes_first(tmp_path: Path) -> None:
    """Where nothing is to be seen, the shell that needs a third less memory is taken; where it is, a browser with windows."""
    around = place(tmp_path, "chromium", "chromium-headless-shell")
    assert find_browser(BrowserSettings(), around) == tmp_path / "chromium-headless-shell"
    assert find_browser(BrowserSettings(headless=False), around) == tmp_path / "chromium"


def test_a_configured_browser_wins_or_is_missed(tmp_path: Path) -> None:
    """A configured browser is taken before all others, and none in its place where it is missing."""
    around = place(tmp_path, "chromium", "mine")
    assert find_browser(BrowserSettings(executable=str(tmp_path / "mine")), around) == tmp_path / "mine"
    with pytest.raises(Unusable, match=r"console\.browser\.executable"):
        find_browser(BrowserSettings(executable=str(tmp_path / "gone")), around)


def test_without_any_the_answer_says_what_to_install(tmp_path: Path) -> None:
    """Where there is none and none can be had, the error names what to install."""
    assert find_browser(BrowserSettings(), place(tmp_path)) is None
    with pytest.raises(Unusable, match="apt install chromium"):
        ensure_browser(BrowserSettings(), say=lambda _: None, around=place(tmp_path))


def test_what_an_older_debian_lacks_is_made_up_for(tmp_path: Path) -> None:
    """Where the headless shell is no package, Chromium is installed in its place."""
    (tmp_path / "bin").mkdir()
    around = place(tmp_path / "bin")
    installer = tmp_path / "apt-get"
    installer.write_text(
        f'#!/bin/sh\ncase "$*" in\n  *headless-shell*) exit 100 ;;\n  *chromium*) : > {tmp_path}/bin/chromium ;;\nesac\n'
        f"[ ! -e {tmp_path}/bin/chromium ] || chmod 755 {tmp_path}/bin/chromium\n",
        encoding="ascii",
    )
    installer.chmod(0o755)
    said: list[str] = []
    able = Surroundings(search_path=around.search_path, well_known=(), apt=str(installer), playwright=False)
    assert ensure_browser(BrowserSettings(), say=said.append, around=able) == tmp_path / "bin" / "chromium"
    assert [line for line in said if "installing" in line] == said
    assert len(said) == 2


def test_the_tests_have_a_browser_that_starts() -> None:
    """The browser that was found starts and says its version."""
    found = find_browser(BrowserSettings())
    assert found is not None
    quiet = ["--no-sandbox", "--disable-background-networking", "--version"]
    said = subprocess.run([str(found), *quiet], capture_output=True, text=True, check=True, env=dict(os.environ)).stdout
    assert any(name in said for name in ("Chrom", "Edge"))
