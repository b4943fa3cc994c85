"""Stand between the bot and what it has effects on: nothing goes past the kill switch, and what fails is seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from email.message import EmailMessage

from loguru import logger

from bot.console.port import Ability, Console, Created, Evidence, Order
from bot.console.screens import ScreenChange
from bot.errors import AccessDenied, BotError, DeliveryFailed, Paused, SenderRefused, Transient, Unsent, Unusable
from bot.mail.port import Mailbox
from bot.model import Account, AccountSpec, Window
from bot.operation.alerts.catalogue import Area
from bot.operation.alerts.findings import Finding, finding_of
from bot.operation.alerts.gate import Gate
from bot.secret import Secret


class WatchedOutgoing:
    """Sends by a mailbox, and knows afterwards whether mails go out."""

    def __init__(self, outgoing: Mailbox, gate: Gate, *, most_refused: int) -> None:
        self._outgoing = outgoing
        self._gate = gate
        #: So many mails in a row that are refused, whoever they are for, are no matter of their recipients any more.
        self._most_refused = most_refused
        self._refused_in_a_row = 0
        #: The last send failed for a reason that any mail would have failed for.
        self.trouble: BotError | None = None
        #: The condition that this is.
        self.finding: Finding | None = None
        self.worked = False
        #: Recipients who were refused while others of the same mail were not, with what was said; and that none was.
        self.left_out: dict[str, str] = {}
        self.reached_all = False
        self._alert_failed: BotError | None = None
        self._down: Paused | None = None
        self._asked_for: BotError | None = None

    def begin(self) -> None:
        """Know nothing yet: a pass begins."""
        self.trouble, self.finding, self.worked = None, None, False
        self._alert_failed = self._down = None
        self._refused_in_a_row = 0
        self.left_out, self.reached_all = {}, False

    async def send(self, mail: EmailMessage) -> Mapping[str, str]:
        """See :meth:`bot.delivery.outgoing.Outgoing.send`; raises ``Paused`` when the kill switch is there."""
        self._gate.check_switch()
        return await self._send(mail)

    async def alert(self, mail: EmailMessage) -> Mapping[str, str]:
        """Send a mail to operators, the kill switch or not; after one that failed, none is tried in the same pass."""
        if self._alert_failed:
            raise self._alert_failed
        try:
            return await self._send(mail)
        except (AccessDenied, Unusable, Transient) as error:
            self._alert_failed = error
            raise

    async def _send(self, mail: EmailMessage) -> Mapping[str, str]:
        """Send a mail, never while the server is known to refuse the login."""
        await self._gate.check_mailbox()
        try:
            refused = await self._outgoing.send(mail)
        except Transient as error:
            raise await self._noted(error if isinstance(error, Unsent) else Unsent(str(error))) from error
        except (AccessDenied, Unusable) as error:
            await self._noted(error)
            raise
        except DeliveryFailed as error:
            await self._count_refused(error)
            raise
        self._went_out(mail, refused)
        return refused

    def _went_out(self, mail: EmailMessage, refused: Mapping[str, str]) -> None:
        self.trouble = self.finding = self._alert_failed = self._down = None
        self._refused_in_a_row, self.worked = 0, True
        self.left_out |= refused
        for address, said in refused.items():
            logger.warning("{} was left out of a mail: {}", address, said)
        self.reached_all = not self.left_out and (self.reached_all or len(mail["To"].addresses) > 1)

    async def _count_refused(self, error: DeliveryFailed) -> None:
        """Have sending stand still when one mail after the other is refused: what is wrong is with all of them."""
        self._refused_in_a_row += 1
        if self._refused_in_a_row >= self._most_refused:
            await self._noted(
                SenderRefused(f"{self._refused_in_a_row} mails in a row are refused, the last one: {error}")
            )

    async def _noted(self, trouble: BotError) -> BotError:
        """Have it on record before anybody can try the next mail, in this process or another: a refused login is tried once."""
        self.trouble, self.worked = trouble, False
        self.finding = await self._gate.stop(finding_of(trouble, Area.OUTGOING))
        return trouble

    async def stands(self) -> Paused | None:
        """Say why no further mail is worth a try; ``None`` where one is, be it that the last one failed for its recipient alone."""
        if self.trouble and self._asked_for is not self.trouble:
            self._asked_for = self.trouble
            await self.ask()
        return self._down

    async def ask(self) -> Paused | None:
        """Ask the server whether it takes mails, once in a pass; say what stands still until the pass is over when it does not."""
        if self._down is None:
            try:
                await self._gate.check_mailbox()
                await self._outgoing.check()
            except BotError as error:
                if isinstance(error, AccessDenied):
                    self.finding = await self._gate.stop(finding_of(error, Area.OUTGOING))
                self._down = Paused(f"mails can't be sent ({error}): until they can, nothing is issued, nobody is told")
        return self._down

    async def was_sent(self, message_id: str) -> bool | None:
        """See :meth:`bot.delivery.outgoing.Outgoing.was_sent`."""
        return await self._outgoing.was_sent(message_id)


class GuardedConsole:
    """A console whose changing verbs raise ``Paused`` when the kill switch is there."""

    def __init__(self, console: Console, gate: Gate) -> None:
        self._console = console
        self._gate = gate

    @property
    def abilities(self) -> frozenset[Ability]:
        """See :meth:`bot.console.port.Console.abilities`."""
        return self._console.abilities

    @property
    def sessions(self) -> int:
        """See :meth:`bot.console.port.Console.sessions`."""
        return self._console.sessions

    async def probe(self) -> Sequence[ScreenChange]:
        """See :meth:`bot.console.port.Console.probe`."""
        return await self._console.probe()

    async def find(self, login_id: str) -> Account | None:
        """See :meth:`bot.console.port.Console.find`."""
        return await self._console.find(login_id)

    async def everyone(self, words: str = "") -> Sequence[Account]:
        """See :meth:`bot.console.port.Console.everyone`."""
        return await self._console.everyone(words)

    async def create(self, spec: AccountSpec, secret: Secret) -> Account:
        """See :meth:`bot.console.port.Console.create`."""
        self._gate.check_switch()
        return await self._console.create(spec, secret)

    async def create_many(self, orders: Sequence[Order]) -> Sequence[Created]:
        """See :meth:`bot.console.port.Console.create_many`."""
        self._gate.check_switch()
        return await self._console.create_many(orders)

    async def reset_password(self, login_id: str, secret: Secret, window: Window | None = None) -> None:
        """See :meth:`bot.console.port.Console.reset_password`."""
        self._gate.check_switch()
        await self._console.reset_password(login_id, secret, window)

    async def enable(self, login_id: str) -> None:
        """See :meth:`bot.console.port.Console.enable`."""
        self._gate.check_switch()
        await self._console.enable(login_id)

    async def set_window(self, login_id: str, window: Window) -> None:
        """See :meth:`bot.console.port.Console.set_window`."""
        self._gate.check_switch()
        await self._console.set_window(login_id, window)

    async def disable(self, login_id: str) -> None:
        """See :meth:`bot.console.port.Console.disable`."""
        self._gate.check_switch()
        await self._console.disable(login_id)

    async def ask_clock(self) -> timedelta | None:
        """See :meth:`bot.console.port.Console.ask_clock`."""
        return await self._console.ask_clock()

    def clock_offset(self) -> timedelta | None:
        """See :meth:`bot.console.port.Console.clock_offset`."""
        return self._console.clock_offset()

    def take_evidence(self) -> Sequence[Evidence]:
        """See :meth:`bot.console.port.Console.take_evidence`."""
        return self._console.take_evidence()

    def complaint(self) -> str:
        """See :meth:`bot.console.port.Console.complaint`."""
        return self._console.complaint()

    async def close(self) -> None:
        """See :meth:`bot.console.port.Console.close`."""
        await self._console.close()
