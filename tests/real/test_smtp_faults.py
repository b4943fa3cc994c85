"""What goes wrong while a mail is handed over, one test each: how many arrive, and what is said of it."""

from __future__ import annotations

import asyncio
import socket
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import UnthreadedController
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from bot.errors import AccessDenied, BotError, DeliveryFailed, OutcomeUnknown, SenderRefused, Transient
from bot.mail.smtp import SmtpSender
from bot.mail.tls import verified
from bot.sandbox.postoffice import BOT, PostOffice
from bot.secret import Secret
from bot.settings.imap import SmtpSettings
from tests.postoffice_kit import imap_mailbox, smtp_settings


@dataclass
class Scripted:
    """A server that does as told; ``mails`` are those it has accepted, whatever it answered."""

    sender: str | None = None
    rcpt: str | None = None
    #: Answers to single recipients.
    to: dict[str, str] = field(default_factory=dict)
    data: str | None = None
    drop: bool = False
    silent: bool = False
    answer: str = "250 OK"
    refuses_login: int = 0
    mails: list[bytes] = field(default_factory=list)
    logins: int = 0
    #: The passwords that came, as bytes.
    passwords: list[bytes] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _: list[str]
    ) -> str:
        """Accept a sender, or not."""
        if self.sender:
            return self.sender
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _: list[str]
    ) -> str:
        """Accept a recipient, or not."""
        if said := self.to.get(address, self.rcpt):
            return said
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd calls it so
        """Accept a mail, or not; and answer, or not."""
        if self.data:
            return self.data
        self.mails.append(envelope.original_content or b"")
        if self.silent:
            await asyncio.sleep(5)
        if self.drop and isinstance(server.transport, asyncio.WriteTransport):
            server.transport.abort()
        return self.answer

    def login(self, *said: Any) -> AuthResult:  # noqa: ANN401 - aiosmtpd's own types
        """Accept a login, or not."""
        self.logins += 1
        self.passwords.append(said[-1].password)
        return AuthResult(success=not self.refuses_login, handled=False)


Start = Callable[..., Awaitable[SmtpSender]]
#: The bot's own address, which every server that takes its mails takes as a recipient too.
OWN = f"{BOT}@city.example.jp"


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start a scripted server and return a sender on it."""
    running: list[asyncio.AbstractServer] = []

    async def made(script: Scripted, *, password: str = "pw-1234567", without: tuple[str, ...] = ()) -> SmtpSender:
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        controller = UnthreadedController(
            script, hostname="127.0.0.1", port=port, loop=asyncio.get_running_loop(), authenticator=script.login,
            auth_require_tls=False, auth_exclude_mechanism=without,
        )  # fmt: skip
        running.append(await controller._create_server())
        settings = SmtpSettings(host="127.0.0.1", port=port, tls="none", timeout=1)
        return SmtpSender(
            settings, address=f"{BOT}@city.example.jp", password=Secret(password), context=verified(None, "x")
        )

    yield made
    for server in running:
        server.close()


def notice(name: str = "a") -> EmailMessage:
    """Return a mail with a line that begins with a dot."""
    mail = EmailMessage()
    mail["Message-ID"], mail["To"], mail["From"] = f"<{name}@x>", "a@city.example.jp", f"{BOT}@city.example.jp"
    mail.set_content("one\n.two\n..three\n")
    return mail


@pytest.mark.parametrize(
    ("script", "error", "arrived"),
    [
        (Scripted(rcpt="451 later"), Transient, 0),
        (Scripted(to={"a@city.example.jp": "550 unknown user"}), DeliveryFailed, 0),
        (Scripted(to={"a@city.example.jp": "550 unknown user", OWN: "552 5.2.2 mailbox full"}), DeliveryFailed, 0),
        (Scripted(sender="451 later"), Transient, 0),
        (Scripted(sender="550 sender unknown"), SenderRefused, 0),
        (Scripted(sender="551 sender not local"), SenderRefused, 0),
        (Scripted(sender="553 sender not owned"), SenderRefused, 0),
        (Scripted(sender="554 no"), SenderRefused, 0),
        (Scripted(sender="530 5.7.0 authentication required"), SenderRefused, 0),
        (Scripted(rcpt="553 5.7.1 sender address rejected: not owned by user"), SenderRefused, 0),
        (Scripted(rcpt="550 5.1.8 bad sender"), SenderRefused, 0),
        (Scripted(answer="550 5.7.60 no permission to send as this sender"), SenderRefused, 1),
        (Scripted(data="452 no room"), Transient, 0),
        (Scripted(data="554 refused"), DeliveryFailed, 0),
        (Scripted(drop=True), OutcomeUnknown, 1),
        (Scripted(silent=True), OutcomeUnknown, 1),
        (Scripted(answer="OK queued"), OutcomeUnknown, 1),
    ],
    ids=[
        "later",
        "no such user",
        "no such user, and the bot's own mailbox is full",
        "sender later",
        "sender 550",
        "sender 551",
        "sender 553",
        "sender 554",
        "sender not authenticated",
        "sender refused at the recipient",
        "sender refused at the recipient, by its code",
        "sender refused at the end",
        "no room",
        "refused",
        "dropped after acting",
        "silent after acting",
        "no code in the answer",
    ],
)
async def test_each_fault_has_its_name(start: Start, script: Scripted, error: type[BotError], arrived: int) -> None:
    """A refusal is certain; a broken answer after the final dot is unknown; nothing is handed over twice."""
    sender = await start(script)
    with pytest.raises(error) as raised:
        await sender.send(notice())
    assert isinstance(raised.value, SenderRefused) is (error is SenderRefused)
    assert len(script.mails) == arrived
    assert sender.was_sent("<a@x>") is None
    if error is OutcomeUnknown:
        with pytest.raises(DeliveryFailed):
            await sender.send(notice())
        assert len(script.mails) == arrived


async def test_what_was_refused_may_be_sent_later(start: Start) -> None:
    """After a certain refusal the same mail goes out once the server is well."""
    script = Scripted(data="452 no room")
    sender = await start(script)
    with pytest.raises(Transient):
        await sender.send(notice())
    script.data = None
    await sender.send(notice())
    assert (len(script.mails), sender.was_sent("<a@x>")) == (1, True)


async def test_one_refused_recipient_keeps_nobody_else_from_a_mail(start: Start) -> None:
    """A mail to several goes once to those who are accepted, and the other is named with what the server said."""
    script = Scripted(to={"gone@city.example.jp": "550 5.1.1 unknown user"})
    sender = await start(script)
    mail = notice()
    mail.replace_header("To", "op1@city.example.jp, gone@city.example.jp, op2@city.example.jp")
    refused = await sender.send(mail)
    assert (list(refused), len(script.mails)) == (["gone@city.example.jp"], 1)
    assert "unknown user" in refused["gone@city.example.jp"]
    script.rcpt = "550 unknown user"
    script.to = {OWN: "250 OK"}
    again = notice("b")
    again.replace_header("To", mail["To"])
    with pytest.raises(DeliveryFailed):
        await sender.send(again)


@pytest.mark.parametrize("password", ["ひみつ-1234567", "pässword-123", "ascii-1234567"])
@pytest.mark.parametrize("without", [(), ("PLAIN",)], ids=["PLAIN", "LOGIN"])
async def test_a_password_of_any_letters_logs_in(start: Start, password: str, without: tuple[str, ...]) -> None:
    """AUTH PLAIN and AUTH LOGIN carry the password in UTF-8 (RFC 4616)."""
    script = Scripted()
    sender = await start(script, password=password, without=without)
    assert await sender.send(notice()) == {}
    assert script.passwords == [password.encode()]


async def test_a_password_that_is_no_text_is_told(start: Start) -> None:
    """Bytes that are no UTF-8 are named as the setting they come from, without the password."""
    sender = await start(Scripted(), password="geheim\udcff")
    with pytest.raises(AccessDenied, match=r"mailbox\.smtp\.user or \.password") as raised:
        await sender.send(notice())
    assert "geheim" not in "".join(traceback.format_exception(raised.value))


async def test_a_server_without_starttls_is_told_as_that(start: Start) -> None:
    """The advice for a missing STARTTLS names the two settings, and no exception of a library."""
    sender = await start(Scripted())
    sender._settings = sender._settings.model_copy(update={"tls": "starttls"})
    with pytest.raises(Transient, match=r"offers no STARTTLS.*mailbox\.smtp\.tls: implicit"):
        await sender.send(notice())


async def test_lines_with_dots_arrive_whole(start: Start) -> None:
    """A line that begins with a dot does not end the mail (RFC 5321, section 4.5.2)."""
    script = Scripted()
    sender = await start(script)
    await sender.send(notice())
    assert b"one\r\n.two\r\n..three\r\n" in script.mails[0]


async def test_a_wrong_password_is_tried_once(start: Start) -> None:
    """Every later mail is refused without another login."""
    script = Scripted(refuses_login=535)
    sender = await start(script)
    for name in ("a", "b", "c"):
        with pytest.raises(AccessDenied):
            await sender.send(notice(name))
    assert (script.logins, script.mails) == (1, [])


async def test_a_server_that_is_away_is_transient() -> None:
    """Nothing answers: certainly not sent, and worth another pass."""
    settings = SmtpSettings(host="127.0.0.1", port=9, tls="none", timeout=1)
    sender = SmtpSender(settings, address="a@x", password=Secret("pw-1234567"), context=verified(None, "x"))
    with pytest.raises(Transient, match="nothing answers"):
        await sender.send(notice())


async def test_the_right_to_send_as_is_checked(office: PostOffice) -> None:
    """Postfix refuses a foreign sender address, and the preflight says so without sending a mail."""
    mailbox = imap_mailbox(office)
    with suppress(Transient):
        await mailbox.check()  # Postfix notices only now that another test has restarted Dovecot, and says 454
    assert "may send as" in await mailbox.check()
    context = verified(office.certificates.ca, "x")
    stranger = SmtpSender(
        smtp_settings(office), address="mayor@city.example.jp", password=Secret(office.password), context=context
    )
    with pytest.raises(SenderRefused, match=r"sending as mayor@city\.example\.jp"):
        await stranger.check()
    with pytest.raises(SenderRefused):  # Postfix says it only at the recipient
        await stranger.send(notice())
    await mailbox.close()


async def test_an_unknown_authority_is_refused(office: PostOffice) -> None:
    """STARTTLS with a certificate nobody vouches for ends before the login."""
    sender = SmtpSender(
        smtp_settings(office),
        address=f"{BOT}@city.example.jp",
        password=Secret(office.password),
        context=verified(None, "x"),
    )
    with pytest.raises(Transient, match=r"not trusted .*mailbox\.smtp\.ca_file"):
        await sender.send(notice())
