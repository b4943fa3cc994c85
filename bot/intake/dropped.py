"""Which form a table is of that somebody put into the inbox: one has no sender, so its headings tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.settings.forms import FormProfile, FormsSettings
from bot.tables import TableLimits, read_grids
from bot.text import fold

#: So many rows are looked at for the headings: a title and a period may stand above them.
_WITHIN = 7


def profile_of(content: bytes, *, name: str, forms: FormsSettings) -> FormProfile | None:
    """Return the first known form all of whose columns stand in one row of the table; ``None`` where there is none.

    Raises ``Unreadable`` for what is no table.
    """
    candidates = [profile for profile in forms.known if profile.columns]
    if not candidates:
        return None
    rows = list(_headings(content, name, forms))
    return next((profile for profile in candidates if _has_columns(profile.columns, rows)), None)


def believed(profile: FormProfile, *, brought_by: str) -> FormProfile:
    """Return the form as it is believed of a file: what it fills in itself only where a named person brought the file."""
    return profile if brought_by else profile.model_copy(update={"trusted": ()})


def _headings(content: bytes, name: str, forms: FormsSettings) -> Iterator[frozenset[str]]:
    size = forms.max_table_mb * 2**20
    limits = TableLimits(
        max_bytes=size, max_unpacked=size, max_sheets=forms.max_sheets, max_rows=forms.max_rows,
        max_columns=forms.max_columns, max_cell=forms.max_field_chars, max_cells=max(500_000, 100 * forms.max_rows),
    )  # fmt: skip
    for grid in read_grids(content, name=name, limits=limits):
        for row in (grid.columns, *grid.rows[:_WITHIN]):
            yield frozenset(fold(str(cell)) for cell in row)


def _has_columns(columns: Sequence[str], rows: Sequence[frozenset[str]]) -> bool:
    wanted = {fold(column) for column in columns}
    return any(wanted <= row for row in rows)
