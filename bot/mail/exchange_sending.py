"""Sends by Exchange: each post once, and what came of it as far as that is certain."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from email.message import EmailMessage

from exchangelib import Account
from exchangelib import Message as ExchangeMessage
from exchangelib.errors import EWSError, UnauthorizedError
from exchangelib.items import SEND_ONLY, SEND_TO_NONE
from exchangelib.services import CreateItem

from bot.errors import BotError, DeliveryFailed, OutcomeUnknown, SenderRefused, Transient
from bot.mail.exchange_errors import (
    Refusal,
    RefusedRecipients,
    may_have_acted,
    refusal,
    understood,
)
from bot.mail.wire import wire_bytes
from bot.settings.exchange import ExchangeSettings


class _CreateOnce(CreateItem):  # type: ignore[misc] # exchangelib has no types
    """Creates items by the configured version alone: exchangelib would post the mail anew for each version it knows."""

    def _api_versions_to_try(self) -> tuple[str, ...]:
        return (self._version_hint.api_version,)


def send_to_each(account: Account, mail: EmailMessage, settings: ExchangeSettings) -> Mapping[str, str]:
    """Post a mail; where some of several recipients are refused, one to each, and return those who are still refused.

    Exchange refuses a mail as a whole: then it went to nobody. Raises as :meth:`bot.delivery.outgoing.Outgoing.send`.
    """
    try:
        post(account, mail, settings)
    except RefusedRecipients as error:
        addresses = [address.addr_spec for address in mail["To"].addresses]
        if len(addresses) == 1:
            raise DeliveryFailed(str(error)) from None
        return _one_by_one(account, mail, addresses, settings)
    return {}


def _one_by_one(
    account: Account, mail: EmailMessage, addresses: list[str], settings: ExchangeSettings
) -> Mapping[str, str]:
    failed: dict[str, BotError] = {}
    for address in addresses:
        single = deepcopy(mail)
        del single["To"]
        single["To"] = address
        try:
            post(account, single, settings)
        except (DeliveryFailed, OutcomeUnknown, Transient) as error:
            failed[address] = error
    unknown = next((error for error in failed.values() if isinstance(error, OutcomeUnknown)), None)
    if unknown or len(failed) == len(addresses):
        raise unknown or min(failed.values(), key=lambda error: not isinstance(error, Transient))
    return {address: str(error) for address, error in failed.items()}


def post(account: Account, mail: EmailMessage, settings: ExchangeSettings) -> None:
    """Post a mail once, without a copy in Sent; raises what is certain, and ``OutcomeUnknown`` for everything else.

    A refused login is not certain: the caller has been let in before, so that a 401 may follow the act. It is
    raised as ``UnauthorizedError``.
    """
    item = ExchangeMessage(account=account, mime_content=wire_bytes(mail))
    try:
        _CreateOnce(account=account).get(
            items=[item], folder=None, message_disposition=SEND_ONLY, send_meeting_invitations=SEND_TO_NONE
        )
    except UnauthorizedError:
        raise
    except EWSError as error:
        raise _certain(error, settings) or OutcomeUnknown("send", f"Exchange: {type(error).__name__}") from None
    except Exception as error:  # noqa: BLE001 - whatever breaks after the post, the mail may have gone out
        raise OutcomeUnknown("send", f"Exchange: {type(error).__name__}") from None


def _certain(error: EWSError, settings: ExchangeSettings) -> BotError | None:
    if not may_have_acted(error):
        return Transient(str(understood(error, settings)))
    text = f"({type(error).__name__}: {str(error)[:200]})"
    match refusal(error):
        case Refusal.RECIPIENT:
            return RefusedRecipients(f"Exchange refuses the recipient {text}")
        case Refusal.MAIL:
            return DeliveryFailed(f"Exchange refuses the mail {text}")
        case Refusal.SENDER:
            return SenderRefused(f"Exchange takes no mail from {settings.user} {text}; see mailbox.exchange")
        case Refusal.FOR_NOW:
            return Transient(f"Exchange does not take the mail now {text}")
        case Refusal.NONE:
            return None
