"""Japanese text out of bytes, and the folded forms in which it is compared.

Python's own ``iso-2022-jp`` knows only JIS X 0208: ①, ㈱, 髙 and half-width kana, which real mail has (it is CP50221),
are lost without an error. Here each JIS pair is turned into its Shift_JIS pair and decoded as cp932, which has them all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.header import decode_header
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType

from bot.errors import Unreadable

_ESCAPE = re.compile(rb"\x1b(\$B|\$@|\$\(D|\(B|\(J|\(I)")
_TWO_BYTES = frozenset({b"$B", b"$@"})
_CP932_NAMES = frozenset(
    {"shift_jis", "shift-jis", "sjis", "x-sjis", "cp932", "windows-31j", "ms932", "csshiftjis", "ms_kanji"}
)
_JIS_NAMES = frozenset({"iso-2022-jp", "iso2022-jp", "csiso2022jp", "iso-2022-jp-ms", "cp50220", "cp50221", "cp50222"})
#: Marks that NFKC leaves apart though they are written for one another.
_MARKS = str.maketrans({
    "〜": "~", "∼": "~", "˜": "~", "−": "-", "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "─": "-",
    "﹣": "-", "⁃": "-", "：": ":", "︰": ":", "﹕": ":", "∶": ":", "，": ",", "､": "、", "｡": "。",
    "\u00a0": " ", "\u3000": " ", "\u2002": " ", "\u2003": " ", "\u2009": " ", "\u202f": " ",
})  # fmt: skip
#: RFC 2047, section 2: no part of an encoded word holds a question mark.
_ENCODED_WORD = re.compile(r"=\?(?P<charset>[^?]*)\?[qQbB]\?[^?]*\?=")
#: What is left of text that some program spoilt: replacement marks, controls, accents in a row, words or letters not decoded,
#: ISO-2022-JP without its escapes, UTF-8 taken for cp932 or cp1252.
_SPOILT = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd]|[\u00a1-\u00ff]{3}|=\?[\w.:-]{1,40}\?[bqBQ]\?|\A[?\s]*\?{3}[?\s]*\Z|"
    r"\$[B@][!-~]{2,200}?\([BJ]|(?:&#x?[0-9a-fA-F]{2,6};){2}|(?:%[0-9A-F]{2}){3}|[縺繧繝].{0,2}[縺繧繝]|"
    r"[\u00e3-\u00e9][\u0152-\u0192\u02c6\u02dc\u2010-\u203a\u20ac\u2122]"
)
_ACCENTS = re.compile(r"[\u00a1-\u00ff]{3}")
_EUC = re.compile(
    rb"(?P<plain>[\x00-\x7f]+)|(?P<pairs>(?:[\xa1-\xfe]{2})+)|\x8e(?P<kana>[\xa1-\xdf])|(?P<more>\x8f[\xa1-\xfe]{2})"
)
_EUC_NAMES = frozenset({"euc-jp", "eucjp", "x-euc-jp", "x-euc", "eucjp-ms", "cp51932", "euc_jp", "ujis"})
_CONTROLS = re.compile(r"[\x80-\x9f]")
_FIRST_MARK, _LAST_MARK = 0x300, 0x1FFFF
_MOST_MARKS = 30
_LABEL, _SUBJECT = 64, 500
_INVISIBLE = re.compile(
    r"[\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad\ufe00-\ufe0f]|[\U000e0100-\U000e01ef]"
)
#: The published table of 異体字 (README, "Whose tables it uses").
_VARIANTS = Path(__file__).with_name("variants.txt")


def decode(content: bytes, declared: str | None = None) -> str:
    """Return bytes as text: the declared charset where it fits, else what they can strictly be read as.

    Order (domain.md §1.4): a byte-order mark, the declared charset, ISO-2022-JP by its escapes, UTF-8, cp932.
    Raises ``Unreadable`` when nothing fits: no character is ever dropped or replaced.
    """
    declared = (declared or "").strip().strip("\"'").lower()
    for attempt in _attempts(content, declared):
        try:
            text = attempt(content)
        except (ValueError, LookupError):  # a charset name with a NUL or a lone surrogate is a ValueError
            continue
        # An escape or a control that is left means that the wrong decoder took it for a letter.
        if "\x1b" not in text and not (_is_latin(declared) and (_CONTROLS.search(text) or _ACCENTS.search(text))):
            return text
    raise Unreadable(f"文字コードを判別できません（宣言: {declared or 'なし'}） / the text fits no known character set")


def decode_iso2022jp(content: bytes) -> str:
    """Return CP50221 bytes (what mail calls ISO-2022-JP) as text; raises ``UnicodeDecodeError`` when they are not."""
    pieces = _ESCAPE.split(content)
    text = [pieces[0].decode("ascii")]
    for escape, run in zip(pieces[1::2], pieces[2::2], strict=True):
        text.append(_run(escape, run))
    return "".join(text)


@dataclass(frozen=True, kw_only=True)
class Words:
    """A header's text, and whether there is no other way to read it."""

    text: str
    clear: bool


def decode_eucjp(content: bytes) -> str:
    """Return EUC-JP bytes with the characters of NEC and IBM (CP51932) as text; raises ``UnicodeDecodeError`` when they are not."""
    text, end = list[str](), 0
    for found in _EUC.finditer(content):
        if found.start() != end:
            break
        end = found.end()
        if found["pairs"]:
            text.append(_pairs(bytes(byte & 0x7F for byte in found["pairs"])))
        else:
            text.append(found["kana"].decode("cp932") if found["kana"] else found.group().decode("euc_jp"))
    if end != len(content):
        raise UnicodeDecodeError("euc-jp", content, end, end + 1, "no character of it")
    return "".join(text)


def decode_words(header: str) -> str:
    """Return a header's encoded words (RFC 2047) as text; raises ``Unreadable`` when a word can't be decoded."""
    return read_words(header).text


def read_words(header: str) -> Words:
    """Return a header's encoded words (RFC 2047) as text, and whether they are certain.

    Neighbouring words in one charset are joined before they are decoded: some systems cut a character in two. Words that are not
    in the charset that they name, or in one of several that fit, are read, and are not certain; nor is what other programs have
    spoilt before. Raises ``Unreadable`` when a word can't be decoded.
    """
    return _kept_words(header) if len(header) <= _SUBJECT else _read_words(header)


#: A form's subjects are a few, and each is asked for more than once.
@lru_cache(maxsize=1_024)
def _kept_words(header: str) -> Words:
    return _read_words(header)


def _read_words(header: str) -> Words:
    if header.isascii() and "=?" not in header and "\x1b" not in header:
        return Words(text=header, clear=not _SPOILT.search(header))
    pieces: list[tuple[list[bytes], str | None]] = []
    for content, charset in _words(header):
        if pieces and charset and pieces[-1][1] == charset:
            pieces[-1][0].append(content)
        else:
            pieces.append(([content], charset))
    joined = [(b"".join(content), charset) for content, charset in pieces]
    texts = [decode(content, charset) for content, charset in joined]
    certain = all(_is_certain(*piece, text) for piece, text in zip(joined, texts, strict=True))
    text = _INVISIBLE.sub("", "".join(texts))
    return Words(text=text, clear=certain and not _SPOILT.search(text) and not _is_utf8(text))


def _is_utf8(text: str) -> bool:
    """Tell whether text is UTF-8 that some program took for letters of an older charset, each byte or two for one."""
    for charset in ("cp1252", "latin-1", "cp932"):
        try:
            if not text.isascii() and text.encode(charset).decode("utf-8"):
                return True
        except ValueError:
            continue
    return False


def _is_certain(content: bytes, charset: str | None, text: str) -> bool:
    if content.isascii() and not (charset and _ESCAPE.search(content)):
        return True
    if charset:
        return _read_as(charset, content) == text
    if _read_as("utf-8", content) is not None:
        return True
    return _read_as("cp932", content) is None or _read_as("euc_jp", content) is None


def _read_as(charset: str, content: bytes) -> str | None:
    """Return bytes as text of that charset alone, or ``None``."""
    try:
        if charset in _JIS_NAMES:
            return decode_iso2022jp(content)
        if charset in _EUC_NAMES:
            return decode_eucjp(content)
        return content.decode("cp932" if charset in _CP932_NAMES else charset)
    except (ValueError, LookupError):
        return None


def _words(header: str) -> Iterator[tuple[bytes, str | None]]:
    """Yield each encoded word's bytes and charset, and what stands between them; the space between two is no text.

    ``email.header.decode_header`` takes the square of their number for words with spaces between them.
    """
    end = 0
    for word in _ENCODED_WORD.finditer(header):
        between = header[end : word.start()]
        if between and not (end and between.isspace()):
            yield between.encode("utf-8", "surrogateescape"), None
        yield _word(word.group()), word["charset"].lower()
        end = word.end()
    if end < len(header):
        yield header[end:].encode("utf-8", "surrogateescape"), None


def _word(text: str) -> bytes:
    try:
        ((content, _),) = decode_header(text)
    except Exception as error:
        # decode_header answers malformed base64 with several kinds of error.
        raise Unreadable("件名等の符号化が壊れています / a header's encoding is broken") from error
    return content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape")


def normalise(text: str) -> str:
    """Return the form that the grammars read: NFKC, one kind of each dash, tilde, colon and space, nothing invisible."""
    return nfkc(_INVISIBLE.sub("", text).translate(_MARKS)).translate(_MARKS)


def nfkc(text: str) -> str:
    """Return the text in Unicode's form NFKC; of more marks in a row than any language writes (UAX #15, 30) the first stay.

    They are sorted, which takes the square of their number: 40,000 behind one letter would take half a minute.
    """
    if len(text) > 2 * _MOST_MARKS:
        text = _many_marks().sub(r"\1", text)
    return unicodedata.normalize("NFKC", text)


@cache
def _many_marks() -> re.Pattern[str]:
    """Return the pattern of a run of marks that is too long: of all that are combining, or become so."""
    letters = map(chr, range(_FIRST_MARK, _LAST_MARK + 1))
    marks = "".join(letter for letter in letters if unicodedata.combining(unicodedata.normalize("NFKD", letter)[0]))
    return re.compile(f"([{marks}]{{{_MOST_MARKS}}})[{marks}]+")


def number_key(text: str) -> str:
    """Return the form in which employee and receipt numbers are compared: leading zeros count.

    Width, case, spaces, hyphens and what can't be seen do not.
    """
    return "".join(normalise(text).split()).replace("-", "").upper()


def listed(address: str, entries: Iterable[str]) -> bool:
    """Tell whether a mail address, or its domain, is one of these entries; no subdomain of it."""
    known, domain = address.casefold(), address.casefold().rpartition("@")[2]
    return bool(known) and any(entry.casefold().removeprefix("@") in (known, domain) for entry in entries)


def fold(text: str) -> str:
    """Return the form in which names and labels are compared: also without spaces, case and 異体字."""
    return _kept(text) if len(text) <= _LABEL else _folded(text)


#: Labels, names and answers come back within a mail and from mail to mail.
@lru_cache(maxsize=16_384)
def _kept(text: str) -> str:
    return _folded(text)


def _folded(text: str) -> str:
    return "".join(normalise(text).casefold().split()).translate(_variants())


@cache
def _variants() -> Mapping[int, str]:
    """Return the published table as ``str.translate`` takes it: each variant, and the character that it is written for."""
    groups = (line for line in _VARIANTS.read_text(encoding="utf-8").split("\n") if line and line[0] != "#")
    return {ord(other): group[0] for group in groups for other in group[1:]}


def _attempts(content: bytes, declared: str) -> list[Callable[[bytes], str]]:
    attempts: list[Callable[[bytes], str]] = []
    for mark, name in _BYTE_ORDER_MARKS.items():
        if content.startswith(mark):
            attempts.append(_strictly(name))
    escaped = _ESCAPE.search(content) is not None
    if declared in _CP932_NAMES:
        attempts.append(_strictly("cp932"))
    elif declared in _JIS_NAMES:
        attempts.append(decode_iso2022jp)
    elif declared in _EUC_NAMES:
        attempts.append(decode_eucjp)
    elif declared and not escaped and declared not in {"us-ascii", "ascii", "unknown-8bit", "binary"}:
        if _is_latin(declared):
            attempts.append(_strictly("utf-8"))
        attempts.append(_strictly(declared))
    if escaped and content.isascii():
        return [decode_iso2022jp]  # anything would take these bytes, escapes and all, for plain ASCII
    if declared in _JIS_NAMES and not escaped and not content.isascii():
        attempts.pop()  # 8-bit bytes under a 7-bit name: the declaration is wrong
    return [*attempts, _strictly("utf-8"), _strictly("cp932"), decode_eucjp]


def _is_latin(charset: str) -> bool:
    """Tell whether a charset's name is one that programs write where they know none: any bytes are letters in it."""
    return charset.startswith(("iso-8859-", "iso8859", "windows-125", "cp125", "latin"))


def _strictly(name: str) -> Callable[[bytes], str]:
    return lambda content: content.decode(name)


def _run(escape: bytes, run: bytes) -> str:
    if escape in _TWO_BYTES:
        line_ends = re.split(rb"([\r\n]+)", run)  # some systems forget to escape back before the end of a line
        return "".join(part.decode("ascii") if index % 2 else _pairs(part) for index, part in enumerate(line_ends))
    if escape == b"(I":
        return bytes(byte | 0x80 if 0x21 <= byte <= 0x5F else byte for byte in run).decode("cp932")
    if escape == b"$(D":
        return b"".join((b"\x1b$(D", run, b"\x1b(B")).decode("iso2022_jp_ext")
    return run.decode("ascii")


def _pairs(run: bytes) -> str:
    if len(run) % 2:
        raise UnicodeDecodeError("iso-2022-jp", run, len(run) - 1, len(run), "half a character")
    pairs = zip(run[::2], run[1::2], strict=True)
    return b"".join(_shift(high, low) for high, low in pairs).decode("cp932")


def _shift(high: int, low: int) -> bytes:
    """Return the Shift_JIS pair of a JIS X 0208 pair (JIS X 0208:1997, Annex 1)."""
    if not (0x21 <= high <= 0x7E and 0x21 <= low <= 0x7E):
        raise UnicodeDecodeError("iso-2022-jp", bytes((high, low)), 0, 2, "no JIS pair")
    row = high - 0x21
    lead = row // 2 + (0x81 if row < 62 else 0xC1)
    if row % 2:
        return bytes((lead, low + 0x7E))
    return bytes((lead, low + (0x1F if low < 0x60 else 0x20)))


_BYTE_ORDER_MARKS: Mapping[bytes, str] = MappingProxyType({
    b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16",
})  # fmt: skip
