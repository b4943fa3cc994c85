"""The lives of a request and of an account: the tables that the code runs on are the ones that the docs show."""

from __future__ import annotations

from pathlib import Path

from bot.life import ACCOUNT_TRANSITIONS, TRANSITIONS, AccountRecordState, State, account_diagram, diagram

DOCS = Path(__file__).resolve().parents[2] / "docs" / "life.md"


def test_the_docs_show_the_table_that_the_ledger_runs_on() -> None:
    """docs/life.md holds the diagrams that the tables give."""
    text = DOCS.read_text(encoding="utf-8")
    for drawn in (diagram(), account_diagram()):
        assert f"```mermaid\n{drawn}\n```" in text


def test_every_state_has_its_steps_and_can_be_reached() -> None:
    """No state is left out of the table, and each but the first follows another."""
    reached = {after for steps in TRANSITIONS.values() for after in steps}
    assert set(ACCOUNT_TRANSITIONS) == set(AccountRecordState)
    assert set(TRANSITIONS) == set(State)
    assert reached == set(State) - ({State.RECEIVED} - reached)
