"""The texts of notices: the house's own, or an organisation's copies of some of them.

A file ``NAME.ja.txt`` begins with a line ``Subject: …`` and an empty one; ``NAME.en.txt`` is the English text below it.
Both are Jinja2 templates in a sandbox. A subject never knows a password: naming it there is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot import wording
from bot.errors import ConfigInvalid, Problem

OWN = Path(__file__).parent / "templates"
#: The setting that names an organisation's folder.
SETTING = "delivery.templates_dir"
#: What carries the password, by the name under which templates know it.
SECRET = "password"  # noqa: S105 - a variable's name
NAMES = (
    "credentials", "secret", "handover", "receipt", "rejected", "held", "cancelled", "revoked", "alert", "overdue", "solved",
    "conditions", "digest",
)  # fmt: skip
_FILTERS = ("day_ja", "moment_ja", "days_ja", "day_en", "moment_en", "days_en")
_HEAD = "Subject:"
#: Stands between the languages.
RULE = "\n" + "-" * 60 + "\n\n"


@dataclass(frozen=True, kw_only=True)
class Text:
    """A rendered notice: its subject without the organisation's prefix, and its body in one or two languages."""

    subject: str
    body: str


@dataclass(frozen=True, kw_only=True)
class _Compiled:
    subject: Template
    japanese: Template
    english: Template


def templates_in(folder: Path | None) -> list[Path]:
    """Return every file that :class:`Templates` of ``folder`` may be made from."""
    return [file for place in (folder, OWN) if place for file in place.glob("*")]


class Templates:
    """All notices' texts, compiled; ``folder`` holds an organisation's own copies.

    Raises ``ConfigInvalid`` with every file that can't be read or compiled.
    """

    def __init__(self, folder: Path | None = None) -> None:
        places = [str(place) for place in (folder, OWN) if place]
        self._environment = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(places), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
            keep_trailing_newline=True, autoescape=False,
        )  # fmt: skip
        for name in _FILTERS:
            self._environment.filters[name] = getattr(wording, name)
        problems: list[Problem] = []
        if folder and not folder.is_dir():
            problems.append(Problem(path=SETTING, text=f"there is no folder {folder}"))
        self._compiled: dict[str, _Compiled] = {}
        for name in NAMES:
            try:
                self._compiled[name] = self._compile(name)
            except (TemplateError, OSError, UnicodeDecodeError) as error:
                problems.append(Problem(path=SETTING, text=f"{name}: {error}"))
        if problems:
            raise ConfigInvalid(problems)

    def render(self, name: str, values: Mapping[str, object], *, english: bool) -> Text:
        """Return the notice; raises ``jinja2.TemplateError`` when it names what there is not."""
        compiled = self._compiled[name]
        public = {key: value for key, value in values.items() if key != SECRET}
        parts = [compiled.japanese.render(values)]
        if english:
            parts.append(compiled.english.render(values))
        return Text(subject=" ".join(compiled.subject.render(public).split()), body=RULE.join(parts))

    def _compile(self, name: str) -> _Compiled:
        environment = self._environment
        head, _, body = self._source(f"{name}.ja.txt").partition("\n\n")
        if not head.startswith(_HEAD) or "\n" in head:
            raise TemplateError(f"{name}.ja.txt must begin with one line 'Subject: …' and an empty line")
        return _Compiled(
            subject=environment.from_string(head.removeprefix(_HEAD).strip()),
            japanese=environment.from_string(body),
            english=environment.from_string(self._source(f"{name}.en.txt")),
        )

    def _source(self, file: str) -> str:
        loader = self._environment.loader
        if loader is None:
            raise TemplateError("no folder to load from")
        return loader.get_source(self._environment, file)[0]
