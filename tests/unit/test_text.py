"""Japanese text comes out of bytes whole, or the message is unreadable: no character is dropped or replaced."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Unreadable
from bot.text import decode, decode_words, fold, listed, normalise, number_key

#: ISO-2022-JP as mail programs write it (CP50221), by hand: 申請①㈱Ⅱ髙﨑, and half-width ﾃﾚﾜｰｸ with an ASCII tail.
JIS_TEXT = "①㈱Ⅱ髙﨑"
JIS_BYTES = b"\x1b$B-!-j-6|byu\x1b(B"
KANA_BYTES = b"\x1b(ICZ\\08\x1b(B ok"


@pytest.mark.parametrize(
    ("content", "declared", "text"),
    [
        (JIS_BYTES, "iso-2022-jp", JIS_TEXT), (JIS_BYTES, None, JIS_TEXT), (JIS_BYTES, "us-ascii", JIS_TEXT),
        (KANA_BYTES, "ISO-2022-JP", "ﾃﾚﾜｰｸ ok"), ("①㈱髙﨑～－ﾃﾚ".encode("cp932"), "shift_jis", "①㈱髙﨑～－ﾃﾚ"),
        ("①髙".encode(), "iso-2022-jp", "①髙"), ("髙橋".encode("cp932"), "utf-8", "髙橋"), ("髙橋".encode(), None, "髙橋"),
        ("髙橋".encode("utf-8-sig"), None, "髙橋"), ("髙橋".encode("utf-16"), None, "髙橋"), ("日本".encode("euc_jp"), "euc-jp", "日本"),
        (b"\xfc\xe2\xad\xa1\x8e\xc3", "euc-jp", "髙①ﾃ"), ("髙橋".encode(), "iso-8859-1", "髙橋"), ("髙橋".encode(), "windows-1252", "髙橋"),
        ("受付番号".encode("cp932"), "iso-8859-1", "受付番号"), ("é".encode("latin-1"), "iso-8859-1", "é"), ("髙橋".encode("cp932"), "latin1", "髙橋"),
        ("𠮷㋿".encode(), "utf-8", "𠮷㋿"), (b"plain", "no-such-charset", "plain"), (b"", None, ""),
    ],
)  # fmt: skip
def test_bytes_become_text(content: bytes, declared: str | None, text: str) -> None:
    """Each encoding of domain.md §1.4 decodes, with a right, wrong or missing declaration."""
    assert decode(content, declared) == text


@pytest.mark.parametrize("content", [b"\xff\xff\x80\x81", b"\x1b$B!", b"\x1b$B\xb0\xa1"])
def test_what_fits_nothing_is_unreadable(content: bytes) -> None:
    """Half characters and foreign bytes are refused, never guessed."""
    with pytest.raises(Unreadable):
        decode(content, "iso-2022-jp")


@given(content=st.binary(max_size=300), declared=st.sampled_from([None, "utf-8", "iso-2022-jp", "shift_jis", "x"]))
def test_any_bytes_are_text_or_unreadable(content: bytes, declared: str | None) -> None:
    """Whatever the bytes are, there is text without a replacement character, or ``Unreadable``."""
    try:
        text = decode(content, declared)
    except Unreadable:
        return
    assert "\ufffd" not in text or "\ufffd".encode() in content or b"\xff\xfe" in content or b"\xfe\xff" in content


def test_a_character_cut_between_encoded_words() -> None:
    """Words that some systems cut within a character are joined before they are decoded."""
    halves = JIS_BYTES[:7], JIS_BYTES[7:]
    words = "\r\n ".join(f"=?ISO-2022-JP?B?{base64.b64encode(half).decode()}?=" for half in halves)
    assert decode_words(f"Re: {words}") == f"Re: {JIS_TEXT}"


def test_text_around_encoded_words_stays_as_it_is() -> None:
    """Space between two words is no text (RFC 2047, 6.2); space and raw bytes beside one are."""
    raw = "申請".encode().decode("ascii", "surrogateescape")
    assert decode_words(f"{raw} =?UTF-8?B?44GC?= \t =?utf-8?Q?=E3=81=84?= x =?UTF-8?B?44GC?=") == "申請 あい x あ"


def test_raw_bytes_in_a_header() -> None:
    """A header that holds bytes with no declaration at all is read too."""
    raw = "申請".encode().decode("ascii", "surrogateescape")
    assert decode_words(raw) == "申請"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("髙橋　みのり", "高橋みのり"),
        ("﨑山 由紀", "崎山由紀"),
        ("ﾀｶﾊｼ", "タカハシ"),
        ("渡邉真理子", "渡辺真理子"),
        ("Ａ－１", "A-1"),
        ("8〜9", "８～９"),
    ],
)
def test_what_is_written_for_one_another_folds_alike(one: str, other: str) -> None:
    """Variant characters, width and spaces don't make another name."""
    assert fold(one) == fold(other)


def test_names_that_differ_stay_apart() -> None:
    """Folding never makes one name of two."""
    assert fold("高橋みのり") != fold("高橋みどり")
    assert fold("斎藤") != fold("斉藤")


def test_the_table_of_variants_is_of_single_characters_that_lead_to_an_end() -> None:
    """Each variant stands in one group, and none is what another is written for: folding twice changes nothing more."""
    lines = Path("bot/variants.txt").read_text(encoding="utf-8").splitlines()
    groups = [line for line in lines if not line.startswith("#")]
    kept, others = [group[0] for group in groups], [other for group in groups for other in group[1:]]
    assert len(others) > 18_000
    assert len(set(kept)) == len(kept)
    assert len(set(others)) == len(others)
    assert not set(kept) & set(others)


@given(st.text(max_size=100))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    """The grammars see one form of a text, however often it was normalised."""
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize(
    "written", ["A-0012", "a0012", "Ａ－００１２", " a 0 0 1 2 ", "A\u200b0012", "Ａ\u30000012", "A‐0012"]
)
def test_a_number_is_one_however_it_is_written(written: str) -> None:
    """Width, case, spaces, hyphens and invisible characters make no other number; a leading zero does."""
    assert number_key(written) == "A0012"
    assert number_key("A012") != "A0012"


@pytest.mark.parametrize(
    ("address", "entries", "expected"),
    [
        ("a@x.jp", ["x.jp"], True), ("A@X.jp", ["@x.JP"], True), ("a@x.jp", ["a@x.jp"], True), ("b@x.jp", ["a@x.jp"], False),
        ("a@y.x.jp", ["x.jp"], False), ("a@x.jp.evil.example", ["x.jp"], False), ("", [""], False), ("a@x.jp", [], False),
    ],
)  # fmt: skip
def test_an_entry_is_an_address_or_a_whole_domain(address: str, entries: list[str], *, expected: bool) -> None:
    """No subdomain, no longer domain, and never an empty address."""
    assert listed(address, entries) is expected
