"""Deciding by place and terminal: V12 to V15."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from bot.model import Decision, Doubt, Outcome, Severity
from bot.rules.register import OwnPc, OwnPcs
from bot.rules.where import names_personal_numbers
from bot.settings.rules import RulesSettings
from tests.unit.rules_kit import (
    MONDAY,
    NOON,
    PLAIN,
    at,
    decide,
    found,
    rulebook,
    severities,
    verdict,
)

OWN = "個人所有（登録番号 BY-0219）"
PC = OwnPc(number="BY-0219", employee_no="0048213", approved=True, registered_on=date(2021, 5, 1))


def with_pc(terminal: str = OWN, settings: Mapping[str, object] | None = None, /, **changes: Any) -> Decision:  # noqa: ANN401 - any field of a PC
    """Decide the plain application from an own PC that the register holds like this."""
    return decide(settings, context={"own_pcs": OwnPcs([replace(PC, **changes)])}, terminal=terminal)


# V12, V13


@pytest.mark.parametrize(
    "place",
    [
        "自宅", "自 宅", "自宅。", "ご自宅", "在宅", "在宅勤務", "「自宅」", "自宅にて", "自宅のみ", "[1] 自宅", "1. 自宅", "①自宅", "自宅（アパート）",
        "自宅(マンション)", "自宅（例市東町1-2）", "自宅（〒390-0001 例市東町一丁目2番3号 コーポ山田101）", "自宅：例市東町1-2-3", "自宅　例市東町1-2",
        "自宅（四日市市駅前町）",
        "自宅（新宿区東町3-4）", "１．自宅", "【自宅】", "●自宅", "自宅勤務", "自宅（在宅）", "自宅、例市東町1-2-3", "自宅（住所：例市東町1-2-3 ハイツ東203号室）",
        "自宅（長野県松本市中央1-2）", "サテライトオフィス", "サテライトオフィス（梓川）", "サテライトオフィス（梓川支所）", None,
    ],
)  # fmt: skip
def test_v12_home_and_the_citys_offices_need_nothing(place: str | None) -> None:
    """An address, the kind of home, a choice's number and a full stop make no difference; a form may not ask at all."""
    assert verdict(decide(place=place)) == (Outcome.ACCEPT, [])


@pytest.mark.parametrize(
    "place",
    [
        "自宅に準ずる場所（実家・例市東町）", "要介護者宅", "喫茶店", "自宅以外", "自宅または実家", "（自宅）", "自宅→実家", "自宅付近のカフェ", "自宅 実家", "自宅？",
        "自宅、サテライトオフィス", "自宅（例市東町）以外", "友人宅", "自宅ではない", "自宅敷地内の離れ",
        "自宅（例市東公園）", "自宅（東町公民館）", "自宅（市民会館）", "自宅（長野県松本市 スターバックス）", "自宅（他県）",
        "自宅（県外）", "自宅（例市東町1-2-3 スターバックス）", "自宅、実家（例市東町1-2-3）", "自宅（例市役所）",
    ],
)  # fmt: skip
def test_v12_any_other_place_is_held(place: str) -> None:
    """What only begins like home is not home."""
    assert verdict(decide(place=place)) == (Outcome.HOLD, ["V12"])


@pytest.mark.parametrize(
    "place",
    [
        "自宅（8/2のみ実家）", "自宅（3日は喫茶店）", "自宅（ただし午後は出張先）", "サテライトオフィス（8月3日は自宅）", "自宅（実家）", "自宅（妻の実家）",
        "自宅（別荘）", "自宅（例市東町の友人宅）", "自宅（予定）", "自宅（午後から）", "自宅（単身赴任先）", "自宅（例市内ホテル）", "自宅（妻宅）",
        "自宅（両親宅）", "自宅（アパート）（実家）",
    ],
)  # fmt: skip
def test_v12_a_place_on_condition_is_held(place: str) -> None:
    """A remark that is neither an address nor a kind of home may say that not all of it is there, or that it is another one."""
    assert verdict(decide(place=place)) == (Outcome.HOLD, ["V12"])


@pytest.mark.parametrize(
    "place",
    ["自宅", None, "自宅に準ずる場所", "サテライトオフィスまたは自宅", "サテライトオフィス（8/3は自宅）", "喫茶店"],
)
@pytest.mark.parametrize("zone", ["番号利用事務系", "番号系", "個人番号利用事務", "マイナンバー系", "番 号 系"])
def test_v13_personal_numbers_never_leave_the_office(place: str | None, zone: str) -> None:
    """From anywhere but the city's own offices it is refused as a whole, and approval changes nothing."""
    asked = replace(PLAIN, place=place, zones=("LGWAN", zone))
    for decision in (rulebook().decide(asked, NOON), rulebook().approve(asked, NOON)):
        assert (decision.outcome, decision.granted) == (Outcome.REJECT, ())
        assert found(decision, "V13").severity is Severity.REJECT
        assert "例外はありません" in found(decision, "V13").text


@pytest.mark.parametrize(
    "changes",
    [
        {"terminal": "公用端末（番号利用事務系に接続）"},
        {"urgent_reason": "マイナンバーの業務のため"},
        {"hours": "8:30～17:15 個人番号利用事務"},
        {"doubts": (Doubt(field="body", read="備考：番 号 系も使います", text="", text_en=""),)},
    ],
)
def test_v13_personal_numbers_are_found_wherever_they_are_named(changes: dict[str, Any]) -> None:
    """Under another label or in a remark they hold, and no approval passes over it: the reading must be put right first."""
    asked = replace(PLAIN, **changes)
    for decision in (rulebook().decide(asked, NOON), rulebook().approve(asked, NOON)):
        assert (decision.outcome, found(decision, "V13").severity) == (Outcome.HOLD, Severity.HOLD)
    assert decide(**{**changes, "place": "サテライトオフィス", "doubts": ()}).outcome is Outcome.ACCEPT


@pytest.mark.parametrize(
    "text", ["番号利用事務系", "番 号 系", "個人番号を扱う業務", "ﾏｲﾅﾝﾊﾞｰ", "My Number", "基幹系ネットワーク"]
)
def test_v13_knows_the_words_for_personal_numbers(text: str) -> None:
    """However they are spaced, in whatever width."""
    assert names_personal_numbers(text)


@pytest.mark.parametrize("text", ["職員番号：0048213", "受付番号", "電話番号", "個人情報", "LGWAN"])
def test_v13_takes_no_other_number_for_a_personal_one(text: str) -> None:
    """An application is full of numbers."""
    assert not names_personal_numbers(text)


@pytest.mark.parametrize("zones", [("LGWAN",), ("LGWAN接続系", "インターネット系"), ("ＬＧＷＡＮ", "internet"), ()])
def test_v13_the_zones_of_home_are_open(zones: tuple[str, ...]) -> None:
    """LGWAN and the internet, as forms write them, may be asked for."""
    assert decide(zones=zones).outcome is Outcome.ACCEPT


def test_v13_an_unknown_zone_is_refused_naming_the_known() -> None:
    """What is not listed for the place can't be had from there."""
    decision = decide(zones=("住基ネット",))
    assert verdict(decision) == (Outcome.REJECT, ["V13"])
    assert "LGWAN、インターネット" in decision.violations[0].text


def test_v13_the_citys_offices_may_reach_personal_numbers() -> None:
    """From a satellite office the zone may be asked for."""
    assert decide(place="サテライトオフィス", zones=("番号利用事務系",)).outcome is Outcome.ACCEPT


@pytest.mark.parametrize("place", ["自宅", "実家"])
def test_v13_no_setting_opens_personal_numbers_from_outside(place: str) -> None:
    """A configuration that would is refused."""
    with pytest.raises(ValidationError, match="V13"):
        RulesSettings(layers={place: ("LGWAN", "番号系")})


# V14, V15


@pytest.mark.parametrize(
    ("terminal", "changes", "outcome"),
    [
        (OWN, {}, Outcome.ACCEPT),
        ("個人所有", {}, Outcome.ACCEPT),
        ("自宅ＰＣ　ＢＹ－０２１９", {}, Outcome.ACCEPT),
        ("貸与PC", {"approved": False}, Outcome.ACCEPT),
        ("個人所有（登録番号 BY-9999）", {}, Outcome.REJECT),
        (OWN, {"employee_no": "0031977"}, Outcome.REJECT),
        (OWN, {"approved": False}, Outcome.REJECT),
        (OWN, {"approved": None}, Outcome.ACCEPT),
        (OWN, {"expires_on": date(2021, 8, 1)}, Outcome.REJECT),
        (OWN, {"expires_on": MONDAY}, Outcome.ACCEPT),
        (OWN, {"registered_on": date(2021, 3, 31)}, Outcome.REJECT),
        (OWN, {"registered_on": date(2021, 4, 1)}, Outcome.ACCEPT),
    ],
)
def test_v14_an_own_pc_must_be_registered(terminal: str, changes: dict[str, Any], outcome: Outcome) -> None:
    """Registered for this employee, approved, not expired (else 31 March); the city's own PCs are not asked about."""
    decision = with_pc(terminal, **changes)
    assert verdict(decision) == (outcome, ["V14"] if outcome is Outcome.REJECT else [])


def test_v14_two_registered_pcs_need_a_number() -> None:
    """Which of two is meant is not guessed."""
    two = OwnPcs([PC, replace(PC, number="BY-0220")])
    assert decide(context={"own_pcs": two}, terminal="個人所有").outcome is Outcome.REJECT
    assert decide(context={"own_pcs": two}, terminal="個人所有 BY-0220").outcome is Outcome.ACCEPT


def test_v14_without_a_register_is_off() -> None:
    """A city that keeps no register asks nothing."""
    assert decide(terminal=OWN).outcome is Outcome.ACCEPT


def test_v14_a_young_registration_only_warns() -> None:
    """Seven days are a guide."""
    decision = with_pc(registered_on=date(2021, 7, 28))
    assert (decision.outcome, severities(decision)) == (Outcome.ACCEPT, [("V14", Severity.WARN)])


def test_v14_never_expires_where_set() -> None:
    """The fiscal year is a setting."""
    settings = {"byod": {"expires": "never"}}
    assert with_pc(OWN, settings, registered_on=date(2019, 4, 1)).outcome is Outcome.ACCEPT


@pytest.mark.parametrize(
    ("system", "refused"),
    [
        ("Windows 7", True),
        ("Ｗｉｎｄｏｗｓ　７ Pro", True),
        ("Windows 10 22H2", False),
        ("Windows 8.1", False),
        ("Windows 8", True),
        ("macOS 11", False),
        ("", False),
    ],
)
def test_v15_a_system_out_of_support_is_refused(system: str, refused: bool) -> None:  # noqa: FBT001 - a row
    """As stated in the form or held by the register; 8.1 is not 8."""
    expected = (Outcome.REJECT, ["V15"]) if refused else (Outcome.ACCEPT, [])
    assert verdict(decide(terminal=f"個人所有 {system}")) == expected
    assert verdict(with_pc(os=system)) == expected


def test_v15_a_longer_version_number_is_another_system() -> None:
    """macOS 11 is not macOS 1."""
    settings = {"software": {"os_eol": {"macOS 1": "2010-01-01"}}}
    assert decide(settings, terminal="私物 macOS 11").outcome is Outcome.ACCEPT
    assert decide(settings, terminal="私物 macOS 1").outcome is Outcome.REJECT


def test_v15_refuses_the_days_after_support_ends() -> None:
    """Windows 10 on its last day is granted, the day after is not."""
    context = {"now": at("10-09 09:00").replace(year=2025), "received_at": at("10-09 09:00").replace(year=2025)}
    days = (date(2025, 10, 14), date(2025, 10, 15))
    decision = decide(context=context, applied_at=None, terminal="私物 Windows 10", dates=days)
    assert (decision.granted, found(decision, "V15").dates) == (days[:1], days[1:])


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"antivirus": "なし"}, Outcome.REJECT),
        ({"antivirus": ""}, Outcome.REJECT),
        ({"antivirus": "Defender"}, Outcome.ACCEPT),
        ({"antivirus": None}, Outcome.ACCEPT),
        ({"antivirus": "X", "antivirus_until": date(2021, 8, 1)}, Outcome.REJECT),
        ({"antivirus": "X", "antivirus_until": MONDAY}, Outcome.ACCEPT),
    ],
)
def test_v15_the_virus_scanner_is_there_and_current(changes: dict[str, Any], outcome: Outcome) -> None:
    """By the register, where it has that column; a setting switches it off."""
    assert with_pc(**changes).outcome is outcome
    assert with_pc(OWN, {"software": {"av_required": False}}, **changes).outcome is Outcome.ACCEPT
