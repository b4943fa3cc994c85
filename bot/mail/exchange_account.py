"""How one Exchange mailbox is opened through exchangelib."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from exchangelib import DELEGATE, Account, Configuration, Credentials, FailFast, Version
from exchangelib import version as versions
from exchangelib.protocol import Protocol
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth

from bot.clock import ServerClock
from bot.errors import AccessDenied
from bot.secret import Secret
from bot.settings.exchange import ExchangeSettings


def open_account(
    settings: ExchangeSettings, *, address: str, password: Secret, ca_file: Path | None, clock: ServerClock
) -> Account:
    """Return the account; nothing is connected before its first use. ``clock`` hears the time of every answer.

    Its protocol fails at the first error and has one connection: exchangelib's own retries would post a mail twice and a
    wrong password five times. It is made outside exchangelib's cache, which would hand it to any other account with the
    same login, policy and all. Raises ``AccessDenied`` for a password that is no text.
    """
    build = getattr(versions, settings.version)
    configuration = Configuration(
        service_endpoint=settings.endpoint, credentials=Credentials(settings.user, password.reveal()),
        auth_type={"ntlm": "NTLM", "basic": "basic"}[settings.auth], version=Version(build=build),
        retry_policy=FailFast(), max_connections=1,
    )  # fmt: skip
    account = Account(settings.mailbox or address, config=configuration, autodiscover=False, access_type=DELEGATE)
    known: dict[str, object] = {"HTTP_ADAPTER_CLS": _adapter(ca_file, clock), "TIMEOUT": settings.timeout}
    login = _in_utf8(settings, password)
    if settings.auth == "basic":
        known["create_session"] = _with_basic(login)
    kind = type(Protocol)("MailboxProtocol", (Protocol,), known)
    protocol = cast("Any", kind).__new__(kind)
    protocol.__init__(config=configuration)
    account.protocol = protocol
    return account


def _in_utf8(settings: ExchangeSettings, password: Secret) -> HTTPBasicAuth:
    try:
        return HTTPBasicAuth(settings.user.encode(), password.reveal().encode())
    except UnicodeEncodeError:  # its own text holds what it could not encode
        raise AccessDenied(
            "Exchange: mailbox.exchange.user or .password is no text that can be sent as UTF-8: set it anew"
        ) from None


def _with_basic(login: HTTPBasicAuth) -> Any:  # noqa: ANN401 - a method of a class without types
    """Return what opens a session that logs in with UTF-8 (RFC 7617); requests takes text as Latin-1, and fails for the rest."""

    def create_session(protocol: Any) -> Any:  # noqa: ANN401 - exchangelib has no types
        session = Protocol.create_session(protocol)
        session.auth = login
        return session

    return create_session


def _adapter(ca_file: Path | None, clock: ServerClock) -> type[HTTPAdapter]:
    """Return an adapter class that verifies by ``ca_file`` alone; the class is all that exchangelib lets one choose."""

    class Verifying(HTTPAdapter):
        def send(self, request: Any, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - requests' own signature
            options["verify"] = str(ca_file) if ca_file else True
            answer = super().send(request, *arguments, **options)
            clock.hear({name.lower(): value for name, value in answer.headers.items()}, datetime.now(UTC))
            return answer

    return Verifying
