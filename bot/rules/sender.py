"""V04: the mail comes from where it may come from. Mail decides nothing about identity; it can only contradict it.

Nor does it take anything from anybody by itself, unless a trusted host vouches for its sender (see :func:`proven`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bot.model import Kind
from bot.rules.case import Case, Finding, hold
from bot.text import fold, listed, normalise
from bot.wording import quote

#: Written where there is no address to state; whole answers.
_NONE = frozenset({"", "-", "--", "---", "ー", "なし", "無し", "無", "未記入", "n/a", "特になし", "特に無し"})
#: Which of one's addresses it is; the directory's own is meant by each.
_USE = frozenset({"職場", "勤務先", "公用", "庁内", "業務用", "仕事用", "職員用", "本人"})
_APART = re.compile(r"[\s<>()\[\]{},;\"|/、。・「」【】]+|mailto:", re.IGNORECASE)
_TELEPHONE = re.compile(r"(?:(?:内線|内|電話|tel|ext)[.:]?)?[0-9\-]{0,20}")


def known_sender(case: Case) -> Iterator[Finding]:
    """V04: the sender is on the allow-list; who is no form system writes for themselves, from the directory's address."""
    if case.context.authentic is False:
        yield hold(
            f"送信元 {quote(case.context.sender) or '（なし）'} は、メールサーバーの認証結果で本物と確認できません（なりすましの疑い）。",
            f"The mail server's checks do not vouch for the sender {quote(case.context.sender) or '(none)'}: it may be forged.",
        )
        return
    if not sender_allowed(case):
        yield hold(
            f"送信元 {quote(case.context.sender) or '（なし）'} は受付を許可された送信元ではありません。",
            f"The sender {quote(case.context.sender) or '(none)'} is not on the allow-list.",
        )
        return
    if not case.rules.require_directory_mail or case.employee is None:
        return
    home = case.employee.mail.casefold()
    by_itself = case.context.dropped_file or listed(case.sender, case.rules.senders.systems)
    if not by_itself and case.sender != home and not approval_withdrawn(case):
        yield hold(
            "送信元のメールアドレスが、職員名簿にある申請者のアドレスと一致しません。",
            "The sender's address is not the applicant's address in the staff directory.",
        )
    names = [name for name in (case.application.name, case.employee.name) if name]
    if not states_only(home, case.application.mail or "", names):
        yield hold(
            "記入されたメールアドレスが、職員名簿のアドレスと一致しません。",
            "The address stated is not the applicant's address in the staff directory.",
        )


def states_only(home: str, stated: str, names: Sequence[str] = ()) -> bool:
    """Tell whether what is written for an address is this one and no other, or says that there is none.

    The applicant's name and a telephone number may stand beside it.
    """
    if fold(stated).strip("()") in _NONE:
        return True
    pieces = [piece.strip(".:'`") for piece in _APART.split(normalise(stated)) if piece.strip(".:'`")]
    addresses = {piece.casefold() for piece in pieces if "@" in piece}
    beside = fold("".join(piece for piece in pieces if "@" not in piece))
    known = beside in _USE or beside in map(fold, names) or _TELEPHONE.fullmatch(beside) is not None
    return addresses == {home} and known


def proven(case: Case) -> bool:
    """Tell whether it is certain who asks: a trusted host vouches for the sender, or somebody with access put in a file.

    Where ``forms.trusted_authserv`` names no host nothing is: anybody can write any From line.
    """
    return case.context.dropped_file or case.context.authentic is True


def approval_withdrawn(case: Case) -> bool:
    """Tell whether the applicant's own supervisor, or a deputy, cancels: the approval is lost, whoever gave it then (V16, V20)."""
    if case.application.kind is not Kind.CANCEL or not sender_allowed(case) or not proven(case):
        return False
    return any(person.mail.casefold() == case.sender for person in case.supervisors)


def sender_allowed(case: Case) -> bool:
    """Tell whether the sender may be answered at all; a forged one is told nothing."""
    if case.context.authentic is False:
        return False
    return case.context.dropped_file or listed(case.sender, case.rules.senders.allow)
