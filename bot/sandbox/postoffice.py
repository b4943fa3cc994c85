"""A real mail server for the demo and the tests: Dovecot and Postfix from Debian, on loopback, below one folder.

Mails for anybody in ``city.example.jp`` are delivered; each person's mailbox is the part before the @.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Self

from bot.errors import Unusable
from bot.packages import apt_install, usable_apt
from bot.sandbox.certificates import Certificates, make_certificates
from bot.sandbox.ports import free_port

PACKAGES = ("dovecot-imapd", "dovecot-lmtpd", "postfix")
DOMAIN = "city.example.jp"
BOT = "telework-id"
_TEMPLATES = Path(__file__).parent / "postoffice_conf"
_READY_SECONDS = 20
_PROGRAMS = ("dovecot", "postfix")
_PLACES = "/usr/sbin:/usr/bin:/sbin:/bin"


def ensure_postoffice(say: Callable[[str], None]) -> None:
    """Install what a post office needs, where that is possible; raises ``Unusable`` with what to install otherwise."""
    missing = missing_packages()
    if missing and (apt := usable_apt()):
        say(f"no mail server found: installing {' '.join(missing)} with apt-get (about a minute)")
        apt_install(apt, missing)
        missing = missing_packages()
    if missing:
        raise Unusable(f"a mail server is needed: apt-get install {' '.join(missing)}")
    if os.geteuid() != 0:
        raise Unusable("the embedded mail server runs as root only: Dovecot and Postfix change to users of their own")


def missing_packages() -> tuple[str, ...]:
    """Return the Debian packages to install before a post office can open; empty when all is there."""
    there = all(shutil.which(program, path=_PLACES) for program in _PROGRAMS)
    lmtp = Path("/usr/lib/dovecot/lmtp").exists()
    return () if there and lmtp else PACKAGES


@dataclass(kw_only=True)
class PostOffice:
    """One IMAP and one SMTP server; usable as a context manager. Both need root to run under users of their own."""

    #: The bot's password in both.
    password: str = "Mailbox-pass-2021!"  # noqa: S105 - opens a throw-away server on loopback
    #: Further lines of dovecot.conf, to take a capability away or set a quota; ``{folder}`` is the office's folder.
    dovecot_extra: str = ""
    folder: Path = field(init=False)
    ports: dict[str, int] = field(init=False)
    certificates: Certificates = field(init=False)

    def start(self) -> Self:
        """Make the folder and start both servers; returns when both greet. Raises ``Unusable`` when they can't run here."""
        ensure_postoffice(lambda _: None)
        self.folder = Path(tempfile.mkdtemp(prefix="postoffice-"))
        self.folder.chmod(0o755)
        self.certificates = make_certificates(self.folder)
        self.ports = {name: free_port() for name in ("imap", "imaps", "lmtp", "auth", "smtp")}
        for name in ("mail", "dovecot", "postfix", "spool", "data"):
            (self.folder / name).mkdir()
        shutil.chown(self.folder / "mail", "mail", "mail")
        shutil.chown(self.folder / "data", "postfix")
        self._write("dovecot.conf", self.folder / "dovecot.conf")
        self._write("main.cf", self.folder / "postfix" / "main.cf")
        self._write("master.cf", self.folder / "postfix" / "master.cf")
        (self.folder / "postfix" / "senders").write_text(f"{BOT}@{DOMAIN} {BOT}\n", encoding="ascii")
        (self.folder / "users").write_text(f"{BOT}:{{PLAIN}}{self.password}\n", encoding="utf-8")
        self.start_imap()
        self.start_smtp()
        return self

    def stop(self) -> None:
        """Stop both and remove the folder."""
        self.stop_smtp()
        self.stop_imap()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start_imap(self) -> None:
        """Start Dovecot; returns when it greets."""
        _run(["dovecot", "-c", str(self.folder / "dovecot.conf")])
        _await_port(self.ports["imap"])
        _await_port(self.ports["lmtp"])

    def stop_imap(self) -> None:
        """Stop Dovecot with every connection it has."""
        pid_file = self.folder / "dovecot" / "master.pid"
        master = int(pid_file.read_text(encoding="ascii")) if pid_file.exists() else 0
        _run(["doveadm", "-c", str(self.folder / "dovecot.conf"), "stop"], check=False)
        _await_port(self.ports["imap"], there=False)
        if master:
            with suppress(ProcessLookupError):
                os.killpg(master, signal.SIGKILL)  # sessions in progress outlive their master for a moment

    def start_smtp(self) -> None:
        """Start Postfix; returns when it greets."""
        _run(["postfix", "-c", str(self.folder / "postfix"), "start"])
        _await_port(self.ports["smtp"])

    def stop_smtp(self) -> None:
        """Stop Postfix."""
        _run(["postfix", "-c", str(self.folder / "postfix"), "abort"], check=False)
        _await_port(self.ports["smtp"], there=False)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def maildir(self, person: str, folder: str = "") -> Path:
        """Return somebody's mailbox, or a folder of it, as Maildir keeps it."""
        return self.folder / "mail" / person / (f".{folder}" if folder else "")

    def mails(self, person: str, folder: str = "") -> list[Path]:
        """Return the files of a mailbox, seen or not."""
        place = self.maildir(person, folder)
        return sorted(file for part in ("new", "cur") for file in (place / part).glob("*"))

    def delivered(self, person: str) -> list[Path]:
        """Return the files of a mailbox once nothing is on its way any more."""
        ends = time.monotonic() + _READY_SECONDS
        while any(self._queue()) and time.monotonic() < ends:
            time.sleep(0.05)
        return self.mails(person)

    def _queue(self) -> Iterator[Path]:
        for name in ("maildrop", "incoming", "active", "deferred"):
            yield from (file for file in (self.folder / "spool" / name).rglob("*") if file.is_file())

    def empty(self) -> None:
        """Remove every mailbox with all that is in it."""
        for place in (self.folder / "mail").iterdir():
            shutil.rmtree(place)

    def put(self, person: str, name: str, content: bytes, *, at: float | None = None) -> None:
        """Put a mail straight into a mailbox, received ``at`` (seconds since the epoch; now where none is given)."""
        place = self.maildir(person)
        owner = pwd.getpwnam("mail")
        for part in ("", "tmp", "new", "cur"):
            if not (place / part).is_dir():
                (place / part).mkdir(parents=True)
                os.chown(place / part, owner.pw_uid, owner.pw_gid)
        draft = place / "tmp" / name
        draft.write_bytes(content)
        os.chown(draft, owner.pw_uid, owner.pw_gid)
        if at is not None:
            os.utime(draft, (at, at))
        draft.rename(place / "new" / name)

    def log(self) -> str:
        """Return what Dovecot has logged."""
        return (self.folder / "dovecot.log").read_text(encoding="utf-8", errors="replace")

    def _write(self, template: str, to: Path) -> None:
        values = {
            "folder": self.folder, "domain": DOMAIN, "bot": BOT, "extra": self.dovecot_extra.replace("{folder}", str(self.folder)),
            "ca": self.certificates.ca, "certificate": self.certificates.certificate, "key": self.certificates.key,
            **{f"{name}_port": port for name, port in self.ports.items()},
        }  # fmt: skip
        to.write_text(
            Template((_TEMPLATES / template).read_text(encoding="ascii")).substitute(values), encoding="utf-8"
        )


def _run(command: list[str], *, check: bool = True) -> None:
    environment = {**os.environ, "PATH": _PLACES}
    program = shutil.which(command[0], path=_PLACES) or command[0]
    with tempfile.TemporaryFile() as said:  # not a pipe: the daemon keeps it open for as long as it lives
        done = subprocess.run(  # noqa: S603 - the programs of this module
            [program, *command[1:]], env=environment, stdout=said, stderr=said, check=False, timeout=_READY_SECONDS
        )
        said.seek(0)
        if check and done.returncode != 0:
            raise Unusable(f"{command[0]} does not start: {said.read().decode(errors='replace').strip()}")


def _await_port(port: int, *, there: bool = True) -> None:
    ends = time.monotonic() + _READY_SECONDS
    while time.monotonic() < ends:
        with socket.socket() as one:
            one.settimeout(1)
            if (one.connect_ex(("127.0.0.1", port)) == 0) is there:
                return
        time.sleep(0.05)
    raise Unusable(f"port {port} is {'not answered' if there else 'still answered'} after {_READY_SECONDS} s")
