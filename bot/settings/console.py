"""``console:`` the VDI admin console and the browser that works in it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bot.settings.base import SecretRef, Section


class BrowserSettings(Section):
    """The browser."""

    executable: str | None = None
    """Path of a Chromium, Chrome or Edge; empty means: look in the usual places."""
    headless: bool = True
    """Without a window; switch off to watch it work."""
    locale: str = "ja-JP"
    """The language the console is asked for."""


class ConsoleSettings(Section):
    """The console."""

    flow: str = "sandbox"
    """The file in flows/ (without .py) that knows this console's screens."""
    flows_dir: str = "flows"
    """Where flow files are."""
    url: str = "http://127.0.0.1:8931/"
    """The console's address."""
    certificate: str | None = Field(default=None, pattern=r"^[A-Za-z0-9+/]{43}=$")
    """For a self-signed console: the SHA-256 of its public key in base64; this key is trusted and no other unknown one.

    Of a certificate in console.pem: ``openssl x509 -in console.pem -pubkey -noout | openssl pkey -pubin -outform der |
    openssl dgst -sha256 -binary | base64``. Get the file from whoever runs the console, not over the network.
    """
    user: str = "bot-admin"
    """The bot's own admin account; no person shares it."""
    password: SecretRef = "env:TELEWORK_BOT_CONSOLE_PASSWORD"
    """Reference to that account's password."""
    step_timeout: float = Field(default=15, gt=0, le=600)
    """Seconds that one wait on a screen may take."""
    settle: float = Field(default=30, ge=0, le=3600)
    """Seconds that an account may stay "being created", or an unconfirmed submit may take to show, before it is a problem."""
    evidence: Literal["submit", "failure"] = "submit"
    """Masked screenshots: before and after every submit, or only when something failed."""
    evidence_dir: str = "var/evidence"
    """Where evidence is kept."""
    browser: BrowserSettings = BrowserSettings()
