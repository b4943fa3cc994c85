"""``mailbox.imap:`` and ``mailbox.smtp:`` the servers of an ordinary mailbox."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from bot.settings.base import SecretRef, Section

#: ``none`` sends passwords and applications in clear: only to this machine itself.
Tls = Literal["implicit", "starttls", "none"]
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class ServerSettings(Section):
    """What both servers have."""

    host: str = "mail.city.example.jp"
    """Name of the server, as its certificate has it."""
    port: int = Field(default=993, ge=1, le=65535)
    """Its port."""
    tls: Tls = "implicit"
    """``implicit`` (TLS from the first byte), ``starttls``, or ``none``, which only loopback may have."""
    ca_file: str | None = None
    """The CA that signed the server's certificate (PEM). Empty: the CAs of the machine. Verification can't be turned off."""
    user: str = "telework-id"
    """The login."""
    password: SecretRef = "env:TELEWORK_BOT_MAILBOX_PASSWORD"
    """Reference to the password, or with ``xoauth2`` to the access token."""
    auth: Literal["password", "xoauth2"] = "password"
    """How to log in."""
    timeout: float = Field(default=30, gt=0, le=600)
    """Seconds that the server may take for one answer."""

    @model_validator(mode="after")
    def _clear_text_stays_here(self) -> ServerSettings:
        if self.tls == "none" and self.host not in _LOOPBACK:
            raise ValueError("tls: none is allowed for localhost only; use implicit or starttls")
        return self


class ImapSettings(ServerSettings):
    """The server that mails are read from."""

    inbox: str = "INBOX"
    """The folder that applications arrive in."""
    parent: str | None = None
    """The folder below which processed, rejected, unreadable and ignored are; empty: the server's personal namespace."""


class SmtpSettings(ServerSettings):
    """The server that notices leave by."""

    port: int = Field(default=587, ge=1, le=65535)
    """Its port."""
    tls: Tls = "starttls"
    """``implicit`` (TLS from the first byte), ``starttls``, or ``none``, which only loopback may have."""
