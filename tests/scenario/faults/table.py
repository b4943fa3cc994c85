"""The fault table: every fault, and the page that shows it (docs/faults.md)."""

from __future__ import annotations

from tests.scenario.faults import (
    at_clock,
    at_console,
    at_disk,
    at_files,
    at_ledger,
    at_mail,
    at_process,
    attack_chain,
    attack_floods,
    attack_linear,
    attack_locks,
    attack_receiving,
    attack_sender,
    attack_sending,
    attack_worker,
)
from tests.scenario.faults.fault import TEST, Fault

TABLE: tuple[Fault, ...] = (
    *at_console.FAULTS,
    *at_process.FAULTS,
    *at_mail.FAULTS,
    *at_disk.FAULTS,
    *at_ledger.FAULTS,
    *at_clock.FAULTS,
    *at_files.FAULTS,
    *attack_chain.FAULTS,
    *attack_floods.FAULTS,
    *attack_linear.FAULTS,
    *attack_locks.FAULTS,
    *attack_receiving.FAULTS,
    *attack_sender.FAULTS,
    *attack_sending.FAULTS,
    *attack_worker.FAULTS,
)

_HEAD = """# Faults: what the bot does, and what you see

Each line below was made to happen, and is again on every change: by the test `{test}` of that name. After each fault
the test compares the console's own user list, the mails that went out and logins with the mailed passwords: nothing lost,
nothing doubled, the newest mailed password works and no older one, no password anywhere but in its mail, every act on
record. `python3 -m tests.scenario.faults` makes them all happen and prints the table; `--only NAME` makes one.

`…` stands for what differs. An exit status is explained in the README; after a fault that is over, the next pass (or
`run`) goes on by itself unless the line says otherwise. SIGTERM waits for the step in hand: under systemd use
`KillMode=mixed`, so that the browser is not ended before the bot.
"""


def page() -> str:
    """Return docs/faults.md as the table gives it."""
    lines = [
        f"| {_cell(fault.name)} | {_cell(fault.made)} | {_cell(fault.does)} | {fault.ends}{_sentences(fault)} |" for fault in TABLE
    ]  # fmt: skip
    head = "| fault (the test's name) | made by | what the bot does | what the operator sees |"
    return "\n".join([_HEAD.format(test=TEST), head, "|---|---|---|---|", *lines, ""])


def _sentences(fault: Fault) -> str:
    return "".join(f"<br>`{_cell(sentence)}`" for sentence in fault.says)


def _cell(text: str) -> str:
    return text.replace("`run stopped`", "*run stopped*").replace("|", "\\|")
