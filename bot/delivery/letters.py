"""What each notice about a request says: the request and its applicant go in, a mail comes out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from email.message import EmailMessage

from bot.clock import Clock
from bot.delivery.compose import Changed, Composer, Envelope, Needs, Possible, Waiting
from bot.delivery.parcels import Parcel
from bot.errors import DeliveryFailed
from bot.ledger.records import Notice, NoticeKind, Request
from bot.model import Employee, Severity
from bot.secret import Secret
from bot.settings.delivery import Mode

#: Told when the login is closed before its time; the intent is recorded with the act that closes it.
ANNOUNCED = frozenset({NoticeKind.REVOKED, NoticeKind.CANCELLED})


#: What these hold for is not clear in the application itself; the others are for an operator to decide on as it is.
_UNCLEAR = frozenset({"V01", "V02", "V03", "V04", "V13", "V18", "V19"})


@dataclass(frozen=True, kw_only=True)
class Letters:
    """Makes the mails that a courier carries."""

    composer: Composer
    clock: Clock
    #: Says which days can still be applied for at a moment, and by when.
    possible: Callable[[datetime], Sequence[Possible]]
    #: Says by when an application for a day must have been received.
    cutoff_for: Callable[[date], datetime]
    #: Says from when on a request is issued and sent (``delivery.send_at``); ``None`` is at once.
    send_from: Callable[[Request], datetime | None]
    #: What operators must make sure of before they approve an urgent request.
    needs: Needs

    def mode(self, request: Request) -> Mode:
        """Return how this request's credentials reach its applicant."""
        urgent = request.decision is not None and request.decision.urgent
        return self.composer.delivery.urgent_mode if urgent else self.composer.delivery.mode

    def credentials(
        self, request: Request, employee: Employee, secret: Secret, notice: Notice, parcel: Parcel, *, renewed: bool,
        released: Collection[date] = (),
    ) -> EmailMessage:  # fmt: skip
        """Return the mail that a parcel of credentials is; raises ``DeliveryFailed`` for a request without a login.

        ``renewed``: the applicant has this login, with another password; ``released``: the days that a change took back.
        """
        if request.window is None or request.login_id is None:
            raise DeliveryFailed("the request has no login to tell of")
        envelope = self._envelope(request, employee, notice, to=parcel.to.addresses)
        if parcel.kind is NoticeKind.SECRET:
            return self.composer.secret(envelope, to_name=parcel.to.name, secret=secret, window=request.window)
        if parcel.kind is NoticeKind.HANDOVER:
            return self.composer.handover(
                envelope, to_name=parcel.to.name, login_id=request.login_id, secret=secret, window=request.window,
                granted=_days(request),
            )  # fmt: skip
        violations = request.decision.violations if request.decision else ()
        return self.composer.credentials(
            envelope,
            login_id=request.login_id,
            secret=secret if self.mode(request) is Mode.SINGLE else None,
            window=request.window,
            granted=_days(request),
            changed=_changed(_days(request), released),
            renewed=notice.attempt > 1 or renewed,
            refused=[item for item in violations if item.severity is Severity.REJECT or item.code in {"V09", "V18"}],
        )

    def result(self, request: Request, employee: Employee, notice: Notice) -> EmailMessage:
        """Return the notice of what became of a request."""
        envelope = self._envelope(request, employee, notice)
        if notice.kind is NoticeKind.HELD:
            return self.composer.held(envelope, received_at=request.received_at, waiting=self._waiting(request))
        if notice.kind in ANNOUNCED:
            return self.composer.closed(
                envelope,
                granted=request.granted,
                at_wish=notice.kind is NoticeKind.CANCELLED,
                login_id=request.login_id,
            )
        if notice.kind is NoticeKind.RECEIPT:
            return self.composer.receipt(
                envelope, received_at=request.received_at, granted=request.granted, send_from=self.send_from(request)
            )
        return self.composer.rejected(
            envelope,
            received_at=request.received_at,
            asked=request.application.dates,
            violations=request.decision.violations if request.decision else (),
            possible=self.possible(self.clock.now()),
        )

    def alert(self, request: Request, employee: Employee | None, notice: Notice, to: tuple[str, ...]) -> EmailMessage:
        """Return the alert to the operators that this request can't wait."""
        return self.composer.alert(
            self._envelope(request, employee, notice, to=to),
            received_at=request.received_at,
            asked=request.application.dates,
            needs=self.needs,
        )

    def left_open(self, request: Request, notice: Notice, since: datetime, to: tuple[str, ...]) -> EmailMessage:
        """Return the alert that this request's login is open after its end, or was and is closed."""
        return self.composer.left_open(
            self._envelope(request, None, notice, to=to),
            login_id=request.login_id or "",
            since=since,
            solved=notice.kind is NoticeKind.SOLVED,
        )

    def _waiting(self, request: Request) -> Waiting:
        found = request.decision.violations if request.decision else ()
        holds = [item for item in found if item.severity is Severity.HOLD]
        refused = {
            day for item in found if item.severity is Severity.REJECT or item.code == "V09" for day in item.dates
        }
        asked = request.application.dates if request.kind.asks_for_days else ()
        still = [day for day in asked if day not in refused]
        cutoffs = [Possible(day=day, cutoff=self.cutoff_for(day)) for day in still]
        ahead = tuple(item for item in cutoffs if self.clock.now() <= item.cutoff)
        return Waiting(
            asked=asked,
            unclear=tuple(item for item in holds if item.code in _UNCLEAR),
            to_decide=tuple(item for item in holds if item.code not in _UNCLEAR),
            open=ahead,
            closed=tuple(item.day for item in cutoffs if item not in ahead),
        )

    def _envelope(
        self, request: Request, employee: Employee | None, notice: Notice, *, to: tuple[str, ...] = ()
    ) -> Envelope:
        return Envelope(
            employee=employee,
            to=to or ((employee.mail,) if employee else ()),
            request_id=request.id,
            receipt_no=request.application.receipt_no,
            message_id=notice.message_id,
            attempt=notice.attempt,
            now=self.clock.now(),
        )


def _changed(granted: Collection[date], released: Collection[date]) -> Changed | None:
    """Return what a change did to the days; ``None`` where it took none back."""
    if not released:
        return None
    return Changed(gone=tuple(sorted(set(released) - set(granted))), new=tuple(sorted(set(granted) - set(released))))


def _days(request: Request) -> tuple[date, ...]:
    """Return the days that a login was granted for; a reissue grants none, whatever days its form names."""
    return request.granted if request.kind.asks_for_days else ()
