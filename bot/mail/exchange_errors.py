"""What Exchange's errors mean: one sentence each that says what to look at, and whether something may have been done."""

from __future__ import annotations

from exchangelib.errors import (
    ErrorAccessDenied,
    ErrorFolderNotFound,
    ErrorInternalServerError,
    ErrorInternalServerTransientError,
    ErrorNonExistentMailbox,
    ErrorQuotaExceeded,
    ErrorServerBusy,
    ErrorTimeoutExpired,
    EWSError,
    ResponseMessageError,
    UnauthorizedError,
)

from bot.errors import AccessDenied, BotError, Transient, Unusable
from bot.settings.exchange import ExchangeSettings

_SETTING = "mailbox.exchange"
#: What stands in an error when no connection came about: nothing was sent.
_NEVER_SENT = ("NewConnectionError", "NameResolutionError", "ConnectTimeout", "CERTIFICATE_VERIFY_FAILED")


def understood(error: EWSError, settings: ExchangeSettings) -> BotError:
    """Return the house's error for what reading or filing raised, with one sentence that says what to look at."""
    text = str(error)
    if isinstance(error, UnauthorizedError):
        return AccessDenied(
            f"Exchange: the login of {settings.user} is refused ({_SETTING}.user, .password, .auth); a proxy that opens TLS "
            "also does this to NTLM"
        )
    if isinstance(error, ErrorAccessDenied | ErrorNonExistentMailbox | ErrorFolderNotFound):
        which = f"the mailbox {settings.mailbox}" if settings.mailbox else "its mailbox"
        return Unusable(f"Exchange: {settings.user} can't open {which} ({text}); see {_SETTING}.mailbox")
    return _no_way(text, settings) or _not_now(error, text)


def _no_way(text: str, settings: ExchangeSettings) -> Unusable | None:
    """Return what is wrong with the way to the server, where no connection came about."""
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return Unusable(f"Exchange: the server's certificate is not trusted; name its CA in {_SETTING}.ca_file")
    if "NameResolutionError" in text:
        return Unusable(f"Exchange: the name in {_SETTING}.endpoint can't be resolved")
    if any(word in text for word in _NEVER_SENT):
        return Unusable(f"Exchange: nothing answers at {settings.endpoint} ({_SETTING}.endpoint)")
    return None


def _not_now(error: EWSError, text: str) -> Transient:
    if isinstance(error, ErrorQuotaExceeded):
        return Transient("Exchange: the mailbox is full: nothing can be moved; make room in it")
    if isinstance(error, ErrorTimeoutExpired):
        return Transient("Exchange: the connection breaks, or the server does not answer in time")
    return Transient(f"Exchange: the server can't do it now ({type(error).__name__}: {text[:200]})")


def refused(error: Exception) -> bool:
    """Tell whether the service itself said no to the mail: then it has not gone out. "Busy" and "time out" say nothing."""
    return isinstance(error, ResponseMessageError) and not isinstance(
        error, ErrorServerBusy | ErrorTimeoutExpired | ErrorInternalServerTransientError | ErrorInternalServerError
    )


def may_have_acted(error: Exception) -> bool:
    """Tell whether the server may have done what was asked although this came back: only without a connection it can't."""
    return not any(word in str(error) for word in _NEVER_SENT)
