"""Names and departments as people write them: what a clerk takes for the same, and what for another."""

from __future__ import annotations

import pytest

from bot.rules.names import same_department, same_name
from bot.settings.rules import RulesSettings

RULES = RulesSettings()
MINORI, READING = "髙橋　みのり", "ﾀｶﾊｼ ﾐﾉﾘ"
UNIT = "健康福祉部福祉政策課"


@pytest.mark.parametrize(
    "stated",
    [
        "髙橋みのり様", "主査　髙橋　みのり", "高橋みのり 課長補佐", "高橋みのり 主任主事 様", "髙橋みのり ㊞", "髙橋・みのり", "髙橋，みのり",
        "髙橋、みのり", "〓橋　みのり",
        "髙󠄀橋　みのり", "髙橋（高橋）みのり", "髙橋みのり（旧姓　林）", "髙橋みのり（タカハシ　ミノリ）", "髙橋みのり（たかはし　みのり）",
        "高橋【本人】みのり", "髙橋みのり（主査）", "みのり　髙橋", "髙橋_みのり", "髙橋ミノリ", "髙橋みのり。", "髙橋　みのり／タカハシ　ミノリ",
        "髙橋 みのり たかはし みのり", "タカハシ　ミノリ",
    ],
)  # fmt: skip
def test_what_stands_around_a_name_makes_nobody_else_of_it(stated: str) -> None:
    """様, titles, readings, earlier names, marks between and one letter that could not be shown change nothing."""
    assert same_name(stated, MINORI, RULES, kana=READING)


@pytest.mark.parametrize(
    "stated",
    [
        "髙橋みのる", "〓橋みのる", "〓〓みのり", "髙橋", "みのり", "髙橋みのり 佐藤一郎", "髙橋みのり、佐藤", "髙橋みのり（代理：佐藤）",
        "髙橋みのり（取消）", "髙橋みのり（キャンセル）", "髙橋みのり（タカハシ　ミノル）", "道路課長　髙橋みのり", "主査", "様",
        "〓", "みのり　髙橋　佐藤", "みのり橋　髙", "タカハシ", "髙橋　みのり／佐藤", "みのる　髙橋",
    ],
)  # fmt: skip
def test_whoever_else_may_be_meant_is_no_match(stated: str) -> None:
    """Another name, a second person or any other word beside the name is for a person to look at."""
    assert not same_name(stated, MINORI, RULES, kana=READING)


@pytest.mark.parametrize(
    ("stated", "same"),
    [("山田一郎（やまだ　いちろう）", True), ("山田一郎（キャンセル）", False), ("山田一郎（やめます）", False)],
)
def test_kana_in_brackets_is_a_reading_only_where_it_can_be_one(stated: str, same: bool) -> None:  # noqa: FBT001 - a row
    """Where the directory holds no reading, a single word of kana may say anything."""
    assert same_name(stated, "山田　一郎", RULES) is same


@pytest.mark.parametrize(
    ("stated", "known"),
    [
        ("清水", "淸水"), ("増田", "增田"), ("青木", "靑木"), ("寛", "寬"), ("薫", "薰"), ("郎", "郞"), ("渋谷", "澁谷"), ("亀井", "龜井"),
        ("与那嶺", "與那嶺"), ("斉藤", "齊藤"), ("斉藤", "齋藤"), ("斎藤", "齊藤"), ("ケ谷", "ヶ谷"), ("村上", "邨上"), ("昇本", "曻本"),
        ("薮内", "籔内"), ("佐佐木", "佐々木"), ("霞が関", "霞ヶ関"), ("遥", "遙"), ("尭", "堯"), ("渡辺", "渡邉"), ("𠮷田", "吉田"), ("山崎", "山﨑"), ("山嵜", "山碕"),
    ],
)  # fmt: skip
def test_variants_of_a_character_are_one(stated: str, known: str) -> None:
    """What family registers write for one another makes no other name, whichever of the two the directory has."""
    assert same_name(stated, known, RULES)
    assert same_name(known, stated, RULES)


@pytest.mark.parametrize(
    ("stated", "same"),
    [
        ("髙橋みのり（福祉政策課）", True), ("福祉政策課　髙橋みのり", True), ("髙橋みのり 0048213", True), ("髙橋みのり（0048213）", True),
        ("市民課　髙橋みのり", False), ("髙橋みのり（市民課）", False), ("髙橋みのり 0048214", False), ("福祉　髙橋みのり", False),
    ],
)  # fmt: skip
def test_the_employees_own_number_and_department_may_stand_beside_the_name(stated: str, same: bool) -> None:  # noqa: FBT001 - a row
    """Another number or department beside a name makes somebody else of it."""
    assert same_name(stated, MINORI, RULES, employee_no="0048213", department=UNIT) is same


@pytest.mark.parametrize(
    ("stated", "known"),
    [
        ("ケリ－　ジョン", "ケリー　ジョン"),
        ("ジョン・ケリー", "ケリー　ジョン"),
        ("SMITH, John", "Smith　John"),
        ("John Smith", "Smith　John"),
    ],
)
def test_names_from_elsewhere_are_written_in_either_order(stated: str, known: str) -> None:
    """Commas, hyphens for ー and the order of two names change nothing."""
    assert same_name(stated, known, RULES)


@pytest.mark.parametrize(
    ("stated", "known"),
    [
        ("伊藤和夫", "伊藤和人"),
        ("俊一", "舜一"),
        ("祐子", "佑子"),
        ("昇", "升"),
        ("渡部", "渡辺"),
        ("玉田", "王田"),
        ("切田", "功田"),
        ("着", "著"),
    ],
)
def test_characters_that_only_look_alike_are_two(stated: str, known: str) -> None:
    """Two different characters make two names, also where a table of misspellings leads from one to the other."""
    assert not same_name(stated, known, RULES)


def test_a_city_adds_what_the_table_lacks() -> None:
    """A group of the setting counts as one character, and only there."""
    assert not same_name("椙山", "杉山", RULES)
    assert same_name("椙山", "杉山", RulesSettings(name_variants=("杉椙",)))


@pytest.mark.parametrize(
    "stated",
    [
        "健康福祉部＞福祉政策課", "健康福祉部・福祉政策課", "健康福祉部／福祉政策課", "健康福祉部 - 福祉政策課", "例市健康福祉部福祉政策課", "例市役所　福祉政策課",
        "福祉政策課　総務担当", "福祉政策課 課長", "福祉政策課長", "福祉政策課 主査", "（健福）福祉政策課", "（本庁）福祉政策課", "福祉政策課（本庁）",
        "本庁舎　福祉政策課", "市長部局 健康福祉部 福祉政策課", "福祉政策課（健康福祉部）", "福祉政策課（内線1234）", "健康福祉部 福祉政策課 政策係",
    ],
)  # fmt: skip
def test_a_department_may_be_written_in_many_ways(stated: str) -> None:
    """Marks between its units, the city before it, a title or a smaller unit behind it name no other department."""
    assert same_department(stated, UNIT, RULES)


@pytest.mark.parametrize(
    "stated",
    [
        "道路課", "例市道路課", "別市福祉政策課", "健康福祉部道路課", "政策課", "福祉政策課・道路課", "福祉政策課道路課維持担当", "福祉政策課（道路課兼務）",
        "（建設）福祉政策課", "健康福祉局福祉政策課", "福祉政策課健康センター", "例市", "課長", "本庁", "福祉政策課（旧　福祉課）",
    ],
)  # fmt: skip
def test_another_department_is_no_match(stated: str) -> None:
    """A second or a different unit, and words that nobody knows, are for a person to look at."""
    assert not same_department(stated, UNIT, RULES)


@pytest.mark.parametrize(
    ("stated", "known", "same"),
    [
        ("道路課", "建設部道路課維持担当", True),
        ("道路課管理担当", "建設部道路課維持担当", False),
        ("支所（梓川）", "支所(梓川)", True),
        ("支所", "支所(梓川)", True),
        ("支所（安曇）", "支所(梓川)", False),
        ("地域づくりセンター", "市民部地域づくりセンター", True),
        ("都市計画課", "計画課", False),
    ],
)
def test_units_are_known_by_their_borders(stated: str, known: str, same: bool) -> None:  # noqa: FBT001 - a row
    """What the directory names in more detail agrees with its units, whole, and with no other branch of them."""
    assert same_department(stated, known, RULES) is same
