"""Logging in by XOAUTH2, with tokens that are really signed and really checked."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from email.message import EmailMessage

import pytest

from bot.errors import AccessDenied
from bot.sandbox.postoffice import BOT, PostOffice
from tests.postoffice_kit import imap_mailbox, imap_settings, smtp_settings

_KEY = b"0123456789abcdef0123456789abcdef"
_PASSDB = (
    "auth_mechanisms = plain login xoauth2\n"
    "passdb {\n  driver = oauth2\n  mechanisms = xoauth2\n  args = {folder}/oauth2.conf\n}"
)


def token(*, lasts: int) -> str:
    """Return an access token as an authority signs it (RFC 7519), good for so many seconds."""

    def part(value: bytes) -> bytes:
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    now = int(time.time())
    claims = {"sub": BOT, "scope": "mail", "iat": now, "exp": now + lasts}
    head = part(json.dumps({"alg": "HS256", "typ": "JWT"}).encode()) + b"." + part(json.dumps(claims).encode())
    return (head + b"." + part(hmac.new(_KEY, head, hashlib.sha256).digest())).decode("ascii")


def trust_tokens(office: PostOffice) -> None:
    """Tell the servers whose tokens they believe."""
    keys = office.folder / "keys" / "default" / "HS256"
    keys.mkdir(parents=True)
    (keys / "default").write_bytes(base64.b64encode(_KEY))
    (office.folder / "oauth2.conf").write_text(
        f"introspection_mode = local\nlocal_validation_key_dict = fs:posix:prefix={office.folder}/keys/\nusername_attribute = sub\n",
        encoding="ascii",
    )


async def test_a_token_logs_in_and_one_that_has_ended_is_tried_once() -> None:
    """At both servers a valid token is a login; an old one is refused after a single attempt at each."""
    with PostOffice(dovecot_extra=_PASSDB) as office:
        trust_tokens(office)
        imap, smtp = imap_settings(office, auth="xoauth2"), smtp_settings(office, auth="xoauth2")
        mailbox = imap_mailbox(office, password=token(lasts=600), imap=imap, smtp=smtp)
        assert "may send as" in await mailbox.check()
        await mailbox.close()
        old = imap_mailbox(office, password=token(lasts=-600), imap=imap, smtp=smtp)
        mail = EmailMessage()
        mail["Message-ID"], mail["To"] = "<a@x>", "a@city.example.jp"
        for _ in range(2):
            with pytest.raises(AccessDenied):
                await old.list_new()
            with pytest.raises(AccessDenied):
                await old.send(mail)
        await old.close()
        assert office.log().count("Token has expired") == 2
