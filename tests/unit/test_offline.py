"""An installation for a closed network: collected with every hash checked, installed without a network, refused when it was touched."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.house import ROOT

_NAME = "carried-1.0-py3-none-any.whl"
_RECORD = (
    "carried.py,,\ncarried-1.0.dist-info/METADATA,,\ncarried-1.0.dist-info/WHEEL,,\ncarried-1.0.dist-info/RECORD,,\n"
)
_PROBE = 'import sys\n\nimport carried\n\n\ndef start():\n    print("ran with", carried.WHAT)\n'


def wheel(folder: Path) -> str:
    """Make a package as an index would have it; returns its hash."""
    folder.mkdir()
    with zipfile.ZipFile(folder / _NAME, "w") as made:
        made.writestr("carried.py", 'WHAT = "what was carried over"\n')
        made.writestr("carried-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: carried\nVersion: 1.0\n")
        made.writestr(
            "carried-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        made.writestr("carried-1.0.dist-info/RECORD", _RECORD)
    return hashlib.sha256((folder / _NAME).read_bytes()).hexdigest()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A program of one package, with everything that is carried over."""
    root = tmp_path / "project"
    for folder in ("bot", "flows", "forms", "requirements", "docs", "deploy", "inbox_samples", "bot/__pycache__"):
        (root / folder).mkdir(parents=True)
    for name in ("run_bot.py", "deploy/offline.py", "bot/prepare.py"):
        shutil.copy(ROOT / name, root / name)
    for name in ("config.yaml", "LICENSE", "README.md", "bot/__init__.py", "bot/__pycache__/x.pyc"):
        (root / name).touch()
    (root / "bot" / "cli.py").write_text(_PROBE, encoding="utf-8")
    digest = wheel(tmp_path / "index")
    (root / "requirements" / "runtime.lock").write_text(f"carried==1.0 --hash=sha256:{digest}\n", encoding="utf-8")
    return root


def offline(root: Path, *arguments: str | Path, **environment: str) -> tuple[int, str]:
    """Call the script; the only index there is refuses every connection."""
    bare = {"PATH": os.environ["PATH"], "HOME": str(root), "PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0"}
    done = subprocess.run(
        [sys.executable, str(root / "deploy" / "offline.py"), *map(str, arguments)], env=bare | environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr


@pytest.fixture
def collected(project: Path, tmp_path: Path) -> Path:
    """What was collected of it."""
    to = tmp_path / "carried"
    status, told = offline(
        project, "collect", "--to", to, "--no-browser", PIP_NO_INDEX="1", PIP_FIND_LINKS=str(tmp_path / "index")
    )
    assert status == 0, told
    return to


def test_what_was_collected_installs_and_runs_without_a_network(collected: Path, tmp_path: Path) -> None:
    """The program and its packages are there, no litter with them; the installed entry starts at once."""
    shutil.rmtree(tmp_path / "index")
    shutil.rmtree(tmp_path / "project")
    to = tmp_path / "installed"
    status, told = offline(collected / "program", "install", collected, "--to", to, "--no-browser")
    assert status == 0, told
    ran = subprocess.run([sys.executable, str(to / "run_bot.py")], capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr) == ("ran with what was carried over\n", "")
    assert not (collected / "program" / "bot" / "__pycache__" / "x.pyc").exists()


def test_an_upgrade_leaves_no_old_module_and_loses_nothing_of_the_house(collected: Path, tmp_path: Path) -> None:
    """A module that the new program does not have is gone; a flow that was mended here stays, with the new one beside it."""
    to = tmp_path / "installed"
    flow = collected / "program" / "flows" / "vdi.py"
    for shipped, mended in (("v1", None), ("v2", None), ("v3", "mended"), ("v4", None)):
        flow.write_text(shipped, encoding="utf-8")
        seal(collected)
        if mended:
            (to / "flows" / "vdi.py").write_text(mended, encoding="utf-8")
        (to / "bot").mkdir(parents=True, exist_ok=True)
        (to / "bot" / "newer.py").touch()
        status, told = offline(collected / "program", "install", collected, "--to", to, "--no-browser")
        assert (status, "vdi.py was changed here" in told) == (0, shipped in {"v3", "v4"}), told
        assert not (to / "bot" / "newer.py").exists()
        here = (to / "flows" / "vdi.py").read_text(encoding="utf-8")
        assert here == ("mended" if shipped in {"v3", "v4"} else shipped)
    assert (to / "flows" / "vdi.py.new").read_text(encoding="utf-8") == "v4"


def seal(collected: Path) -> None:
    """Make the sums anew, as `collect` does."""
    files = [path for path in sorted(collected.rglob("*")) if path.is_file() and path.name != "SHA256SUMS"]
    sums = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(collected).as_posix()}" for path in files
    ]
    (collected / "SHA256SUMS").write_text(
        "".join(f"{line}\n" for line in sums if "__pycache__" not in line), encoding="utf-8"
    )


@pytest.mark.parametrize("how", ["changed", "gone", "added", "sums"])
def test_what_was_touched_on_its_way_is_refused(how: str, collected: Path, tmp_path: Path) -> None:
    """A file that is other than it was, missing or new is named, and nothing is installed."""
    carried = collected / "wheels" / _NAME
    if how == "changed":
        carried.write_bytes(carried.read_bytes() + b"x")
    elif how == "gone":
        carried.unlink()
    elif how == "added":
        (collected / "wheels" / "more.whl").touch()
    else:
        (collected / "SHA256SUMS").unlink()
    status, told = offline(collected / "program", "install", collected, "--to", tmp_path / "installed", "--no-browser")
    named = {"added": "more.whl", "sums": "nothing that `collect` made"}.get(how, _NAME)
    assert (status, named in told) == (2, True), told
    assert not (tmp_path / "installed").exists()


def test_what_is_for_another_machine_is_refused(collected: Path, tmp_path: Path) -> None:
    """Wheels of another system or Python would fail half-way: it is said before anything is done."""
    (collected / "FOR").write_text("Windows AMD64, Python 3.11\n", encoding="utf-8")
    sums = (collected / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    own = f"{hashlib.sha256((collected / 'FOR').read_bytes()).hexdigest()}  FOR"
    kept = [line for line in sums if not line.endswith("  FOR")]
    (collected / "SHA256SUMS").write_text("\n".join([*kept, own]) + "\n", encoding="utf-8")
    status, told = offline(collected / "program", "install", collected, "--to", tmp_path / "installed")
    assert (status, "collected for Windows AMD64" in told) == (2, True), told


def test_a_directory_with_something_in_it_is_left_alone(project: Path, collected: Path) -> None:
    """`collect` writes into a new directory only."""
    status, told = offline(project, "collect", "--to", collected)
    assert (status, "not empty" in told) == (2, True)


def test_a_package_with_another_hash_is_not_collected(project: Path, tmp_path: Path) -> None:
    """Nothing is carried over that is not what the lock names."""
    (project / "requirements" / "runtime.lock").write_text(f"carried==1.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    status, _ = offline(
        project,
        "collect",
        "--to",
        tmp_path / "to",
        "--no-browser",
        PIP_NO_INDEX="1",
        PIP_FIND_LINKS=str(tmp_path / "index"),
    )
    assert status == 2
    assert not list((tmp_path / "to").rglob("*.whl"))
