"""How one Exchange mailbox is opened through exchangelib."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from exchangelib import DELEGATE, Account, Configuration, Credentials, FailFast, Version
from exchangelib import version as versions
from exchangelib.protocol import Protocol
from requests.adapters import HTTPAdapter

from bot.secret import Secret
from bot.settings.exchange import ExchangeSettings


def open_account(settings: ExchangeSettings, *, address: str, password: Secret, ca_file: Path | None) -> Account:
    """Return the account; nothing is connected before its first use.

    Its protocol fails at the first error and has one connection: exchangelib's own retries would post a mail twice and a
    wrong password five times. It is made outside exchangelib's cache, which would hand it to any other account with the
    same login, policy and all.
    """
    build = getattr(versions, settings.version)
    configuration = Configuration(
        service_endpoint=settings.endpoint, credentials=Credentials(settings.user, password.reveal()),
        auth_type={"ntlm": "NTLM", "basic": "basic"}[settings.auth], version=Version(build=build),
        retry_policy=FailFast(), max_connections=1,
    )  # fmt: skip
    account = Account(settings.mailbox or address, config=configuration, autodiscover=False, access_type=DELEGATE)
    kind = type(Protocol)(
        "MailboxProtocol", (Protocol,), {"HTTP_ADAPTER_CLS": _adapter(ca_file), "TIMEOUT": settings.timeout}
    )
    protocol = cast("Any", kind).__new__(kind)
    protocol.__init__(config=configuration)
    account.protocol = protocol
    return account


def _adapter(ca_file: Path | None) -> type[HTTPAdapter]:
    """Return an adapter class that verifies by ``ca_file`` alone; the class is all that exchangelib lets one choose."""

    class Verifying(HTTPAdapter):
        def send(self, request: Any, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - requests' own signature
            options["verify"] = str(ca_file) if ca_file else True
            return super().send(request, *arguments, **options)

    return Verifying
