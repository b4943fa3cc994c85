"""Messages read in a process of its own: what is wrong with one costs the bot that process, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from loguru import logger

from bot.errors import ReadingFailed, Unusable
from bot.model import Message, Reading
from bot.reading.protocol import LONGEST_ANSWER, Frame, Garbled, Setup, decoded, message_content, receive, send

_ROOT = Path(__file__).resolve().parent.parent.parent
_READER = "bot.intake.reader:Reader"
_BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); from bot.reading.worker import main; "
    "main(sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))"
)
#: Of the environment; nothing else of it is needed to read, and it may hold secrets.
_PASSED = ("SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG", "LC_ALL", "TZ")
#: Seconds in which the process has to be ready: on a loaded machine it takes a few.
_STARTING = 120.0
#: How often a message is read before it is given up.
ATTEMPTS = 2


class Failure(StrEnum):
    """Why the reading of a message was broken off, in words."""

    #: It was killed at the end of its time.
    TIME = "時間内に読み終わりませんでした（forms.read_seconds） / it took longer than forms.read_seconds"
    #: The system refused it more memory.
    MEMORY = "メモリが足りません（forms.read_memory_mb） / it needs more memory than forms.read_memory_mb"
    #: It crashed, or something killed it.
    ENDED = "読み取りのプロセスが異常終了しました / the process that read it died"
    #: What it answered is no reading of this message.
    ANSWER = "読み取りの結果が壊れています / what the process that read it answered is no reading"
    #: The bot itself ended each time while the message was being read.
    BOT_ENDED = "読み取り中にプログラムが繰り返し終了しました / the program itself ended again and again while it was being read"


class IsolatedReader:
    """Reads messages as :class:`bot.intake.reader.Reader` does, in one warm process that is replaced when it dies.

    The process is started when the first message comes, and ends with this object or the program, however that ends.
    """

    def __init__(self, setup: Setup, *, seconds: float, memory_mb: int, target: str = _READER) -> None:
        """``seconds`` and ``memory_mb``: what one message may take; ``target``: what reads, as ``module:Class``."""
        self.seconds = seconds
        self._setup = setup
        self._arguments = (str(_ROOT), target, str(seconds), str(memory_mb))
        self._lock = threading.Lock()
        self._process: _Process | None = None
        self._end: weakref.finalize[..., IsolatedReader] | None = None

    def read(self, message: Message, *, seconds: float | None = None) -> Reading:
        """Return what the message holds; raises ``ReadingFailed`` when that was broken off, after ``seconds`` at most.

        Raises ``Unusable`` when the process can't be started, which is no fault of the message.
        """
        with self._lock:
            process = self._ready()
            try:
                reading, goes_on = process.ask(message, min(seconds or self.seconds, self.seconds))
            except BaseException:
                self._drop()
                raise
            if not goes_on:
                self._drop()
            return reading

    def read_or_give_up(self, message: Message) -> Reading:
        """Return what the message holds; one whose reading was broken off is read again, and is unreadable then."""
        for _ in range(ATTEMPTS):
            try:
                return self.read(message)
            except ReadingFailed as error:
                reason = error.reason
        return Reading.of_undecoded(message, reason)

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._drop()

    def _ready(self) -> _Process:
        if self._process is None or not self._process.lives():
            self._drop()
            self._process = _Process(self._arguments)
            self._end = weakref.finalize(self, self._process.end)
            try:
                self._process.set_up(self._setup)
            except BaseException:
                self._drop()
                raise
        return self._process

    def _drop(self) -> None:
        if self._end:
            self._end()
        self._process = self._end = None


class Readers:
    """Keeps readers, each with its process, for as long as the settings stay: one pass after the other uses the same."""

    def __init__(self, *, most: int = 1, target: str = _READER) -> None:
        """``most``: so many are kept; ``target``: what reads, as ``module:Class``."""
        self._most, self._target = most, target
        self._kept: list[tuple[Setup, float, int, IsolatedReader]] = []
        self._lock = threading.Lock()

    def of(self, setup: Setup, *, seconds: float, memory_mb: int) -> IsolatedReader:
        """Return the reader for these settings; one that is kept no longer ends when nobody uses it."""
        with self._lock:
            for *known, reader in self._kept:
                if known == [setup, seconds, memory_mb]:
                    return reader
            reader = IsolatedReader(setup, seconds=seconds, memory_mb=memory_mb, target=self._target)
            self._kept = [*self._kept, (setup, seconds, memory_mb, reader)][-self._most :]
            return reader


class _Process:
    """One process that reads, from its start to its end."""

    def __init__(self, arguments: tuple[str, ...]) -> None:
        caches = [] if sys.pycache_prefix is None else ["-X", f"pycache_prefix={sys.pycache_prefix}"]
        compiled = ["-B"] if sys.flags.dont_write_bytecode else []
        command = [sys.executable, "-I", "-X", "utf8", *caches, *compiled, "-c", _BOOT, *arguments]
        try:
            # In a group of its own: Ctrl-C at a terminal is for the bot, which finishes what is in hand.
            self._popen = subprocess.Popen(  # noqa: S603 - this program's own interpreter
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=_ROOT,
                env=_environment(os.environ), process_group=0 if os.name == "posix" else None,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )  # fmt: skip
        except OSError as error:
            raise Unusable(f"the process that reads mails can't be started: {error.strerror}") from error
        self._time = _TimeLimit(self._kill)

    def set_up(self, setup: Setup) -> None:
        """Tell it what to read by; raises ``Unusable`` when it does not come to be ready."""
        try:
            with self._time.within(_STARTING):
                send(self._requests, Frame.SETUP, setup.encoded())
                answer = receive(self._answers, longest=LONGEST_ANSWER)
        except (OSError, Garbled):
            answer = None
        if answer is None or answer[0] is not Frame.READY:
            self._kill()
            status = self._popen.wait()
            raise Unusable(
                f"the process that reads mails did not start (exit status {status}): run `check`, look at the memory"
            )
        if not json.loads(answer[1]).get("limited"):
            logger.warning("this system does not limit the memory of the process that reads mails")

    def ask(self, message: Message, seconds: float) -> tuple[Reading, bool]:
        """Return the reading of a message, and whether the process is good for another; raises ``ReadingFailed``."""
        answer = None
        try:
            with self._time.within(seconds):
                send(self._requests, Frame.MESSAGE, message_content(message))
                answer = receive(self._answers, longest=LONGEST_ANSWER)
            if answer and answer[0] in {Frame.READING, Frame.LAST}:
                return decoded(answer[1], message), answer[0] is Frame.READING
        except OSError:
            answer = None  # it reads no longer: it has died
        except Garbled as error:
            logger.error("the process that reads mails answered what is no reading: {}", error)
            raise ReadingFailed(Failure.ANSWER) from error
        if answer is None:
            raise ReadingFailed(Failure.TIME if self._time.over else Failure.ENDED)
        raise ReadingFailed(Failure.MEMORY if answer[0] is Frame.NO_MEMORY else Failure.ANSWER)

    def lives(self) -> bool:
        """Tell whether it can be asked."""
        return self._popen.poll() is None

    def end(self) -> None:
        """End it, whatever it does."""
        self._kill()
        self._time.end()
        self._popen.wait()
        for pipe in (self._requests, self._answers):
            with suppress(OSError):  # what was to be written is for nobody any more
                pipe.close()

    def _kill(self) -> None:
        with suppress(OSError):
            self._popen.kill()

    @property
    def _requests(self) -> BinaryIO:
        return _there(self._popen.stdin)

    @property
    def _answers(self) -> BinaryIO:
        return _there(self._popen.stdout)


class _TimeLimit:
    """Kills what has not answered in time, from a thread of its own: that ends a read and a write alike, on every system."""

    def __init__(self, kill: Callable[[], None]) -> None:
        self._kill = kill
        self._changed = threading.Condition()
        self._ends: float | None = None
        #: When the thread looks again: a later end need not wake it.
        self._looks = float("inf")
        self._ended = False
        #: The time was over, and it was killed for that.
        self.over = False
        threading.Thread(target=self._watch, name="reading-time", daemon=True).start()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Kill it when the block lasts longer."""
        self._set(time.monotonic() + seconds)
        try:
            yield
        finally:
            self._set(None)

    def end(self) -> None:
        """Watch no longer."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    def _set(self, ends: float | None) -> None:
        with self._changed:
            self._ends = ends
            if ends is not None and ends < self._looks:
                self._changed.notify()

    def _watch(self) -> None:
        with self._changed:
            while not self._ended:
                now = time.monotonic()
                if self._ends is not None and self._ends <= now:
                    self.over, self._ends = True, None
                    self._kill()
                left = None if self._ends is None else self._ends - now
                self._looks = float("inf") if left is None else now + left
                self._changed.wait(left)


def _environment(of: Mapping[str, str]) -> dict[str, str]:
    """Return what of an environment the process gets, with one thread for numbers: it counts none."""
    passed = {name: of[name] for name in _PASSED if name in of}
    return {**passed, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def _there(pipe: object) -> BinaryIO:
    if pipe is None:
        raise Unusable("the process that reads mails has no pipes")
    return pipe  # type: ignore[return-value]  # both were asked for
