"""What may not grow: memory, open files, threads, processes, the log; judged by slopes, never by speed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from tests.scenario.soak.verdict import Line, holds
from tests.scenario.soak.vitals import MEASURABLE, Look, Vitals, growth

#: A shorter while tells nothing about what grows.
_LEAST_SECONDS = 300
#: Memory that a pass may leave behind, in KB: less than what looks differ by can't be told.
_KB_A_PASS = 16
#: Bytes of log that a pass may write on average.
_LOG_A_PASS = 6_000
_HEARTBEAT_SECONDS = 75


def lines(vitals: Vitals, passes: int, *, calm: float) -> Iterator[Line]:
    """Yield the verdict on the processes; ``passes`` were made in the last life.

    What grows is judged from the second ``calm`` on, when everything that can happen has happened once: until then
    libraries are loaded, caches and the allocator's arenas fill.
    """
    if not MEASURABLE:
        yield Line(
            name="processes", ok=True, found="left out: memory, files and processes are looked at under Linux alone"
        )
        return
    life = [one for one in vitals.looks if one.life == vitals.looks[-1].life]
    warm = [one for one in life if one.seconds >= calm] or life
    short = warm[-1].seconds - warm[0].seconds < _LEAST_SECONDS
    yield _memory(life, warm, passes, short=short)
    yield _level("open files stay level", warm, "files", short=short)
    yield _level("threads stay level", warm, "threads", short=short)
    yield _processes(vitals)
    yield _heartbeat(vitals.looks)
    yield _log(life, passes)


def _memory(life: Sequence[Look], warm: Sequence[Look], passes: int, *, short: bool) -> Line:
    span = life[-1].seconds - life[0].seconds
    an_hour = growth(warm, "own")
    a_pass = an_hour * 1024 * span / 3600 / max(passes, 1)
    quarter = len(warm) // 4 + 1
    first, last = (median(one.own for one in part) for part in (warm[:quarter], warm[-quarter:]))
    idle = [one.tree for one in warm if one.idle] or [0.0]
    found = (
        f"what the bot holds alone {first:.1f} MB after warm-up, {last:.1f} MB at the end ({an_hour:+.1f} MB/h, {a_pass:+.1f} KB a pass); "
        f"PSS with browser at most {max(one.tree for one in life):.0f} MB, without {median(idle):.0f} MB"
    )
    return Line(
        name="memory is flat", ok=short or a_pass <= _KB_A_PASS, found=_judgeable(found, short=short),
        wanted=f"at most {_KB_A_PASS} KB a pass",
    )  # fmt: skip


def _judgeable(found: str, *, short: bool) -> str:
    return f"{found} - too short to judge" if short else found


def _level(name: str, warm: Sequence[Look], figure: str, *, short: bool) -> Line:
    """Between passes it is at the end what it was after the warm-up."""
    idle = [int(getattr(one, figure)) for one in warm if one.idle]
    if len(idle) < 4:
        return Line(name=name, ok=True, found="too few moments without a browser to judge")
    third = len(idle) // 3 + 1
    first, last = median(idle[:third]), median(idle[-third:])
    found = f"{first:g} after warm-up, {last:g} at the end, at most {max(getattr(one, figure) for one in warm)}"
    return Line(
        name=name, ok=short or last <= first + 2, found=_judgeable(found, short=short), wanted="at most 2 more between passes"
    )  # fmt: skip


def _processes(vitals: Vitals) -> Line:
    wrong = [*(f"{one} is a zombie" for one in vitals.zombies), *(f"{one} was left behind" for one in vitals.orphans)]
    most = max(one.below for one in vitals.looks)
    return holds(
        "no process is left behind", wrong, f"at most {most} below the bot, none of an ended life after three looks"
    )


def _heartbeat(looks: Sequence[Look]) -> Line:
    oldest = max(one.heartbeat for one in looks)
    return Line(
        name="the heartbeat is fresh", ok=oldest <= _HEARTBEAT_SECONDS, found=f"at most {oldest:.0f} s old",
        wanted=f"at most {_HEARTBEAT_SECONDS} s",
    )  # fmt: skip


def _log(life: Sequence[Look], passes: int) -> Line:
    grown = life[-1].log_bytes - life[0].log_bytes
    each = grown / max(passes, 1)
    found = f"{life[-1].log_bytes / 1e6:.1f} MB, {each / 1000:.1f} KB a pass; var {life[-1].var_bytes / 1e6:.1f} MB"
    return Line(
        name="the log grows with the work alone",
        ok=each <= _LOG_A_PASS,
        found=found,
        wanted=f"at most {_LOG_A_PASS / 1000:g} KB a pass",
    )
