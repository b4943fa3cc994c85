"""The shape of the house: which way imports point, how large things are, what never stands in a tracked file."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
#: From the door to the cellar: a room may use those after it.
ROOMS = (
    "cli", "cli_acts", "cli_audit", "cli_flow", "cli_form", "cli_ledger", "cli_watch", "cli_options", "commands", "wiring", "web",
    "operation", "mail", "reading", "intake", "rules", "issuance", "console", "delivery", "ledger",
    "sandbox", "tables", "xlsx", "xls", "worksheet", "cell_look", "markup", "styles", "wording", "log", "log_file", "terminal", "private",
    "config", "form_profiles", "settings", "clock", "life", "model", "text", "errors", "secret", "packages", "prepare",
)  # fmt: skip
_LONGEST_FUNCTION = 50
_NEVER = re.compile(
    r"(?<![\w.~])/(?:root|work|home|Users)/\w|https?://[^ \"')]+\.(?:whl|tgz|deb|tar\.gz)|pypi\.org|npmjs\.org"
)


def tracked(*endings: str) -> list[Path]:
    """Return the files of the project that git has or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    files = [ROOT / name for name in listed.decode().split("\0") if name]
    return [file for file in files if file.exists() and (not endings or file.suffix in endings)]


PYTHON = tracked(".py")
CODE = [file for file in PYTHON if file.relative_to(ROOT).parts[0] in {"bot", "flows"}]


def imported(file: Path) -> Iterator[str]:
    """Yield the rooms of bot/ that a file imports, also those behind ``if TYPE_CHECKING`` and inside functions."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module == "bot":
            names = [f"bot.{alias.name}" for alias in node.names]
        yield from (name.split(".")[1] for name in names if name.startswith("bot."))


@pytest.mark.parametrize(
    "file",
    [file for file in CODE if file.parts[-2:] != ("bot", "__init__.py")],
    ids=lambda file: str(file.relative_to(ROOT)),
)
def test_imports_point_downward(file: Path) -> None:
    """A room imports only itself and the rooms below it in DESIGN.md's list."""
    relative = file.relative_to(ROOT)
    own = Path(relative.parts[1]).stem if relative.parts[0] == "bot" else "console"
    allowed = ROOMS[ROOMS.index(own) :]
    above = {room for room in imported(file) if room not in allowed and room != "__version__"}
    assert not above, f"{relative} imports {above}"


def test_no_function_is_too_long() -> None:
    """Functions stay under 50 lines; a module is as long as its subject."""
    long_functions = [
        f"{file.relative_to(ROOT)}:{node.name}" for file in PYTHON for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= _LONGEST_FUNCTION
    ]  # fmt: skip
    assert long_functions == []


def test_no_assert_in_the_bot() -> None:
    """What must hold at run time raises an error of the house: asserts vanish under -O."""
    found = [
        str(file.relative_to(ROOT)) for file in CODE
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Assert)
    ]  # fmt: skip
    assert found == []


def test_every_public_thing_says_what_it_promises() -> None:
    """Each public function and class of the bot has a docstring, each function a return annotation."""
    silent = [
        f"{file.relative_to(ROOT)}:{node.lineno} {node.name}" for file in CODE if "migrations" not in file.parts
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_")
        and (node.returns is None or (ast.get_docstring(node) is None and not _is_inner(file, node)))
    ]  # fmt: skip
    assert silent == []


def _is_inner(file: Path, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether a function stands inside another function or a private class."""
    around = [
        item for item in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)
        or (isinstance(item, ast.ClassDef) and item.name.startswith("_"))
    ]  # fmt: skip
    return any(item.lineno < node.lineno and (item.end_lineno or 0) >= (node.end_lineno or 0) for item in around)


def test_nothing_of_one_machine_is_tracked() -> None:
    """No tracked text names a path of somebody's machine or a package's address."""
    found = [
        f"{file.relative_to(ROOT)}:{number}" for file in tracked() if file.suffix not in {".eml", ".xlsx", ".png"}
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if _NEVER.search(line) and file.name != "test_house.py"
    ]  # fmt: skip
    assert found == []
