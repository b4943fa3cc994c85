"""Tries every notice with sample values before a pass: a template that would say too much or too little is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from email.message import EmailMessage

from jinja2 import TemplateError

from bot.delivery.compose import Changed, Composer, Envelope, Needs, Possible, Waiting
from bot.delivery.templates import RULE, SETTING
from bot.errors import BotError, ConfigInvalid, Problem
from bot.model import Employee, Severity, Violation, Window
from bot.secret import Secret

_CANARY = "Canary-77-pass"
_LOGIN = "tw9999999"
_REQUEST = "R-20260401-9999"
_REASON = "見本の理由"
_LINK = re.compile(r"https?://|www\.", re.IGNORECASE)
#: What each notice must show, and whether it carries the password.
_MUST: Mapping[str, tuple[tuple[str, ...], bool]] = {
    "credentials": ((_REQUEST, _LOGIN), True),
    "credentials without password": ((_REQUEST, _LOGIN), False),
    "secret": ((_REQUEST,), True),
    "handover": ((_REQUEST, _LOGIN), True),
    "receipt": ((_REQUEST,), False),
    "rejected": ((_REQUEST, _REASON), False),
    "held": ((_REQUEST, _REASON), False),
    "cancelled": ((_REQUEST,), False),
    "revoked": ((_REQUEST,), False),
    "alert": ((_REQUEST,), False),
    "conditions": ((_REQUEST, _REASON), False),
    "overdue": ((_REQUEST, _LOGIN), False),
    "solved": ((_REQUEST, _LOGIN), False),
    "digest": ((_REQUEST, _LOGIN), False),
}


def check_notices(composer: Composer, now: datetime) -> None:
    """Compose each notice for a sample employee; raises ``ConfigInvalid`` with everything that is wrong with them."""
    problems = [
        Problem(path=SETTING, text=f"{name}: {text}")
        for name, compose in _samples(composer, now).items()
        for text in _wrong(name, compose)
    ]
    if problems:
        raise ConfigInvalid(problems)


def _wrong(name: str, compose: Callable[[], EmailMessage]) -> Iterator[str]:
    try:
        mail = compose()
    except (TemplateError, BotError, TypeError, ValueError) as error:
        yield f"can't be composed ({error})"
        return
    must, secret = _MUST[name]
    headers = " ".join(f"{key}: {value}" for key, value in mail.items())
    if _CANARY in headers or _LOGIN in str(mail["Subject"]):
        yield "a header would show the login ID or the password"
    for language in _languages(mail):
        missing = [value for value in must if value not in language]
        if missing:
            yield f"does not show {', '.join(missing)}"
        if (_CANARY in language) is not secret:
            yield "shows the password" if not secret else "does not show the password"
        if _LINK.search(language):
            yield "holds a link: staff learn to click on them, and genuine notices have none"


def _languages(mail: EmailMessage) -> list[str]:
    """Return the text in each language by itself: a reader may know only one of them."""
    body = mail.get_body(("plain",))
    return str(body.get_content()).split(RULE.strip()) if body else []


def _samples(composer: Composer, now: datetime) -> Mapping[str, Callable[[], EmailMessage]]:
    employee = Employee(employee_no="9999999", name="見本　花子", mail="sample@city.example.jp", department="見本課")
    envelope = Envelope(
        employee=employee, to=(employee.mail,), request_id=_REQUEST, receipt_no="0000001", message_id=f"<{_REQUEST}@x>",
        attempt=1, now=now,
    )  # fmt: skip
    day, window = now.date(), Window(start=now, end=now + timedelta(hours=15))
    violation = Violation(code="V06", severity=Severity.REJECT, text=_REASON, text_en=_REASON, dates=(day,))
    secret = Secret(_CANARY)

    def credentials(shown: Secret | None) -> Callable[[], EmailMessage]:
        return lambda: composer.credentials(
            envelope, login_id=_LOGIN, secret=shown, window=window, granted=(day,), refused=(violation,), renewed=True,
            changed=Changed(gone=(day,), new=(day,)),
        )  # fmt: skip

    return {
        "credentials": credentials(secret),
        "credentials without password": credentials(None),
        "secret": lambda: composer.secret(envelope, to_name=employee.name, secret=secret, window=window),
        "handover": lambda: composer.handover(
            envelope, to_name=employee.name, login_id=_LOGIN, secret=secret, window=window, granted=(day,)
        ),
        "receipt": lambda: composer.receipt(envelope, received_at=now, granted=(day,), send_from=now),
        "rejected": lambda: composer.rejected(
            envelope, received_at=now, asked=(day,), violations=(violation,), possible=(Possible(day=day, cutoff=now),)
        ),
        "held": lambda: composer.held(envelope, received_at=now, waiting=_waiting(now, violation)),
        "cancelled": lambda: composer.closed(envelope, granted=(day,), at_wish=True, login_id=_LOGIN),
        "revoked": lambda: composer.closed(envelope, granted=(day,), at_wish=False, login_id=_LOGIN),
        "conditions": lambda: composer.conditions(("sample@city.example.jp",), _conditions(now)),
        "overdue": lambda: composer.left_open(envelope, login_id=_LOGIN, since=now, solved=False),
        "solved": lambda: composer.left_open(envelope, login_id=_LOGIN, since=now, solved=True),
        "digest": lambda: composer.digest(("sample@city.example.jp",), made=_day(now), version="1"),
        "alert": lambda: composer.alert(envelope, received_at=now, asked=(day,), needs=Needs(ja="確認", en="a call")),
    }


def _waiting(now: datetime, violation: Violation) -> Waiting:
    day = now.date()
    possible = (Possible(day=day, cutoff=now),)
    return Waiting(asked=(day,), unclear=(violation,), to_decide=(violation,), open=possible, closed=(day,))


def _conditions(now: datetime) -> dict[str, object]:
    """Return the values of an alert; what was found and whom it concerns must stand in it."""
    words = {"happened": "見本", "did": "見本", "todo": "見本"}
    one = {
        "key": "stuck", "level": "critical", "level_ja": "重大", "part": "console", "part_ja": "管理コンソール", "ja": words, "en": words,
        "about": "", "personal": False, "detail": _REASON, "bare": _REASON, "evidence": "evidence", "subjects": (_REQUEST,), "more": 1, "since": now,
        "seen": now, "until": now,
    }  # fmt: skip
    return {
        "now": now, "calm": "30", "worst": "critical", "worst_ja": "重大", "persons": True, "only_over": False, "headline": "見本", "others": 1,
        "begun": [one], "reminded": [one], "over": [one],
    }  # fmt: skip


def _day(now: datetime) -> dict[str, object]:
    """Return a digest's values; the head must stand in it, or the mail proves nothing."""
    waiting = [{"id": _REQUEST, "state": "held", "why": "V07", "first_day": now.date()}]
    lines = [{"id": _REQUEST, "kind": "issue", "state": "accepted", "first_day": now.date()}]
    return {
        "day": now.date(), "made_at": now, "messages": 1, "unreadable": ("M-20260401-9999",), "unmatched": ("M-20260401-9998",),
        "requests": {"held": 1},
        "waiting": waiting, "on_its_way": 0, "left_open": (_REQUEST,), "events": 9, "head": _LOGIN, "chain_ok": True,
        "of_the_day": lines, "undelivered": lines, "compared": {"at": now, "counts": {"no_account": 1}},
        "lasting": [{"key": "drift", "level": "critical", "ja": "見本", "en": "a sample", "since": now, "subjects": (_REQUEST,)}],
        "unsent": [{"id": _REQUEST, "notice": "rejected", "state": "failed", "request_state": "rejected"}],
        "still": [{"part": "console", "cause": "drift", "since": now}],
        "versions": {"bot": "1", "schema": "0001", "config": "0"},
    }  # fmt: skip
