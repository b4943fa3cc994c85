"""The life of a request: the table that the code runs on is the one that the docs show."""

from __future__ import annotations

from pathlib import Path

from bot.life import TRANSITIONS, State, diagram

DOCS = Path(__file__).resolve().parents[2] / "docs" / "life.md"


def test_the_docs_show_the_table_that_the_ledger_runs_on() -> None:
    """docs/life.md holds the diagram that the table gives."""
    assert f"```mermaid\n{diagram()}\n```" in DOCS.read_text(encoding="utf-8")


def test_every_state_has_its_steps_and_can_be_reached() -> None:
    """No state is left out of the table, and each but the first follows another."""
    reached = {after for steps in TRANSITIONS.values() for after in steps}
    assert set(TRANSITIONS) == set(State)
    assert reached == set(State) - ({State.RECEIVED} - reached)
