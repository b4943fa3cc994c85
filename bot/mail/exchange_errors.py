"""What Exchange's errors mean: one sentence each that says what to look at, and whether something may have been done."""

from __future__ import annotations

import ssl
from enum import Enum, auto
from urllib.parse import urlsplit

from exchangelib import errors
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

from bot.errors import AccessDenied, BotError, DeliveryFailed, Transient, Unusable
from bot.mail.tls import why_not_trusted
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
    return _no_way(error, text, settings) or _not_now(error, text)


def _no_way(error: BaseException, text: str, settings: ExchangeSettings) -> Unusable | None:
    """Return what is wrong with the way to the server, where no connection came about."""
    if refused := _certificate_error(error):
        host = urlsplit(settings.endpoint).hostname or settings.endpoint
        reason = why_not_trusted(refused, host, name_in=f"{_SETTING}.endpoint", ca_in=f"{_SETTING}.ca_file")
        return Unusable(f"Exchange: {reason}")
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


class Refusal(Enum):
    """What the service said no to: then the mail has not gone out."""

    #: An address that it is for.
    RECIPIENT = auto()
    #: The mail itself: it will never go out as it is.
    MAIL = auto()
    #: The bot's account, its right to send, or how it asks: no mail at all goes out.
    SENDER = auto()
    #: What may well pass by itself: the mailbox is being moved, full, over its quota of mails, …
    FOR_NOW = auto()
    #: It did not: "busy", "time out" and "internal error" say nothing of what was done.
    NONE = auto()


class RefusedRecipients(DeliveryFailed):
    """Raised when a mail went to nobody, because one of those it is for was refused."""


_SAYS_NOTHING = (
    ErrorServerBusy, ErrorTimeoutExpired, ErrorInternalServerTransientError, ErrorInternalServerError,
    errors.ErrorRequestAborted, errors.ErrorClientDisconnected, errors.ErrorBatchProcessingStopped,
)  # fmt: skip
_OF_RECIPIENT = (
    errors.ErrorInvalidRecipients, errors.ErrorInvalidSmtpAddress, errors.ErrorInvalidMailbox,
    errors.ErrorMailRecipientNotFound, errors.ErrorMissingRecipients, errors.ErrorDistributionListMemberNotExist,
)  # fmt: skip
_OF_MAIL = (
    errors.ErrorMessageSizeExceeded, errors.ErrorAttachmentSizeLimitExceeded, errors.ErrorDataSizeLimitExceeded,
    errors.ErrorRequestStreamTooBig, errors.ErrorMimeContentInvalid, errors.ErrorMimeContentInvalidBase64String,
    errors.ErrorMimeContentConversionFailed, errors.ErrorContentConversionFailed, errors.ErrorUnsupportedMimeConversion,
    errors.ErrorInvalidPropertySet, errors.ErrorInvalidValueForProperty, errors.ErrorPropertyValidationFailure,
    errors.ErrorRequiredPropertyMissing, errors.ErrorItemCorrupt, errors.ErrorVirusDetected,
    errors.ErrorVirusMessageDeleted,
)  # fmt: skip
_OF_SENDER = (
    ErrorAccessDenied, ErrorNonExistentMailbox, errors.ErrorSendAsDenied, errors.ErrorCreateItemAccessDenied,
    errors.ErrorAccountDisabled, errors.ErrorMailboxLogonFailed, errors.ErrorPasswordExpired,
    errors.ErrorPasswordChangeRequired, errors.ErrorImpersonateUserDenied, errors.ErrorImpersonationDenied,
    errors.ErrorImpersonationFailed, errors.ErrorUserNotAllowedByPolicy, errors.ErrorPermissionNotAllowedByPolicy,
    errors.ErrorNotDelegate, errors.ErrorInvalidLicense, errors.ErrorInvalidUserInfo, errors.ErrorNonPrimarySmtpAddress,
    errors.ErrorInvalidRequest, errors.ErrorInvalidServerVersion, errors.ErrorIncorrectSchemaVersion,
    errors.ErrorInvalidSchemaVersionForMailboxVersion, errors.ErrorWrongServerVersion, errors.ErrorSchemaValidation,
    errors.ErrorInvalidOperation, errors.ErrorInvalidArgument, errors.ErrorMessageDispositionRequired,
)  # fmt: skip


def refusal(error: Exception) -> Refusal:
    """Return what an answer to a mail says no to.

    A code that is none of those known is taken to pass by itself: it is tried again and told, never given up in silence.
    """
    if not isinstance(error, ResponseMessageError) or isinstance(error, _SAYS_NOTHING):
        return Refusal.NONE
    if isinstance(error, _OF_RECIPIENT):
        return Refusal.RECIPIENT
    if isinstance(error, _OF_MAIL):
        return Refusal.MAIL
    return Refusal.SENDER if isinstance(error, _OF_SENDER) else Refusal.FOR_NOW


def _certificate_error(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """Return what TLS said of a certificate: exchangelib, requests and urllib3 each wrap what the one below raised."""
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        found = waiting.pop()
        if isinstance(found, ssl.SSLCertVerificationError):
            return found
        if isinstance(found, BaseException) and found not in seen:
            seen.append(found)
            waiting += [found.__cause__, found.__context__, getattr(found, "reason", None), *found.args]
    return None


def may_have_acted(error: Exception) -> bool:
    """Tell whether the server may have done what was asked although this came back: only without a connection it can't."""
    return not any(word in str(error) for word in _NEVER_SENT)
