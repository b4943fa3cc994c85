"""A real Django admin site in a process of its own, and ways to ask it outside of the browser."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bot.console.evidence import EvidenceStore
from bot.console.flows import load_flow
from bot.console.playwright_console import PlaywrightConsole
from bot.console.screens import Screens
from bot.secret import Redactor, Secret
from bot.settings.console import ConsoleSettings
from tests.console_kit import browser
from tests.house import ROOT

ADMIN = "bot-admin"


class DjangoSite:
    """A site with an admin and ``seeded`` users; use it as a context manager."""

    def __init__(self, folder: Path, *, language: str = "ja", seeded: int = 130) -> None:
        self.password = secrets.token_urlsafe(18)
        self._errors = (folder / "errors.txt").open("ab")
        environment = {
            **os.environ, "DJANGO_SETTINGS_MODULE": "tests.django_site.settings", "SITE_LANGUAGE": language,
            "SITE_DATABASE": str(folder / "site.sqlite3"), "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.django_site.serve", ADMIN, str(seeded)], cwd=ROOT, env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True, encoding="utf-8",
        )  # fmt: skip
        port = self._say(self.password)
        assert port, (folder / "errors.txt").read_text(encoding="utf-8")
        self.url = f"http://127.0.0.1:{port}/admin/"

    def works(self, name: str, secret: Secret) -> bool:
        """Tell whether the site takes this login."""
        return bool(self._ask("works", name, secret.reveal()))

    def writes(self) -> int:
        """Return how many changes the site has on its record."""
        return int(self._ask("writes"))

    def named(self, name: str) -> list[dict[str, Any]]:
        """Return the users with this name, capital letters or not."""
        found: list[dict[str, Any]] = self._ask("named", name)
        return found

    def add(self, name: str, secret: Secret) -> None:
        """Make a user without mail, by another way than the admin's pages."""
        self._ask("add", name, secret.reveal())

    def arm(self, pattern: str, fault: str) -> None:
        """Let the next request that fits go wrong (tests/django_site/faults.py)."""
        self._ask("arm", pattern, fault)

    def logins(self, how: str) -> int:
        """Return how many logins there were on the pages: ``in`` or ``refused``."""
        return int(self._ask("logins").get(how, 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=10)
        self._errors.close()

    def _ask(self, question: str, *given: str) -> Any:  # noqa: ANN401 - whatever JSON can say
        return json.loads(self._say(json.dumps([question, given])))

    def _say(self, line: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


def on_django(
    site: DjangoSite, evidence: Path, redactor: Redactor, *, password: str | None = None
) -> PlaywrightConsole:
    """Return the console port on a Django site, its browser not started yet."""
    settings = ConsoleSettings(url=site.url, user=ADMIN, step_timeout=6, settle=2)
    return PlaywrightConsole(
        load_flow(ROOT / "flows", "django_admin"), settings, password=redactor.new(password or site.password),
        browser=browser(), evidence=EvidenceStore(evidence, redactor), screens=Screens(directory=evidence / "screens"),
        redactor=redactor,
    )  # fmt: skip
