"""The log file over the months: put aside when full, compressed, removed when old, and never at the cost of a line."""

from __future__ import annotations

import gzip
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.log_file import Keeping, LogFile
from bot.operation import sweep
from tests.house import FRIDAY, ROOT, House

SMALL = Keeping(rotate_bytes=1000, days=90, settle_seconds=0)
DAY = 86_400


def write(handler: LogFile, *texts: str) -> None:
    """Write lines as loguru does."""
    for text in texts:
        handler.emit(logging.LogRecord("x", logging.INFO, "x", 1, text, None, None))


def everything(folder: Path) -> list[str]:
    """Return every line in every file there, compressed ones too, in order."""
    lines: list[str] = []
    for path in folder.iterdir():
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        lines += content.decode().splitlines()
    return sorted(lines)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the log is."""
    return tmp_path / "bot.jsonl"


def test_no_line_is_lost_when_files_are_put_aside_and_compressed(file: Path) -> None:
    """All lines are there in the end; the file in use is plain, those before it compressed."""
    texts = [f"line {number:04d} {'x' * 90}" for number in range(100)]
    handler = LogFile(file, SMALL)
    write(handler, *texts)
    handler.close()
    assert everything(file.parent) == texts
    compressed = [path for path in file.parent.iterdir() if path.suffix == ".gz"]
    assert len(compressed) == len(list(file.parent.iterdir())) - 1 >= 8
    assert file.stat().st_size <= SMALL.rotate_bytes


def test_several_processes_write_to_one_file(file: Path) -> None:
    """Four programs at once, each putting files aside: every line is somewhere, once."""
    script = (
        "import sys, logging, pathlib; from bot.log_file import *; h = LogFile(pathlib.Path(sys.argv[1]), Keeping(rotate_bytes=20_000))\n"
        "for n in range(300): h.emit(logging.LogRecord('x', 20, 'x', 1, f'{sys.argv[2]} {n:04d} ' + 'x' * 90, None, None))"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", script, str(file), name], cwd=ROOT, stderr=subprocess.PIPE)
        for name in "abcd"
    ]
    told = [process.communicate(timeout=100)[1] for process in started]
    assert (told, [process.returncode for process in started]) == ([b""] * 4, [0] * 4)
    assert everything(file.parent) == sorted(
        f"{name} {number:04d} {'x' * 90}" for name in "abcd" for number in range(300)
    )


def test_what_is_old_goes_and_nothing_else_is_touched(file: Path) -> None:
    """Files put aside longer ago than keep_days go when the log is opened, those of earlier versions too; newer are compressed."""
    names = (
        "bot.jsonl.20260101T000000.000000Z.gz",
        "bot.jsonl.3",
        "bot.jsonl.bak",
        "other.jsonl.1",
        "bot.jsonl.20260601T000000.000000Z",
    )
    for name in names:
        (file.parent / name).write_bytes(b"x")
        age = 10 if "0601" in name else 91
        os.utime(file.parent / name, (time.time() - age * DAY,) * 2)
    LogFile(file, SMALL).close()
    assert sorted(path.name for path in file.parent.iterdir()) == sorted([*names[2:4], f"{names[4]}.gz"])


def test_a_file_that_was_moved_away_is_begun_anew(file: Path) -> None:
    """Where logrotate, or a person, moves the file, the next line goes into a new one of its name."""
    handler = LogFile(file, SMALL)
    write(handler, "one")
    file.rename(file.with_name("taken"))
    write(handler, "two")
    handler.close()
    assert (file.read_text(), file.with_name("taken").read_text()) == ("two\n", "one\n")


def test_a_line_longer_than_a_file_leaves_no_empty_ones(file: Path) -> None:
    """Such a line stands in a file of its own."""
    handler = LogFile(file, SMALL)
    write(handler, "x" * 5000, "y" * 5000)
    handler.close()
    assert [line[:1] * len(line) for line in everything(file.parent)] == ["x" * 5000, "y" * 5000]
    assert len(list(file.parent.iterdir())) == 2


def test_the_purge_takes_compressed_files_by_their_time(file: Path) -> None:
    """A compressed file whose last line is too old goes whole; a newer one stays, though its bytes are no lines."""
    old, new = (file.with_name(f"bot.jsonl.2021080{day}T000000.000000Z.gz") for day in (1, 2))
    for path, moment in ((old, FRIDAY.timestamp() - 1), (new, FRIDAY.timestamp())):
        path.write_bytes(gzip.compress(b"{}"))
        os.utime(path, (moment, moment))
    found = sweep.old_lines(file, FRIDAY)
    assert found == [(old, old.stat().st_size)]
    sweep.cut(file, *found[0])
    assert not old.exists()


def test_the_settings_are_obeyed(tmp_path: Path) -> None:
    """log.rotate_mb and log.keep_days reach the file that a command writes."""
    house = House(path=tmp_path / "house").lay_out({"log": {"rotate_mb": 0.001, "keep_days": 1, "level": "ERROR"}})
    old = house.path / "log" / "bot.jsonl.1"
    old.parent.mkdir()
    old.write_bytes(b"x")
    os.utime(old, (time.time() - 2 * DAY,) * 2)
    log = house.path / "log" / "bot.jsonl"
    log.write_bytes(b"y" * 2000)
    command = "from bot.commands.opening import *; from loguru import logger; import sys; open_workshop(Path(sys.argv[1]), []); logger.info('z')"
    subprocess.run([sys.executable, "-c", command, str(house.config)], cwd=ROOT, check=True)
    assert not old.exists()
    assert b"y" not in log.read_bytes()
    assert len(list(log.parent.iterdir())) == 2
