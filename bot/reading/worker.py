"""The reading process: reads messages one by one until nobody sends any more. It knows the forms, and no secret.

It is given bytes that anybody may have written. So it may use only so much memory, writes no file, leaves no core dump, and
ends by itself a little after its time, also when whoever started it is gone and its own code hangs.
"""

from __future__ import annotations

import faulthandler
import gc
import importlib
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from zoneinfo import ZoneInfo

from bot.model import Message, Reading
from bot.reading.protocol import Frame, Setup, encoded, message_of, receive, send
from bot.settings.forms import FormsSettings

#: Leads nowhere.
_STDERR = 2
#: Seconds in which it is ready, or ends.
_STARTING = 120.0
#: Seconds it outlives the limit of a message: by then whoever started it has ended it, or is gone.
_OUTLIVES = 2.0
#: Of the memory for a message; what has used more leaves the next one too little.
_WORN = 0.5
#: Bytes that this process is taken to have, where the system does not tell.
_UNKNOWN = 512 * 2**20
#: Bytes for the libraries that read tables: they are loaded with the first table, as they make up two thirds of a start.
_LIBRARIES = 192 * 2**20


class Reads(Protocol):
    """What reads a message."""

    def read(self, message: Message) -> Reading:
        """As :meth:`bot.intake.reader.Reader.read`."""
        ...


class Makes(Protocol):
    """What makes one from the settings, as :class:`bot.intake.reader.Reader` does."""

    def __call__(self, forms: FormsSettings, *, zone: ZoneInfo, own_address: str) -> Reads:
        """Return what reads."""
        ...


def main(target: str, seconds: float, memory_mb: int) -> None:
    """Read what comes on stdin by the class that ``target`` names as ``module:Class``, and answer on stdout."""
    requests, answers = _channels()
    _end_within(_STARTING)
    setup = receive(requests)
    if setup is None:
        return
    reader = _made(target, Setup.decoded(setup[1]))
    memory = Memory(memory_mb)
    gc.collect()
    gc.freeze()  # what is there now stays: it need not be gone through while a message is read
    send(answers, Frame.READY, json.dumps({"limited": memory.limit()}).encode("ascii"))
    _end_within(0)
    while asked := receive(requests):
        _end_within(seconds + _OUTLIVES)
        if not _answer(reader, message_of(asked[1]), answers, memory):
            return
        _end_within(0)


def _end_within(seconds: float) -> None:
    """Have this process ended after so many seconds whatever it does then: the interpreter is not asked. 0: not at all."""
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)
    elif seconds:
        faulthandler.dump_traceback_later(seconds, exit=True, file=_STDERR)
    else:
        faulthandler.cancel_dump_traceback_later()


def _channels() -> tuple[BinaryIO, BinaryIO]:
    """Return where requests come from and answers go; what a library prints goes nowhere."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return requests, answers


def _made(target: str, setup: Setup) -> Reads:
    module, _, name = target.partition(":")
    make: Makes = getattr(importlib.import_module(module), name)
    return make(setup.forms, zone=ZoneInfo(setup.zone), own_address=setup.own_address)


def _answer(reader: Reads, message: Message, answers: BinaryIO, memory: Memory) -> bool:
    """Read a message and say what it is; return whether to go on to the next."""
    try:
        answer = encoded(reader.read(message))
    except MemoryError:
        send(answers, Frame.NO_MEMORY)
        return False
    worn = memory.worn()
    send(answers, Frame.LAST if worn else Frame.READING, answer)
    return not worn


class Memory:
    """The memory of this process: what it has now and may load, and so much more for a message."""

    def __init__(self, for_message_mb: int) -> None:
        self._room = for_message_mb * 2**20
        self._before = _used() + _LIBRARIES

    def limit(self) -> bool:
        """Have the system refuse more; returns whether it does."""
        if sys.platform == "win32":
            return _limit_job(self._before + self._room)
        return _limit_process(self._before + self._room)

    def worn(self) -> bool:
        """Tell whether so much is used still that the next message would be short of it."""
        return _used() - self._before > self._room * _WORN


def _used() -> int:
    """Return how much address space is used."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        return _UNKNOWN
    return pages * os.sysconf("SC_PAGE_SIZE")


def _limit_process(memory: int) -> bool:
    import resource  # noqa: PLC0415 - POSIX alone has it

    with suppress(OSError):  # where memory runs out all the same, this process goes first
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    for name, most in (("RLIMIT_CORE", 0), ("RLIMIT_FSIZE", 0), ("RLIMIT_NOFILE", 64)):
        _set(getattr(resource, name), most)
    return _set(resource.RLIMIT_AS, memory)


def _set(kind: int, most: int) -> bool:
    import resource  # noqa: PLC0415 - POSIX alone has it

    _, hard = resource.getrlimit(kind)
    value = most if hard == resource.RLIM_INFINITY else min(most, hard)
    try:
        resource.setrlimit(kind, (value, hard))
    except (OSError, ValueError):
        return False
    return True


def _limit_job(memory: int) -> bool:
    """Put this process into a job object that may hold so much memory (Windows)."""
    import ctypes  # noqa: PLC0415 - needed there alone

    class Limits(ctypes.Structure):
        """JOBOBJECT_EXTENDED_LIMIT_INFORMATION."""

        _fields_ = [
            ("times", ctypes.c_int64 * 2), ("flags", ctypes.c_uint32), ("working_set", ctypes.c_size_t * 2),
            ("processes", ctypes.c_uint32), ("affinity", ctypes.c_size_t), ("classes", ctypes.c_uint32 * 2),
            ("transfers", ctypes.c_uint64 * 6), ("process_memory", ctypes.c_size_t), ("rest", ctypes.c_size_t * 3),
        ]  # fmt: skip

    kernel: Any = getattr(ctypes, "WinDLL")("kernel32", use_last_error=True)  # noqa: B009 - typed on Windows alone
    kernel.CreateJobObjectW.restype = kernel.GetCurrentProcess.restype = ctypes.c_void_p
    job, process = ctypes.c_void_p(kernel.CreateJobObjectW(None, None)), ctypes.c_void_p(kernel.GetCurrentProcess())
    process_memory, extended_information = 0x100, 9
    limits = Limits(flags=process_memory, process_memory=memory)
    told = kernel.SetInformationJobObject(job, extended_information, ctypes.byref(limits), ctypes.sizeof(limits))
    return bool(told and kernel.AssignProcessToJobObject(job, process))
