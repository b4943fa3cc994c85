"""What the reading process reads by in tests: the true reader, and what a hostile message may make of it, whatever parser is at fault."""

from __future__ import annotations

import json
import os
import re
import signal
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

from bot.intake.reader import Reader
from bot.model import Message, Reading, ReadOutcome

TARGET = "tests.reading_targets:Poisoned"
#: Answers begin here: what is not standard input, output or error.
_FIRST = 3


class Poisoned(Reader):
    """Reads as the true reader does, but a message with one of the words of :data:`POISONS` does what that says."""

    def read(self, message: Message) -> Reading:
        """See :meth:`Reader.read`."""
        for word, does in POISONS.items():
            if word in message.content:
                return does(message)
        return super().read(message)


def _hangs(_message: Message) -> NoReturn:
    """Never end, in one call of C that keeps the interpreter's lock."""
    re.match(r"(a|a)*$", "a" * 60 + "b")
    raise AssertionError("it ended")


def _sleeps(message: Message) -> Reading:
    """Take a while."""
    time.sleep(0.5)
    return _said("slept", message)


def _bursts(_message: Message) -> NoReturn:
    """Take all the memory there is."""
    taken = [bytes(2**24)]
    while True:
        taken.append(bytes(2**24))


def _leaves(_message: Message) -> NoReturn:
    """End the process."""
    os._exit(3)


def _is_killed(_message: Message) -> NoReturn:
    """Be killed, as by the system when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("it lives")


def _babbles(_message: Message) -> NoReturn:
    """Answer what is no frame."""
    for descriptor in range(_FIRST, 20):
        try:
            os.write(descriptor, b"\xff" * 64)
        except OSError:
            continue
    os._exit(0)


def _boasts(_message: Message) -> NoReturn:
    """Announce an answer of gigabytes."""
    for descriptor in range(_FIRST, 20):
        try:
            os.write(descriptor, b"R\xff\xff\xff\xff")
        except OSError:
            continue
    while True:
        time.sleep(60)


def _lies(message: Message) -> Reading:
    """Say that the message came a day earlier."""
    reading = _said("", message)
    earlier = replace(reading.identity, received_at=message.received_at - timedelta(days=1))
    return replace(reading, identity=earlier)


def _tells(message: Message) -> Reading:
    """Say what it knows: its environment, its arguments and its open files."""
    open_files = {}
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the one by which they are listed is closed
            open_files[descriptor.name] = str(descriptor.readlink())
    return _said(json.dumps({"environment": dict(os.environ), "files": open_files, "group": os.getpgid(0)}), message)


def _writes(message: Message) -> Reading:
    """Try to leave a file behind."""
    try:
        with tempfile.TemporaryFile() as file:
            file.write(b"x" * 10)
    except OSError:  # the place for temporary files is looked for by writing into each
        return _said("refused", message)
    return _said("written", message)


def _halves(message: Message) -> Reading:
    """Give a text that is no text: half of a character."""
    return _said("a\udc80b", message)


def _said(reason: str, message: Message) -> Reading:
    return replace(Reading.of_undecoded(message, reason), outcome=ReadOutcome.IGNORED)


#: The word in a message, and what becomes of reading it.
POISONS: Mapping[bytes, Callable[[Message], Reading]] = {
    b"POISON-HANGS": _hangs, b"POISON-SLEEPS": _sleeps, b"POISON-BURSTS": _bursts, b"POISON-LEAVES": _leaves,
    b"POISON-IS-KILLED": _is_killed, b"POISON-BABBLES": _babbles, b"POISON-BOASTS": _boasts, b"POISON-LIES": _lies,
    b"POISON-TELLS": _tells, b"POISON-WRITES": _writes, b"POISON-HALVES": _halves,
}  # fmt: skip
