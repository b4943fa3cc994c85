"""How a message was explained, as the ledger keeps it: short, without passwords, and gone with its sender."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from bot.ledger import tables
from bot.ledger.codec import canonical
from bot.model import Explained, Passage

#: So many passages of one message are kept.
MOST = 200
#: So many characters of each.
LONGEST = 200
#: Stands for what may be a password.
HIDDEN = "●●●●"
_WORD = re.compile(r"パスワード|ﾊﾟｽﾜｰﾄﾞ|暗証番号|password|passwd|passphrase", re.IGNORECASE)
_TOKEN = re.compile(r"[!-~]{8,}")
_NOTHING = "\t\r\n :：=＝はを「『[【]】』」|・\u3000"


@dataclass(frozen=True, kw_only=True)
class Marked:
    """A message's passages in its order, and how many more it has."""

    passages: tuple[Passage, ...] = ()
    left_out: int = 0


def marked(passages: Sequence[Passage]) -> Marked:
    """Return what is kept of a message's passages: what nothing explains first, each one cut, no password in any."""
    wanted = sorted(range(len(passages)), key=lambda at: (passages[at].explained is not Explained.UNEXPLAINED, at))
    kept = sorted(wanted[:MOST])
    safe = list(_without_passwords(passages))
    return Marked(passages=tuple(_cut(safe[at]) for at in kept), left_out=len(passages) - len(kept))


def marked_to_text(passages: Sequence[Passage]) -> str | None:
    """Return what is kept of a message's passages as JSON; nothing where it has none."""
    if not passages:
        return None
    kept = marked(passages)
    rows = [[item.part, item.at, item.text, item.explained, item.why] for item in kept.passages]
    return canonical({"passages": rows, "left_out": kept.left_out})


def marked_from_text(text: str | None) -> Marked:
    """Return the passages; none for a message that was recorded before they were kept, or is purged."""
    if not text:
        return Marked()
    stored = json.loads(text)
    return Marked(
        passages=tuple(
            Passage(part=part, at=at, text=said, explained=Explained(explained), why=why)
            for part, at, said, explained, why in stored["passages"]
        ),
        left_out=stored["left_out"],
    )


def marked_of(connection: Connection, message: str) -> Marked:
    """Answer how a message was explained; for :meth:`bot.ledger.queries.Queries.ask`."""
    column = tables.messages.c
    return marked_from_text(connection.scalar(select(column.passages).where(column.id == message)))


def _without_passwords(passages: Sequence[Passage]) -> Iterator[Passage]:
    """Yield the passages without what follows the word password, in its own line or the next, and without what looks like one."""
    follows = False
    for item in passages:
        text = HIDDEN if follows and item.text.strip() else item.text
        found = _WORD.search(item.text)
        after = item.text[found.end() :] if found else ""
        follows = bool(found) and not after.strip(_NOTHING)
        if found and not follows:
            text = f"{item.text[: found.end()]} {HIDDEN}"
        yield replace(item, text=_hidden(text), why=_hidden(item.why))


def _hidden(text: str) -> str:
    return _TOKEN.sub(lambda token: HIDDEN if _like_a_password(token[0]) else token[0], text)


def _like_a_password(token: str) -> bool:
    kinds = (str.islower, str.isupper, str.isdigit)
    return all(any(kind(sign) for sign in token) for kind in kinds) and "@" not in token and "://" not in token


def _cut(passage: Passage) -> Passage:
    return replace(
        passage, part=_short(passage.part), at=_short(passage.at), text=_short(passage.text), why=_short(passage.why)
    )


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
