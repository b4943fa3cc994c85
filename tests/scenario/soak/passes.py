"""What the record says of the passes: whether two overlapped, how long they took, whether polls were left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median, quantiles

from bot.ledger.records import StoredEvent
from tests.scenario.soak.place import Place
from tests.scenario.soak.verdict import Line, holds

#: What a pass counts when it has something to do.
_WORK = ("messages", "delivered", "rejected", "revoked", "waiting", "problems")


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One pass, from its first event to its last; ``ended`` is missing when the process was killed in it."""

    began: StoredEvent
    ended: StoredEvent | None

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.ended.at - self.began.at).total_seconds() if self.ended else 0.0

    @property
    def worked(self) -> bool:
        """Whether it had anything to do."""
        return self.ended is None or any(self.ended.event.details.get(name) for name in _WORK)


def made(place: Place) -> list[Pass]:
    """Return all passes, in the order in which they began."""
    events = [one for one in place.ask(lambda ledger: ledger.events()) if one.event.action == "run"]
    ends = {one.run.id: one for one in events if one.event.outcome != "intended"}
    return [Pass(began=one, ended=ends.get(one.run.id)) for one in events if one.event.outcome == "intended"]


def lines(passes: Sequence[Pass], *, every: float, killed: int, breaks: int) -> Iterator[Line]:
    """Yield the verdict on the passes; in ``breaks`` there was no bot, or a person worked."""
    cut = sum(one.ended is None for one in passes)
    wrong = [f"the one of {after.began.at:%H:%M:%S} began in that of {before.began.at:%H:%M:%S}"
             for before, after in pairwise(passes) if before.ended and after.began.seq < before.ended.seq]  # fmt: skip
    wrong += [f"{cut} never ended, and {killed} were killed"] if cut > killed else []
    yield holds("passes never overlap", wrong, f"{len(passes)} passes, {cut} cut off by SIGKILL")
    gaps = [(after.began.at - before.ended.at).total_seconds() for before, after in pairwise(passes) if before.ended]
    late = [f"{gap:.0f} s passed between two passes" for gap in gaps if gap > 3 * every]
    yield holds(
        "polls are done when they are due", late if len(late) > breaks else [], _figures(passes, every),
        wanted=f"at most {breaks} gaps of more than {3 * every:g} s (restarts, operators' acts); what comes due during a pass is done once, after it",
    )  # fmt: skip


def _figures(passes: Sequence[Pass], every: float) -> str:
    whole = (passes[-1].began.at - passes[0].began.at).total_seconds()
    took = [one.seconds for one in passes if one.ended] or [0.0]
    idle = [one.seconds for one in passes if one.ended and not one.worked] or [0.0]
    high = quantiles(took, n=20)[-1] if len(took) > 1 else took[0]
    return (
        f"{len(passes)} done, {whole / every:.0f} due; a pass took {median(took):.1f} s (95 %: {high:.1f} s, most {max(took):.1f} s), "
        f"one with nothing to do {median(idle):.2f} s"
    )
