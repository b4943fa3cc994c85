"""``rules.places``, ``rules.layers``, ``rules.byod`` and ``rules.software``: where from, and with what."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from bot.settings.base import Section


class PlacesSettings(Section):
    """Where telework may be done (V12)."""

    allow: tuple[str, ...] = ("自宅", "在宅", "在宅勤務", "自宅勤務")
    """Places that need nothing more; an address or the kind of home beside one (自宅（アパート）) changes nothing."""
    needs_approval: tuple[str, ...] = ("自宅に準ずる場所", "自宅に準じる場所", "要介護者宅", "出張先", "ワーケーション")
    """Places that are held for an operator."""
    satellite: tuple[str, ...] = ("サテライトオフィス",)
    """The city's own offices: the only places from which 番号利用事務系 may be reached (V13)."""


LAYERS: dict[str, tuple[str, ...]] = {
    "自宅": ("LGWAN", "インターネット", "Internet"),
    "サテライトオフィス": ("LGWAN", "インターネット", "Internet", "番号利用事務系", "番号系"),
}


class ByodSettings(Section):
    """Own PCs (V14); in force when a register is set in ``staff.own_pcs``."""

    words: tuple[str, ...] = ("個人所有", "個人PC", "自宅PC", "自宅パソコン", "私物", "私有", "BYOD")
    """A terminal described with one of these is the employee's own."""
    number_pattern: str = r"[A-Z]{1,4}-?\d{2,8}"
    """Regular expression of a registration number within the terminal's description."""
    lead_days: int = Field(default=7, ge=0, le=90)
    """A registration should be this many days old on the first telework day; less only warns."""
    expires: Literal["fiscal_year_end", "never"] = "fiscal_year_end"
    """When a registration ends that states no date: 31 March of its fiscal year, or never."""


class SoftwareSettings(Section):
    """Operating system and virus scanner of own PCs (V15)."""

    os_eol: dict[str, date] = Field(
        default={
            "Windows XP": date(2014, 4, 8),
            "Windows Vista": date(2017, 4, 11),
            "Windows 7": date(2020, 1, 14),
            "Windows 8": date(2016, 1, 12),
            "Windows 8.1": date(2023, 1, 10),
            "Windows 10": date(2025, 10, 14),
        }
    )
    """Last day of support of each system; one that is not listed is taken as supported."""
    av_required: bool = True
    """The register must name a virus scanner (where it has that column)."""
