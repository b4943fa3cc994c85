#!/usr/bin/env python3
"""For closed networks: collects all that an installation needs on a machine with a network, and installs it on one without.

    python3 deploy/offline.py collect --to DIR       # same system and same Python as the machine it is for
    python3 deploy/offline.py install DIR --to /opt/telework-bot

DIR then holds the program, the wheels of requirements/runtime.lock, on Debian as root the browser with everything below it,
and SHA256SUMS over all of it. Standard library only: nothing is installed yet when this runs.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bot import prepare  # noqa: E402 - it is beside this script, wherever this is called from

#: What the bot runs from; no tests, nothing that it wrote.
_PROGRAM = (
    "run_bot.py",
    "config.yaml",
    "bot",
    "flows",
    "forms",
    "requirements",
    "docs",
    "deploy",
    "inbox_samples",
    "LICENSE",
    "README.md",
)
_LITTER = shutil.ignore_patterns("__pycache__", "*.pyc", ".*_cache", "var")
_BROWSER = ("chromium-headless-shell", "fonts-ipafont-gothic")
_SUMS = "SHA256SUMS"
#: Wheels are for one system and one Python: what was collected for another does not install.
_FOR = "FOR"
#: What of an installation a house may change, as it was carried over.
_CARRIED = ".carried"


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; 2 with a sentence where it can't be done."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    collecting = commands.add_parser("collect", help="gather everything into a new directory")
    collecting.add_argument("--to", type=Path, required=True, metavar="DIR")
    collecting.add_argument("--no-browser", action="store_true", help="leave the browser to the machine's own means")
    installing = commands.add_parser("install", help="install from such a directory; no network is used")
    installing.add_argument("source", type=Path, metavar="DIR")
    installing.add_argument("--to", type=Path, required=True, metavar="DIR")
    installing.add_argument("--no-browser", action="store_true", help="leave the browser to the machine's own means")
    asked = parser.parse_args(arguments)
    try:
        if asked.command == "collect":
            collect(asked.to.resolve(), browser=not asked.no_browser)
        else:
            install(asked.source.resolve(), asked.to.resolve(), browser=not asked.no_browser)
    except prepare.Complaint as complaint:
        _say(str(complaint))
        return 2
    return 0


def collect(to: Path, *, browser: bool) -> None:
    """Gather program, wheels and browser into ``to``; raises ``Complaint`` where something can't be had."""
    if to.exists() and any(to.iterdir()):
        raise prepare.Complaint(f"{to} is not empty: name a new directory")
    to.mkdir(parents=True, exist_ok=True)
    _say(f"the program, from {ROOT.name}")
    _copy_program(ROOT, to / "program")
    _say("the wheels of requirements/runtime.lock, each with its hash checked")
    _download_wheels(to / "wheels")
    if browser and shutil.which("apt-get") and shutil.which("dpkg-deb"):
        _say(f"{' and '.join(_BROWSER)}, with everything below them")
        _download_debs(to / "debs")
    elif browser:
        _say(
            "no apt here: carry over an installer of Chrome or Edge yourself, or name one that is there in console.browser.executable"
        )
    (to / _FOR).write_text(_this_machine() + "\n", encoding="utf-8")
    sums = "".join(f"{_sum(path)}  {path.relative_to(to).as_posix()}\n" for path in _files(to))
    (to / _SUMS).write_text(sums, encoding="utf-8")
    size = sum(path.stat().st_size for path in _files(to)) // 1_000_000
    _say(
        f"collected: {to} ({size} MB), for {_this_machine()}; there: python3 {to.name}/program/deploy/offline.py install {to.name} --to DIR"
    )


def install(source: Path, to: Path, *, browser: bool) -> None:
    """Install what was collected, having checked every file of it; raises ``Complaint`` before anything is changed where it does not fit."""
    _check(source)
    _say(f"the program, to {to}")
    _replace_program(source / "program", to)
    os.environ |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(source / "wheels")}
    prepare.prepare(to / ".venv", to / "requirements" / "runtime.lock")
    debs = source / "debs"
    if browser and debs.is_dir():
        if not (shutil.which("apt-get") and os.geteuid() == 0):
            raise prepare.Complaint("the browser needs apt-get and root: call it again with sudo, or with --no-browser")
        _say(f"{' and '.join(_BROWSER)}, from {debs}")
        _install_debs(debs)
    _say(f"installed: {to}; now write config.yaml and call: python3 {to}/run_bot.py check --config ...")


def _copy_program(source: Path, to: Path) -> None:
    for name in _PROGRAM:
        if (source / name).is_dir():
            shutil.copytree(source / name, to / name, dirs_exist_ok=True, ignore=_LITTER)
        else:
            to.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / name, to / name)


def _replace_program(source: Path, to: Path) -> None:
    """Put the program in place of the one that is there: no module of that is left, and nothing that the house changed is lost.

    What lies in flows/ and forms/, and config.yaml, stays where it is not as it was carried over the last time; the new one lies beside it.
    """
    note = to / _CARRIED
    before = (
        dict(line.split("  ", 1)[::-1] for line in note.read_text(encoding="utf-8").splitlines())
        if note.exists()
        else {}
    )
    carried = [
        path.relative_to(source)
        for path in (source / "config.yaml", *_files(source / "flows"), *_files(source / "forms"))
    ]
    names = [name.as_posix() for name in carried]
    ours = {
        name: (to / name).read_bytes() for name in names if (to / name).exists() and _sum(to / name) != before.get(name)
    }
    shutil.rmtree(to / "bot", ignore_errors=True)
    _copy_program(source, to)
    note.write_text("".join(f"{_sum(source / name)}  {name}\n" for name in names), encoding="utf-8")
    for name, content in ours.items():
        if content != (source / name).read_bytes():
            shutil.copy2(source / name, to / f"{name}.new")
            (to / name).write_bytes(content)
            _say(f"! {name} was changed here and stays; what was carried over is {name}.new: compare them")


def _download_wheels(to: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "venv"
        prepare.make(home)
        lock = ROOT / "requirements" / "runtime.lock"
        _run([
            str(prepare.python_of(home)), "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input",
            "--only-binary=:all:", "--require-hashes", "--requirement", str(lock), "--dest", str(to),
        ])  # fmt: skip


def _download_debs(to: Path) -> None:
    """Fetch the packages as for a machine on which nothing is installed, and write the index that apt installs them by."""
    (to / "partial").mkdir(parents=True)
    nothing = to / "status"
    nothing.touch()
    _run([
        "apt-get", "install", "-y", "-q", "--no-install-recommends", "--download-only", "-o", f"Dir::State::status={nothing}",
        "-o", f"Dir::Cache::archives={to}", "-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User=root", *_BROWSER,
    ])  # fmt: skip
    nothing.unlink()
    shutil.rmtree(to / "partial")
    (to / "lock").unlink(missing_ok=True)
    entries = []
    for deb in sorted(to.glob("*.deb")):
        control = _run(["dpkg-deb", "--field", str(deb)]).rstrip("\n")
        entries.append(f"{control}\nFilename: ./{deb.name}\nSize: {deb.stat().st_size}\nSHA256: {_sum(deb)}\n")
    (to / "Packages").write_text("\n".join(entries), encoding="utf-8")


def _install_debs(debs: Path) -> None:
    """Install by apt from this directory alone: it takes what is missing, and leaves what the machine has in the same version."""
    with tempfile.TemporaryDirectory() as folder:
        # Readable for apt's own user, as the directory itself need not be.
        Path(folder).chmod(0o755)
        source = Path(folder) / "collected.list"
        # Trusted: every file was checked against SHA256SUMS a moment ago.
        source.write_text(f"deb [trusted=yes] copy:{debs} ./\n", encoding="utf-8")
        lists = Path(folder) / "lists"
        (lists / "partial").mkdir(parents=True)
        only = ["-o", f"Dir::Etc::SourceList={source}", "-o", "Dir::Etc::SourceParts=/dev/null", "-o", f"Dir::State::Lists={lists}",
                "-o", "APT::Sandbox::User=root", "-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache="]  # fmt: skip
        _run(["apt-get", "update", "-q", *only])
        _run(["apt-get", "install", "-y", "-q", "--no-install-recommends", *only, *_BROWSER])


def _check(source: Path) -> None:
    """Be sure that all is there as it was collected, nothing beside it, and for this machine."""
    try:
        told = (source / _SUMS).read_text(encoding="utf-8").splitlines()
        meant_for = (source / _FOR).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise prepare.Complaint(f"{source} is nothing that `collect` made ({error.strerror})") from None
    sums = {name: value for value, _, name in (line.partition("  ") for line in told)}
    found = {path.relative_to(source).as_posix(): path for path in _files(source)}
    wrong = sorted(
        name for name in {*sums, *found} if name not in found or name not in sums or _sum(found[name]) != sums[name]
    )
    if wrong:
        raise prepare.Complaint(
            f"not as it was collected: {', '.join(wrong[:5])} ({len(wrong)} in all): carry it over again"
        )
    if meant_for != _this_machine():
        raise prepare.Complaint(
            f"collected for {meant_for}, this is {_this_machine()}: collect it on a machine like this one"
        )


def _this_machine() -> str:
    return f"{platform.system()} {platform.machine()}, Python {sys.version_info[0]}.{sys.version_info[1]}"


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path != folder / _SUMS and "__pycache__" not in path.parts:
            yield path


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    )
    if done.returncode != 0:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise prepare.Complaint(f"{Path(command[0]).name} failed: {lines[-1] if lines else 'no reason given'}")
    return done.stdout


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
