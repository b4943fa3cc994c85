"""What the ledger keeps of how a message was explained: in its order, short, without passwords."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from bot.ledger.passages import HIDDEN, LONGEST, MOST, Marked, marked, marked_from_text, marked_of, marked_to_text
from bot.model import Explained, Identity, Message, Passage, Reading, ReadOutcome
from bot.reading.protocol import decoded, encoded
from tests.house import FRIDAY
from tests.ledger_kit import message, open_ledger, reading


def passage(text: str, explained: Explained = Explained.FORM, at: str = "1行目", why: str = "") -> Passage:
    """Return a passage of the text of a mail."""
    return Passage(part="本文", at=at, text=text, explained=explained, why=why)


SAID = (
    passage("職員番号：0048213", Explained.ANSWER, why="employee_no"),
    passage("12/1は中止になりました", Explained.UNEXPLAINED, "2行目", "様式にない記載です"),
    passage("健康福祉部", Explained.SIGNATURE, "3行目"),
)


def test_they_come_back_as_they_were() -> None:
    """Order, place, mark and why are kept."""
    assert marked_from_text(marked_to_text(SAID)) == Marked(passages=SAID)
    assert marked_to_text(()) is None
    assert marked_from_text(None) == Marked()


def test_of_too_many_what_nothing_explains_stays() -> None:
    """Of a long message only so many are kept, in its order, with how many were left out; what holds it is among them."""
    said = [passage(f"行{number}") for number in range(MOST + 50)] + [SAID[1]]
    kept = marked(said)
    assert (len(kept.passages), kept.left_out, kept.passages[-1]) == (MOST, 51, SAID[1])
    assert list(kept.passages[:-1]) == said[: MOST - 1]


def test_a_long_one_is_cut() -> None:
    """No passage is longer than it may be, however long a line, a file's name or a reason is."""
    long = "あ" * 5_000
    (kept,) = marked([Passage(part=long, at=long, text=long, explained=Explained.FORM, why=long)]).passages
    assert {len(text) for text in (kept.part, kept.at, kept.text, kept.why)} == {LONGEST}


@pytest.mark.parametrize(
    "lines",
    [["初期パスワード　：Ab3-kkkkkk"], ["> Initial password:  kkkk-kkkk"], ["初期パスワード", "kkkkkkkk"], ["【パスワード】", "　kkkk"],
     ["新しいものは Kkkkkk77 です"], ["ログインPassword=kkkk kkkk"]],
)  # fmt: skip
def test_no_password_is_kept(lines: list[str]) -> None:
    """What follows the word in its line or the next, and what looks like a generated one anywhere, is never stored."""
    stored = marked_to_text([passage(line, Explained.OLDER) for line in lines]) or ""
    assert "kkk" not in stored
    assert HIDDEN in stored


def test_numbers_days_and_addresses_are_no_passwords() -> None:
    """What a person needs in order to see why a message waits is kept."""
    said = [
        passage(text)
        for text in ("受付番号 2026-ABC-0007", "m.takahashi@City3.example.jp", "ログインID：tw0048213", "12/1～12/3")
    ]
    assert list(marked(said).passages) == said


def test_they_are_recorded_with_the_message(tmp_path: Path) -> None:
    """A message has its passages in the ledger, and its row is as the chain says."""
    ledger = open_ledger(tmp_path)
    said = Reading(**{**vars(reading("a")), "passages": SAID})
    name = asyncio.run(ledger.record(message("a"), said)).message.id
    try:
        assert asyncio.run(ledger.ask(lambda connection: marked_of(connection, name))) == Marked(passages=SAID)
        assert asyncio.run(ledger.verify()).ok
    finally:
        ledger.close()


def test_they_come_whole_from_the_reading_process() -> None:
    """What a frame holds of a reading has every passage, half characters as marks."""
    told = Message(locator="a", name="a.eml", received_at=FRIDAY, content=b"")
    identity = Identity(message_id="<a@x>", received_at=FRIDAY, digest="0")
    said = Reading(outcome=ReadOutcome.UNREADABLE, identity=identity, passages=SAID)
    assert decoded(encoded(said), told).passages == SAID
    broken = Reading(outcome=ReadOutcome.UNREADABLE, identity=identity, passages=(passage("\ud800"),))
    assert json.loads(encoded(broken))["passages"][0]["text"] == "\ufffd"
