"""``console:`` the VDI admin console and the browser that works in it."""

from __future__ import annotations

from datetime import time
from typing import Literal

from pydantic import Field, field_validator

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
    """The console's address; its pages are below it."""
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
    request_timeout: float = Field(default=600, gt=0, le=7200)
    """Seconds that one request may take in the console, all its steps together; then the next one is worked on."""
    sessions: int = Field(default=1, ge=1, le=8)
    """So many requests are worked on at once, each in a session of its own; one where a flow says that its console allows no more."""
    recycle_after: int = Field(default=200, ge=1)
    """A session is closed and opened anew after so many steps such as find or create: pages grow with use."""
    idle_close: float = Field(default=120, gt=0)
    """Seconds without work after which sessions are closed: an admin session that nobody uses is a risk, and costs memory."""
    open_from: time | None = None
    """The console's working hours begin, such as 07:00; outside them requests wait. Empty: from midnight."""
    open_until: time | None = None
    """The console's working hours end, such as 22:00; before ``open_from`` means the next day. Empty: at midnight."""
    import_from: int = Field(default=20, ge=0)
    """So many new accounts at once are made through the console's own import, where the flow has one; 0: never."""
    stop_after_failures: int = Field(default=3, ge=1)
    """So many failures in a row end the console's part of a pass: something is wrong with all of them."""
    stop_after_issues: int = Field(default=2000, ge=1)
    """So many requests at most are issued in one pass; more is a surge that a person should know of. The rest waits for the next pass."""
    evidence: Literal["submit", "failure"] = "submit"
    """Masked screenshots: before and after every submit, or only when something failed."""
    evidence_dir: str = "var/evidence"
    """Where evidence is kept."""
    screens_dir: str = "var/screens"
    """Where the fingerprints of the console's screens are kept: what stood on each on the last accepted visit."""
    browser: BrowserSettings = BrowserSettings()

    @field_validator("url")
    @classmethod
    def _below(cls, url: str) -> str:
        if "?" in url or "#" in url:
            raise ValueError("the address that the console's pages are below, without ? and #")
        return url if url.endswith("/") else f"{url}/"
