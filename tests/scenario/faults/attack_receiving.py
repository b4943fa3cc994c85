"""Faults of single mails: one that the server does not give, one that it does not move, one that nobody stamped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.life import State
from bot.sandbox.postoffice import BOT
from tests.house import without_received
from tests.imap_kit import OddServer, odd_server
from tests.scenario.faults.at_mail import mail_servers
from tests.scenario.faults.fault import Fault, nothing_is_left
from tests.scenario.faults.scene import FIRST, Ran, Scene


@contextmanager
def _odd(scene: Scene) -> Iterator[tuple[OddServer, tuple[str, ...], Path]]:
    """Give the man in the middle before the IMAP server, what leads a pass over it, and where sent mails are kept."""
    with mail_servers(scene) as sink, odd_server(scene.office()) as server:
        over_it = ("--set", f"mailbox.imap.port={server.port}", "--set", "mailbox.imap.tls=none")
        yield server, over_it, sink.outbox


def _alerts(outbox: Path) -> int:
    return len([file for file in outbox.iterdir() if "conditions" in file.name])


def _not_given(scene: Scene) -> Ran:
    """Two passes without the mail, and one with it."""
    with _odd(scene) as (server, over_it, outbox):
        server.refuse("UID FETCH 1 ", "TAG NO [SERVERBUG] Internal error occurred.")
        ran = scene.run(*over_it)
        assert (scene.inbox(), scene.states(), _alerts(outbox)) == (1, ["delivered"], 0)
        assert scene.run(*over_it).status == 1
        assert _alerts(outbox) == 1
        server.well()
        assert scene.run(*over_it).status == 0
    return ran


def _not_moved(scene: Scene) -> Ran:
    """Two passes that can't move, and one that can; what is on record is fetched once."""
    with _odd(scene) as (server, over_it, outbox):
        server.refuse("UID (MOVE|COPY)", "TAG NO [OVERQUOTA] Quota exceeded")
        ran = scene.run(*over_it)
        asked = server.count("BODY.PEEK")
        assert (scene.inbox(), scene.states(), _alerts(outbox)) == (2, ["delivered"] * 2, 0)
        assert scene.run(*over_it).status == 1
        assert (server.count("BODY.PEEK"), _alerts(outbox)) == (asked, 1)
        server.well()
        assert scene.run(*over_it).status == 0
    return ran


def _not_stamped(scene: Scene) -> Ran:
    """The first application has no Received line, and the server has no date for it."""
    with _odd(scene) as (server, over_it, _):
        (mail,) = [file for file in scene.office().mails(BOT) if scene.applied[FIRST] in file.name]
        mail.write_bytes(without_received(mail.read_bytes()))
        uid = 1 + scene.office().mails(BOT).index(mail)
        server.rewrites = lambda line: (
            re.sub(rb'INTERNALDATE "[^"]+"', b'INTERNALDATE "00-Jan-0000 00:00:00 +0000"', line)
            if line.startswith(b"* %d " % uid)
            else line
        )
        ran = scene.run(*over_it)
        scene.ends[FIRST] = State.HELD
    return ran


FAULTS = (
    Fault(
        name="a mail can't be fetched", made="the IMAP server answers NO to every question about one mail",
        does="reads the others; tells the operators when the next pass can't have it either, and its end; takes it in once it is given",
        says=("Unfetched: UID 1, …: the server does not give it (error: fetch failed: [SERVERBUG]", "open the mail yourself, handle it"),
        status=1, happens=_not_given, resolves=nothing_is_left,
    ),
    Fault(
        name="a mail can't be filed", made="the IMAP server answers NO [OVERQUOTA] to every move",
        does="goes on with what is on record, fetches it no more, tells the operators when the next pass can't move it either, moves it once it may",
        says=("Unfiled: the mailbox is full: nothing can be moved to processed; make room in it", "look at the mailbox's room"),
        status=1, happens=_not_moved, resolves=nothing_is_left,
    ),
    Fault(
        name="a mail has no receipt time", made="the IMAP server says 00-Jan-0000, and no Received line stands in the mail",
        does="holds that application: nobody knows whether it is in time; the others go on", says=("held 1",),
        status=1, happens=_not_stamped, resolves=nothing_is_left, short=True,
    ),
)  # fmt: skip
