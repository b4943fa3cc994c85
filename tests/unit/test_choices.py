"""Which options an answer chooses, and which kind of application its words name."""

from __future__ import annotations

import pytest

from bot.intake.choices import KindOptions, ticked
from bot.model import Kind
from bot.settings.forms import FormsSettings

KINDS = KindOptions({Kind(kind): words for kind, words in FormsSettings().kinds.items()})


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("☑新規 □変更 □取消", "新規"),
        ("[x] 自宅 [ ] サテライトオフィス", "自宅"),
        ("（○）新規　（　）変更　（　）取消", "新規"),
        ("●新規　○変更　○取消", "新規"),
        ("●自宅　○サテライトオフィス", "自宅"),
        ("☑　12月1日\n☐　12月2日\n☑　12月3日", "12月1日、12月3日"),
        ("☐自宅 ☐サテライトオフィス", ""),
    ],
)
def test_only_the_ticked_options_are_taken(text: str, chosen: str) -> None:
    """Boxes, brackets and radio buttons say the same, and an open one is not chosen."""
    assert ticked(text) == chosen


@pytest.mark.parametrize(
    "text", ["自宅（　）", "○新規　変更　取消", "○新規　○変更", "●新規　●変更", "12/1（○）", "自宅", "■新規"]
)
def test_what_may_mean_either_is_left_as_it_is(text: str) -> None:
    """An open bracket behind an address, circles of one colour, or no box at all: the answer stays whole, for a person."""
    assert ticked(text) == text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("12/5は中止 ☑12/1 □12/2", "12/5は中止"),
        ("☑12/1 □12/2\n12/1は中止", "12/1は中止"),
        ("☑新規 □変更 中止になりました", "中止になりました"),
        ("☑新規 やめます □変更", "やめます"),
    ],
)
def test_words_around_the_boxes_are_not_dropped(text: str, kept: str) -> None:
    """What stands before, below, behind or beside them is read as well."""
    assert kept in ticked(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *((text, Kind.ISSUE) for text in (
            "新規", "新規申請", "新規発行", "利用申請", "発行", "継続", "テレワーク利用", "テレワークID発行申請", "1. 新規", "①新規", "新 規", "利用届",
        )),
        *((text, Kind.CANCEL) for text in ("取消", "取消届", "取り消し", "取下げ", "キャンセル", "利用中止", "発行の取消", "一部取消", "cancel")),
        *((text, Kind.REISSUE) for text in ("再発行", "パスワード再発行", "ロック解除申請", "IDの再発行")),
        *((text, Kind.CHANGE) for text in ("変更", "変更届", "利用日の変更", "日程変更")),
    ],
)  # fmt: skip
def test_a_whole_option_tells_the_kind(text: str, kind: Kind) -> None:
    """With what the form is about before it, and a common ending behind it."""
    read = KINDS.read(text)
    assert (read.kinds, read.unknown) == ((kind,), ())


@pytest.mark.parametrize(
    "text",
    [
        "利用終了", "発行不要", "新規でない", "新規 でない", "発行済みIDの返却", "利用日の訂正", "利用登録の抹消", "廃止", "追加", "変更なし", "取消の取消",
        "新規（初めて）", "利用希望しない", "15", "発行停止", "利用中断", "利用辞退",
    ],
)  # fmt: skip
def test_a_part_of_a_word_is_no_option(text: str) -> None:
    """What only holds a known word says something else: it is named, for a doubt."""
    assert KINDS.read(text).unknown


def test_several_options_are_several_kinds() -> None:
    """Which of them is meant is not guessed."""
    assert KINDS.read("新規・変更").kinds == (Kind.CHANGE, Kind.ISSUE)


@pytest.mark.parametrize("text", ["テレワークID", "VDI", "テレワークID・パスワード", "電子申請", "申請", "正規職員"])
def test_what_the_form_is_about_is_no_kind(text: str) -> None:
    """種別：テレワークID chooses nothing, and is no unknown option either."""
    read = KINDS.read(text)
    assert (read.kinds, read.unknown) == ((), ())


@pytest.mark.parametrize("text", ["テレワーク終了", "ID返却", "取消"])
def test_what_says_more_is_not_only_what_the_form_is_about(text: str) -> None:
    """A word behind it says what is asked for."""
    read = KINDS.read(text)
    assert read.kinds or read.unknown


def test_a_forms_own_options_come_first() -> None:
    """They stand for a kind by name, or for a word of the settings; its other options stay unknown."""
    options = {"利用開始届出": "issue", "返却": "取消", "新規": "変更"}
    assert [KINDS.read(text, options).kinds for text in ("利用開始届出", "返却", "新規")] == [
        (Kind.ISSUE,),
        (Kind.CANCEL,),
        (Kind.CHANGE,),
    ]
    assert KINDS.read("終了", options).unknown == ("終了",)


@pytest.mark.parametrize(
    ("subject", "kinds"),
    [
        ("申請が取下げられました", [Kind.CANCEL]),
        ("テレワークID申請（変更）", [Kind.CHANGE]),
        ("パスワード再発行のお願い", [Kind.REISSUE]),
        ("テレワークID発行申請", []),
    ],
)
def test_a_subject_names_a_kind_anywhere_in_it(subject: str, kinds: list[Kind]) -> None:
    """There a part is enough: it makes somebody look, and grants nothing."""
    assert KINDS.named_in(subject) == kinds
