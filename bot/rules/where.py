"""V12, V13: the place, and the network zones that may be reached from it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.rules.case import Case, Finding, hold, reject
from bot.text import fold
from bot.wording import quote

_BRACKETED = re.compile(r"[（(【\[]([^（(【\[）)】\]]*)[）)】\]]")
_CHOICE = re.compile(r"^(?:[（(\[【]?\d{1,2}[）)\]】.．、:：]|[①-⑳]|[●■・])\s*")
_ENCLOSED = re.compile(r"[【\[「]([^（(【\[「」）)】\]]*)[】\]」]")
_ZONE_ENDS = re.compile(r"(接続系|系|環境|セグメント|ネットワーク|側)$")
_APART = re.compile(r"[\s\u3000:：／/、,，]+")
_BEFORE = re.compile(r"^(?:ご|御|本人の?|職員の?|申請者の?)(?=自宅)")
_BEHIND = re.compile(r"(?:にて|のみ|です|で)?[。.、,]?$")
_LONGEST_REMARK = 60
#: 〒390-0001 長野県例市東町1-2-3 コーポ山田101, folded: no hiragana but の, so that no sentence passes.
_ADDRESS = re.compile(
    r"(?:(?:住所|所在地):?)?(?:〒?\d{3}-?\d{4})?(?P<area>[\u3400-\u9fff々ァ-ヶーの]{2,40})"
    r"(?:(?P<number>\d[\d\-丁目番地号の]{0,20})(?P<house>[^。、,!?]{0,30}))?"
)
_AREA = re.compile(r"[都道府県市区町村郡]")
_AREA_ENDS = re.compile(r"(?:[都道府県市区町村郡字]|丁目|番地?|号)$")
#: What follows the number of a house: a room, or the house's name with one. A name alone may be that of a shop.
_HOUSE = re.compile(
    r"(?:[^\W\d_]{1,20}?)?[a-z]?\d{1,5}[a-z]?(?:号室?|室|棟|階|f)?|[^\W_]{0,20}(?:マンション|アパート|ハイツ|コーポ|ハウス|レジデンス|メゾン|荘|団地|住宅|寮|官舎|公舎|社宅)[^\W_]{0,10}"
)
#: Where nobody lives: it names no home, though its address may stand there.
_FACILITY = re.compile(
    "会館|公民館|公園|学校|大学|庁舎|役所|支所|事務所|事業所|営業所|オフィス|温泉|道の駅|車[内中]|センター|美術館|博物館|体育館|店舗"
)
_NAME = re.compile(r"^[^\W\d_]{1,12}$")
#: In an address these tell of another home, of another person's, or of no home at all.
_ELSEWHERE = re.compile(
    "実家|別荘|別宅|[^自本住三]宅(?:$|の)|家族|親族|親戚|両親|[父母]親|祖[父母]|義[父母兄弟姉妹]|[妻夫父母兄姉弟妹親子孫]の|[妻夫父母兄姉弟妹]$|"
    "他[県市町村区]|[県市町村区国都]外|別の|友人|友達|知人|恋人|宿泊|民宿|ホテル|旅館|旅行|喫茶|カフェ|店$|図書館|駅$|病院|施設|[任張問在遣行]先|"
    "滞在|帰省|出張|予定|一部|半分|の分$|別日|振替|午前|午後|前半|後半|以外|場合|変更|中止|取消|不可|未定|曜|毎週|隔週|\\d[日月時]|\\d/\\d"
)
_HOMES = frozenset(map(fold, (
    "アパート", "マンション", "一戸建て", "戸建て", "戸建", "一軒家", "持ち家", "持家", "借家", "賃貸", "社宅", "官舎", "公舎", "寮", "団地",
    "集合住宅", "本人宅", "現住所", "住所地", "住民票の住所", "届出住所", "書斎", "自室",
    "自宅", "本人", "住民票所在地", "住民票住所", "賃貸マンション", "賃貸アパート", "分譲マンション", "戸建て住宅",
    "在宅", "在宅勤務", "テレワーク", "居室", "リビング", "仕事部屋", "市内", "本市内", "登録住所", "申請者の自宅", "本人の自宅", "職員の自宅",
    "市営住宅", "県営住宅", "公営住宅", "職員住宅", "職員寮",
)))  # fmt: skip
_PERSONAL_NUMBERS = ("番号", "マイナンバー", "mynumber")
_NAMES_PERSONAL_NUMBERS = re.compile(
    "番号利用|番号系|番号制度|番号事務|番号連携|番号接続|個人番号|特定個人情報|マイナンバ|マイナ系|mynumber|基幹系"
)


def names_personal_numbers(text: str) -> bool:
    """Tell whether a text names 番号利用事務系, the zone of personal numbers, in any of its usual words."""
    return _NAMES_PERSONAL_NUMBERS.search(fold(text)) is not None


def allowed_place(case: Case) -> Iterator[Finding]:
    """V12: the place is one that needs nothing more; any other is for a person."""
    stated, places = case.application.place, case.rules.places
    if not stated or _is_one_of(stated, (*places.allow, *places.satellite), case):
        return
    plain, _ = _parts(stated)
    if any(fold(place) in plain for place in places.needs_approval):
        yield hold(
            f"実施場所「{quote(stated)}」は承認が必要な場所のため、担当者が確認します。",
            f"The place {quote(stated)!r} needs approval; an operator decides.",
        )
    else:
        known = "、".join((*places.allow, *places.satellite, *places.needs_approval))
        yield hold(
            f"実施場所「{quote(stated)}」を確認できません（選べる場所: {known}）。担当者が確認します。",
            f"The place {quote(stated)!r} is none of those known ({known}); an operator decides.",
        )


def zones_of_place(case: Case) -> Iterator[Finding]:
    """V13: 番号利用事務系 never from home, nor anywhere but the city's own offices; nobody can override this.

    Wherever else in the application it is named, a person finds out what is meant, and puts the reading right.
    """
    place = case.application.place
    satellite = bool(place) and _is_one_of(place or "", case.rules.places.satellite, case)
    listed = _zones_from(case)
    for zone in case.application.zones:
        personal = names_personal_numbers(zone) or any(word in fold(zone) for word in _PERSONAL_NUMBERS)
        if personal and not satellite:
            yield reject(
                f"「{quote(zone)}」（番号利用事務系）は、自宅など市の施設の外から利用できません。例外はありません。",
                f"{quote(zone)!r} (the zone of personal numbers) can't be reached from outside the city's offices.",
            )
        elif _zone(zone) not in listed:
            names = "、".join(_names_from(case))
            yield reject(
                f"ネットワーク「{quote(zone)}」は、この実施場所から利用できません（利用できるもの: {names}）。",
                f"The network {quote(zone)!r} can't be used from this place (usable: {names}).",
            )
    if not satellite and any(map(names_personal_numbers, _beside_zones(case))):
        yield hold(
            "接続先の項目のほかに、番号利用事務系（マイナンバー利用事務）の記載があります。自宅などからは利用できません。"
            "担当者が確認します。",
            "Beside the networks asked for, the zone of personal numbers is named; it can't be reached from home. "
            "An operator checks.",
        )


def _beside_zones(case: Case) -> Iterator[str]:
    """Yield every other text of the application, and what was read with a doubt."""
    asked = case.application
    texts = (asked.place, asked.terminal, asked.approval, asked.urgent_reason, asked.hours)
    yield from (text for text in texts if text)
    yield from (doubt.read for doubt in asked.doubts)


def _zones_from(case: Case) -> set[str]:
    return {_zone(name) for name in _names_from(case)}


def _names_from(case: Case) -> tuple[str, ...]:
    """Return the zones of the application's place; a place that is not named in the settings has those of home."""
    layers, stated = case.rules.layers, case.application.place or ""
    named = next((zones for place, zones in layers.items() if _is_one_of(stated, (place,), case)), None)
    home = next((layers[place] for place in case.rules.places.allow if place in layers), ())
    return home if named is None else named


def _is_one_of(stated: str, places: tuple[str, ...], case: Case) -> bool:
    """Tell whether the place is exactly one of these, and what stands beside it is its address, or says what home it is."""
    base, remarks = _parts(stated)
    known = {fold(place) for place in places}
    if fold(stated) not in known and base not in known:
        return False
    branch = base in {fold(place) for place in case.rules.places.satellite}
    return all(_says_nothing(remark, branch=branch) for remark in remarks)


def _says_nothing(remark: str, *, branch: bool) -> bool:
    """Tell whether a remark beside a place does not limit it: an address, a kind of home, or the name of a branch office."""
    text = fold(remark)
    if text in _HOMES or not text:
        return True
    if len(text) > _LONGEST_REMARK or _ELSEWHERE.search(text):
        return False
    return (branch and bool(_NAME.match(text))) or _is_address(text)


def _is_address(text: str) -> bool:
    """Tell whether a folded text is an address of a home: of a town, or with the number of a house and what follows it."""
    found = _ADDRESS.fullmatch(text)
    if not found or not _AREA.search(found["area"]) or _FACILITY.search(text):
        return False
    if not found["number"]:
        return bool(_AREA_ENDS.search(found["area"]))
    return not found["house"] or bool(_HOUSE.fullmatch(found["house"]))


def _parts(stated: str) -> tuple[str, list[str]]:
    """Return a place without what stands beside it, folded, and each thing that stands beside it."""
    text = _CHOICE.sub("", stated.strip())
    if enclosed := _ENCLOSED.fullmatch(text):
        text = enclosed[1]
    remarks = _BRACKETED.findall(text)
    base = _BEHIND.sub("", _BEFORE.sub("", fold(_BRACKETED.sub("", text))))
    first, *rest = _APART.split(_BRACKETED.sub("", text).strip(), maxsplit=1)
    # 自 宅 is one word; an address may stand behind a space or a colon.
    if rest and _is_address(fold(rest[0])):
        return _BEFORE.sub("", fold(first)), [*remarks, rest[0]]
    return base, remarks


def _zone(name: str) -> str:
    return _ZONE_ENDS.sub("", fold(name))
