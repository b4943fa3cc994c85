#!/usr/bin/env python3
"""Entry: prepares its own environment on a fresh machine, then hands over to bot.cli. Standard library only."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
LOCKS = ROOT / "requirements"
#: Commands that need more than running the bot does.
DEVELOPING = {"test", "bench"}
_USAGE = 2
#: Tells the second call, in the environment, that the first has seen to it.
_PREPARED = "TELEWORK_BOT_PREPARED"


def main() -> int:
    """Run the command in the prepared environment; prepares it first where that has not been done."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this file alone must say so on an older Python
        return _complain(f"this program needs Python 3.11 or newer; this is {sys.version.split()[0]}")
    home = environment_home()
    if Path(sys.prefix).resolve() == home.resolve() and os.environ.pop(_PREPARED, ""):
        from bot.cli import start as run_command  # noqa: PLC0415 - its packages are there only now

        run_command()
        return 0
    return _hand_over(home)


def environment_home() -> Path:
    """Return where the environment lives: BOT_VENV, else .venv beside this file, else the user's cache."""
    named = os.environ.get("BOT_VENV")
    if named:
        return Path(named).expanduser().resolve()
    beside = ROOT / ".venv"
    if beside.exists() or os.access(ROOT, os.W_OK):
        return beside
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / f"telework-id-bot-{ROOT.name}-{ROOT.stat().st_ino}"


def _hand_over(home: Path) -> int:
    """Call this file again by the environment's Python: its folder comes first on the path, wherever the call came from."""
    from bot import prepare  # noqa: PLC0415 - the second call does not need it

    developing = len(sys.argv) > 1 and sys.argv[1] in DEVELOPING
    lock = LOCKS / ("dev.lock" if developing else "runtime.lock")
    try:
        if not prepare.is_prepared(home, lock):
            prepare.prepare(home, lock)
    except prepare.Complaint as complaint:
        return _complain(str(complaint))
    os.environ[_PREPARED] = "yes"
    command = [str(prepare.python_of(home)), "-X", "utf8", str(ROOT / "run_bot.py"), *sys.argv[1:]]
    if os.name == "posix":
        os.execv(command[0], command)  # noqa: S606 - no shell, a fixed program
    return prepare.run(command)


def _complain(text: str) -> int:
    print(text, file=sys.stderr)
    return _USAGE


if __name__ == "__main__":
    sys.exit(main())
