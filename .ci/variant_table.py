#!/usr/bin/env python3
"""Makes bot/variants.txt out of the published tables; run by hand when one is renewed.

    pip install jntajis-python && python .ci/variant_table.py ucd.all.grouped.xml > bot/variants.txt

The argument is Unicode's UCDXML (https://www.unicode.org/Public/UCD/latest/ucdxml/). Two different 常用漢字 are two
characters, whatever a table says of misspellings; what leads to two different characters is left out.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from jntajis import MJShrinkSchemeCombo, mj_shrink_candidates

_BLOCKS = (
    range(0x3400, 0x4DC0),
    range(0x4E00, 0xA000),
    range(0xF900, 0xFB00),
    range(0x20000, 0x2FA20),
    range(0x30000, 0x323B0),
)
_SCHEMES = (
    MJShrinkSchemeCombo.JIS_INCORPORATION_UCS_UNIFICATION_RULE
    | MJShrinkSchemeCombo.MOJ_NOTICE_582
    | MJShrinkSchemeCombo.MOJ_FAMILY_REGISTER_ACT_RELATED_NOTICE
)
_CHARACTER = re.compile(r'<char cp="([0-9A-F]+)"([^>]*)')
_LIST = re.compile(r'kJ(oyo|inmeiyo)Kanji="(?:\d+:)?(?:U\+([0-9A-F]+))?')
_HEAD = """\
# 異体字: a character, then those written for it, one group a line. Made by .ci/variant_table.py; not to be edited.
# Sources: MJ縮退マップ (JIS包摂規準・UCS統合規則, 法務省告示582号別表第四, 法務省戸籍法関連通達・通知), 文字情報技術促進協議会 / IPA,
# https://moji.or.jp/mojikiban/map/, CC BY-SA 2.1 JP (so is this file); 常用漢字表 and 人名用漢字 (戸籍法施行規則別表第二) as in
# Unicode's kJoyoKanji and kJinmeiyoKanji.
"""


def main() -> None:
    """Print the table."""
    common, further = _lists(Path(sys.argv[1]).read_text(encoding="utf-8"))
    leads = {one: found for one in _all() if one not in common and (found := _leads(one, further))}
    groups = defaultdict(list)
    for one in leads:
        ends = _ends(one, leads, ())
        if len(ends) == 1 and one not in ends:
            groups[ends.pop()].append(one)
    sys.stdout.write(_HEAD + "".join(f"{kept}{''.join(sorted(groups[kept]))}\n" for kept in sorted(groups)))


def _lists(xml: str) -> tuple[set[str], dict[str, str]]:
    """Return the 常用漢字, and each other form of the official lists with what it is a form of."""
    common, further = set(), {}
    for cp, attributes in _CHARACTER.findall(xml):
        one = _plain(chr(int(cp, 16)))
        for name, other in _LIST.findall(attributes):
            if other:
                further[one] = _plain(chr(int(other, 16)))
            elif name == "oyo":
                common.add(one)
    return common, {one: other for one, other in further.items() if one != other}


def _all() -> Iterator[str]:
    return (one for block in _BLOCKS for one in map(chr, block) if _plain(one) == one)


def _leads(one: str, further: Mapping[str, str]) -> list[str]:
    found = dict.fromkeys([*map(_plain, mj_shrink_candidates(one, _SCHEMES)), further.get(one, one)])
    return [other for other in found if other != one and len(other) == 1 and further.get(other) != one]


def _ends(one: str, leads: Mapping[str, Sequence[str]], passed: tuple[str, ...]) -> set[str]:
    if one in passed:
        return {min(passed)}
    return {end for other in leads[one] for end in _ends(other, leads, (*passed, one))} if one in leads else {one}


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


main()
