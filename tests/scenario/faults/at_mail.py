"""Faults of the mail servers: a real Dovecot to read from, an SMTP server that does as told."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from bot.sandbox.ports import free_port
from bot.sandbox.postoffice import BOT
from tests.postoffice_kit import imap_settings, smtp_settings
from tests.scenario.faults.fault import Fault, nothing_is_left
from tests.scenario.faults.scene import Ran, Scene

_ID = re.compile(rb"^Message-ID:\s*<([^>]+)>", re.MULTILINE | re.IGNORECASE)


@dataclass
class Sink:
    """Accepts mails and keeps each as a file; at the first ``drops`` notices it breaks off after it has accepted."""

    outbox: Path
    drops: int = 0
    #: The answer to every sender, and who is refused as a recipient.
    sender: str = ""
    refused: frozenset[str] = frozenset()
    accepted: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _: list[str]
    ) -> str:
        """Take the sender, or not."""
        envelope.mail_from = address
        return self.sender or "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _: list[str]
    ) -> str:
        """Take a recipient, or not."""
        if address in self.refused:
            return "550 5.1.1 unknown user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd calls it so
        """Keep the mail, and answer or not."""
        content = envelope.original_content or b""
        name = _ID.findall(content)[0].decode("ascii")
        (self.outbox / f"{name}.eml").write_bytes(content)
        self.names.append(name)
        about_a_request = name.startswith("R-")
        self.accepted += [name] * about_a_request
        if (
            about_a_request
            and len(self.accepted) <= self.drops
            and isinstance(server.transport, asyncio.WriteTransport)
        ):
            server.transport.abort()
        return "250 OK"


@contextmanager
def mail_servers(scene: Scene, *, drops: int = 0) -> Iterator[Sink]:
    """Move the scene's applications to a mailbox on the real IMAP server, and have its mails go to a sink."""
    office = scene.office()
    office.empty()
    outbox = scene.house.path / "mailbox" / "outbox"
    outbox.mkdir(parents=True)
    sink = Sink(outbox=outbox, drops=drops)
    controller = Controller(
        sink, hostname="127.0.0.1", port=free_port(), auth_require_tls=False,
        authenticator=lambda *_: AuthResult(success=True),
    )  # fmt: skip
    controller.start()
    secret = scene.house.path / "mailbox.secret"
    secret.write_text(office.password, encoding="utf-8")
    reference = f"file:{secret}"
    imap = imap_settings(office, ca_file=str(office.certificates.ca), password=reference)
    smtp = smtp_settings(office, port=controller.port, host="localhost", tls="none", password=reference)
    servers = {"kind": "imap", "imap": imap.model_dump(mode="json"), "smtp": smtp.model_dump(mode="json")}
    for file in scene.house.files("inbox"):
        office.put(BOT, file.stem, file.read_bytes())
        file.unlink()
    console = {"url": scene.server.url, "step_timeout": 8, "evidence": "failure"}
    scene.house.lay_out({"mailbox": servers, "console": console})
    scene.waiting = lambda: len(office.mails(BOT))
    try:
        yield sink
    finally:
        controller.stop()


def _smtp(scene: Scene, *changes: str) -> Ran:
    """A pass that can read and can't send, then one that can."""
    with mail_servers(scene) as sink:
        ran = scene.run(*changes)
        # The other one is not made: nobody could be told of it.
        assert (scene.inbox(), sorted(scene.states()), sink.accepted) == (0, ["accepted", "issued"], [])
        assert scene.run().status == 0
        assert len(sink.accepted) == 2
    return ran


def _imap(scene: Scene, *changes: str) -> Ran:
    with mail_servers(scene):
        ran = scene.run(*changes)
        assert (scene.inbox(), scene.states()) == (2, [])
        assert scene.run().status == 0
        assert scene.inbox() == 0
    return ran


def _dropped(scene: Scene) -> Ran:
    with mail_servers(scene, drops=1) as sink:
        ran = scene.run()
        assert (scene.states(), len(sink.accepted)) == (["delivered", "delivering"], 2)
        assert scene.run().status == 0
        assert len(sink.accepted) == 3
    return ran


def _set(*changes: str) -> tuple[str, ...]:
    return tuple(part for change in changes for part in ("--set", change))


FAULTS = (
    Fault(
        name="SMTP is down", made="nothing listens where mails are handed over",
        does="issues one and sees that nothing can be mailed: the rest is not begun; the next pass sets that one a new password, and issues the rest",
        says=("R-…: Unsent: SMTP: nothing answers at localhost:9 (mailbox.smtp.host, mailbox.smtp.port) — 次回の実行",), status=1,
        happens=lambda scene: _smtp(scene, *_set("mailbox.smtp.port=9")), resolves=nothing_is_left, short=True,
    ),
    Fault(
        name="SMTP drops the connection after accepting", made="the server takes the mail and breaks off before its answer",
        does="mails nothing twice: the next pass sets a new password and mails that one, so that the newest mail works whichever arrives",
        says=("accepted 2 …delivered 1 …waiting 1",), status=1, happens=_dropped, resolves=nothing_is_left,
    ),
    Fault(
        name="IMAP is down", made="nothing listens where mails are read", does="takes nothing in; goes on with what is on record; the mails stay where they are",
        says=("Unusable: IMAP: nothing answers at localhost:9 (mailbox.imap.host, mailbox.imap.port) — 表示された原因",), status=4,
        happens=lambda scene: _imap(scene, *_set("mailbox.imap.port=9")), resolves=nothing_is_left,
    ),
    Fault(
        name="DNS is gone: the IMAP server's name", made="a host that does not resolve", does="as when it is down",
        says=("Unusable: IMAP: the name mail.invalid can't be resolved (mailbox.imap.host) — 表示された原因",), status=4,
        happens=lambda scene: _imap(scene, *_set("mailbox.imap.host=mail.invalid")), resolves=nothing_is_left,
    ),
    Fault(
        name="DNS is gone: the SMTP server's name", made="a host that does not resolve", does="as when it is down",
        says=("R-…: Unsent: SMTP: the name mail.invalid can't be resolved (mailbox.smtp.host) — 次回の実行",), status=1,
        happens=lambda scene: _smtp(scene, *_set("mailbox.smtp.host=mail.invalid", "mailbox.smtp.tls=starttls")),
        resolves=nothing_is_left,
    ),
)  # fmt: skip
