"""Plain text is read as a mail program shows it."""

from __future__ import annotations

import pytest

from bot.intake.flowed import unflowed, uuencoded


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("職員番号：004 \n8213", "職員番号：0048213"), ("12月1 \n7日\n自宅", "12月17日\n自宅"), ("a  \nb", "a b"),
        (" > a\n  b", "> a\n b"), ("> a \n> b\nc", "> ab\nc"), ("> a \nb", "> a\nb"), (">> a \n> b", ">> a\n> b"),
        ("a\n-- \nb", "a\n-- \nb"), ("a \n-- \nb", "a\n-- \nb"), ("> -- \n> b", "> -- \n> b"), ("a ", "a"), ("", ""),
    ],
)  # fmt: skip
def test_soft_line_ends_are_taken_out(text: str, shown: str) -> None:
    """Lines that end with a space go on in the next of the same quotation (RFC 3676); a signature's dashes never do."""
    assert unflowed(text, delete_space=True) == shown


def test_without_delsp_the_space_stays() -> None:
    """Western text keeps the space between its words."""
    assert unflowed("a \nb", delete_space=False) == "a b"


def test_a_uuencoded_file_is_no_text() -> None:
    """It is taken out of the text with its name and its bytes."""
    text = "添付します\n\nbegin 644 a.csv\n#86)C\n`\nend\n以上"
    assert uuencoded(text) == ("添付します\n\n以上", [("a.csv", b"abc")])


@pytest.mark.parametrize(
    "text",
    ["begin 644 a\n12/1は中止になりました\nend", "begin 644 a\n#86)C", "begin 644 a\nbegin 644 b\n#86)C", "we begin\nend", "begin 644 a\n\nend"],
)  # fmt: skip
def test_what_only_looks_like_one_stays_text(text: str) -> None:
    """Nothing can be hidden between begin and end, nor behind a begin alone."""
    assert uuencoded(text) == (text, [])
