"""A console that outlives the bot: the embedded one, each of its writes a line in a file beside the house."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.clock import Clock
from bot.console.memory import MemoryConsole
from bot.model import Account, AccountState, Window
from bot.secret import Secret
from tests.scenario.matrix.moments import Gate, Kind


@dataclass(frozen=True, kw_only=True)
class Write:
    """What was changed, when where the console has a clock, and how the account was afterwards."""

    verb: str
    account: Account
    password: str
    at: datetime | None


class StoredConsole(MemoryConsole):
    """Keeps accounts, every password they ever had, and its own record of what was written, in order."""

    def __init__(self, file: Path, gate: Gate | None = None, *, clock: Clock | None = None) -> None:
        super().__init__()
        self._file, self._gate, self._clock = file, gate, clock
        for write in self.written:
            self._redo(write)
        self._journal = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    @property
    def written(self) -> Iterator[Write]:
        """Its own record, in order: in the file alone, as a year of it weighs more than the bot that is weighed beside it."""
        if self._file.exists():
            with self._file.open(encoding="utf-8") as lines:
                yield from map(_read, map(json.loads, lines))

    @property
    def record(self) -> list[tuple[str, str]]:
        """Each write by verb and login ID, in order."""
        return [(one.verb, one.account.login_id) for one in self.written]

    @property
    def passwords(self) -> list[str]:
        """Every password that was ever set."""
        return [one.password for one in self.written]

    def __del__(self) -> None:
        os.close(self._journal)

    def _redo(self, write: Write) -> None:
        self.accounts[write.account.login_id] = write.account
        self._secrets[write.account.login_id] = Secret(write.password)

    def _write(self, verb: str, account: Account, secret: Secret) -> None:
        self._tell("before", verb)
        at = self._clock.now() if self._clock else None
        self.writes[verb] += 1
        write = Write(verb=verb, account=account, password=secret.reveal(), at=at)
        # One call: whoever is killed has written the whole line or none of it.
        os.write(self._journal, f"{json.dumps(_line(write), ensure_ascii=False)}\n".encode())
        self._redo(write)
        self._tell("after", verb)

    def _tell(self, when: str, verb: str) -> None:
        if self._gate:
            self._gate.moment(when, Kind.WRITE, verb)


def _line(write: Write) -> dict[str, Any]:
    account, window = write.account, write.account.window
    return {
        "verb": write.verb, "at": write.at.isoformat() if write.at else None, "password": write.password,
        "login_id": account.login_id, "name": account.name, "mail": account.mail, "state": account.state.value,
        "window": [window.start.isoformat(), window.end.isoformat()] if window else None,
    }  # fmt: skip


def _read(line: dict[str, Any]) -> Write:
    window = [datetime.fromisoformat(text) for text in line["window"] or ()]
    account = Account(
        login_id=line["login_id"], name=line["name"], mail=line["mail"], state=AccountState(line["state"]),
        window=Window(start=window[0], end=window[1]) if window else None,
    )  # fmt: skip
    at = datetime.fromisoformat(line["at"]) if line["at"] else None
    return Write(verb=line["verb"], account=account, password=line["password"], at=at)
