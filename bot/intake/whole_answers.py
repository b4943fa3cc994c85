"""What answers may consist of, to their last word, where no rule reads all of them.

A rule looks at 職員番号, 氏名, 所属, 場所 and the days as a whole. Of the other fields it takes what it needs: without this
「15（取消希望）」 under 管理番号 or 「貸与PC 別日へ振替」 under 使用端末 would be passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from bot.intake.choices import ticked
from bot.intake.vocabulary import Vocabulary
from bot.text import fold, normalise

_NUMBER = re.compile(
    r"(?:no\.?|№|#|第)?(?:[^\W\d_a-z]{1,8}[-第])?(?:[a-z]{1,8}-?)?[0-9][0-9+.a-z-]*(?:号|件目)?|[a-z0-9]{1,8}(?:-[a-z0-9]{1,8}){1,6}",
    re.IGNORECASE,
)
_LONGEST_PIECE = 5
_DAYS = re.compile(r"\d{1,2}月|\d/\d{1,2}(?!\d*/)|-\d{1,2}-\d")
_TOO_LONG = re.compile(r"(?<![\d.])(?:\d{5,7}|\d{9,11}|\d{13}|\d{15,})(?!\d)")
_EXTENSION = re.compile(r"内線\s*:?\s*\d{2,5}")
_NONE = frozenset(map(fold, ("なし", "無し", "無", "該当なし", "特になし", "-", "ー", "―", "－")))
_TIME_WORDS = re.compile(
    r"令和|平成|午前|午後|正午|頃|ごろ|現在|jst|[月火水木金土日]曜日?|\([月火水木金土日祝・]{1,3}\)|\(?(?:mon|tue|wed|thu|fri|sat|sun)\)?|[ap]m"
)
_TIME = re.compile(r"[rh]?[\d年月日時分秒/:.,+\-tz一二三四五六七八九十〇元]*")
_ADDRESS = re.compile(r"[\w.+'-]{1,64}@[\w.-]{1,100}")
_KANA = re.compile(r"[ァ-ヴーぁ-んゔ゛゜・･,\s()]+")
_LATIN_NAME = re.compile(r"[a-z]{2,20}[ ,・]{1,2}[a-z]{2,20}")
_HOURS = Vocabulary(
    ("から", "より", "まで", "午前", "午後", "正午", "終日", "全日", "一日", "1日", "1日中", "勤務", "勤務時間", "勤務時間中", "通常", "どおり", "通り", "休憩",
     "休憩時間", "昼休み", "フルタイム", "定時", "正規", "所定", "始業", "終業", "開始", "終了", "の", "と", "及び", "および", "含む", "のみ", "am", "pm"),
    patterns=r"(?:[01]?\d|2[0-4])(?::[0-5]\d|時(?:[0-5]?\d分|半)?)|(?:[1-9]|1\d)(?:\.\d{1,2})?時間(?:[0-5]?\d分|半)?|(?:[01]?\d|2[0-4])(?=[~〜-])|(?<=[~〜-])(?:[01]?\d|2[0-4])(?!\d)",
)  # fmt: skip
_TERMINAL = Vocabulary(
    ("市", "例市", "株", "有", "貸与", "支給", "配布", "配備", "公用", "公費", "業務用", "業務", "庁内", "職場", "職員", "端末", "pc", "パソコン", "コンピュータ",
     "コンピューター", "ノート", "デスクトップ", "タブレット", "モバイル", "シンクライアント", "ラップトップ", "個人", "所有", "私物", "私有", "自宅", "自己",
     "自分", "本人", "の", "を", "使用", "利用", "byod", "登録", "登録済", "登録済み", "済", "済み", "用", "型", "製", "機", "専用", "テレワーク", "在宅勤務",
     "windows", "win", "mac", "macos", "macbook", "air", "os", "x", "pro", "home", "enterprise", "ios", "ipados", "ipad", "iphone", "android", "chrome",
     "chromebook", "chromeos", "linux", "ubuntu", "surface", "go", "laptop", "let'snote", "letsnote", "thinkpad", "latitude", "elitebook",
     "probook", "lifebook", "versapro", "dynabook", "vaio", "dell", "hp", "富士通", "fujitsu", "nec", "lenovo", "レノボ", "asus", "acer", "東芝",
     "パナソニック", "panasonic", "apple", "マイクロソフト", "microsoft", "シリーズ", "モデル", "型番", "番号", "管理番号", "登録番号", "機器番号", "資産番号",
     "no", "lte", "wifi", "wi-fi", "ルーター", "ルータ", "付", "台", "vdi", "コンピュータ名", "ホスト名", "備品番号", "bit", "version", "ver"),
    patterns=r"[a-z]{1,8}[-−‐][a-z]{0,4}[-−‐]?\d{1,8}[a-z]?|[a-z]{0,6}\d{1,6}(?:\.\d{1,3}){0,2}(?:[a-z](?![a-z]))?|\d{2}h[12]|[^\W\d_]{1,10}製",
)  # fmt: skip
_STATE = Vocabulary(
    ("承認", "済", "済み", "了承", "了解", "同意", "許可", "決裁", "可", "有", "有り", "あり", "はい", "です", "しました", "します", "する", "ok", "yes", "y", "approved",
     "done", "所属長", "上司", "の", "による", "が", "から", "受けています", "得ています", "得ました", "受けました", "を", "た", "いる", "得て",
     "受けて", "得た", "受けた",
     "○", "◯", "〇", "✓", "✔", "☑", "レ", "印", "電話", "メール", "にて", "で", "事前", "課長", "部長", "係長", "様"),
    patterns=r"(?:20\d\d[年/.-]|令和\d{1,2}年|r\d{1,2}[./])?\d{1,2}[月/.-]\d{1,2}日?(?:付け?)?|\d{1,2}:\d\d(?::\d\d)?|\d{1,2}時\d{1,2}分",
)  # fmt: skip
_TITLED = re.compile(r"[一-龥々ヶァ-ヴー]{0,20}(?:長|次長|補佐|主幹|参事|監|代理者|副市長|市長)")
_UNIT = re.compile(r"[一-龥々ヶァ-ヴー]{1,20}(?:部|局|課|室|係|所|館|園|校|署|センター|担当)")
_PERSON = re.compile(r"[一-龥々ヶ〓\U00020000-\U0003ffff\U000e0100-\U000e01efァ-ヴーぁ-ん]{1,9}(?:様|さん|氏|殿)?")
#: In no name: a piece with one of these tells something.
_NO_PERSON = re.compile(
    "^の|[一-龥]の|分$|別[途日紙]|依頼|条件|本人|不在|見本|休職|振替|[他同部]者|同僚|部下|使用|代決|ない|のみ|まで|まだ|旧$|^新$|[未否不無]$|^[未否無]|中$(?<=.{3})"
)
_SPLIT = re.compile(r"[\s()\[\]/:;,、・]+")
_DECLARED = frozenset(map(fold, (
    "扱わない", "扱いません", "扱わず", "取り扱わない", "取扱わない", "取り扱いません", "取扱いません",
    "取扱なし", "取扱いなし", "取り扱いなし", "なし", "無", "無し", "無い",
    "同意", "同意する", "同意します", "同意しました", "確認", "確認済", "確認しました", "遵守する", "遵守します", "適正に取り扱う", "適正に取り扱います", "該当なし",
    "個人情報を扱わない", "個人情報は扱わない", "個人情報は扱いません", "個人情報を扱いません", "個人情報は取り扱わない", "個人情報は取り扱いません",
)))  # fmt: skip
_YES = frozenset(map(fold, ("はい", "yes", "○", "◯", "〇", "✓", "✔", "レ", "☑", "on", "true", "1")))


def is_whole(field: str, label: str, value: str) -> bool:
    """Tell whether an answer says nothing but what its field asks for; fields that a rule reads as a whole are not looked at."""
    check = _CHECKS.get(field)
    if check is None:
        return True
    answer = ticked(value)
    if not fold(answer):
        return True
    if field == "declaration" and "ない" in label:
        return _declares(answer) or fold(answer).rstrip("。") in _YES
    return check(answer)


def _is_number(value: str) -> bool:
    """Tell whether an answer is one number: spaces stand only between its short pieces."""
    pieces = normalise(value).strip(" ()[]<>。.").split()
    short = len(pieces) < 2 or all(len(piece) <= _LONGEST_PIECE for piece in pieces)
    return fold(value) in _NONE or (short and _NUMBER.fullmatch("".join(pieces)) is not None)


def _is_moment(value: str) -> bool:
    """Tell whether an answer is one time: no second day in it, and no number that is longer than a year."""
    folded = fold(value)
    one = folded.replace(".", "").isdecimal() or (len(_DAYS.findall(folded)) < 2 and not _TOO_LONG.search(folded))
    return one and _TIME.fullmatch(_TIME_WORDS.sub("", folded)) is not None


def _is_mail(value: str) -> bool:
    """Tell whether an answer is addresses; a name before one, and an extension behind it, go with it."""
    rest = _EXTENSION.sub("", _ADDRESS.sub("", normalise(value)))
    return all(
        _PERSON.fullmatch(piece) and not _NO_PERSON.search(piece)
        for piece in re.split(r"[\s<>()\[\],、;:・/\-ー―]+|mailto", rest)
        if piece
    )


def _is_kana(value: str) -> bool:
    plain = normalise(value).casefold()
    return _KANA.fullmatch(plain) is not None or _LATIN_NAME.fullmatch(plain.strip()) is not None


def _is_approval(value: str) -> bool:
    """Tell whether each piece names a state, an office with its head, or a person."""
    return all(
        _STATE.covers(piece)
        or _TITLED.fullmatch(piece)
        or _UNIT.fullmatch(piece)
        or (_PERSON.fullmatch(piece) and not _NO_PERSON.search(piece))
        for piece in _SPLIT.split(normalise(value))
        if piece.strip("。.○◯〇✓✔☑レ")
    )


def _declares(value: str) -> bool:
    return fold(value).rstrip("。") in _DECLARED


_CHECKS: Mapping[str, Callable[[str], bool]] = MappingProxyType({
    "receipt_no": _is_number, "refers_to": _is_number, "applied_at": _is_moment, "mail": _is_mail, "kana": _is_kana,
    "hours": _HOURS.covers, "terminal": _TERMINAL.covers, "approval": _is_approval, "declaration": _declares,
})  # fmt: skip
