"""Attacks on what keeps two apart and what keeps others out: two settings for one ledger, two operators, an open umask, hidden files."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from bot.life import State
from bot.sandbox.faults import AfterSubmit
from tests.scenario.faults.fault import Fault, nothing_is_left
from tests.scenario.faults.scene import Ran, Scene

#: The bot does not make these: whoever made them decides who reads them.
_GIVEN = {"config.yaml", "staff.csv", "mailbox", "inbox"}


def _other_settings(scene: Scene) -> Ran:
    """A second `run` by a config.yaml in another folder, which comes to the ledger by a link, while the first is in mid-create."""
    link = scene.house.path.with_name("link")
    link.symlink_to(scene.house.path)
    raw = yaml.safe_load(scene.house.config.read_text(encoding="utf-8"))
    raw["ledger"]["url"] = f"sqlite:///{link}/ledger.sqlite3"
    raw["mailbox"]["path"], raw["staff"]["file"] = str(link / "mailbox"), str(link / "staff.csv")
    other = scene.house.path.with_name("other") / "config.yaml"
    other.parent.mkdir()
    other.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
    scene.server.faults.after_submit = AfterSubmit.HOLD_MADE

    def second() -> Ran:
        with scene.process(config=other) as running:
            return scene.ended(running)

    first, second_ran = scene.run_until_submit(second)
    assert first.status == 0
    return second_ran


def _two_operators(scene: Scene) -> Ran:
    """Two operators give `rerun --stuck` at the same moment, each in a process of their own."""
    scene.server.faults.renamed["新規ユーザーの登録確認"] = "登録内容のご確認"
    scene.run()
    scene.server.faults.clear()
    (name,) = [request.id for request in scene.requests().values() if request.state is State.STUCK]
    scene.resume()
    rerun = ("rerun", name, "--reason", "直した")
    with scene.process("--by", "吉澤", of=rerun) as one, scene.process("--by", "赤羽", of=rerun) as other:
        first, second = scene.ended(one), scene.ended(other)
    assert sorted([first.status, second.status]) == [0, 1], [first, second]
    assert scene.outcomes("request.rerun") == ["done"]
    return second if second.status else first


@contextmanager
def _open_umask() -> Iterator[None]:
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


def _everybody_may(scene: Scene) -> Ran:
    with _open_umask():
        ran = scene.run()
    loose = [str(path) for path in _made(scene.house.path) if path.stat().st_mode & 0o077]
    assert loose == [], "for their owner alone"
    made = {path.relative_to(scene.house.path).parts[0] for path in _made(scene.house.path)}
    assert made >= {"ledger.sqlite3", "ledger.sqlite3.lock", "log", "evidence", "screens", "mailbox"}, made
    return ran


def _made(place: Path) -> Iterator[Path]:
    """Yield what the bot has made; a mail that it only moved is as it came."""
    moved = {"processed", "rejected", "unreadable", "ignored"}
    yield from (path for path in place.rglob("*") if path.name not in _GIVEN and path.parent.name not in moved)


def _hidden(scene: Scene) -> Ran:
    """An application under a name that begins with a dot has lain in the inbox for a quarter of an hour."""
    (mail, *_) = scene.house.files("inbox")
    hidden = mail.rename(mail.with_name(f".{mail.name}"))
    before = time.time() - 900
    os.utime(hidden, (before, before))
    ran = scene.run()
    assert hidden.exists()
    hidden.rename(mail)
    return ran


FAULTS = (
    Fault(
        name="two settings for one ledger", made="a second `run` by a config.yaml in another folder, which comes to the ledger by a link",
        does="the second one stops before it touches anything: the lock stands beside the ledger's own file",
        says=("AlreadyRunning: another run holds …ledger.sqlite3.lock: process … on …, since …",), status=3,
        happens=_other_settings, resolves=nothing_is_left, short=True,
    ),
    Fault(
        name="two operators rerun one request", made="`rerun ID` twice at the same moment, after a drift that has been mended",
        does="does it once, and tells the other operator what state the request is in by now; the chain holds, no auditor is called",
        says=("! R-… is …", "show ID"), status=1, happens=_two_operators,
    ),
    Fault(
        name="everybody may read what is made", made="the umask is 0", does="makes every file and folder for its owner alone",
        says=("delivered 2",), status=0, happens=_everybody_may, resolves=nothing_is_left, changes={"console": {"evidence": "submit"}}, short=True,
    ),
    Fault(
        name="an application with a hidden name", made="a mail in the inbox folder whose name begins with a dot, a quarter of an hour old",
        does="leaves it where it is, since another program may be writing it, and tells of it until it is renamed or taken away",
        says=("note: 1 in the inbox are not read: .…eml",), status=0, happens=_hidden, short=True,
    ),
)  # fmt: skip
