"""What delivery is put together from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.clock import Clock
from bot.config import Config
from bot.delivery.compose import Composer, Needs, Possible
from bot.delivery.letters import Letters
from bot.delivery.notice_check import check_notices
from bot.delivery.smime import Certificates
from bot.delivery.templates import Templates, templates_in
from bot.errors import ConfigInvalid, Problem
from bot.ledger.records import Request
from bot.rules.rulebook import Rulebook
from bot.wiring.kept import Kept

#: So many days that can still be applied for stand in a rejection.
_POSSIBLE = 3


def composer(config: Config, clock: Clock, kept: Kept) -> Composer:
    """Return what makes notices; raises ``ConfigInvalid`` when a template would say too much or too little."""
    settings = config.settings
    folder = config.path(settings.delivery.templates_dir) if settings.delivery.templates_dir else None

    def make() -> Composer:
        made = Composer(mailbox=settings.mailbox, delivery=settings.delivery, templates=Templates(folder))
        check_notices(made, clock.now())
        return made

    return kept.of("composer", templates_in(folder), make)


def letters(config: Config, clock: Clock, rulebook: Rulebook, kept: Kept) -> Letters:
    """Return what puts notices about requests into words."""
    urgent = config.settings.rules.urgent
    return Letters(
        composer=composer(config, clock, kept), clock=clock, needs=Needs(ja=urgent.needs, en=urgent.needs_en), send_from=send_from(config, rulebook),
        possible=lambda now: [Possible(day=day, cutoff=by) for day, by in rulebook.next_possible(now, _POSSIBLE)],
        cutoff_for=rulebook.cutoff_for,
    )  # fmt: skip


def send_from(config: Config, rulebook: Rulebook) -> Callable[[Request], datetime | None]:
    """Return what says from when a request may be issued: ``send_at`` of the day of its first cutoff.

    Urgent ones, and all without ``send_at``, need not wait.
    """

    def of(request: Request) -> datetime | None:
        at = config.settings.delivery.send_at
        is_urgent = request.decision is not None and request.decision.urgent
        if at is None or is_urgent or not request.granted:
            return None
        return datetime.combine(rulebook.cutoff_for(min(request.granted)).date(), at, config.zone)

    return of


def certificates(config: Config) -> Certificates:
    """Return the recipients' certificates; raises ``ConfigInvalid`` for a folder that is not there."""
    settings = config.settings.delivery.smime
    folder = config.path(settings.certificates_dir) if settings.certificates_dir else None
    if folder and not folder.is_dir():
        raise ConfigInvalid([Problem(path="delivery.smime.certificates_dir", text=f"there is no folder {folder}")])
    return Certificates(folder, required=settings.required)
