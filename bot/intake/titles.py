"""What a table says around its rows: titles, sheet names and closing words that say nothing of what is asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.text import fold, normalise

_LONGEST = 120
#: Words of which plain titles and sheet names are made: テレワークID発行申請一覧（令和8年11月20日 出力）.
_WORDS = (
    "テレワーク", "在宅勤務", "サテライトオフィス", "リモートワーク", "利用", "実施", "申請", "申込", "受付", "届出", "回答", "登録", "発行",
    "新規", "アカウント", "id", "パスワード", "password", "一覧", "一覧表", "リスト", "list", "名簿", "データ", "data", "フォーム", "form",
    "responses", "sheet", "シート", "worksheet", "ブック", "book", "table", "表", "書", "票", "様式", "別紙", "別記", "別表", "用紙", "第", "号", "条",
    "関係", "職員", "対象者", "申請者", "用", "及び", "および", "と", "の", "分", "全", "計", "件数", "件", "名", "人", "年度", "年", "月", "令和",
    "本日", "csv", "excel", "sep", "出力", "作成", "抽出", "ダウンロード", "エクスポート", "exported", "export", "created", "downloaded", "現在",
    "時点", "日時", "日付", "日", "at",
    "あて", "宛", "宛先", "様", "市長", "町長", "村長", "知事", "下記", "次", "のとおり", "記", "します", "いたします", "願います",
)  # fmt: skip
_OUTPUT = re.compile("出力|作成|抽出|ダウンロード|エクスポート|export|created|現在|時点")
_WHOLE_DAY = re.compile(
    r"(?:20\d\d|令和\s*\d{1,2}|\br\s?\d{1,2})\s*[年/.\-]\s*\d{1,2}\s*[月/.\-]\s*\d{1,2}(?:\s*日)?|\b20\d{6}\b"
)
_DAY = re.compile(r"\d{1,2}\s*[月/]\s*\d{1,2}(?:\s*日)?|\d{1,2}\s*日")
_TIME = re.compile(r"\d{1,2}\s*[:時]\s*\d{1,2}(?:\s*[:分]\s*\d{0,2})?\s*秒?")
_WEEKDAY = re.compile(r"\([月火水木金土日]\)")
_OFFICE = re.compile(
    r"[一-龥ヶ々ァ-ヴー]{1,30}(?:部|局|課|室|係|支所|出張所|センター|市|町|村|区|県|市長|町長|村長|区長|知事|局長|部長|課長|室長|所長)"
)
#: In no name of an office: such a word may tell what became of the rows.
_TELLING = re.compile("[取消止却差戻見済不否未無]")
_WORD = re.compile("|".join(sorted(map(re.escape, _WORDS), key=len, reverse=True)))
_NUMBER = re.compile(r"(?<!\d)\d{1,3}(?!\d)|(?<!\d)20\d\d(?=年)")
_NAMED_YEAR = re.compile(r"(?:20(\d\d)|令和\s*(\d{1,2})|\br\s?(\d{1,2}))\s*年")
_NAMED_MONTH = re.compile(r"(?<!\d)(\d{1,2})月分?")
_REIWA = 18
_BREAKS = re.compile(r"[\s#()\[\]「」『』【】〔〕<>《》・:;,、。./_~\-=*※○●■□◆◇★☆|]+")
_CLOSING = frozenset(
    map(
        fold,
        (
            "以下余白",
            "以下空白",
            "余白",
            "以上",
            "合計",
            "計",
            "小計",
            "総計",
            "総合計",
            "件数",
            "人数",
            "total",
            "eof",
            "end",
        ),
    )
)
_LONGEST_CLOSING = 12
_COUNTED = re.compile(r"\d{1,6}(?:件|名|人|行|日|人日)?$")


def is_plain(text: str) -> bool:
    """Tell whether a title or a sheet's name is made of nothing but the usual words, office names, numbers and the day of output."""
    if len(text) > _LONGEST:
        return False
    left = _WEEKDAY.sub(" ", _WHOLE_DAY.sub(" ", normalise(text).casefold()))
    if _OUTPUT.search(left):
        left = _DAY.sub(" ", left)
    elif _DAY.search(left):
        return False
    left = _TIME.sub(" ", left)
    return all(_is_plain_word(word) for word in _BREAKS.split(left) if word)


def is_closing(cells: Sequence[str]) -> bool:
    """Tell whether a row ends or sums up a table: 以下余白, 合計 with its counts."""
    first = next((cell for cell in cells if cell), "")
    if len(first) > _LONGEST_CLOSING or first[:1].isdecimal():
        return False
    first, *others = [fold(cell).strip("()[]<>-=*※.。") for cell in cells if cell]
    return _ends(first) and all(other in _CLOSING or _COUNTED.fullmatch(other) for other in others)


def names_day(text: str) -> bool:
    """Tell whether words name a day, or are nothing but a number: below the headings that may be one more day."""
    plain = normalise(text).strip()
    return plain.isdecimal() or _WHOLE_DAY.search(plain) is not None or _DAY.search(plain) is not None


def is_of_another_time(name: str, days: Sequence[str]) -> bool:
    """Tell whether a sheet's name says another month or year than its days: 10月分 beside 12/1."""
    plain = normalise(name).casefold()
    if _WHOLE_DAY.search(plain) or _DAY.search(plain):
        return False
    stated = normalise(" ".join(days)).casefold()
    months = _NAMED_MONTH.findall(plain)
    if months and not any(re.search(rf"(?<!\d)0?{int(month)}\s*[月/.-]", stated) for month in months):
        return True
    years = {_year(match) for match in _NAMED_YEAR.finditer(plain)}
    dated = {int(year) for year in re.findall(r"(?<!\d)20(\d\d)(?!\d)", stated)}
    late = re.search(r"(?<!\d)0?[123]\s*[月/.-]\s*\d", stated) is not None  # January belongs to the fiscal year before
    return bool(years and dated) and not years & {year - before for year in dated for before in range(1 + late)}


def _year(named: re.Match[str]) -> int:
    """Return the year of a name within its century."""
    return int(named[1]) if named[1] else int(named[2] or named[3]) + _REIWA


def _ends(word: str) -> bool:
    """Tell whether a word ends a table, alone or with its count: 合計2件."""
    counted = _COUNTED.search(word)
    return word in _CLOSING or (counted is not None and word[: counted.start()].rstrip(":") in _CLOSING)


def _is_plain_word(word: str) -> bool:
    left = _NUMBER.sub("", _WORD.sub("", word))
    return not left or (not _TELLING.search(word) and any(_OFFICE.fullmatch(name) for name in (word, left)))
