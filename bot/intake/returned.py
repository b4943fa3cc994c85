"""Reports that a mail of ours could not be delivered: from any mail system, in the form of RFC 3464 or in its own.

Whoever writes to the mailbox can write such a report. What it names counts only where the ledger knows it
(bot/operation/bounces.py): our Message-IDs hold a part that nobody can guess.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Iterator
from itertools import groupby

from bot.intake.letter import Letter
from bot.model import Returned
from bot.text import fold

#: As bot/delivery/compose.py makes them, before the @; without the last part before that was added.
_NOTICE = re.compile(rb"\bR-\d{8}-\d{4,9}\.[a-z]{4,20}\.\d{1,4}(?:\.[0-9a-f]{16,64})?(?![0-9A-Za-z.])")
#: The whole name of a notice, before the @.
NAME = re.compile(r"R-(?P<request>\d{8}-\d{4,9})\.(?P<kind>[a-z]{4,20})\.(?P<attempt>\d{1,4})\.[0-9a-f]{16,64}")
_MOST_NOTICES = 50
#: Why a report that names none of our notices is kept for a person.
UNMATCHED = (
    "メールが届かなかったという報告ですが、どの通知のものか分かりません。宛先を確かめてください / "
    "a report that some mail could not be delivered, and it names none of ours: see to whom it was"
)
#: Who writes reports, by the beginning of the address; the last is Exchange's own, whatever its language.
_DAEMONS = ("mailer-daemon@", "postmaster@", "microsoftexchange329e71ec88ae4615bbc36ab6ce41109e@")
_ACTION = re.compile(rb"^Action:[ \t]*(\w+)", re.IGNORECASE | re.MULTILINE)
#: How systems that write no RFC 3464 say that they gave up: qmail's opening words, an enhanced status (RFC 3463), a reply 55x.
_GAVE_UP = re.compile(rb"^Hi\. This is the |\b5\.\d{1,3}\.\d{1,3}\b|\b55\d[ -]", re.MULTILINE)
#: Words of subjects, folded: of reports that a mail is late, and of those that it can't be delivered.
_LATE = ("delay", "warning", "遅延")
_UNDELIVERED = (
    "undeliver",
    "delivery failed",
    "delivery status",
    "failure notice",
    "returned mail",
    "配信不能",
    "配信できません",
    "不達",
)
_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/]{4,}={0,2}")


def find_returned(letter: Letter, content: bytes, *, authentic: bool | None) -> Returned | None:
    """Return what a mail reports of one that could not be delivered; ``None`` for any other mail, or while it is only late.

    ``content`` is the mail as it was received: our names are looked for in all of it, whichever part they stand in.
    """
    if not _is_report(letter):
        return None
    whole = b"\n".join([content, *_decoded(content)])
    actions = {action.lower() for action in _ACTION.findall(whole)}
    if actions and b"failed" not in actions:
        return None
    gave_up = bool(actions) or "x-failed-recipients" in letter.headers or _GAVE_UP.search(whole) is not None
    names = dict.fromkeys(name.decode("ascii") for name in _NOTICE.findall(whole))
    by_system = by_daemon(letter) if "return-path" not in letter.headers else has_null_sender(letter)
    return Returned(
        notices=tuple(names)[:_MOST_NOTICES], certain=gave_up and by_system and authentic is not False
    )  # fmt: skip


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


def _is_report(letter: Letter) -> bool:
    if letter.report_type is not None:
        return letter.report_type in {"", "delivery-status"}
    subject = fold(letter.subject)
    if any(fold(word) in subject for word in _LATE):
        return False
    return by_daemon(letter) or (
        has_null_sender(letter)
        and ("x-failed-recipients" in letter.headers or any(fold(word) in subject for word in _UNDELIVERED))
    )


def _decoded(content: bytes) -> Iterator[bytes]:
    """Yield what stands in the mail in base64 or over the soft line breaks of quoted-printable, whatever part it is in."""
    lines = content.splitlines()
    for coded, block in groupby(lines, lambda line: _BASE64_LINE.fullmatch(line) is not None):
        if coded:
            try:
                yield b64decode(b"".join(block))
            except Error:
                continue
    if b"=\n" in content or b"=\r\n" in content:
        yield content.replace(b"=\r\n", b"").replace(b"=\n", b"")
