"""Finds a Chromium, Chrome or Edge, or installs one where that is possible (FACTS.md, Browser)."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.errors import Unusable
from bot.packages import apt_install, ran, usable_apt
from bot.settings.console import BrowserSettings

Say = Callable[[str], None]

#: Nothing but what a browser without a screen needs: a third less memory, and quicker.
_HEADLESS = "chromium-headless-shell"
_ON_PATH = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    "msedge",
    "chrome",
)
_WELL_KNOWN = (
    r"%ProgramFiles%\Google\Chrome\Application\chrome.exe", r"%ProgramFiles(x86)%\Google\Chrome\Application\chrome.exe",
    r"%ProgramFiles(x86)%\Microsoft\Edge\Application\msedge.exe", r"%ProgramFiles%\Microsoft\Edge\Application\msedge.exe",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)  # fmt: skip
#: Without a Japanese font, evidence shows boxes where the text should be.
_FONT = "fonts-ipafont-gothic"
_DOWNLOAD_SECONDS = 600


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the search for a browser looks at."""

    search_path: str = field(default_factory=lambda: os.environ.get("PATH", ""))
    well_known: Sequence[str] = _WELL_KNOWN
    #: The Debian family's installer, empty elsewhere or without the right to use it.
    apt: str = field(default_factory=usable_apt)
    #: Playwright's own browser may be looked for and downloaded.
    playwright: bool = True


def find_browser(settings: BrowserSettings, around: Surroundings | None = None) -> Path | None:
    """Return the browser to use: the configured one, a headless shell where none is to be seen, Playwright's own, the system's.

    Raises ``Unusable`` when the configured one is not there: another one is not taken in its place.
    """
    around = around or Surroundings()
    if settings.executable:
        path = Path(settings.executable).expanduser()
        if not path.is_file():
            raise Unusable(f"console.browser.executable: there is no browser at {path}")
        return path
    return next(_candidates(around, headless=settings.headless), None)


def ensure_browser(settings: BrowserSettings, *, say: Say, around: Surroundings | None = None) -> Path:
    """Return a browser, installing one if there is none and it can be had; ``say`` tells what is being done.

    Raises ``Unusable`` with the one thing to install otherwise.
    """
    around = around or Surroundings()
    found = find_browser(settings, around)
    if found is None and around.apt:
        for browser in [_HEADLESS, "chromium"] if settings.headless else ["chromium"]:
            say(f"no browser found: installing {browser} and {_FONT} with apt-get (about a minute)")
            if apt_install(around.apt, [browser, _FONT]):
                break
        found = find_browser(settings, around)
    if found is None and around.playwright:
        say("no browser found: trying to download Playwright's Chromium")
        _download()
        found = find_browser(settings, around)
    if found is None:
        raise Unusable(
            "no browser: install Chromium, Chrome or Edge (Debian: apt install chromium fonts-ipafont-gothic), "
            "or name one with console.browser.executable"
        )
    return found


def launch_arguments(certificate: str | None = None) -> list[str]:
    """Return the flags that keep a Chromium quiet on a closed network; as root on Linux it needs one more.

    ``certificate`` is trusted besides those of known authorities: the pin of ``console.certificate``.
    """
    flags = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    if sys.platform == "linux" and os.geteuid() == 0:
        flags.append("--no-sandbox")
    if certificate:
        flags.append(f"--ignore-certificate-errors-spki-list={certificate}")
    return flags


def _candidates(around: Surroundings, *, headless: bool) -> Iterator[Path]:
    if headless and (shell := shutil.which(_HEADLESS, path=around.search_path)):
        yield Path(shell)
    own = _playwright_own() if around.playwright else None
    if own:
        yield own
    for name in _ON_PATH:
        if found := shutil.which(name, path=around.search_path):
            yield Path(found)
    for text in around.well_known:
        path = Path(os.path.expandvars(text))
        if path.is_file():
            yield path


def _playwright_own() -> Path | None:
    """Return where Playwright keeps the Chromium it downloaded, if it did."""
    places = {
        "linux": "~/.cache/ms-playwright", "darwin": "~/Library/Caches/ms-playwright",
        "win32": r"~\AppData\Local\ms-playwright",
    }  # fmt: skip
    home = os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or places.get(sys.platform, "~/.cache/ms-playwright")
    names = ("chrome-linux*/chrome", "chrome-win*/chrome.exe", "chrome-mac*/Chromium.app/Contents/MacOS/Chromium")
    found = [path for name in names for path in Path(home).expanduser().glob(f"chromium-*/{name}")]
    return max(found, default=None)


def _download() -> None:
    ran([sys.executable, "-m", "playwright", "install", "chromium"], _DOWNLOAD_SECONDS, os.environ)
