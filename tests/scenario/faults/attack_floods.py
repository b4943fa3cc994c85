"""Attacks by mail alone: forged reports, floods of strangers, somebody else's name, an old mail sent again."""

from __future__ import annotations

from datetime import date, timedelta
from email.utils import format_datetime

from bot.life import State
from bot.model import ReadOutcome
from tests.scenario.faults.fault import Fault, nothing_is_left
from tests.scenario.faults.invariants import log_in
from tests.scenario.faults.scene import FIRST, Ran, Scene
from tests.unit.test_bounces import bounce

_NAMED = "0042875"
_STRANGERS, _MAILS = 60, 30
_AGAIN = "0009901"


def _forged(scene: Scene) -> Ran:
    """Two logins are delivered; a report with a guessed Message-ID says that the first came back, and one names nothing."""
    assert scene.run().status == 0
    name = scene.requests()[FIRST].id
    for number, about in enumerate(
        (f"<{name}.credentials.1@city.example.jp>", f"<{name}.credentials.1.{'0' * 24}@city.example.jp>")
    ):
        _put(scene, f"forged-{number}.eml", bounce(about=about))
    scene.others += [ReadOutcome.UNREADABLE] * 2
    return scene.run()


def _strangers(scene: Scene) -> Ran:
    """Strangers' mails are older than the applications, and each is a batch of its own."""
    for number in range(_STRANGERS):
        at = format_datetime(scene.now - timedelta(hours=5, seconds=-number))
        head = f"Received: from x by mx.city.example.jp; {at}\nMessage-ID: <j{number}@evil.example>\n"
        _put(
            scene,
            f"a-{number:02}.eml",
            f"{head}From: a{number}@evil.example\nSubject: offer\n\nBuy {number}.\n".encode(),
        )
    scene.others += [ReadOutcome.UNREADABLE] * _STRANGERS
    ran = scene.run()
    events = [stored.event for stored in scene.ask(lambda ledger: ledger.events())]
    mailed = [
        place for place, event in enumerate(events) if (event.action, event.outcome) == ("notice.credentials", "done")
    ]
    read = [place for place, event in enumerate(events) if event.action == "message.record"]
    assert len([place for place in read if place < mailed[-1]]) == len(scene.applied), "no stranger is read before"
    return ran


def _names_one(scene: Scene) -> Ran:
    past = date(scene.now.year - 1, 4, 1)
    for number in range(_MAILS):
        receipt = f"00099{number:02}"
        scene.house.apply(receipt, employee_no=_NAMED, days=[past], now=scene.now)
        scene.named[receipt] = {State.REJECTED}
    ran = scene.run()
    told = [file for file in scene.house.files("outbox") if ".rejected." in file.name]
    assert len(told) == 3, "as many as delivery.max_notices_per_day"
    return ran


def _replayed(scene: Scene) -> Ran:
    """A reissue is carried out; then its mail comes twice more under other Message-IDs."""
    assert scene.run().status == 0
    scene.house.apply(_AGAIN, employee_no=FIRST, days=[], now=scene.now, kind="再発行")
    content = (scene.house.path / "mailbox" / "inbox" / f"{_AGAIN}.eml").read_bytes()
    assert scene.run().status == 0
    for number in range(2):
        _put(scene, f"again-{number}.eml", content.replace(f"<{_AGAIN}@".encode(), f"<again-{number}@".encode()))
    ran = scene.run()
    assert scene.outcomes("password.reset").count("done") == 1
    states = sorted(
        one.state for one in scene.ask(lambda ledger: ledger.requests()) if one.application.receipt_no == _AGAIN
    )
    assert states == [State.DELIVERED, State.REJECTED, State.REJECTED]
    scene.named[_AGAIN] = set(states)
    newest = max(
        (sent for sent in scene.house.credentials() if FIRST in sent.login_id), key=lambda sent: sent.request_id
    )
    assert log_in(scene.server, newest, scene.days[-1]) == "/password", "the mailed password still works"
    return ran


def _put(scene: Scene, name: str, content: bytes) -> None:
    (scene.house.path / "mailbox" / "inbox" / name).write_bytes(content)


FAULTS = (
    Fault(
        name="a forged report that credentials came back", made="two reports from MAILER-DAEMON with guessed Message-IDs of a mail that was delivered",
        does="disables nothing: only a report that names the mail as the mail itself does is believed; keeps both as unreadable, and tells of them",
        says=("unreadable 2",), status=1, happens=_forged, resolves=nothing_is_left, short=True,
    ),
    Fault(
        name="a flood of strangers' mails", made=f"{_STRANGERS} mails of strangers, all older than the applications",
        does="reads known senders first, and mails their logins before it reads a stranger", says=("delivered 2",), status=1,
        happens=_strangers, resolves=nothing_is_left, changes={"mailbox": {"batch_seconds": 0}}, short=True,
    ),
    Fault(
        name="many mails in one employee's name", made=f"{_MAILS} applications for days that are past, all naming one employee",
        does="answers as many as `delivery.max_notices_per_day`, tells operators of the others in one alert; all stay on record",
        says=(f"! {_MAILS - 3} refusals and notices of what is held were not mailed",), status=1, happens=_names_one,
        resolves=nothing_is_left, changes={"delivery": {"max_notices_per_day": 3}},
    ),
    Fault(
        name="an old reissue is sent again", made="the mail of a reissue that was carried out comes twice more, under other Message-IDs",
        does="refuses both as repetitions, and sets no other password: the one that was mailed works", says=("rejected 2",), status=0,
        happens=_replayed, resolves=nothing_is_left, changes={"rules": {"automatic_kinds": ["issue", "reissue"]}},
    ),
)  # fmt: skip
