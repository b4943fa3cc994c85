"""A real third-party console for the demo and the tests: MeshCentral on loopback, below one folder of its own.

What it holds is asked of its own database and of its login page, never of the browser under test.
"""

from __future__ import annotations

import base64
import hashlib
import http.cookiejar
import json
import os
import re
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from bot.errors import Unusable
from bot.sandbox.meshcentral_install import ensure_meshcentral, node
from bot.sandbox.ports import free_port

ADMIN = "bot-admin"
#: The skins: the console's default, and the newer one.
STYLES = {1: 2, 3: 3}
_READY_SECONDS = 90
_STOP_SECONDS = 10
_LOGIN_SECONDS = 20
#: Events that tell who came and went; every other one about a user is a change.
_VISITS = {"login", "logout", "authfail"}
#: The login page answers with one of these: a password that must be changed now is a right one.
_REFUSED, _CHANGE_NOW = "112", "113"
_ANSWER = re.compile(r"var messageid = parseInt\('(\d*)'\)")
_LOGIN_PAGE = re.compile(r"id=.?loginpanel\b")


@dataclass(kw_only=True)
class MeshCentral:
    """One console with an admin, and ``others`` who were there before; usable as a context manager."""

    style: int = 1
    others: int = 0
    password: str = field(default_factory=lambda: f"Admin-{secrets.token_hex(8)}!")
    folder: Path = field(init=False)
    port: int = field(init=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _program: Path = field(init=False)

    @property
    def url(self) -> str:
        """The console's address."""
        return f"https://127.0.0.1:{self.port}/"

    @property
    def admin(self) -> str:
        """The admin's login."""
        return ADMIN

    @property
    def pid(self) -> int:
        """The server's process; its child descends from it. 0 while it does not run."""
        return self._process.pid if self._process else 0

    @property
    def pin(self) -> str:
        """What ``console.certificate`` takes: the SHA-256 of the public key that the console shows, in base64."""
        certificate = x509.load_pem_x509_certificate(self._certificate().read_bytes())
        key = certificate.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(hashlib.sha256(key).digest()).decode("ascii")

    def start(self) -> Self:
        """Make the folder, the admin and the others, and start; returns when the console answers."""
        self._program = ensure_meshcentral(lambda _: None)
        self.folder = Path(tempfile.mkdtemp(prefix="meshcentral-"))
        self._data().mkdir()
        self.port = free_port()
        (self._data() / "config.json").write_text(json.dumps(_config(self.port, STYLES[self.style])), encoding="utf-8")
        self._run(
            "--createaccount", ADMIN, "--pass", self.password, "--email", "admin@city.example.jp", "--name", ADMIN
        )
        self._run("--adminaccount", ADMIN)
        self._seed()
        self.launch()
        return self

    def stop(self) -> None:
        """Stop it and remove the folder."""
        self.halt()
        shutil.rmtree(self.folder, ignore_errors=True)

    def launch(self) -> None:
        """Start the server on what is in its folder; every session of an earlier start is over. Returns when it answers."""
        with (self.folder / "server.log").open(
            "ab"
        ) as said:  # not a pipe: its child keeps it open for as long as it lives
            self._process = subprocess.Popen(  # noqa: S603 - the program of this module
                [node(), *self._arguments()], stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
            )
        ends = time.monotonic() + _READY_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > ends:
                self.halt()
                raise Unusable(f"MeshCentral does not start: {self.log()[-500:]}")
            time.sleep(0.1)

    def halt(self) -> None:
        """Stop the server and the child it has forked; what is in its folder stays."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
        ends = time.monotonic() + _STOP_SECONDS
        while self._answers() and time.monotonic() < ends:
            time.sleep(0.05)  # the child ends after its parent
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def users(self) -> Mapping[str, Mapping[str, Any]]:
        """Return all users by ID, as the console's database has them."""
        found: dict[str, Mapping[str, Any]] = {}
        for record in _records(self._data() / "meshcentral.db"):
            key = str(record.get("_id", ""))
            if record.get("$$deleted"):
                found.pop(key, None)
            elif record.get("type") == "user":
                found[key] = record
        return {key.rpartition("/")[2]: record for key, record in found.items()}

    def writes(self) -> int:
        """Return how many changes of users the console has recorded."""
        return sum(record.get("etype") == "user" and record["action"] not in _VISITS for record in self._events())

    def recorded(self, action: str) -> int:
        """Return how often the console has recorded this: accountcreate, accountchange, login, logout, authfail."""
        return sum(record.get("action") == action for record in self._events())

    def works(self, login_id: str, password: str) -> bool:
        """Tell whether somebody can log in with this password, by the login page, without a browser."""
        context = ssl.create_default_context(cafile=str(self._data() / "root-cert-public.crt"))
        context.check_hostname = False  # it names no address; who signed it is what counts here
        opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=context),
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
        )
        form = urlencode({"action": "login", "username": login_id, "password": password}).encode("ascii")
        with opener.open(self.url, form, timeout=_LOGIN_SECONDS) as answer:
            page = answer.read().decode("utf-8", errors="replace")
        said = _ANSWER.search(page)
        return said.group(1) == _CHANGE_NOW if said else _LOGIN_PAGE.search(page) is None

    def log(self) -> str:
        """Return what the server has said."""
        return (self.folder / "server.log").read_text(encoding="utf-8", errors="replace")

    def _events(self) -> list[dict[str, Any]]:
        return _records(self._data() / "meshcentral-events.db")

    def _seed(self) -> None:
        """Add the others to the database before the server opens it: through the console it takes half a minute."""
        with (self._data() / "meshcentral.db").open("a", encoding="utf-8") as database:
            for number in range(1, self.others + 1):
                name = f"staff{number:04d}"
                record = {"_id": f"user//{name}", "type": "user", "name": name, "domain": "", "creation": 1600000000}
                database.write(json.dumps(record | {"email": f"{name}@city.example.jp"}) + "\n")

    def _run(self, *arguments: str) -> None:
        with tempfile.TemporaryFile() as said:
            done = subprocess.run(  # noqa: S603 - the program of this module
                [node(), *self._arguments(), *arguments],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, check=False, timeout=_READY_SECONDS,
            )  # fmt: skip
            said.seek(0)
            if done.returncode != 0:
                raise Unusable(f"MeshCentral does not make its admin: {said.read().decode(errors='replace')[-500:]}")

    def _arguments(self) -> list[str]:
        return [str(self._program), "--datapath", str(self._data()), "--filespath", str(self.folder / "files")]

    def _answers(self) -> bool:
        with socket.socket() as one:
            one.settimeout(1)
            return one.connect_ex(("127.0.0.1", self.port)) == 0

    def _data(self) -> Path:
        return self.folder / "data"

    def _certificate(self) -> Path:
        return self._data() / "webserver-cert-public.crt"


def _config(port: int, style: int) -> dict[str, Any]:
    """Return a configuration that stays on loopback; without a session key of its own, a restart ends every session."""
    domain = {"title": "MeshCentral", "siteStyle": style, "newAccounts": False, "passwordRequirements": {"min": 8}}
    return {
        "settings": {
            "cert": "127.0.0.1", "port": port, "portBind": "127.0.0.1", "exactPorts": True, "redirPort": 0, "mpsPort": 0,
            "WANonly": True, "selfUpdate": False, "autoBackup": False, "agentTimeStampServer": False, "noAgentUpdate": 1,
            "maxInvalidLogin": False,
        },
        "domains": {"": domain},
    }  # fmt: skip


def _records(file: Path) -> list[dict[str, Any]]:
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    found: list[dict[str, Any]] = []
    for line in lines:
        with suppress(ValueError):  # the last line may be half written
            found.append(json.loads(line))
    return found
