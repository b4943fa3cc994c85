"""Attacks on the ledger itself: rows that the audit chain knows nothing of."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from tests.scenario.faults.fault import Fault
from tests.scenario.faults.scene import Ran, Scene

_PUT_IN = """
INSERT INTO requests (id, serial, message, position, state, employee_no, application, decision, attempts, stuck_reason, created_at, updated_at)
SELECT 'R-29991231-0001', 9000, message, 9000, 'accepted', '0047755', replace(application, employee_no, '0047755'), decision, 0, '',
  created_at, updated_at FROM requests ORDER BY serial LIMIT 1"""


def _row_put_in(scene: Scene) -> Ran:
    """Put in a request as accepted, have a pass run into it, and take it out again."""
    scene.run()
    _change(scene, _PUT_IN)
    ran = scene.run()
    assert "tw0047755" not in {user.user_id for user in scene.server.users.search("tw")}
    _change(scene, "DELETE FROM requests WHERE id = 'R-29991231-0001'")
    return ran


def _change(scene: Scene, statement: str) -> None:
    with closing(sqlite3.connect(scene.house.path / "ledger.sqlite3")) as database, database:
        assert database.execute(statement).rowcount == 1


FAULTS = (
    Fault(
        name="a row put in as accepted",
        made="somebody with the ledger's file inserts a request that is accepted already",
        does="issues and tells nothing for it: the audit chain has no event that accepted it; operators are alerted, all else goes on",
        says=("requests/R-29991231-0001: the row was put in: the audit chain has nothing of it",),
        status=5,
        happens=_row_put_in,
        short=True,
    ),
)
