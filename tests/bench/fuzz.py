"""Reads mutated samples for so many minutes; prints one JSON document: executions, the slowest, what was unexpected.

``python tests/bench/fuzz.py 10``; exit status 1 when a mail provoked an unexpected error, which is kept beside the temp files.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.commands.benching import figures_of
from bot.intake.reader import Reader
from bot.model import Message
from tests.house import FORMS

SAMPLES = Path(__file__).resolve().parent.parent.parent / "inbox_samples"
ZONE = ZoneInfo("Asia/Tokyo")
RECEIVED = datetime(2021, 7, 30, 12, 0, tzinfo=ZONE)
PIECES = (
    b"\x1b$B",
    b"\r\n\r\n",
    b"--b\r\n",
    b"=?UTF-8?B?",
    b"<td>",
    "利用日：".encode(),
    b"\x00",
    "令和".encode("cp932"),
)
#: What the reader says when it met an error that it did not raise itself.
UNEXPECTED = "予期しない"


def mutated(sample: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """Return the sample with a few bytes changed, added, removed, or spliced in from another one."""
    content = bytearray(sample)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(content) + 1)
        match chance.randrange(5):
            case 0:
                content[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                content[at:at] = chance.randbytes(chance.randint(1, 8))
            case 2:
                del content[at : at + chance.randint(1, 40)]
            case 3:
                other = chance.choice(others)
                start = chance.randrange(len(other) + 1)
                content[at:at] = other[start : start + chance.randint(1, 200)]
            case _:
                content[at:at] = chance.choice(PIECES)
    return bytes(content)


def fuzz(minutes: float, seed: int) -> dict[str, object]:
    """Read mutated samples for so long."""
    reader = Reader(FORMS, zone=ZONE, own_address="telework-id@city.example.jp")
    samples = [file.read_bytes() for file in sorted(SAMPLES.glob("[0-9]*")) if file.suffix != ".json"]
    chance, begun = random.Random(seed), time.monotonic()
    executions, slowest, unexpected = 0, 0.0, dict[str, str]()
    outcomes: dict[str, int] = {}
    while time.monotonic() < begun + 60 * minutes:
        content = mutated(chance.choice(samples), samples, chance)
        name = chance.choice(("a.eml", "a.eml", "a.eml", "a.csv", "a.xlsx"))
        started = time.perf_counter()
        reading = reader.read(Message(locator="a", name=name, received_at=RECEIVED, content=content))
        slowest = max(slowest, time.perf_counter() - started)
        executions += 1
        outcomes[reading.outcome] = outcomes.get(reading.outcome, 0) + 1
        if UNEXPECTED in reading.reason and reading.reason not in unexpected:
            kept = Path(tempfile.mkdtemp(prefix="fuzz-")) / name
            kept.write_bytes(content)
            unexpected[reading.reason] = str(kept)
    seconds = time.monotonic() - begun
    mean = seconds / max(executions, 1)
    return {
        "ratios": {"slowest_to_mean": round(slowest / mean, 1)}, "executions": executions, "seconds": round(seconds, 1), "seed": seed, "outcomes": outcomes,
        "slowest_ms": round(slowest * 1000), "unexpected": unexpected,
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(1 if figures_of(fuzz, 10.0, 1)["unexpected"] else 0)
