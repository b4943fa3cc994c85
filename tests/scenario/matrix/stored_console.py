"""A console that outlives the bot: the embedded one, its accounts in a file beside the house."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.console.memory import MemoryConsole
from bot.model import Account, AccountState, Window
from bot.secret import Secret
from tests.scenario.matrix.moments import Gate, Kind


class StoredConsole(MemoryConsole):
    """Keeps accounts, every password they ever had, and its own record of what was written, in order."""

    def __init__(self, file: Path, gate: Gate | None = None) -> None:
        super().__init__()
        self._file, self._gate = file, gate
        #: Its own record: each write by verb and login ID.
        self.record: list[tuple[str, str]] = []
        #: Every password that was ever set.
        self.passwords: list[str] = []
        if file.exists():
            self._load(json.loads(file.read_text(encoding="utf-8")))

    def _load(self, stored: dict[str, Any]) -> None:
        self.record = [(verb, login_id) for verb, login_id in stored["record"]]
        self.passwords = stored["passwords"]
        for one in stored["accounts"]:
            window = Window(**{name: datetime.fromisoformat(text) for name, text in one["window"].items()})
            account = Account(
                login_id=one["login_id"], name=one["name"], mail=one["mail"], state=AccountState(one["state"]),
                window=window,
            )  # fmt: skip
            self.accounts[account.login_id] = account
            self._secrets[account.login_id] = Secret(one["password"])

    def _write(self, verb: str, account: Account, secret: Secret) -> None:
        self._tell("before", verb)
        super()._write(verb, account, secret)
        self.record.append((verb, account.login_id))
        self.passwords.append(secret.reveal())
        self._save()
        self._tell("after", verb)

    def _save(self) -> None:
        accounts = [
            {
                "login_id": one.login_id, "name": one.name, "mail": one.mail, "state": one.state.value,
                "window": {"start": one.window.start.isoformat(), "end": one.window.end.isoformat()} if one.window else {},
                "password": self._secrets[one.login_id].reveal(),
            }
            for one in self.accounts.values()
        ]  # fmt: skip
        draft = self._file.with_suffix(".new")
        draft.write_text(
            json.dumps({"record": self.record, "passwords": self.passwords, "accounts": accounts}), encoding="utf-8"
        )
        draft.replace(self._file)

    def _tell(self, when: str, verb: str) -> None:
        if self._gate:
            self._gate.moment(when, Kind.WRITE, verb)
