"""A real PostgreSQL server for the tests: Debian's programs, on loopback, below one folder, under a user that is not root."""

from __future__ import annotations

import os
import pwd
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from bot.errors import Unusable
from bot.packages import apt_install, usable_apt
from bot.sandbox.ports import free_port

PACKAGE = "postgresql"
ROLE = "telework"
_SECONDS = 60
_HOMES = Path("/usr/lib/postgresql")
#: Nothing in it outlives the tests: a power cut may take it.
_SETTINGS = ("fsync=off", "full_page_writes=off", "autovacuum=off", "max_connections=60", "shared_buffers=16MB")
_JAPANESE, _ICU_SINCE = ("--locale-provider", "icu", "--icu-locale", "ja"), 15


def ensure_postgres(say: Callable[[str], None]) -> Path:
    """Return the folder of the server's programs, installing them where that is possible; raises ``Unusable`` otherwise."""
    found = _programs()
    if found is None and (apt := usable_apt()):
        say(f"no PostgreSQL server found: installing {PACKAGE} with apt-get (about a minute)")
        apt_install(apt, [PACKAGE])
        found = _programs()
    if found is None:
        raise Unusable(f"a PostgreSQL server is needed: apt-get install {PACKAGE}")
    return found


def _programs() -> Path | None:
    """Return the newest release's programs."""
    there = [path.parent for path in _HOMES.glob("*/bin/initdb")]
    on_path = shutil.which("initdb")
    return max(there, key=lambda path: float(path.parent.name), default=Path(on_path).parent if on_path else None)


@dataclass(kw_only=True)
class Postgres:
    """One server; usable as a context manager. Its databases sort text by ICU's rules where it has them, unlike a file's."""

    programs: Path = field(init=False)
    folder: Path = field(init=False)
    port: int = field(init=False)
    #: The role's password; the role may make databases, and is no superuser.
    password: str = field(default_factory=secrets.token_hex)

    def start(self) -> Self:
        """Make the folder and start the server; returns when it answers. Raises ``Unusable`` when it can't run here."""
        self.programs = ensure_postgres(lambda _: None)
        self.folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        self.port = free_port()
        try:
            self._make()
        except BaseException:
            self.stop()
            raise
        return self

    def _make(self) -> None:
        self._own(self.folder)
        given = self.folder / "password"
        given.write_text(self.password, encoding="ascii")
        self._own(given)
        self._run(
            "initdb", "--pgdata", str(self._data), "--username", "admin", "--pwfile", str(given), "--auth", "scram-sha-256",
            "--encoding", "UTF8", "--locale", "C", "--no-sync", *(_JAPANESE if self._release() >= _ICU_SINCE else ()),
        )  # fmt: skip
        self.up()
        self.sql(f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{self.password}'")

    def up(self) -> None:
        """Start the server on what is there."""
        settings = " ".join(f"-c {one}" for one in _SETTINGS)
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} {settings}"
        self._run(
            "pg_ctl", "start", "-w", "-t", str(_SECONDS), "-D", str(self._data), "-l", str(self.log), "-o", options
        )

    def down(self, how: str = "fast") -> None:
        """Stop the server: ``fast`` ends every session, ``immediate`` is a crash."""
        self._run("pg_ctl", "stop", "-w", "-t", str(_SECONDS), "-D", str(self._data), "-m", how)

    def stop(self) -> None:
        """Stop it for good and remove the folder."""
        with suppress(Unusable):
            self.down("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.folder / "log"

    def url(self, database: str) -> str:
        """Return the address of a database, as ``ledger.url`` takes it."""
        return f"postgresql://{ROLE}@127.0.0.1:{self.port}/{database}"

    def sql(self, *statements: str, database: str = "postgres") -> None:
        """Execute statements as the superuser."""
        import psycopg  # noqa: PLC0415 - slow to load

        address = f"host=127.0.0.1 port={self.port} user=admin dbname={database}"
        with psycopg.connect(address, password=self.password, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _release(self) -> int:
        told = subprocess.run([self.programs / "initdb", "--version"], capture_output=True, text=True, check=True)  # noqa: S603 - fixed
        return int(re.findall(r"\d+", told.stdout)[0])

    def _own(self, path: Path) -> None:
        if os.geteuid() == 0:
            shutil.chown(path, *_who())

    def _run(self, program: str, *arguments: str) -> None:
        user, group = _who() if os.geteuid() == 0 else (None, None)
        # Output goes to a file: a server that is started keeps a pipe open for ever.
        with tempfile.TemporaryFile() as told:
            done = subprocess.run(  # noqa: S603 - fixed commands
                [self.programs / program, *arguments], user=user, group=group, extra_groups=[] if user else None,
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=told, stderr=told, check=False,
            )  # fmt: skip
            told.seek(0)
            if done.returncode != 0:
                raise Unusable(f"PostgreSQL's {program} failed: {told.read().decode(errors='replace').strip()[-500:]}")


def _who() -> tuple[int, int]:
    """Return a user that may run the server, which refuses root, and its group, by their numbers."""
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
    raise Unusable("PostgreSQL does not run as root, and there is no other user here")
