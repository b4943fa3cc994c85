"""Every fault of the table happens for real, and the invariants hold after it; the docs show this table."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from bot.errors import BotError
from bot.sandbox.faults import AfterSubmit, Faults
from tests.house import ROOT
from tests.scenario.faults import at_console
from tests.scenario.faults.fault import Fault, prove
from tests.scenario.faults.table import TABLE, page

_AT_CONSOLE = Path(at_console.__file__).read_text(encoding="utf-8")
#: What steers the faults, and is none itself.
_NO_FAULTS = {"skip", "failing_path", "expire_skip", "expiring_path", "arrived", "released"}


def _errors(root: type[BotError]) -> list[type[BotError]]:
    return [root, *(error for one in root.__subclasses__() for error in _errors(one))]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "fault",
    [pytest.param(one, id=one.name, marks=[] if one.short else [pytest.mark.long]) for one in TABLE],
)
def test_fault(fault: Fault, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The bot does what the table says, the operator reads what it says, and in the end the invariants hold."""
    prove(fault, tmp_path, lambda: request.getfixturevalue("office"))


@pytest.mark.parametrize("fault", [one.name for one in fields(Faults) if one.name not in _NO_FAULTS])
def test_each_fault_of_the_embedded_console_is_in_the_table(fault: str) -> None:
    """A new fault of bot/sandbox/faults.py gets its line."""
    assert f"faults.{fault}" in _AT_CONSOLE


@pytest.mark.parametrize("fault", AfterSubmit)
def test_each_ending_of_a_submit_is_in_the_table(fault: AfterSubmit) -> None:
    """So does a new way in which a submit goes wrong."""
    assert f"AfterSubmit.{fault.name}" in _AT_CONSOLE


@pytest.mark.parametrize("error", _errors(BotError), ids=lambda error: error.__name__)
def test_each_named_error_says_what_to_do(error: type[BotError]) -> None:
    """In Japanese and in English."""
    ja, slash, en = error.advice.partition(" / ")
    assert (bool(slash), en.isascii(), ja.isascii()) == (True, True, False)


def test_the_docs_show_the_table() -> None:
    """docs/faults.md is what the table gives."""
    assert (ROOT / "docs" / "faults.md").read_text(encoding="utf-8") == page()
