"""What a subject may say beside the answers, and what in it holds the application."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from bot.intake.subjects import explain
from bot.model import Application, Explained, Kind
from bot.settings.forms import FormProfile, FormsSettings

ASKED = Application(
    kind=Kind.ISSUE, form="e-application", receipt_no="0000412", employee_no="0048213", name="髙橋　みのり",
    department="健康福祉部福祉政策課", dates=(date(2026, 12, 1), date(2026, 12, 2)),
)  # fmt: skip
TODAY = date(2026, 11, 20)


def of(subject: str, application: Application = ASKED, profile: FormProfile | None = None) -> Explained:
    """Return how the subject of a mail with this application is explained."""
    return explain(subject, FormsSettings(), profile, [application], TODAY).explained


@pytest.mark.parametrize(
    "subject",
    [
        "テレワークID発行申請", "Re: テレワークID発行申請", "RE: FW: テレワークID発行申請", "Fwd: テレワークID発行申請", "[SPAM] テレワークID申請",
        "申請完了のお知らせ", "【例市電子申請】お知らせ", "[LoGo] 新しい申請を受け付けました（受付番号：0000412）", "【LoGoフォーム】受付番号0000412",
        "[無害化済]【電子申請】テレワーク申請", "テレワーク利用申請（髙橋）", "テレワーク申請 高橋みのり", "①テレワーク用ＩＤ申請（高橋様）",
        "在宅勤務申請（福祉政策課　髙橋）", "テレワークID発行申請 0048213", "テレワークID申請（12/1、12/2）", "テレワークID申請（12月1日～12月2日）",
        "11月20日分の申請データ", "【至急】テレワーク利用申請", "",
    ],
)  # fmt: skip
def test_the_words_of_every_form_and_of_the_applicant_are_explained(subject: str) -> None:
    """Marks of replies, known words, the own number, name, unit, all days, and the day of the receipt."""
    assert of(subject) is Explained.FORM


@pytest.mark.parametrize(
    "subject",
    [
        "【取下げ】テレワークID発行申請", "【却下】テレワークID申請", "【訂正】テレワークID発行申請", "【差替】テレワークID申請", "【差し戻し】テレワークID発行申請",
        "【撤回】テレワークID発行申請", "【テスト】テレワークID発行申請", "テレワークID申請（変更）", "【修正版】テレワークID申請", "テレワークID申請 ver2",
        "申請が取下げられました（受付番号 0000412）", "申込が取消されました", "テレワークID不要申請", "テレワークID申請について（誤送信）", "自動応答: テレワークID申請",
        "不在: テレワークID発行申請", "テレワークID申請の受付を停止しました", "再提出：テレワークID申請", "Request for telework", "テレワークID申請 ???",
    ],
)  # fmt: skip
def test_whatever_else_it_says_holds(subject: str) -> None:
    """No list of bad words decides: a word that is not known is unexplained."""
    assert of(subject) is Explained.UNEXPLAINED


@pytest.mark.parametrize(
    "subject",
    [
        "テレワークID申請（受付番号 0000413）", "テレワークID申請 0031977", "テレワークID申請（12/3）", "テレワークID申請（12/1）", "テレワークID申請(2)",
        "テレワーク申請 中村",
    ],
)  # fmt: skip
def test_another_number_day_or_person_holds(subject: str) -> None:
    """So does one of the days alone: it may be about that day."""
    assert of(subject) is Explained.UNEXPLAINED


@pytest.mark.parametrize(("kind", "explained"), [(Kind.CANCEL, Explained.FORM), (Kind.ISSUE, Explained.UNEXPLAINED)])
def test_a_subject_may_say_the_kind_that_the_answers_say(kind: Kind, explained: Explained) -> None:
    """取消 in the subject of a cancellation is what it is about; over a new application it is not."""
    assert of("テレワークID取消申請", replace(ASKED, kind=kind)) is explained


def test_the_place_that_is_not_understood_is_named() -> None:
    """A person sees at once what in the subject nothing explains."""
    assert "「修正版」" in explain("【修正版】テレワークID申請", FormsSettings(), None, [ASKED], TODAY).why


def test_the_forms_own_subject_is_explained_whole_and_its_holes_are_looked_at() -> None:
    """A number stands in a hole, or known words; what takes something back does not hide there."""
    profile = FormProfile(name="f", subjects=("[Kdesk] ticket {} opened: {}",))
    assert of("[Kdesk] ticket #38211 opened: テレワークID申請", profile=profile) is Explained.FORM
    assert of("[Kdesk] ticket #38211 opened: 取下げ", profile=profile) is Explained.UNEXPLAINED
    assert of("[Kdesk] ticket #38211 opened: テレワークID申請") is Explained.UNEXPLAINED


def test_a_subject_of_several_applications_may_name_any_of_them() -> None:
    """A list of the day names people and numbers of its rows."""
    other = replace(ASKED, receipt_no="0000500", name="中村　健", employee_no="0050031")
    found = explain("申請一覧（髙橋、中村、受付番号 0000500）", FormsSettings(), None, [ASKED, other], TODAY)
    assert found.explained is Explained.FORM


def test_a_subject_longer_than_any_is_not_read() -> None:
    """Nobody writes five hundred characters there."""
    assert of("申請" * 300) is Explained.UNEXPLAINED
