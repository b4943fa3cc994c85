"""run_bot.py on a fresh machine: prepares once, repairs what was interrupted, and complains in one sentence."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import ROOT

#: A package that needs no index: an environment made from it is made in a second.
_NO_PACKAGES = "# nothing\n"
_PROBE = 'import sys\n\n\ndef start():\n    print("ran", *sys.argv[1:])\n'


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A copy of the entry with an empty lock and a command line that only says that it ran."""
    shutil.copy(ROOT / "run_bot.py", tmp_path)
    (tmp_path / "requirements").mkdir()
    for name in ("runtime.lock", "dev.lock"):
        (tmp_path / "requirements" / name).write_text(_NO_PACKAGES, encoding="utf-8")
    (tmp_path / "bot").mkdir()
    shutil.copy(ROOT / "bot" / "prepare.py", tmp_path / "bot")
    (tmp_path / "bot" / "__init__.py").touch()
    (tmp_path / "bot" / "cli.py").write_text(_PROBE, encoding="utf-8")
    return tmp_path


def start(folder: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Start the entry in ``folder`` with nothing of this process's environment."""
    bare = {"PATH": os.defpath, "HOME": str(folder), **environment}
    return subprocess.Popen(
        [sys.executable, str(folder / "run_bot.py"), *arguments], env=bare, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def call(folder: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    """Return status, stdout and stderr of a call."""
    process = start(folder, *arguments, **environment)
    out, err = process.communicate(timeout=100)
    return process.returncode, out, err


def test_prepares_once_and_hands_over(fresh: Path) -> None:
    """The first call makes the environment and says so on stderr; the second starts at once."""
    status, out, err = call(fresh, "demo", "--json")
    assert (status, out) == (0, "ran demo --json\n"), err
    assert "preparing" in err
    assert call(fresh, "demo") == (0, "ran demo\n", "")


def test_a_changed_lock_prepares_again(fresh: Path) -> None:
    """Other packages in the lock mean another environment."""
    call(fresh, "run")
    (fresh / "requirements" / "runtime.lock").write_text("# other\n", encoding="utf-8")
    assert "preparing" in call(fresh, "run")[2]
    assert call(fresh, "run")[2] == ""


def test_tests_use_the_larger_lock_and_serve_both(fresh: Path) -> None:
    """`test` prepares from the lock that holds everything; after it the bot itself needs no preparation."""
    (fresh / "requirements" / "dev.lock").write_text("# more\n", encoding="utf-8")
    assert "dev.lock" in call(fresh, "test")[2]
    assert call(fresh, "run")[2] == ""


def test_an_interrupted_preparation_is_repaired(fresh: Path) -> None:
    """Half an environment without its stamp is made anew, and the lock of a dead process is taken over."""
    call(fresh, "run")
    (fresh / ".venv" / "prepared").unlink()
    (fresh / ".venv" / "bin" / "python").unlink()
    (fresh / ".venv.lock").write_text("999999999", encoding="ascii")
    status, out, err = call(fresh, "run")
    assert (status, out) == (0, "ran run\n")
    assert "preparing" in err


def test_two_first_calls_do_not_collide(fresh: Path) -> None:
    """Two calls on a fresh machine: one prepares, the other waits, both run."""
    both = [start(fresh, "run"), start(fresh, "run")]
    results = [process.communicate(timeout=100) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert [out for out, _ in results] == ["ran run\n", "ran run\n"]
    assert sum(err.startswith("preparing") for _, err in results) == 1


def test_a_missing_venv_module_is_one_plain_sentence(fresh: Path) -> None:
    """Debian without python3-venv: exit 2 and one sentence that names the package."""
    (fresh / "ensurepip.py").write_text("raise ImportError('No module named ensurepip')", encoding="utf-8")
    (fresh / "venv.py").write_text(
        "import sys; sys.exit('The virtual environment was not created successfully because ensurepip is not available.')",
        encoding="utf-8",
    )
    status, out, err = call(fresh, "run", PYTHONPATH=str(fresh))
    sentences = [line for line in err.splitlines() if not line.startswith("preparing")]
    assert (status, out, len(sentences)) == (2, "", 1)
    assert "-venv" in sentences[0]


def test_packages_that_cannot_be_had_are_one_plain_sentence(fresh: Path) -> None:
    """Without the package index: exit 2 and one sentence, and the next call tries again."""
    (fresh / "requirements" / "runtime.lock").write_text(f"nowhere==1.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    status, out, err = call(fresh, "run", PIP_NO_INDEX="1")
    assert (status, out) == (2, "")
    assert "packages" in err.splitlines()[-1]
    assert not (fresh / ".venv" / "prepared").exists()


def test_an_environment_elsewhere(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """BOT_VENV puts the environment where the person wants it."""
    place = tmp_path_factory.mktemp("venvs") / "bot"
    assert call(fresh, "run", BOT_VENV=str(place))[:2] == (0, "ran run\n")
    assert (place / "prepared").exists()
    assert not (fresh / ".venv").exists()
