"""Fingerprints of a console's screens, from good visits: what stood on each, and who accepted it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.console.outline import Part, difference
from bot.errors import Unusable
from bot.private import make_folder, write_private

_UNSAFE = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """What is known of a screen.

    Some parts come and go, such as the link to a next page: ``always`` are the keys of those that stood there on every
    accepted visit, ``ever`` of those that stood there on any; ``last`` is the last accepted visit.
    """

    screen: str
    last: tuple[Part, ...]
    always: frozenset[str]
    ever: frozenset[str]

    def differs(self, now: Sequence[Part]) -> bool:
        """Tell whether something is gone that was always there, or there that never was."""
        keys = {part.key for part in now}
        return not (self.always <= keys <= self.ever)


@dataclass(frozen=True, kw_only=True)
class ScreenChange:
    """A screen with all its landmarks that does not look as it did."""

    screen: str
    lines: tuple[tuple[str, Part], ...]

    def __str__(self) -> str:
        changed = ", ".join(f"{mark} {part}" for mark, part in self.lines if mark != " ")
        return f"{self.screen}: {changed}"


@dataclass(kw_only=True)
class Screens:
    """The fingerprints of one flow, one file a screen below ``directory``; a good visit learns the screens it saw first.

    ``learns`` off: nothing is written. Raises ``Unusable`` for a file that can't be read or written.
    """

    directory: Path
    learns: bool = True
    #: What stood on each screen when it was last looked at by this object.
    seen: dict[str, tuple[Part, ...]] = field(default_factory=dict)

    def look(self, screen: str, now: Sequence[Part]) -> None:
        """Take note of a screen whose landmark is there."""
        self.seen[screen] = tuple(now)

    def learn(self) -> None:
        """Take the screens that were seen for the first time for good: the visit has found everything that it looked for."""
        for screen, now in self.seen.items():
            if self.learns and self.known(screen) is None:
                self._write(screen, now, None, {"by": "first visit"})

    def changes(self) -> list[ScreenChange]:
        """Return the screens seen that differ from what was accepted."""
        found = []
        for screen, now in self.seen.items():
            known = self.known(screen)
            if known and known.differs(now):
                found.append(ScreenChange(screen=screen, lines=tuple(difference(known.last, now))))
        return found

    def accept(self, screen: str, *, by: str, reason: str, at: datetime) -> None:
        """Take the screen as it was last seen for good; raises ``KeyError`` for one that was not seen."""
        self._write(screen, self.seen[screen], self.known(screen), {"by": by, "reason": reason, "at": at.isoformat()})

    def known(self, screen: str) -> Fingerprint | None:
        """Return what is known of a screen."""
        path = self._path(screen)
        if not path.exists():
            return None
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            last = tuple(Part(role=role, name=name) for role, name in raw["last"])
            return Fingerprint(screen=screen, last=last, always=frozenset(raw["always"]), ever=frozenset(raw["ever"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Unusable(
                f"{path} can't be read ({error}): remove it, and the next visit learns the screen anew"
            ) from None

    def _write(self, screen: str, now: Sequence[Part], known: Fingerprint | None, accepted: Mapping[str, Any]) -> None:
        keys = {part.key for part in now}
        content = {
            "screen": screen, "last": [[part.role, part.name] for part in now],
            "always": sorted(known.always & keys if known else keys), "ever": sorted(known.ever | keys if known else keys),
            "accepted": accepted,
        }  # fmt: skip
        path = self._path(screen)
        draft = path.with_suffix(".new")
        try:
            make_folder(path.parent)
            write_private(draft, json.dumps(content, ensure_ascii=False, indent=1))
            draft.replace(path)
        except OSError as error:
            raise Unusable(f"{path} can't be written ({error.strerror})") from None

    def _path(self, screen: str) -> Path:
        return self.directory / f"{_UNSAFE.sub('_', screen)}.json"
