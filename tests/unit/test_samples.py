"""Every sample mail reads as the careful clerk wrote beside it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.commands.demo import CLERK, DROPPED
from bot.commands.demo_mailboxes import SAMPLES
from bot.commands.reading import application_row
from bot.config import load
from bot.intake.reader import Reader
from bot.mail.folder import message_from_file
from bot.model import Reading
from tests.house import ROOT

_FILES = sorted(file for file in SAMPLES.glob("[0-9]*") if file.suffix != ".json")


def read(file: Path) -> Reading:
    """Read a sample as the demo does; a table has the time at which the demo's clerk puts it into the inbox."""
    config = load(ROOT / "config.yaml")
    message = message_from_file(file, max_bytes=2**25, zone=config.zone)
    if file.suffix != ".eml":
        message = replace(message, received_at=DROPPED, brought_by=CLERK)
    return Reader(config.settings.forms, zone=config.zone, own_address=config.settings.mailbox.address).read(message)


def plain(reading: Reading) -> dict[str, Any]:
    """Return a reading in the shape of the files beside the samples: doubts by their field."""
    rows = [application_row(application) for application in reading.applications]
    for row in rows:
        row["doubts"] = [doubt["field"] for doubt in row["doubts"]]
        row["dates"] = [day.isoformat() for day in row["dates"]]
        row["applied_at"] = row["applied_at"].isoformat() if row["applied_at"] else None
    return {"outcome": reading.outcome, "reason": reading.reason, "applications": rows}


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.name)
def test_a_sample_reads_as_expected(file: Path) -> None:
    """What is read is exactly what stands in the .json beside the sample, no more and no less."""
    assert plain(read(file)) == json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))


def test_each_expectation_has_its_sample() -> None:
    """No expectation is left without a mail, and there are enough of them."""
    assert {file.stem for file in SAMPLES.glob("[0-9]*.json")} == {file.stem for file in _FILES}
    assert len(_FILES) >= 35
