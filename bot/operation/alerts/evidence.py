"""Where evidence lies: as operators open it, and which file shows why a request is stuck."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from bot.ledger.queries import Queries
from bot.ledger.records import Event
from bot.life import State

#: Makes a link of an item of evidence.
Link = Callable[[str], str]
#: Folders of evidence that are named after no login, and so show nobody's number.
_NOBODYS = frozenset({"console", "probe", "list", "import", "look"})
#: What says most, the first first: a report with the picture in it, a picture, an outline.
_BEST = (".html", ".png", ".txt", ".yml")


@dataclass(frozen=True, kw_only=True)
class Links:
    """Makes links of files of evidence."""

    #: ``console.evidence_dir``, as an absolute path.
    directory: Path
    #: ``alerts.evidence_url``.
    base: str | None = None

    def __call__(self, evidence: str) -> str:
        """Return the address of a file (its path, or what follows ``directory``), in one word that no mail program breaks.

        What lies elsewhere, or without a base, is named by its absolute path.
        """
        path = self.directory / evidence
        inside = path.relative_to(self.directory) if path.is_relative_to(self.directory) else None
        if self.base and inside and ".." not in inside.parts:
            return f"{self.base.rstrip('/')}/{quote(inside.as_posix())}"
        plain = str(path)
        return plain if plain.isascii() and plain.isprintable() and " " not in plain else path.absolute().as_uri()


def names_somebody(evidence: str) -> bool:
    """Tell whether the path of a file shows a login, and so perhaps an employee number."""
    return bool(evidence) and Path(evidence).parent.name not in _NOBODYS


async def evidence_of_stuck(ledger: Queries, request_id: str) -> str:
    """Return the file that shows why a request is stuck, as what follows the evidence folder; empty where there is none.

    Where the act that failed took the pictures, they are with that event of the same run, and not with the end it came to.
    """
    events = list(await ledger.timeline(request_id))
    while events and events[-1].event.after is not State.STUCK:
        events.pop()
    of_run = [one.event for one in events if one.run.id == events[-1].run.id]
    return next((file for file in map(_telling, reversed(of_run)) if file), "")


def _telling(event: Event) -> str:
    """Return the file of an event's evidence that says most, the newest of its kind."""
    found = event.details.get("evidence")
    files = [str(item["file"]) for item in found if "file" in item] if isinstance(found, Sequence) else []
    return min(reversed(files), key=_worth, default="")


def _worth(file: str) -> int:
    ending = Path(file).suffix
    return _BEST.index(ending) if ending in _BEST else len(_BEST)
