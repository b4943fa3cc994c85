"""Finds a flow by its name: one Python file in the flows directory, one Flow class in it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from bot.console.flow import Flow
from bot.errors import ConfigInvalid, Problem

_NAME = re.compile(r"^[a-z][a-z0-9_]*$")


def load_flow(directory: Path, name: str) -> type[Flow]:
    """Return the flow class of ``directory/name.py``.

    Raises ``ConfigInvalid`` when the name is no flow's name, the file is missing or broken, or holds not exactly one flow.
    """
    path = directory / f"{name}.py"
    if not _NAME.match(name) or not path.is_file():
        known = ", ".join(sorted(file.stem for file in directory.glob("[a-z]*.py"))) or "none"
        raise _invalid(f"there is no flow {name!r} in {directory} (there: {known})")
    module_name = f"flows.{name}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise _invalid(f"{path} can't be loaded")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise _invalid(f"{path} does not load: {type(error).__name__}: {error}") from error
    flows = [
        item
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, Flow) and item.__module__ == module_name
    ]
    if len(flows) != 1:
        raise _invalid(f"{path} must hold exactly one Flow class, it holds {len(flows)}")
    return flows[0]


def _invalid(text: str) -> ConfigInvalid:
    return ConfigInvalid([Problem(path="console.flow", text=text)])
