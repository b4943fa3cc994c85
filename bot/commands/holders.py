"""``ledger holders``: who holds, and who held, the login IDs of the pool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bot.commands.opening import open_workshop, with_ledger
from bot.commands.output import people, print_json, say, table


def holders(login_id: str | None, config: Path, overrides: Sequence[str], *, as_json: bool) -> int:
    """List them, the earliest first; all IDs where none is named."""
    workshop = open_workshop(config, overrides, quiet=True)
    held = with_ledger(workshop, lambda ledger: ledger.assignments(login_id))
    if as_json:
        print_json([asdict(one) for one in held])
    elif held:
        rows = [
            (one.login_id, one.employee_no, one.request_id, f"{one.since:%Y-%m-%d %H:%M}", _end(one.until)) for one in held
        ]  # fmt: skip
        people().print(table("共用IDの使用者 / holders", ["login ID", "employee", "request", "from", "until"], rows))
    else:
        say("nobody held a login ID of the pool (account.scope: pool)")
    return 0


def _end(until: object) -> str:
    return f"{until:%Y-%m-%d %H:%M}" if until else "使用中 / held"
