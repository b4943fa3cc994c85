"""What the commands of the command line share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

# Typer reads these annotations at run time; the help texts are what `--help` shows.
ConfigPath = Annotated[Path, typer.Option("--config", help="The settings file.")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Change a setting for this call.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]
DEFAULT_CONFIG = Path(__file__).resolve().parent.parent / "config.yaml"


def leave(status: int) -> None:
    """End the command with this exit status."""
    raise typer.Exit(status)
