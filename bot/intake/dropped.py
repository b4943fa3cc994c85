"""Which form a table is of that somebody put into the inbox: one has no sender, so its headings tell."""

from __future__ import annotations

from collections.abc import Sequence

from bot.settings.forms import FormProfile, FormsSettings
from bot.text import fold
from bot.worksheet import Worksheet

#: So many rows are looked at for the headings: a title and a period may stand above them.
_WITHIN = 50


def profile_of(sheets: Sequence[Worksheet], forms: FormsSettings) -> FormProfile | None:
    """Return the first known form all of whose columns stand in one row of the file; ``None`` where there is none."""
    candidates = [profile for profile in forms.known if profile.columns]
    rows = [frozenset(map(fold, row.cells)) for sheet in sheets for row in sheet.rows[:_WITHIN]] if candidates else []
    return next((profile for profile in candidates if _has_columns(profile.columns, rows)), None)


def believed(profile: FormProfile, *, brought_by: str) -> FormProfile:
    """Return the form as it is believed of a file: what it fills in itself only where a named person brought the file."""
    return profile if brought_by else profile.model_copy(update={"trusted": ()})


def _has_columns(columns: Sequence[str], rows: Sequence[frozenset[str]]) -> bool:
    wanted = {fold(column) for column in columns}
    return any(wanted <= row for row in rows)
