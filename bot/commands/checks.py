"""``check``: is everything there that a pass needs? Nothing is changed: no mail is touched, no account, no ledger.

With ``--send-test`` each way of alerting is tried with a message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import make_url

from bot.commands.opening import open_workshop
from bot.commands.output import people, print_json, table
from bot.console.browser import find_browser
from bot.delivery.templates import NAMES
from bot.errors import AccessDenied, BotError, LedgerBroken, Unusable
from bot.form_profiles import described, warnings_of
from bot.ledger.engine import file_of, name_of
from bot.ledger.process_lock import network_of
from bot.operation.alerts.catalogue import Trouble
from bot.operation.alerts.survey import must_have_room
from bot.private import open_to_others
from bot.wiring import Workshop
from bot.wiring.alert_check import check_alerts
from bot.wiring.alerts import gate, kept_private, written_to

#: No machine that runs this version can honestly think that it is earlier.
_NOT_BEFORE_YEAR = 2026
#: A day's evidence and log of a city take some ten MB: below this, the disk is full within days.

Check = Callable[[Workshop], Awaitable[str]]


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What came of one check."""

    check: str
    detail: str
    #: Why it failed.
    error: BotError | None = None

    def as_plain(self) -> dict[str, object]:
        """Return it as JSON shows it."""
        return {"check": self.check, "ok": self.error is None, "detail": self.detail}


def check(config: Path, overrides: Sequence[str], *, as_json: bool, send_test: bool = False) -> int:
    """Try everything and tell; the exit status is that of the worst failure."""
    workshop = open_workshop(config, overrides, quiet=True)
    known = Tried(check="config", detail=f"{config} (digest {workshop.config.digest[:12]})")
    every = [known, *asyncio.run(try_all(workshop, send_test=send_test))]
    if as_json:
        print_json([one.as_plain() for one in every])
    else:
        cells = [("NG" if one.error else "ok", one.check, one.detail) for one in every]
        people().print(table("", ["", "check", "detail"], cells))
    return max(one.error.exit_status if one.error else 0 for one in every)


async def try_all(workshop: Workshop, *, send_test: bool = False) -> list[Tried]:
    """Return what came of each check; nothing is raised for what fails."""
    tried: list[Tried] = []
    checks: dict[str, Check] = {
        "forms": _forms, "directory": _directory, "calendar": _calendar, "notices": _notices,
        "senders": _senders, "mailbox": _mailbox, "database": _database, "disk": _disk,
        "browser": _browser, "console": _console, "clock": _clock,
        "alerts": lambda shop: check_alerts(shop, send_test=send_test),
    }  # fmt: skip
    for name, attempt in checks.items():
        try:
            tried.append(Tried(check=name, detail=await attempt(workshop)))
        except BotError as error:
            tried.append(Tried(check=name, detail=str(error), error=error))
    return tried


async def _forms(workshop: Workshop) -> str:
    known = workshop.forms().known
    return "; ! ".join([described(known), *(warning for profile in known for warning in warnings_of(profile))])


async def _directory(workshop: Workshop) -> str:
    directory = await asyncio.to_thread(workshop.directory)  # a database that hangs must not hang `serve`
    return " ".join([f"{len(directory)} employees", *directory.warnings(workshop.clock.now())])


async def _calendar(workshop: Workshop) -> str:
    (day, by), *_ = workshop.rulebook().next_possible(workshop.clock.now(), 1)
    return f"next: {day} if received by {by:%Y-%m-%d %H:%M}"


async def _notices(workshop: Workshop) -> str:
    workshop.composer()
    return f"{len(NAMES)} templates, each tried"


async def _senders(workshop: Workshop) -> str:
    """Tell whose word proves a sender; without one nothing that takes a login away is done by itself (V20)."""
    settings = workshop.config.settings
    if settings.forms.trusted_authserv:
        return f"proven by Authentication-Results of {', '.join(settings.forms.trusted_authserv)}"
    waiting = [kind for kind in settings.rules.automatic_kinds if kind != "issue"]
    held = f"; {', '.join(waiting)} of rules.automatic_kinds are held all the same" if waiting else ""
    return (
        "警告: forms.trusted_authserv が空のため、メールの送信元は証明されません。取消・変更・再発行は担当者の確認を待ちます。 / "
        "warning: forms.trusted_authserv is empty: no sender of a mail is proven, and what takes back or renews waits for a "
        f"person{held} (docs/guides/senders.md)"
    )


async def _mailbox(workshop: Workshop) -> str:
    await _must_not_be_refused(workshop, Trouble.MAILBOX_DENIED, "`resume`")
    mailbox = workshop.mailbox()
    try:
        return await mailbox.check()
    finally:
        await mailbox.close()


async def _database(workshop: Workshop) -> str:
    url = workshop.config.settings.ledger.url
    file = file_of(url, workshop.config.base)
    name, far = f"{file or name_of(make_url(url))}", network_of(file) if file else ""
    if far:
        name += (
            f" (! {far}: 共有フォルダでは二重起動を防げず、台帳が壊れることがあります。この機械のディスクか PostgreSQL に置いてください"
            " / a network share: nothing keeps two machines apart there; use a local disk, or PostgreSQL)"
        )
    if not workshop.has_ledger():
        return f"{name} will be made by the first run"
    ledger = workshop.ledger()
    try:
        verdict = await ledger.verify()
    finally:
        ledger.close()
    if not verdict.ok:
        raise LedgerBroken(verdict.first_bad or 0, verdict.reason)
    return f"{name}, {verdict.events} events, chain intact"


async def _disk(workshop: Workshop) -> str:
    least = workshop.config.settings.alerts.disk_free_mb
    free = min(must_have_room(place, least) for place in written_to(workshop.config))
    exposed = [str(place) for place in kept_private(workshop.config) if open_to_others(place)]
    if not exposed:
        return f"{free} MB free"
    return f"{free} MB free; ! この機械の誰でも読めます / any user of this machine can read: {', '.join(exposed)} (chmod o= …)"


async def _must_not_be_refused(workshop: Workshop, refused: Trouble, then: str) -> None:
    """Raise ``AccessDenied`` while a login is known to be refused: a check every morning would lock it out."""
    if not workshop.has_ledger():
        return
    ledger = workshop.ledger()
    try:
        pauses = await gate(workshop.config, workshop.clock, ledger).pauses()
    finally:
        ledger.close()
    if any(pause.cause == refused for pause in pauses):
        raise AccessDenied(f"not tried: it refused the login before; mend the password, then {then}")


async def _browser(workshop: Workshop) -> str:
    found = find_browser(workshop.config.settings.console.browser)
    if found is None:
        raise Unusable("no browser: install Chromium, Chrome or Edge, or set console.browser.executable")
    return str(found)


async def _console(workshop: Workshop) -> str:
    await _must_not_be_refused(workshop, Trouble.CONSOLE_DENIED, "`resume --part console`")
    console = workshop.console(workshop.screens(learns=False))
    try:
        changed = await console.probe()
        ahead, most = console.clock_offset(), workshop.config.settings.alerts.clock_off_seconds
        if ahead is not None and abs(ahead) > timedelta(seconds=most):
            raise Unusable(f"its clock is {ahead.total_seconds():+.0f} s from this machine's: check NTP on both")
    finally:
        await console.close()
    news = "".join(f"; changed, to be accepted with `flow accept`: {one}" for one in changed)
    return f"logged in at {workshop.config.settings.console.url}, all landmarks found{news}"


async def _clock(workshop: Workshop) -> str:
    now: datetime = workshop.clock.now()
    if now.year < _NOT_BEFORE_YEAR:
        raise Unusable(f"the machine's clock says {now.isoformat()}: set it, every deadline depends on it")
    return now.isoformat(timespec="seconds")
