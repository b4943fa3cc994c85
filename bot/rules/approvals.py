"""What 所属長承認 says: that the supervisor agreed, did not, or has not yet."""

from __future__ import annotations

import re

from bot.rules.names import without_brackets
from bot.text import fold

#: Words for no, not yet and no longer, each long enough not to stand in a person's name.
_REFUSED = re.compile(
    r"未(?:承認|決裁|了|済|取得|定|確認|実施|回答|処理|提出|完了|申請|読|$)|^未|不(?:承認|許可|可|同意|要|明|備)|否(?:認|決|$)|^否|"
    r"却下|差し?戻|返却|返戻|取り?消|取り?下|撤回|保留|中止|失効|停止|要確認|"
    r"(?:申請|依頼|確認|審査|決裁|承認|回付|手続|相談|協議|検討|調整|処理|出張|休暇|不在)中|待ち|予定|これから|まだ|後日|事後|口頭|"
    r"なし|無し|^無$|いいえ|^no$|^n$|[×✕✖❌]|^x$|ない|ません|[れらせ]ず|得られ|しない"
)
_NOTHING = re.compile(r"^[\W_]*$")
_ENGLISH = re.compile(r"^(?!(?:ok|yes|y|done|approved)$)[a-z/. ]+$")
_YES = frozenset("○◯〇✓✔☑レ")


def refused(stated: str | None) -> bool:
    """Tell whether the text says that there is no approval, wherever in it; an answer without a word is none either."""
    folded = fold(stated or "")
    if not folded or folded in _YES:
        return False
    return any(pattern.search(folded) for pattern in (_NOTHING, _ENGLISH, _REFUSED))


def approved(stated: str | None) -> bool:
    """Tell whether the text states an approval: it says something, and not that there is none."""
    return bool(fold(without_brackets(stated or ""))) and not refused(stated)
