"""``rules:`` the named checks V01 to V22 and their parameters (``calendar:`` and ``staff:`` beside it)."""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bot.settings.base import Section
from bot.settings.calendar import CalendarSettings
from bot.settings.deadline import DeadlineSettings, UrgentSettings
from bot.settings.places import LAYERS, ByodSettings, PlacesSettings, SoftwareSettings
from bot.settings.staff import StaffSettings
from bot.settings.times import ClockTime

__all__ = ["CalendarSettings", "RulesSettings", "StaffSettings"]

RequiredField = Literal["receipt_no", "applied_at", "employee_no", "name", "department", "dates", "place", "terminal"]

#: What no published table has for one another, and clerks do.
NAME_VARIANTS = ("斎斉", "崎碕", "薮藪籔", "篭籠", "ヶケ")
JOB_TITLES = (
    "部長", "次長", "局長", "課長", "課長補佐", "室長", "所長", "館長", "園長", "校長", "係長", "班長", "参事", "副参事", "主幹",
    "副主幹", "主査", "副主査", "主任", "副主任", "主任主事", "主事", "主事補", "主任技師", "技師", "技師補", "技術主査", "専門員",
    "主任専門員", "技能員", "保健師", "保育士",
)  # fmt: skip


class SenderSettings(Section):
    """Whose mails count (V04)."""

    allow: tuple[str, ...] = ("city.example.jp", "apply.city.example.jp")
    """Addresses (a@b) or domains; a mail from elsewhere is held, and told to nobody outside."""
    systems: tuple[str, ...] = ("apply.city.example.jp",)
    """Of these, the form systems: they write for everybody. Anyone else writes for themselves only."""


class ApprovalSettings(Section):
    """The supervisor's approval (V16)."""

    required: bool = False
    """Hold an application that does not record it. Off unless the form asks for it."""
    check_approver: bool = True
    """Where required: it must name the supervisor whom the directory holds, or a deputy; never the applicant."""
    deputies: dict[str, tuple[str, ...]] = Field(default={})
    """Who may approve in a supervisor's place: the supervisor's employee number, then the deputies' numbers."""


class HoursSettings(Section):
    """Working hours (V22)."""

    start: ClockTime = time(8, 30)
    """Hours that start before this only warn, …"""
    end: ClockTime = time(17, 15)
    """… as do hours that end after this. (When the login works is account.enable_from and account.disable_at.)"""


class Period(Section):
    """Days from ``first`` to ``last``, both included."""

    first: date
    """The first day."""
    last: date
    """The last day."""

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.last < self.first:
            raise ValueError("last is before first")
        return self


class RulesSettings(Section):
    """The named rules and their parameters; the codes are those that notices and the ledger show."""

    required_fields: tuple[RequiredField, ...] = ("employee_no", "name", "dates")
    """V01: what must be stated and read without doubt; else held. (dates: in new and changed applications.)"""
    name_match: Literal["fold", "exact", "off"] = "fold"
    """V03: compare the name with the directory; fold ignores variant characters (髙/高), spaces, kana width, titles, 様, a
    reading in brackets, and takes 〓 for any one character."""
    name_variants: tuple[Annotated[str, Field(min_length=2, max_length=50)], ...] = NAME_VARIANTS
    """V03: further characters that count as one in names and departments, each group together; the published table has the rest."""
    job_titles: tuple[Annotated[str, Field(min_length=2, max_length=50)], ...] = JOB_TITLES
    """V03: what may stand before or behind a name, and behind a department, without being part of it."""
    own_names: tuple[str, ...] = ("例市",)
    """V03: the city's own names, which may stand before a department, 役所 or 役場 behind them."""
    department_match: Literal["fold", "exact", "off"] = "fold"
    """V03: the same for the department; fold also lets 部 be left out before 課, 係 be named after it, and any mark between."""
    require_directory_mail: bool = True
    """V04: a stated address, and a sender who is not a form system, must be the directory's address of the employee."""
    senders: SenderSettings = SenderSettings()
    excluded_categories: tuple[str, ...] = ("条件付採用", "会計年度任用", "臨時的任用", "派遣中")
    """V05: 任用区分 that may not telework: refused."""
    supervisor_may_except: bool = True
    """V05: with the supervisor's approval stated, an excluded category is held in place of refused."""
    deadline: DeadlineSettings = DeadlineSettings()
    urgent: UrgentSettings = UrgentSettings()
    max_ahead_days: int = Field(default=31, ge=1, le=366)
    """V08: no day later than this many days after the application."""
    allow_closed_days: bool = False
    """V09: on, a closed day (週休日振替) is held in place of refused."""
    max_days_per_week: Annotated[int, Field(ge=1, le=7)] | None = None
    """V10: telework days in a week (Monday to Sunday), days already granted counted; empty: no limit."""
    min_office_days: Annotated[int, Field(ge=1, le=7)] | None = None
    """V10: business days of a week to be spent in the office; empty: none."""
    suspend_limit_periods: tuple[Period, ...] = ()
    """V10: periods (first, last) without weekly limits, as in an epidemic."""
    max_users_per_day: Annotated[int, Field(ge=1)] | None = None
    """V11: licences or capacity, people a day; more are held. Empty: no limit."""
    places: PlacesSettings = PlacesSettings()
    layers: dict[str, tuple[str, ...]] = Field(default=LAYERS)
    """V13: network zones that may be asked for from each place; a place not named here counts as 自宅. Can't be overridden."""
    byod: ByodSettings = ByodSettings()
    software: SoftwareSettings = SoftwareSettings()
    approval: ApprovalSettings = ApprovalSettings()
    declare_no_pii: bool = False
    """V17: hold an application that does not declare to do without personal information. On where the form asks."""
    no_pii_words: tuple[str, ...] = (
        "取り扱わない",
        "取扱わない",
        "扱わない",
        "取扱いなし",
        "個人情報を取り扱わない",
        "個人情報を扱わない",
        "なし",
        "はい",
        "誓約する",
        "同意する",
    )
    """V17: answers that declare it, whole."""
    max_reissues_per_day: int = Field(default=2, ge=1)
    """V18: one employee's password is set anew so many times in 24 hours; more is held for an operator."""
    cancel_cutoff: ClockTime = time(0, 0)
    """V19: a day can be cancelled until this time of that day (00:00: its start)."""
    learning: bool = False
    """V20: learning mode for the first weeks: everything that would be accepted is held until an operator agrees."""
    automatic_kinds: tuple[Literal["issue", "reissue", "cancel", "change"], ...] = ("issue",)
    """V20: kinds carried out without an operator; the others are held for one, and so is all but ``issue`` from a sender that
    nobody vouches for (``forms.trusted_authserv``). A proven cancel from the supervisor is not held: the approval is lost."""
    max_days_per_application: int = Field(default=10, ge=1, le=366)
    """V21: more days than this in one application are held."""
    hours: HoursSettings = HoursSettings()

    @model_validator(mode="after")
    def _personal_numbers_stay_in_the_office(self) -> Self:
        for place, zones in self.layers.items():
            if place not in self.places.satellite and any("番号" in zone for zone in zones):
                raise ValueError(
                    f"layers: 番号利用事務系 is never reachable from {place}, only from places.satellite (V13)"
                )
        return self
