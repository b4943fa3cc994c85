"""``mailbox.exchange:`` an Exchange server on the premises, through Exchange Web Services."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from bot.settings.base import SecretRef, Section


class ExchangeSettings(Section):
    """The server; no autodiscovery, which a closed network does not answer."""

    endpoint: str = "https://mail.city.example.jp/EWS/Exchange.asmx"
    """Address of the service."""
    user: str = "CITY\\telework-id"
    """DOMAIN\\user, or user@domain."""
    password: SecretRef = "env:TELEWORK_BOT_MAILBOX_PASSWORD"
    """Reference to the password."""
    auth: Literal["ntlm", "basic"] = "ntlm"
    """How to log in."""
    version: Literal["EXCHANGE_2013_SP1", "EXCHANGE_2016", "EXCHANGE_2019"] = "EXCHANGE_2019"
    """The server's version: it is not guessed."""
    mailbox: str | None = None
    """Address of a shared mailbox that the user may open (delegate access). Empty: ``mailbox.address``."""
    ca_file: str | None = None
    """The CA that signed the server's certificate (PEM). Empty: the CAs of the machine. Verification can't be turned off."""
    timeout: float = Field(default=60, gt=0, le=600)
    """Seconds that the server may take for one answer."""
    max_wait: float = Field(default=120, ge=0, le=3600)
    """Seconds that reading waits in all when the server says that it is too busy. Sending never waits to try again."""

    @field_validator("endpoint")
    @classmethod
    def _encrypted(cls, value: str) -> str:
        if not value.startswith("https://"):
            raise ValueError("must begin with https://")
        return value
