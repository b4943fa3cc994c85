"""Sends mails by SMTP, each handed over once: after the final dot nothing is ever tried again."""

from __future__ import annotations

import asyncio
import re
import smtplib
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from email.message import EmailMessage

from bot.errors import AccessDenied, BotError, DeliveryFailed, OutcomeUnknown, SenderRefused, Transient
from bot.mail.tls import no_starttls, why
from bot.mail.wire import wire_bytes
from bot.secret import Secret
from bot.settings.imap import SmtpSettings

_SETTING = "mailbox.smtp"
_DOT = re.compile(rb"^\.", re.MULTILINE)
#: Enhanced status codes (RFC 3463, and Exchange's 5.7.60) by which a server refuses a mail's sender, whoever it is for.
_OF_SENDER = re.compile(rb"5\.(?:1\.[78]|7\.(?:60|8|9))\b")
#: RFC 3463: the mailbox is there and takes no mail now, which says nothing of who sends.
_FULL = re.compile(rb"[45]\.2\.")


class SmtpSender:
    """One connection per mail. A refused login is not tried a second time by the same object."""

    def __init__(self, settings: SmtpSettings, *, address: str, password: Secret, context: ssl.SSLContext) -> None:
        self._settings = settings
        self._address = address
        self._password = password
        self._context = context
        self._denied: AccessDenied | None = None
        #: Message-IDs that have gone out, or may have.
        self._handed_over: dict[str, bool] = {}
        self._turn = asyncio.Lock()

    async def send(self, mail: EmailMessage) -> Mapping[str, str]:
        """See :meth:`bot.delivery.outgoing.Outgoing.send`."""
        async with self._turn:
            return await asyncio.to_thread(self._send, mail)

    def was_sent(self, message_id: str) -> bool | None:
        """Tell what this object knows: an SMTP server can't be asked."""
        return True if self._handed_over.get(message_id) else None

    async def check(self) -> str:
        """Log in and ask whether mails may be sent from the bot's address, without sending one; returns one line."""
        async with self._turn:
            await asyncio.to_thread(self._try)
        return f"may send as {self._address} by {self._settings.host}"

    def _try(self) -> None:
        with self._connected() as server:
            self._must_be_sender(server)
            server.rset()

    def _must_be_sender(self, server: smtplib.SMTP) -> None:
        """Raise ``SenderRefused`` unless the server takes mails from the bot's address, by one from it to itself."""
        what = f"sending as {self._address}"
        self._expect(server.mail(self._address), what, refused=SenderRefused)
        # Many servers say what they think of the sender only here (Postfix: smtpd_delay_reject).
        code, text = server.rcpt(self._address)
        if not _FULL.match(text):
            self._expect((code, text), what, refused=SenderRefused)

    def _send(self, mail: EmailMessage) -> Mapping[str, str]:
        message_id = str(mail["Message-ID"])
        if message_id in self._handed_over:
            raise DeliveryFailed(f"a mail with the Message-ID {message_id} was handed over before")
        content = _DOT.sub(b"..", wire_bytes(mail))
        with self._connected() as server:
            refused = self._address_to(server, _recipients(mail))
            server.putcmd("data")
            self._expect(server.getreply(), "the mail", well=354)
            server.send(content if content.endswith(b"\r\n") else content + b"\r\n")
            # The server may act on the dot, whatever we see of its answer.
            self._handed_over[message_id] = False
            code, text = self._finish(server)
            if code == 250:
                self._handed_over[message_id] = True
            elif 400 <= code < 600:
                del self._handed_over[message_id]
                self._expect((code, text), "the mail")
            else:  # no answer of the protocol: it may mean anything
                raise OutcomeUnknown("send", f"{self._settings.host} answered {code} {text.decode('ascii', 'replace')}")
        return refused

    def _address_to(self, server: smtplib.SMTP, recipients: list[str]) -> Mapping[str, str]:
        """Name sender and recipients; returns the recipients that are refused, where others of them are accepted.

        Raises ``SenderRefused`` where it is the sender that is not accepted, ``DeliveryFailed`` where no recipient is.
        """
        self._expect(server.mail(self._address), f"sending as {self._address}", refused=SenderRefused)
        failed: dict[str, BotError] = {}
        for address in recipients:
            try:
                self._expect(server.rcpt(address), f"the recipient {address}")
            except SenderRefused:
                raise
            except (DeliveryFailed, Transient) as error:
                failed[address] = error
        if len(failed) < len(recipients):
            return {address: str(error) for address, error in failed.items()}
        server.rset()
        self._must_be_sender(server)  # else every address would seem to be wrong
        raise min(failed.values(), key=lambda error: not isinstance(error, Transient))

    def _finish(self, server: smtplib.SMTP) -> tuple[int, bytes]:
        try:
            server.send(b".\r\n")
            return server.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise OutcomeUnknown("send", f"{self._settings.host} gave no answer ({type(error).__name__})") from None

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """Give a logged-in connection. What breaks in it, before a mail is handed over, is ``Transient``."""
        if self._denied:
            raise self._denied
        settings = self._settings
        server: smtplib.SMTP | None = None
        try:
            server = self._greeted()
            self._log_in(server)
            yield server
        except BotError:
            raise
        except OSError as error:  # SMTPException is one, too
            network = not isinstance(error, smtplib.SMTPException)
            reason = (
                why(error, host=settings.host, port=settings.port, setting=_SETTING, timeout=settings.timeout)
                if network
                else f"{settings.host}:{settings.port} breaks off ({type(error).__name__})"
            )
            if isinstance(error, smtplib.SMTPNotSupportedError):
                reason = no_starttls(settings.host, settings.port, _SETTING, implicit=465)
            raise Transient(f"SMTP: {reason}") from None
        finally:
            if server is not None:
                with suppress(OSError):
                    server.quit()
                server.close()

    def _greeted(self) -> smtplib.SMTP:
        settings = self._settings
        here = socket.gethostname()  # the default asks the DNS for each mail
        if settings.tls == "implicit":
            return smtplib.SMTP_SSL(
                settings.host, settings.port, local_hostname=here, timeout=settings.timeout, context=self._context
            )
        server = smtplib.SMTP(settings.host, settings.port, local_hostname=here, timeout=settings.timeout)
        if settings.tls == "starttls":
            try:
                server.starttls(context=self._context)
            except BaseException:
                server.close()
                raise
        return server

    def _log_in(self, server: smtplib.SMTP) -> None:
        settings = self._settings
        try:
            server.ehlo_or_helo_if_needed()
            self._authenticate(server)
        except smtplib.SMTPAuthenticationError as error:
            if error.smtp_code < 500:
                raise Transient(f"SMTP: {settings.host} can't check logins now ({error.smtp_code})") from None
            self._denied = AccessDenied(f"SMTP: the login of {settings.user} at {settings.host} is refused")
            raise self._denied from None

    def _authenticate(self, server: smtplib.SMTP) -> None:
        """Log in by the one mechanism that fits; raises ``AccessDenied`` when the server offers none.

        Not ``server.login()``: that one offers a wrong password by every mechanism in turn.
        """
        offered = server.esmtp_features.get("auth", "").upper().split()
        user, password = self._settings.user, self._password.reveal()
        if self._settings.auth == "xoauth2" and "XOAUTH2" in offered:
            # To a challenge, which tells why the token was refused, an empty answer ends the exchange.
            self._exchange(server, "XOAUTH2", f"user={user}\x01auth=Bearer {password}\x01\x01", "")
        elif self._settings.auth == "password" and "PLAIN" in offered:
            self._exchange(server, "PLAIN", f"\0{user}\0{password}")
        elif self._settings.auth == "password" and "LOGIN" in offered:
            self._exchange(server, "LOGIN", user, password)
        else:
            raise AccessDenied(
                f"SMTP: {self._settings.host} offers no login with {self._settings.auth} ({_SETTING}.auth)"
            )

    def _exchange(self, server: smtplib.SMTP, mechanism: str, first: str, *answers: str) -> None:
        """Say these in turn, in UTF-8 (RFC 4616): ``server.auth()`` and its authobjects take ASCII alone."""
        try:
            texts = [b64encode(text.encode()).decode("ascii") for text in (first, *answers)]
        except UnicodeEncodeError:  # its own text holds what it could not encode
            raise AccessDenied(
                f"SMTP: {_SETTING}.user or .password is no text that can be sent as UTF-8: set it anew"
            ) from None
        code, text = server.docmd("AUTH", f"{mechanism} {texts[0]}")
        for answer in texts[1:]:
            if code == 334:
                code, text = server.docmd(answer)
        if code != 235:
            raise smtplib.SMTPAuthenticationError(code, text)

    def _expect(
        self, reply: tuple[int, bytes], what: str, well: int = 250, refused: type[BotError] = DeliveryFailed
    ) -> None:
        """Raise unless the server agrees: ``Transient`` for a 4xx answer, ``refused`` for good (RFC 5321, 4.2.1).

        Where the answer's own code says that it is the sender who is refused, ``SenderRefused``.
        """
        code, text = reply
        if code == well or (well == 250 and code == 251):
            return
        said = f"{self._settings.host} refuses {what}: {code} {text.decode('ascii', 'replace')}"
        if 400 <= code < 500:
            raise Transient(f"SMTP: {said}")
        if code < 0:
            raise Transient(f"SMTP: {self._settings.host} breaks off at {what}")
        raise (SenderRefused if _OF_SENDER.match(text) else refused)(f"SMTP: {said}")


def _recipients(mail: EmailMessage) -> list[str]:
    return [address.addr_spec for address in mail["To"].addresses]
