"""V16: what 所属長承認 says, and that a refusal counts also where no approval is asked for."""

from __future__ import annotations

import pytest

from bot.model import Outcome
from bot.rules.approvals import approved, refused
from tests.unit.rules_kit import decide, verdict


@pytest.mark.parametrize(
    "stated",
    [
        "済", "承認", "承認済", "はい", "○", "済（課長　宮下　一成）", "宮下　一成", "福祉政策課長　宮下　一成", "宮下　一成　済", "承認済み（2026/11/20）",
        "了承を得ています", "中村　健", "OK",
    ],
)  # fmt: skip
def test_an_approval_is_one(stated: str) -> None:
    """A word of consent, a name, or both; 中 in a name is no 申請中."""
    assert approved(stated)
    assert verdict(decide(approval=stated)) == (Outcome.ACCEPT, [])


@pytest.mark.parametrize(
    "stated",
    [
        "未承認", "未", "否", "否認", "不承認", "差戻し", "差し戻し", "却下", "申請中", "確認中", "いいえ", "なし", "無", "×", "保留", "まだ", "承認待ち", "得ていない",
        "承認が得られませんでした", "済（口頭、書面は未）", "宮下　一成　未承認", "取消", "撤回", "△", "-", "これから", "後日", "No", "NG",
    ],
)  # fmt: skip
def test_a_refused_approval_holds_even_where_none_is_required(stated: str) -> None:
    """A clerk who reads it there stops, whatever the settings ask for."""
    assert refused(stated)
    assert not approved(stated)
    assert verdict(decide(approval=stated)) == (Outcome.HOLD, ["V16"])


def test_no_approval_at_all_holds_only_where_one_is_required() -> None:
    """A form that does not ask says nothing by it."""
    assert decide(approval=None).outcome is Outcome.ACCEPT
    assert decide({"approval": {"required": True}}, approval=None).outcome is Outcome.HOLD
