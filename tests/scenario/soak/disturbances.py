"""What goes wrong during the soak: each disturbance lasts until operators were told of it, and the next waits until it is over."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bot.life import State
from bot.operation.alerts.catalogue import Trouble
from bot.sandbox.faults import AfterSubmit
from tests.scenario.soak.letters import Letters
from tests.scenario.soak.place import Place
from tests.scenario.soak.told import by_chat, by_mail
from tests.scenario.soak.vitals import heartbeat

_PATIENCE = 240
Steps = Iterator[None]


@dataclass(kw_only=True)
class Scene:
    """What a disturbance has to do with."""

    place: Place
    letters: Letters
    #: Seconds a disturbance lasts at least.
    lasts: float
    #: An operator resumes what stands still; else the bot looks again by itself.
    resumes: bool
    #: How often each trouble was made, and what did not come as it should.
    made: Counter[Trouble] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    #: Exit statuses of the lives that were ended.
    statuses: list[tuple[str, int]] = field(default_factory=list)
    acts: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def until(self, what: str, seen: Callable[[], bool], *, at_least: float = 0) -> Steps:
        """Wait until something is so; that it does not come to that is noted, and the soak goes on."""
        began = time.monotonic()
        while time.monotonic() - began < at_least or not seen():
            if time.monotonic() - began > _PATIENCE + at_least:
                self.missed.append(f"not within {_PATIENCE} s: {what}")
                return
            yield

    def told_begun(self, trouble: Trouble) -> Callable[[], bool]:
        """Return what tells whether the beginning of this trouble was told as often as it was made."""
        self.made[trouble] += 1
        return lambda: by_chat(self.place).begun[trouble] >= self.made[trouble]

    def told_over(self, trouble: Trouble) -> Steps:
        """Wait until it is told to be over."""
        if self.resumes:
            yield from self.act("resume", "--part", "all")
        yield from self.until(
            f"the end of {trouble} told", lambda: by_mail(self.place).over[trouble] >= self.made[trouble]
        )

    def act(self, *arguments: str) -> Steps:
        """Have an operator do something."""
        act = self.place.begin(*arguments, "--by", "吉澤", "--reason", "原因を取り除いた")
        self.acts.append(act)
        yield from self.until(f"the end of {arguments[0]}", lambda: act.poll() is not None)


@dataclass(frozen=True, kw_only=True)
class Disturbance:
    """One of them: when it begins, as a share of the whole soak, and what happens."""

    name: str
    at: float
    happens: Callable[[Scene], Steps]


def _console_down(scene: Scene) -> Steps:
    scene.place.server.stop()
    scene.letters.issue()
    yield from scene.until("an alert", scene.told_begun(Trouble.CONSOLE), at_least=scene.lasts)
    scene.place.server.start()
    yield from scene.told_over(Trouble.CONSOLE)


def _console_hangs(scene: Scene) -> Steps:
    scene.place.server.faults.silent = 1_000_000
    scene.letters.issue()
    yield from scene.until("an alert", scene.told_begun(Trouble.CONSOLE), at_least=scene.lasts)
    scene.place.server.faults.clear()
    yield from scene.told_over(Trouble.CONSOLE)


def _label(scene: Scene) -> Steps:
    renamed = scene.place.server.faults.renamed
    renamed[">初期パスワード（確認）</label>"] = ">別の名前</label>"
    scene.letters.issue()
    yield from scene.until("an alert", scene.told_begun(Trouble.DRIFT), at_least=scene.lasts)
    renamed.clear()
    yield from scene.told_over(Trouble.DRIFT)
    if scene.place.ask(lambda ledger: ledger.requests(states={State.STUCK})):
        yield from scene.act("rerun", "--stuck")


def _outbox(scene: Scene) -> Steps:
    """A file lies where the outbox was: nobody can write into it, not even root."""
    outbox = scene.place.outbox
    aside = outbox.rename(outbox.with_name("outbox-aside"))
    outbox.write_text("", encoding="utf-8")
    scene.letters.issue()
    yield from scene.until("an alert", scene.told_begun(Trouble.OUTGOING), at_least=scene.lasts / 3)
    outbox.unlink()
    aside.rename(outbox)
    yield from scene.told_over(Trouble.OUTGOING)


def _terminated(scene: Scene) -> Steps:
    yield from _ended(scene, signal.SIGTERM)


def _killed(scene: Scene) -> Steps:
    """Kill it when the console has made an account and not told yet."""
    faults = scene.place.server.faults
    faults.after_submit = AfterSubmit.HOLD_MADE
    scene.letters.issue()
    yield from scene.until("a submit", faults.arrived.is_set)
    yield from _ended(scene, signal.SIGKILL)
    faults.clear()


def _ended(scene: Scene, by: signal.Signals) -> Steps:
    life = scene.place.lives[-1]
    life.send_signal(by)
    yield from scene.until(f"the end by {by.name}", lambda: life.poll() is not None)
    scene.statuses.append((by.name, life.returncode))
    scene.place.serve()
    pid = scene.place.lives[-1].pid
    yield from scene.until("the new life", lambda: heartbeat(scene.place).get("pid") == pid)


#: In this order. The restarts come first, so that the last life is a long one.
ALL = (
    Disturbance(name="SIGTERM, and a new start", at=0.06, happens=_terminated),
    Disturbance(name="SIGKILL, and a new start", at=0.12, happens=_killed),
    Disturbance(name="the console is down", at=0.25, happens=_console_down),
    Disturbance(name="a label is changed, and changed back", at=0.40, happens=_label),
    Disturbance(name="the outbox can't be written", at=0.55, happens=_outbox),
    Disturbance(name="the console does not answer", at=0.68, happens=_console_hangs),
)
