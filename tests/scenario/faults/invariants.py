"""What must hold after every fault (DESIGN.md, Invariants), told by the console's users, the mails that went out, and logins."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime, time

import httpx

from bot.ledger.records import StoredEvent
from bot.life import State
from bot.model import ReadOutcome
from bot.sandbox.server import SandboxServer
from tests.house import ZONE, Sent
from tests.scenario.faults.scene import Scene

_CSRF = re.compile(r'name="csrf" value="([^"]+)"')
_LEFT = {"processed", "rejected", "unreadable", "ignored"}
#: The console's own words for what it has written, and our action that must have been on record first.
_WRITES = {"ユーザー登録": "account.create", "パスワード再設定": "password.reset", "無効化": "account.disable"}
#: What an operator reads of a pass that had no ledger to write to.
_NO_LEDGER = re.compile(r"LedgerBusy|the ledger \S+ (can't be|is locked)")


def must_hold(scene: Scene) -> None:
    """Check all invariants; the scene has come to its end."""
    _nothing_lost(scene)
    _nothing_doubled(scene)
    _every_newest_login_works(scene)
    _passwords_are_in_mails_alone(scene)
    _every_act_is_on_record(scene)


def log_in(server: SandboxServer, sent: Sent, day: date) -> str:
    """Log in on the user side with a mailed login on the morning of ``day``; returns the page it leads to."""
    server.users.clock.set(datetime.combine(day, time(8, 30), ZONE))  # type: ignore[attr-defined] # a scene's clock can be set
    with httpx.Client(base_url=server.url, follow_redirects=True) as browser:
        token = _CSRF.findall(browser.get("login").text)[0]
        answer = browser.post("login", data={"csrf": token, "user": sent.login_id, "password": sent.password})
        return answer.url.path


def _nothing_lost(scene: Scene) -> None:
    """Invariants 1 and 8: each mail is one message and one request, which came to its end, and left the inbox."""
    every = scene.applications()
    named = [one for one in every if one.application.receipt_no in scene.named]
    assert all(one.state in scene.named[one.application.receipt_no or ""] for one in named), "8: each came to its end"
    requests = [one for one in every if one not in named]
    receipts = sorted(one.application.receipt_no or "" for one in requests)
    assert receipts == sorted(scene.applied.values()), "1: each application is one request"
    messages = scene.ask(lambda ledger: ledger.messages())
    read = [ReadOutcome.APPLICATIONS] * (
        len(scene.applied) - scene.shared + len(named) + len(scene.besides - set(scene.applied))
    ) + scene.others
    read += [ReadOutcome.UNREADABLE] * scene.unreadable
    assert sorted(one.outcome for one in messages) == sorted(read), "1: one message each"
    assert scene.inbox() == 0, "1: nothing waits in the inbox"
    expected = {number: scene.ends.get(number, State.DELIVERED) for number in scene.applied}
    found = {one.application.employee_no: one.state for one in requests}
    assert found == expected, "8: each request came to its end"


def _nothing_doubled(scene: Scene) -> None:
    """Invariant 2: an account for each delivered request, made once."""
    ours = {f"tw{number}" for number in scene.applied if scene.ends.get(number, State.DELIVERED) is State.DELIVERED}
    there = {user.user_id for user in scene.server.users.search("tw")}
    assert there == ours | scene.strays, "2: the console has these accounts and no other"
    made = Counter(line.target for line in scene.server.users.log if line.action == "ユーザー登録")
    assert not [name for name, count in made.items() if count > 1], "2: each was made once"


def _every_newest_login_works(scene: Scene) -> None:
    """Invariants 2, 3 and 5: the newest mailed password of each opens the door, no older one, and it went home."""
    directory = scene.house.workshop().directory()
    by_login: dict[str, list[Sent]] = {}
    for sent in scene.house.credentials(as_sent=True):
        by_login.setdefault(sent.login_id, []).append(sent)
    delivered = {f"tw{number}" for number, one in scene.requests().items() if one.state is State.DELIVERED}
    assert set(by_login) >= delivered, "3: everybody has a mail"
    for login_id, mails in by_login.items():
        employee = directory.find(login_id.removeprefix("tw"))
        assert employee is not None
        assert {sent.to for sent in mails} == {employee.mail}, "5: credentials go home only"
        *older, newest = mails
        for sent in older:
            assert log_in(scene.server, sent, scene.days[-1]) == "/login", "2: an older password is dead"
        if login_id in delivered:
            assert log_in(scene.server, newest, scene.days[-1]) == "/password", "3: the newest password works"


def _passwords_are_in_mails_alone(scene: Scene) -> None:
    """Invariant 4: in no file but the mail, and in nothing that was printed."""
    canaries = [sent.password for sent in scene.house.credentials()] + [scene.server.password]
    for file, content in scene.house.left_behind(but=["mailbox/outbox"]).items():
        assert not any(canary.encode() in content for canary in canaries), f"4: {file}"
    assert not any(canary in ran.said for canary in canaries for ran in scene.ran), "4: printed"


def _every_act_is_on_record(scene: Scene) -> None:
    """Invariant 7: the chain is whole, each write and each mail was intended on record, and no intent is left open."""
    assert scene.ask(lambda ledger: ledger.verify()).ok, "7: the chain is whole"
    events = scene.ask(lambda ledger: ledger.events())
    intended = Counter(
        (one.event.action, str(one.event.details.get("login_id"))) for one in events if one.event.outcome == "intended"
    )
    by_us = [line for line in scene.server.users.log if line.admin == "bot-admin" and line.action in _WRITES]
    written = Counter((_WRITES[line.action], line.target) for line in by_us)
    unrecorded = {what for what, count in written.items() if count > intended[what] and what[1] not in scene.strays}
    assert not unrecorded, "7: each write in the console was intended on record"
    told = {one.event.details.get("message_id") for one in events if one.event.outcome == "intended"}
    mails = scene.sent_ids()
    alerts = {one for one in mails if one.startswith("<conditions-")}  # on record by what they tell
    assert mails - alerts <= told, "7: each mail was intended on record"
    off_record = sum(
        _NO_LEDGER.search(ran.said) is not None for ran in scene.ran
    )  # what can't be written can't be told there
    assert len(alerts) <= intended["notice.conditions", "None"] + off_record, "7: each alert was intended on record"
    assert not _open(events), "7: each intent has its outcome"


def _open(events: tuple[StoredEvent, ...]) -> list[str]:
    """Return the acts on requests that were intended and of which nothing is said later; a look settles what was unknown."""
    left: dict[tuple[str | None, str], int] = {}
    for stored in events:
        event = stored.event
        if event.request_id is None:
            continue
        if event.action == "account.find":
            left = {key: seq for key, seq in left.items() if key[0] != event.request_id}
        key = (event.request_id, event.action)
        if event.outcome == "intended":
            left[key] = stored.seq
        elif event.outcome in {"done", "failed", "unknown"}:
            left.pop(key, None)
    return [f"{name} {action}" for name, action in left]
