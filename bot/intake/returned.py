"""Reports that a mail of ours could not be delivered: from any mail system, in the form of RFC 3464 or in its own.

Whoever writes to the mailbox can write such a report. What it names counts only where the ledger knows it
(bot/operation/bounces.py): our Message-IDs hold a part that nobody can guess.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error, a2b_qp
from collections.abc import Iterator
from itertools import groupby

from bot.intake.letter import Letter
from bot.model import Returned
from bot.text import fold

#: As bot/delivery/compose.py makes them, before the @; without the last part before that was added. Some systems change the case.
_NOTICE = re.compile(rb"\bR-\d{8}-\d{4,9}\.[a-z]{4,20}\.\d{1,4}(?:\.[0-9a-f]{16,64})?(?![0-9A-Za-z.])", re.IGNORECASE)
#: The whole name of a notice, before the @.
NAME = re.compile(r"R-(?P<request>\d{8}-\d{4,9})\.(?P<kind>[a-z]{4,20})\.(?P<attempt>\d{1,4})\.[0-9a-f]{16,64}")
_MOST_NOTICES = 50
#: Who writes reports, by the beginning of the address; the last is Exchange's own, whatever its language.
_DAEMONS = ("mailer-daemon@", "postmaster@", "microsoftexchange329e71ec88ae4615bbc36ab6ce41109e@")
_ACTION = re.compile(rb"^Action:[ \t]*(\w+)", re.IGNORECASE | re.MULTILINE)
#: What a report says of a mail that is not lost (RFC 3464, section 2.3.3); any other word says that it is.
_NOT_LOST = frozenset({b"delayed", b"delivered", b"relayed", b"expanded", b"delay", b"success"})
#: How systems that write no RFC 3464 say that they gave up: qmail's opening words, an enhanced status (RFC 3463), a reply 55x.
_GAVE_UP = re.compile(rb"^Hi\. This is the |\b5\.\d{1,3}\.\d{1,3}\b|\b55\d[ -]", re.MULTILINE)
_STATUS = re.compile(rb"(?<![\d.])5\.\d{1,3}\.\d{1,3}(?![\d.])")
#: Words of subjects, folded: of reports that a mail is late, and of those that it can't be delivered.
_LATE = tuple(map(fold, ("delay", "遅延", "still being retried", "not yet been delivered")))
#: Late too, unless the subject says that it can't be delivered.
_WARNING = (fold("warning"),)
_UNDELIVERED = tuple(map(fold, (
    "undeliver", "non-deliver", "not delivered", "not be delivered", "delivery fail", "delivery error", "delivery problem",
    "delivery status", "failed mail", "mail failed", "failed delivery", "failure notice", "failure delivery", "returned mail",
    "returning message", "returned to sender", "returned message", "mail error", "mail system error", "user unknown", "bounced mail",
    "rejected mail", "unzustellbar", "配信不能", "配信できません", "配信エラー", "配信に失敗", "不達", "送信エラー", "送信できません", "送信不能",
    "届きませんでした", "届けられません", "配送エラー", "配送不能", "配送できません", "エラーメール", "宛先不明",
)))  # fmt: skip
_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/]{4,}={0,2}")
_LINE_END = re.compile(rb"\r?\n[ \t>|]*+")
#: A report in base64 may hold a mail in quoted-printable, and that one in base64 again.
_DEEPEST = 3


def find_returned(letter: Letter, content: bytes, *, authentic: bool | None) -> Returned | None:
    """Return what a mail reports of one that could not be delivered; ``None`` for any other mail, or while it is only late.

    ``content`` is the mail as it was received: our names are looked for in all of it, whichever part they stand in.
    """
    if letter.report_type not in {None, "", "delivery-status"}:
        return None
    whole = b"\n".join(_readings(content, _DEEPEST))
    actions = {action.lower() for action in _ACTION.findall(whole)}
    if (actions and actions <= _NOT_LOST) or not _is_report(letter, whole, has_action=bool(actions)):
        return None
    by_system = by_daemon(letter) if "return-path" not in letter.headers else has_null_sender(letter)
    gave_up = bool(actions) or "x-failed-recipients" in letter.headers or _GAVE_UP.search(whole) is not None
    late = not actions and _has_word(letter, _LATE + _WARNING)
    return Returned(notices=_names(whole), certain=gave_up and by_system and not late and authentic is not False)


def by_daemon(letter: Letter) -> bool:
    """Tell whether it calls itself a mail system's."""
    return letter.sender.startswith(_DAEMONS)


def has_null_sender(letter: Letter) -> bool:
    """Tell whether it came without an envelope sender, as reports and automatic replies do (RFC 5321, section 4.5.5)."""
    path = letter.headers.get("return-path")
    return path is not None and path.strip().strip("<>").casefold().partition("@")[0] in {"", "mailer-daemon"}


def name_parts(name: str) -> tuple[str, str, int] | None:
    """Return request, kind and attempt of a notice's name; ``None`` for one without the part that can't be guessed."""
    found = NAME.fullmatch(name)
    return (f"R-{found['request']}", found["kind"], int(found["attempt"])) if found else None


def _is_report(letter: Letter, whole: bytes, *, has_action: bool) -> bool:
    """Tell whether a mail says that another one is lost, by its form, its sender or its subject."""
    if letter.report_type is not None or (has_action and b"reporting-mta:" in whole.lower()):
        return True
    if _has_word(letter, _LATE) or (_has_word(letter, _WARNING) and not _has_word(letter, _UNDELIVERED)):
        return False
    if by_daemon(letter) or "x-failed-recipients" in letter.headers or _has_word(letter, _UNDELIVERED):
        return True
    return has_null_sender(letter) and _STATUS.search(whole) is not None


def _has_word(letter: Letter, words: tuple[str, ...]) -> bool:
    subject = fold(letter.subject)
    return any(word in subject for word in words)


def _names(whole: bytes) -> tuple[str, ...]:
    """Return the names of our notices, also of those that a line end cuts in two."""
    found = [*_NOTICE.findall(whole), *_NOTICE.findall(_LINE_END.sub(b"", whole))]
    names = tuple(dict.fromkeys(f"R{name.decode('ascii')[1:].lower()}" for name in found))[:_MOST_NOTICES]
    return tuple(name for name in names if not any(other != name and other.startswith(name) for other in names))


def _readings(content: bytes, deepest: int) -> Iterator[bytes]:
    """Yield a mail, and what stands in it in base64, in quoted-printable or with two bytes a letter, whatever part it is in."""
    yield content
    if deepest == 0:
        return
    if b"\0" in content:
        yield content.replace(b"\0", b"")
    for block in _in_base64(content):
        yield from _readings(block, deepest - 1)
    if b"=\n" in content or b"=\r\n" in content or b"=2E" in content or b"=2D" in content:
        yield a2b_qp(content)


def _in_base64(content: bytes) -> Iterator[bytes]:
    """Yield what each run of lines in base64 says; of a run with other words among it, line by line what can be said."""
    lines = (line.strip(b" \t>|") for line in content.splitlines())
    for coded, block in groupby(lines, lambda line: _BASE64_LINE.fullmatch(line) is not None):
        if not coded:
            continue
        pieces = list(block)
        try:
            yield b64decode(b"".join(pieces))
        except Error:
            yield b"".join(b64decode(piece) for piece in pieces if len(piece) % 4 == 0 and b"=" not in piece)
