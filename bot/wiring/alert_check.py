"""Tries whether operators could be told: every way is made ready, and with a test message used."""

from __future__ import annotations

from bot.errors import BotError, Unusable
from bot.ledger.conditions import Condition
from bot.mail.port import Mailbox
from bot.operation.alerts.catalogue import Trouble
from bot.operation.alerts.message import values_of
from bot.operation.alerts.turns import News
from bot.operation.alerts.ways import AppriseWay, NoWay, Way
from bot.wiring import Workshop
from bot.wiring.alerts import Direct, terms, ways


async def check_alerts(workshop: Workshop, *, send_test: bool) -> str:
    """Return which ways there are, after a test message by each where ``send_test``; and that mail alone may not be enough.

    Raises ``Unusable`` with every way that fails, and when there is none: then nobody would be told of anything.
    """
    mailbox = workshop.mailbox()
    try:
        return await _try(workshop, mailbox, send_test=send_test)
    finally:
        await mailbox.close()


async def _try(workshop: Workshop, mailbox: Mailbox, *, send_test: bool) -> str:
    direct = Direct(mailbox)
    every = ways(workshop, lambda: direct)
    if not every:
        raise Unusable("nobody is told of anything: set alerts.mail_to or alerts.apprise")
    failed: list[str] = []
    for way in every:
        try:
            await _check(workshop, way, send_test=send_test)
        except BotError as error:
            failed.append(f"{way.name}: {error}")
    failed += [f"mail: {address} is left out ({said})" for address, said in direct.left_out.items()]
    if failed:
        raise Unusable("; ".join(failed))
    done = "a test message sent by" if send_test else "ready (nothing sent; try --send-test):"
    by_mail_alone = not any(isinstance(way, AppriseWay) for way in every)
    doubt = " — while mails can't be sent nobody is told: set alerts.apprise too" if by_mail_alone else ""
    return f"{done} {', '.join(way.name for way in every)}{doubt}"


async def _check(workshop: Workshop, way: Way, *, send_test: bool) -> None:
    if isinstance(way, NoWay):
        raise way.error
    if isinstance(way, AppriseWay):
        way.check()
    if send_test:
        await way.tell(_test_values(workshop))


def _test_values(workshop: Workshop) -> dict[str, object]:
    now = workshop.clock.now()
    test = Condition(key=Trouble.TEST, kind=Trouble.TEST.value, first_seen=now, last_seen=now)
    return values_of(News(begun=(test,)), now, terms(workshop))
