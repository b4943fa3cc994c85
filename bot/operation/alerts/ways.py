"""The ways by which operators are told: mail, and chat services through Apprise."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, Protocol

from bot.delivery.compose import Composer
from bot.delivery.templates import Templates, Text
from bot.errors import BotError, DeliveryFailed
from bot.operation.alerts.catalogue import Level
from bot.secret import Secret

#: Seconds that a chat service may take.
_PATIENCE = 60
Values = Mapping[str, object]


class Way(Protocol):
    """One way to tell operators something."""

    @property
    def name(self) -> str:
        """What it is called in the log and on the record; no secret."""
        ...

    @property
    def least(self) -> Level:
        """It tells what is at least this bad."""
        ...

    @property
    def by_mail(self) -> bool:
        """Whether it reaches those who are mailed anyway."""
        ...

    async def tell(self, values: Values) -> None:
        """Send one message (see :func:`bot.operation.alerts.message.values_of`).

        Raises a ``BotError`` when it certainly or possibly did not arrive.
        """
        ...


class Sending(Protocol):
    """What telling by mail needs of the mailbox."""

    async def alert(self, mail: EmailMessage) -> Mapping[str, str]:
        """Send a mail to operators, and return whom the server refused; raises as :meth:`bot.delivery.outgoing.Outgoing.send` does."""
        ...


@dataclass(frozen=True, kw_only=True)
class MailWay:
    """By mail from the bot's own mailbox."""

    composer: Composer
    outgoing: Sending
    to: tuple[str, ...]
    least: Level
    name: str = "mail"
    by_mail: bool = True

    async def tell(self, values: Values) -> None:
        """See :meth:`Way.tell`."""
        await self.outgoing.alert(self.composer.conditions(self.to, values))


@dataclass(frozen=True, kw_only=True)
class AppriseWay:
    """By a chat service: Teams, Slack, LINE WORKS, … through Apprise, with one address, which is a secret.

    What may name a person is left out: the service belongs to somebody else.
    """

    url: Secret
    least: Level
    templates: Templates
    english: bool
    city: str
    name: str
    by_mail: bool = False

    async def tell(self, values: Values) -> None:
        """See :meth:`Way.tell`; a service that does not answer is given up after a minute."""
        text = self.templates.render(
            "conditions", {**values, "city": self.city, "persons": False}, english=self.english
        )
        try:
            async with asyncio.timeout(_PATIENCE):
                sent = await asyncio.to_thread(self._post, text, values["worst"] == Level.CRITICAL)
        except TimeoutError:
            raise DeliveryFailed(f"{self.name} does not answer") from None
        if not sent:
            raise DeliveryFailed(f"{self.name} did not take the message")

    def check(self) -> None:
        """Raise ``DeliveryFailed`` when this is no address that Apprise knows; nothing is sent."""
        apprise = _apprise()
        if not apprise.Apprise().add(self.url.reveal()):
            raise DeliveryFailed(f"{self.name} is no address that Apprise knows")

    def _post(self, text: Text, critical: bool) -> bool:  # noqa: FBT001 - called in a thread
        apprise = _apprise()
        service = apprise.Apprise()
        if not service.add(self.url.reveal()):
            raise DeliveryFailed(f"{self.name} is no address that Apprise knows")
        level = apprise.NotifyType.FAILURE if critical else apprise.NotifyType.WARNING
        return bool(service.notify(body=text.body, title=text.subject, notify_type=level))


def _apprise() -> Any:  # noqa: ANN401 - a module
    """Return the library, which says nothing of its own: it would show the address, and that is a secret."""
    import apprise  # noqa: PLC0415 - it takes a while, and most passes have nothing to tell

    logging.getLogger("apprise").disabled = True
    return apprise


@dataclass(frozen=True, kw_only=True)
class NoWay:
    """A way that can't be made ready: using it says why."""

    name: str
    error: BotError
    least: Level
    by_mail: bool = False

    async def tell(self, _values: Values) -> None:
        """Raise why."""
        raise self.error


def ready(make: Callable[[], Way], *, name: str, least: Level, by_mail: bool = False) -> Way:
    """Return a way, or where it can't be made one that says why when it is used: the others are still there."""
    try:
        return make()
    except BotError as error:
        return NoWay(name=name, error=error, least=least, by_mail=by_mail)
