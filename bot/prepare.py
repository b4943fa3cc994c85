"""Makes the environment on a fresh machine. Standard library only: run_bot.py calls it before anything is installed."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_WAIT_SECONDS = 1800


class Complaint(Exception):
    """What is missing, in one sentence that says what to install."""


def run(command: list[str]) -> int:
    """Run a command to its end and return its status."""
    return subprocess.run(command, check=False).returncode


def python_of(home: Path) -> Path:
    """Return the environment's interpreter."""
    return home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def is_prepared(home: Path, lock: Path) -> bool:
    """Tell whether the environment was made for exactly this lock, or for the larger one that holds it."""
    try:
        stamps = (home / "prepared").read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError):
        return False
    return stamp_of(lock) in stamps and python_of(home).exists()


def stamp_of(lock: Path) -> str:
    """Return what an environment made from ``lock`` by this Python is stamped with."""
    content = lock.read_bytes() + f"{sys.version_info[:2]}".encode()
    return hashlib.sha256(content).hexdigest()


def prepare(home: Path, lock: Path) -> None:
    """Make the environment, or bring it up to ``lock``; stamped last, so that an interrupted call is made good by the next."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with _only_one(home.with_name(home.name + ".lock")):
        if is_prepared(home, lock):
            return
        _say(f"preparing {home} from {lock.parent.name}/{lock.name} (once; about a minute)")
        (home / "prepared").unlink(missing_ok=True)
        if not _works(python_of(home)):
            make(home)
        _install(home, lock)
        stamps = [stamp_of(lock)]
        if lock.name == "dev.lock":  # it holds everything that the other does, in the same versions
            stamps.append(stamp_of(lock.with_name("runtime.lock")))
        (home / "prepared").write_text("\n".join(stamps) + "\n", encoding="ascii")
        _say("ready")


def make(home: Path) -> None:
    """Make an empty environment with pip; raises ``Complaint`` where that can't be done."""
    shutil.rmtree(home, ignore_errors=True)
    made = subprocess.run([sys.executable, "-m", "venv", str(home)], capture_output=True, text=True, check=False)
    if made.returncode != 0 or not _works(python_of(home)):
        shutil.rmtree(home, ignore_errors=True)
        if "ensurepip" in made.stdout + made.stderr or "No module named venv" in made.stderr:
            package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
            raise Complaint(
                f"Python's venv module is missing: install it (Debian: apt install {package}) and start again"
            )
        raise Complaint(f"the environment {home} can't be made: {_last(made.stdout + made.stderr)}")


def _install(home: Path, lock: Path) -> None:
    command = [
        str(python_of(home)),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        "--require-hashes",
        "--requirement",
        str(lock),
    ]
    environment = {
        name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PIP_REQUIRE_VIRTUALENV"}
    }
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        raise Complaint(f"the packages can't be installed (is the package index reachable?): {_last(done.stderr)}")


def _works(python: Path) -> bool:
    """Tell whether the interpreter is there with its pip: an interrupted making leaves half of one."""
    if not python.exists():
        return False
    return subprocess.run([str(python), "-c", "import pip"], capture_output=True, check=False).returncode == 0


class _only_one:  # noqa: N801 - read as a statement: with _only_one(path)
    """Lets one process at a time prepare; a lock left by one that died is taken over."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        told = False
        deadline = time.monotonic() + _WAIT_SECONDS
        while not self._take():
            if time.monotonic() > deadline:
                raise Complaint(f"another call has been preparing for long; remove {self._path} if none runs")
            if not told:
                _say("waiting: another call is preparing the environment")
                told = True
            time.sleep(0.5)

    def __exit__(self, *_: object) -> None:
        self._path.unlink(missing_ok=True)

    def _take(self) -> bool:
        try:
            descriptor, draft = tempfile.mkstemp(dir=self._path.parent, prefix=self._path.name)
        except OSError as error:
            raise Complaint(
                f"{self._path.parent} can't be written: set BOT_VENV to a folder that can ({error.strerror})"
            ) from None
        with os.fdopen(descriptor, "w") as file:
            file.write(str(os.getpid()))
        try:
            os.link(draft, self._path)
        except FileExistsError:
            self._drop_dead()
            return False
        finally:
            Path(draft).unlink()
        return True

    def _drop_dead(self) -> None:
        try:
            gone = not _is_alive(int(self._path.read_text()))
        except ValueError:
            gone = True
        except (OSError, OverflowError):
            return
        if gone:
            self._path.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    """Tell whether a process is there; one that nobody may ask about is."""
    if sys.platform == "win32":
        return _is_alive_on_windows(process)
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _is_alive_on_windows(process: int) -> bool:
    """Ask the system's own list: on Windows ``os.kill`` with 0 sends Ctrl-C."""
    asked = [shutil.which("tasklist") or "tasklist", "/FI", f"PID eq {process}", "/NH", "/FO", "CSV"]
    listed = subprocess.run(asked, capture_output=True, text=True, check=False)
    return listed.returncode != 0 or f'"{process}"' in listed.stdout


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("WARNING")]
    return lines[-1] if lines else "no reason given"


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
