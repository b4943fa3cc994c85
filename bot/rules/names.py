"""Whether two names, or two departments, are written for one and the same: as a clerk reads them, not letter by letter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from bot.settings.rules import RulesSettings
from bot.text import fold, normalise, number_key

_CLOSING = ")]】〕》〉>」』"
_BRACKETED = re.compile(rf"[(\[【〔《〈<「『]([^{re.escape(_CLOSING)}]*)[{re.escape(_CLOSING)}]")
_BETWEEN_NAMES = re.compile(r"[\s・･,、.。_=\-]+")
_APART = re.compile(r"[\s/]+")
_WORDS = re.compile(r"[\s・･,、]+")
#: A program without ー writes a hyphen for it.
_LONG_VOWEL = re.compile(r"(?<=[ァ-ヶ])-")
_REPEATED = re.compile(r"(.)[々〻]")
#: The ヶ of 鬼ヶ島, which is no ケ and is read as か or が.
_SMALL_KE = re.compile(r"(?:(?<=[\u3400-\u9fff])|^)[ヵヶカガケが](?=[\u3400-\u9fff])")
_BETWEEN_UNITS = re.compile(r"[\s>・･/\\|→,、;:~_\-]+")
#: Behind a name, whoever bears it.
_HONORIFICS = ("様", "殿", "さん", "氏", "印")
#: Two titles and an honorific are the most that anybody writes.
_MOST_TITLES = 3
#: 〓 stands where a letter was that the sender's system does not have.
_GETA = "〓"
_SHORTEST_WITH_GETA = 3
_KANA = re.compile(r"[ァ-ヶー]+")
#: Two words, family and given name.
_READING = re.compile(r"[ぁ-んァ-ヶー]{2,}[\s・･,.]+[ぁ-んァ-ヶー]{2,}")
_BESIDE_NAME = re.compile(r"旧姓.{1,6}|本人|申請者|利用者|内線\d+")
_KATAKANA = {ord(letter): chr(ord(letter) + 0x60) for letter in map(chr, range(ord("ぁ"), ord("ゖ") + 1))}
#: Kana that people write for each other in a reading.
_SPELLINGS = str.maketrans("ヂヅヲァィゥェォッャュョ", "ジズオアイウエオツヤユヨ", "ー・")
_BESIDE_UNIT = re.compile(r"(?:本庁舎?|本所)?(?:\d+階)?|内線\d+")
#: What ends the name of a unit, and how deep it lies.
_LEVELS = {
    **dict.fromkeys(("部", "局", "院", "署"), 0),
    **dict.fromkeys(("課", "室", "所", "館", "園", "校", "センター"), 1),
    **dict.fromkeys(("係", "班", "担当", "グループ", "チーム"), 2),
}
_UNIT_ENDS = tuple(_LEVELS)
_LONGEST_UNIT = 100
_OFFICES = r"(?:市役所|町役場|村役場|区役所|県庁|都庁|府庁|道庁)?(?:[市町村区]長部局)?(?:本庁舎?)?"


def same_name(
    stated: str, known: str, rules: RulesSettings, *, kana: str = "", employee_no: str = "", department: str = ""
) -> bool:
    """Tell whether two names are the same, as ``rules.name_match`` says.

    Folded, no difference is made by variants of characters, titles, 様, a reading or an earlier name beside it, a mark between
    the names, their order, kana of the other kind, or 〓 for one character; nor by the employee's own number or department.
    """
    if rules.name_match == "off":
        return True
    if rules.name_match == "exact":
        return without_brackets(stated).strip() == known.strip()
    wanted, plain = name_key(known, rules), normalise(stated)
    own = _Own(wanted=wanted, kana=kana, employee_no=employee_no, department=department, rules=rules)
    if not all(own.stands_beside(remark) for remark in _remarks(plain)):
        return False
    names = [name for written in own.written(without_brackets(plain)) for name in _without_titles(written, rules)]
    return (
        any(_is(wanted, name) for name in names) or _in_other_order(plain, known, rules) or _is_kana(plain, kana, rules)
    )


def same_department(stated: str, known: str, rules: RulesSettings) -> bool:
    """Tell whether two departments are the same, as ``rules.department_match`` says.

    Folded, either may leave out units above or below, and what was stated may name a smaller unit within the known one, the
    city before it and a title behind it.
    """
    if rules.department_match == "off":
        return True
    if rules.department_match == "exact":
        return stated.strip() == known.strip()
    wanted, plain = _unit_key(known, rules), normalise(stated)
    if _fits(_unit_key(stated, rules), wanted):
        return True
    if not all(_beside_unit(_unit_key(remark, rules), wanted, rules) for remark in _remarks(plain)):
        return False
    return any(_fits(unit, wanted) for unit in _units(_unit_key(without_brackets(plain), rules), rules))


def name_key(name: str, rules: RulesSettings) -> str:
    """Return the form in which names are compared: folded, without marks between, with the city's own variants."""
    folded = _REPEATED.sub(r"\1\1", _LONG_VOWEL.sub("ー", fold(name)))
    return _SMALL_KE.sub("ヶ", _BETWEEN_NAMES.sub("", folded)).translate(_added(rules.name_variants))


def without_brackets(text: str) -> str:
    """Return the text without what stands in brackets; behind the last closing one nothing does, and none is looked for."""
    plain = normalise(text)
    end = _last_closing(plain)
    return _BRACKETED.sub("", plain[:end]) + plain[end:]


def same_reading(stated: str, known: str, rules: RulesSettings) -> bool:
    """Tell whether two readings are one; what is not written in kana, or not in the directory, contradicts nothing."""
    read, wanted = (name_key(text, rules).translate(_KATAKANA).translate(_SPELLINGS) for text in (stated, known))
    return not (_KANA.fullmatch(read) and wanted) or read.removesuffix("サマ") == wanted


def _remarks(text: str) -> Iterator[str]:
    return (match[1] for match in _BRACKETED.finditer(text[: _last_closing(text)]))


def _last_closing(text: str) -> int:
    return max(map(text.rfind, _CLOSING)) + 1


@dataclass(frozen=True, kw_only=True)
class _Own:
    """Whose name is compared, and what of the same person may be written beside it."""

    wanted: str
    kana: str
    employee_no: str
    department: str
    rules: RulesSettings

    def stands_beside(self, remark: str) -> bool:
        """Tell whether what stands in brackets beside a name changes nothing."""
        return _beside_name(remark, self.wanted, self.kana, self.rules) or self._is_own(remark)

    def written(self, plain: str) -> Iterator[str]:
        """Yield the keys of the names that a text without brackets may be."""
        yield name_key(plain, self.rules)
        words = [word for word in _APART.split(plain) if word and not self._is_own(word)]
        yield name_key("".join(words), self.rules)
        for count in (1, 2):
            if len(words) > count and _is_reading(" ".join(words[-count:]), self.wanted, self.kana, self.rules):
                yield name_key("".join(words[:-count]), self.rules)

    def _is_own(self, word: str) -> bool:
        """Tell whether it is the employee's number, or department."""
        if self.employee_no and number_key(word) == number_key(self.employee_no):
            return True
        ends = bool(self.department) and fold(word).endswith(_UNIT_ENDS)
        return ends and same_department(word, self.department, self.rules)


def _in_other_order(stated: str, known: str, rules: RulesSettings) -> bool:
    """Tell whether the given name stands before the family name: two words each, and no more."""
    one, other = ([name_key(word, rules) for word in _WORDS.split(normalise(text).strip())] for text in (stated, known))
    return len(one) == len(other) == 2 and all(one) and one == other[::-1]


def _is_kana(stated: str, kana: str, rules: RulesSettings) -> bool:
    """Tell whether a name is written in kana alone, wholly as the directory reads it."""
    read, known = (name_key(text, rules).translate(_KATAKANA) for text in (stated, kana))
    return bool(known) and read == known


def _beside_name(remark: str, name: str, kana: str, rules: RulesSettings) -> bool:
    """Tell whether what stands in brackets beside a name changes nothing: its reading, part of it, an earlier name, a title."""
    key = name_key(remark, rules)
    known = key in name or key in _HONORIFICS or key in _titles(rules.job_titles)
    return known or _is_reading(remark, name, kana, rules) or bool(_BESIDE_NAME.fullmatch(key))


def _is_reading(remark: str, name: str, kana: str, rules: RulesSettings) -> bool:
    """Tell whether it is the name's reading: the directory's, else two words of kana, or kana with those of the name."""
    read, wanted = (name_key(text, rules).translate(_KATAKANA) for text in (remark, kana))
    if not _KANA.fullmatch(read):
        return False
    if wanted:
        return wanted.startswith(read)
    own = "".join(_KANA.findall(name.translate(_KATAKANA)))
    return (len(own) > 1 and own in read) or bool(_READING.fullmatch(remark.strip()))


def _beside_unit(remark: str, unit: str, rules: RulesSettings) -> bool:
    """Tell whether what stands in brackets beside a department changes nothing: a unit above it, or its usual short form."""
    letters = iter(unit)
    short = all(letter in letters for letter in remark)
    return short or remark in _titles(rules.job_titles) or bool(_BESIDE_UNIT.fullmatch(remark))


def _without_titles(name: str, rules: RulesSettings) -> Iterator[str]:
    """Yield the name, then the name with a title after the other taken away at its ends."""
    yield name
    titles = _titles(rules.job_titles)
    for _ in range(_MOST_TITLES):
        before = next((title for title in titles if name.startswith(title)), "")
        behind = next((title for title in (*titles, *_HONORIFICS) if name.endswith(title)), "")
        name = name.removesuffix(behind) if behind else name.removeprefix(before)
        if not name or not (before or behind):
            return
        yield name


def _is(known: str, stated: str) -> bool:
    if _GETA not in stated:
        return known.translate(_KATAKANA) == stated.translate(_KATAKANA)
    return (
        len(known) == len(stated) >= _SHORTEST_WITH_GETA
        and stated.count(_GETA) == 1
        and all(one in (_GETA, other) for one, other in zip(stated, known, strict=True))
    )


def _unit_key(text: str, rules: RulesSettings) -> str:
    return _BETWEEN_UNITS.sub("", fold(text)).translate(_added(rules.name_variants))


def _units(stated: str, rules: RulesSettings) -> Iterator[str]:
    """Yield what was stated, without the city before it and without a title behind it."""
    own = tuple(_unit_key(name, rules) for name in rules.own_names)
    for unit in dict.fromkeys((stated, _city(own).sub("", stated))):
        yield from _without_titles(unit, rules)
        if unit.endswith(tuple(f"{end}長" for end in _UNIT_ENDS)):
            yield unit.removesuffix("長")


def _fits(stated: str, known: str) -> bool:
    """Tell whether what was stated is known, units of it, or known with a smaller unit behind."""
    if not stated or not known or len(stated) > _LONGEST_UNIT:
        return False
    at = known.find(stated)
    while at >= 0:
        behind = known[at + len(stated) :]
        if _ends_unit(known[:at]) and (not behind or stated.endswith(_UNIT_ENDS)):
            return True
        at = known.find(stated, at + 1)
    heads = (stated[:end] for end in range(1, min(len(stated), len(known) + 1)))
    return any(
        known.endswith(head) and _ends_unit(known.removesuffix(head)) and _smaller(stated[len(head) :], head)
        for head in heads
    )


def _ends_unit(text: str) -> bool:
    return not text or text.endswith(_UNIT_ENDS)


def _smaller(unit: str, above: str) -> bool:
    """Tell whether it is a unit within the one above, and holds none as large: then it would be another one's."""
    depth, own = _depth(above), _depth(unit)
    return depth is not None and own is not None and own > depth and not any(
        word in unit for word in ("部", "局", "課") if _LEVELS[word] <= depth
    )  # fmt: skip


def _depth(unit: str) -> int | None:
    return next((depth for end, depth in _LEVELS.items() if unit.endswith(end)), None)


@lru_cache
def _added(groups: tuple[str, ...]) -> Mapping[int, str]:
    """Return what the city writes for one another as ``str.translate`` takes it."""
    return {ord(fold(other)): fold(group[0]) for group in groups for other in group}


@lru_cache
def _titles(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the titles as they are compared, the longest first: 課長補佐 is no 補佐 of 課長."""
    return tuple(sorted(map(fold, words), key=len, reverse=True))


@lru_cache
def _city(names: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of the city's own name and house before a department; it may match nothing at all."""
    own = "|".join(re.escape(name) for name in names if name)
    return re.compile(rf"^(?:(?:{own})(?:役所|役場|庁)?)?{_OFFICES}" if own else f"^{_OFFICES}")
