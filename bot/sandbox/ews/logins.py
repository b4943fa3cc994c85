"""Who may use the endpoint: Basic in each request, or NTLM once for a connection (RFC 7617, MS-NTHT)."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import spnego
from spnego.exceptions import SpnegoError

#: Where the library's own NTLM acceptor looks its users up.
_USERS = "NTLM_USER_FILE"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Let in, or what to ask for next; ``refused`` when a login was tried and is wrong."""

    let_in: bool = False
    ask: str = ""
    refused: bool = False


class Logins:
    """One user, by one method."""

    def __init__(self, method: Literal["basic", "ntlm"], user: str, password: str, folder: Path) -> None:
        self._method = method
        self._user = user
        self._password = password
        domain, _, name = user.partition("\\")
        users = folder / "ntlm-users"
        users.write_text(f"{domain}:{name}:{password}\n", encoding="utf-8")
        os.environ[_USERS] = str(users)

    def close(self) -> None:
        """Forget the user."""
        os.environ.pop(_USERS, None)

    def answer(self, authorization: str, connection: dict[str, Any]) -> Answer:
        """Judge one request; ``connection`` keeps what was said before on the same connection."""
        if self._method == "basic":
            right = authorization == "Basic " + b64encode(f"{self._user}:{self._password}".encode()).decode("ascii")
            return Answer(let_in=right, ask='Basic realm="ews"', refused=bool(authorization) and not right)
        if connection.get("let_in"):
            return Answer(let_in=True)
        if not authorization.startswith("NTLM "):
            return Answer(ask="NTLM")
        context = connection.setdefault("context", spnego.server(protocol="ntlm"))
        try:
            said = context.step(b64decode(authorization.removeprefix("NTLM ")))
        except SpnegoError:
            connection.clear()
            return Answer(ask="NTLM", refused=True)
        if context.complete:
            connection["let_in"] = True
            return Answer(let_in=True)
        return Answer(ask=f"NTLM {b64encode(said or b'').decode('ascii')}")
