"""Whatever a message does to the process that reads it, the bot goes on, and the next message is read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.errors import ReadingFailed, Unusable
from bot.intake.reader import Reader
from bot.mail.folder import message_from_file
from bot.model import Message, ReadOutcome
from bot.reading.isolated import Failure, IsolatedReader, Readers
from bot.reading.protocol import Setup
from tests.house import FORMS, FRIDAY, ROOT, ZONE
from tests.reading_targets import TARGET

SETUP = Setup(forms=FORMS, zone="Asia/Tokyo", own_address="telework-id@city.example.jp")
APPLICATION = "From: noreply@apply.city.example.jp\r\nSubject: x\r\n\r\n職員番号：0048213\r\n氏名：髙橋\r\n利用日：2021/8/3\r\n".encode()


@pytest.fixture(scope="module")
def reader() -> Iterator[IsolatedReader]:
    """A reader whose process can be poisoned."""
    made = IsolatedReader(SETUP, seconds=20, memory_mb=256, target=TARGET)
    yield made
    made.close()


def message(content: bytes, name: str = "a.eml") -> Message:
    """Return a message."""
    return Message(locator=name, name=name, received_at=FRIDAY, content=content)


def reads_on(reader: IsolatedReader) -> bool:
    """Tell whether an application is read."""
    reading = reader.read(message(APPLICATION))
    return [application.employee_no for application in reading.applications] == ["0048213"]


def process_of(reader: IsolatedReader) -> int:
    """Return the process that reads."""
    assert reader._process
    return reader._process._popen.pid


def test_it_reads_as_the_reader_does() -> None:
    """Every sample comes out of the process as it comes out of the reader, where each field came from included."""
    here = Reader(SETUP.forms, zone=ZONE, own_address=SETUP.own_address)
    there = IsolatedReader(SETUP, seconds=20, memory_mb=256)
    samples = [file for file in sorted((ROOT / "inbox_samples").glob("[0-9]*")) if file.suffix != ".json"]
    for file in samples:
        mail = message_from_file(file, max_bytes=10**8, zone=ZONE)
        expected, read = here.read(mail), there.read(mail)
        assert read == expected, file
        assert [one.origins for one in read.applications] == [one.origins for one in expected.applications], file
    there.close()
    assert len(samples) > 20


@pytest.mark.parametrize(
    ("poison", "failure", "seconds"),
    [
        (b"POISON-HANGS", Failure.TIME, 0.5), (b"POISON-BURSTS", Failure.MEMORY, 20), (b"POISON-LEAVES", Failure.ENDED, 20),
        (b"POISON-IS-KILLED", Failure.ENDED, 20), (b"POISON-BABBLES", Failure.ANSWER, 20), (b"POISON-BOASTS", Failure.ANSWER, 20),
        (b"POISON-LIES", Failure.ANSWER, 20),
    ],
)  # fmt: skip
def test_what_breaks_it_off_is_told_and_the_next_is_read(
    reader: IsolatedReader, poison: bytes, failure: Failure, seconds: float
) -> None:
    """A hang, a memory bomb, a crash and an answer that is none each fail by name in bounded time; another process reads on."""
    assert reads_on(reader)
    before = process_of(reader)
    with pytest.raises(ReadingFailed) as failed:
        reader.read(message(APPLICATION + poison), seconds=seconds)
    assert failed.value.reason == failure
    assert reads_on(reader)
    assert process_of(reader) != before
    assert not Path(f"/proc/{before}").exists()


def test_a_hang_costs_its_time_and_no_more(reader: IsolatedReader) -> None:
    """Read again and given up, a hanging message is unreadable with both languages' reason, after twice its time."""
    short = IsolatedReader(SETUP, seconds=0.3, memory_mb=256, target=TARGET)
    assert reads_on(reader)
    started = time.monotonic()
    reading = short.read_or_give_up(message(b"POISON-HANGS"))
    assert time.monotonic() - started < 20  # two starts of a process on a loaded machine
    assert (reading.outcome, reading.reason) == (ReadOutcome.UNREADABLE, Failure.TIME)
    assert " / " in reading.reason
    short.close()


def test_one_that_died_while_idle_is_replaced(reader: IsolatedReader) -> None:
    """Killed from outside between two messages: no message is charged with it."""
    assert reads_on(reader)
    os.kill(process_of(reader), signal.SIGKILL)
    time.sleep(0.05)
    assert reads_on(reader)


def test_killed_from_outside_while_it_reads(reader: IsolatedReader) -> None:
    """The reading fails at once, not at the end of its time."""
    assert reads_on(reader)
    threading.Timer(0.2, os.kill, (process_of(reader), signal.SIGKILL)).start()
    with pytest.raises(ReadingFailed) as failed:
        reader.read(message(b"POISON-HANGS"), seconds=20)
    assert failed.value.reason == Failure.ENDED


def test_it_knows_no_secret_and_holds_no_file_of_the_bot(
    reader: IsolatedReader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its environment has nothing of the bot's, its files are two pipes and nothing, and Ctrl-C at the terminal is not for it."""
    monkeypatch.setenv("TELEWORK_BOT_CONSOLE_PASSWORD", "Wrong-console-1")
    reader.close()
    with (tmp_path / "ledger").open("wb") as ledger:
        os.set_inheritable(ledger.fileno(), True)  # noqa: FBT003 - the system's own function
        knows = json.loads(reader.read(message(b"POISON-TELLS")).reason)
    assert "Wrong-console-1" not in json.dumps(knows)
    assert set(knows["environment"]) <= {
        "LANG",
        "LC_ALL",
        "LC_CTYPE",
        "TZ",
        "TMPDIR",
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
    }
    kinds = sorted(target.partition(":")[0] for target in knows["files"].values() if not target.startswith("/proc/"))
    assert kinds == ["/dev/null"] * 3 + ["pipe"] * 2
    assert knows["group"] != os.getpgid(0)


def test_it_writes_no_file(reader: IsolatedReader) -> None:
    """What runs in it can leave nothing behind on the disk."""
    assert reader.read(message(b"POISON-WRITES")).reason == "refused"


def test_half_a_character_is_no_crash(reader: IsolatedReader) -> None:
    """What no database takes becomes the mark of what could not be read."""
    assert reader.read(message(b"POISON-HALVES")).reason == "a\ufffdb"


def test_a_process_that_does_not_start_is_no_fault_of_a_message() -> None:
    """It is told as something that can't be used, and counts as no attempt at reading."""
    with pytest.raises(Unusable, match="did not start"):
        IsolatedReader(SETUP, seconds=1, memory_mb=256, target="tests.no_such_module:Nothing").read(
            message(APPLICATION)
        )


def test_readers_are_kept_while_the_settings_stay() -> None:
    """The same settings give the same warm process, others another; nothing is started before a message comes."""
    readers = Readers()
    first = readers.of(SETUP, seconds=1, memory_mb=256)
    assert readers.of(SETUP, seconds=1, memory_mb=256) is first
    assert readers.of(SETUP, seconds=2, memory_mb=256) is not first
    assert first._process is None


_PARENT = """
import sys, threading, time
from tests.unit.test_isolated_reader import IsolatedReader, SETUP, TARGET, APPLICATION, message, process_of
reader = IsolatedReader(SETUP, seconds=1, memory_mb=256, target=TARGET)
reader.read(message(APPLICATION))
print(process_of(reader), flush=True)
if sys.argv[1] == "hangs":
    reader.read(message(b"POISON-HANGS"))
time.sleep(60)
"""


@pytest.mark.parametrize("does", ["waits", "hangs"])
def test_a_killed_bot_leaves_no_process(does: str) -> None:
    """SIGKILL to the bot while its reading process waits or hangs: that one is gone a few seconds later."""
    with subprocess.Popen([sys.executable, "-c", _PARENT, does], cwd=ROOT, stdout=subprocess.PIPE, text=True) as bot:
        assert bot.stdout
        child = Path(f"/proc/{int(bot.stdout.readline())}")
        time.sleep(0.3)
        assert child.exists()
        bot.kill()
    ends = time.monotonic() + 20
    while child.exists() and _state(child) != "Z":
        assert time.monotonic() < ends, "it lives on"
        time.sleep(0.05)


def _state(process: Path) -> str:
    try:
        return (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return "Z"
