"""Every fault of the table happens for real, and the invariants hold after it; the docs show this table."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house import ROOT
from tests.scenario.faults.fault import Fault, prove
from tests.scenario.faults.table import TABLE, page


@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", TABLE, ids=lambda fault: fault.name)
def test_fault(fault: Fault, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The bot does what the table says, the operator reads what it says, and in the end the invariants hold."""
    prove(fault, tmp_path, lambda: request.getfixturevalue("office"))


def test_the_docs_show_the_table() -> None:
    """docs/faults.md is what the table gives."""
    assert (ROOT / "docs" / "faults.md").read_text(encoding="utf-8") == page()
