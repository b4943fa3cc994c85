"""``rules.deadline:`` and ``rules.urgent:`` until when one may apply."""

from __future__ import annotations

from datetime import date, time
from typing import Literal, Self

from pydantic import Field, model_validator

from bot.settings.base import Section
from bot.settings.times import ClockTime


class DeadlineRule(Section):
    """One wording of the deadline; for telework days from ``effective_from`` on."""

    effective_from: date | None = None
    """The first telework day this wording is for; empty: since ever."""
    days_before: int = Field(default=1, ge=0, le=60)
    """So many days before the telework day …"""
    day_kind: Literal["business", "calendar"] = "business"
    """… counted in business days (前開庁日) or in calendar days (前日) …"""
    time: ClockTime = time(13, 0)
    """… at this time; 24:00 is the end of the day."""
    inclusive: bool = True
    """13:00:00 itself is still in time; compared to the second."""
    basis: Literal["applied_at", "received_at"] = "applied_at"
    """What must be in time: the form's 申請日時 (where the form is trusted for it), or the mailbox's receipt time."""
    scope: Literal["each_day", "first_day"] = "each_day"
    """Each day has its own deadline, or the first day's decides for all."""


class DeadlineSettings(DeadlineRule):
    """The deadline in force, with the wordings before it so that old applications can be replayed."""

    former: tuple[DeadlineRule, ...] = ()
    """Earlier wordings, each with its own effective_from."""
    skew_seconds: int = Field(default=120, ge=0, le=3600)
    """An 申請日時 later than the receipt by more than this can't be true: held."""
    delay_hours: int = Field(default=72, ge=1, le=24 * 14)
    """An 申請日時 earlier than the receipt by more than this is not believed where it decides: held."""

    @model_validator(mode="after")
    def _one_wording_each_day(self) -> Self:
        wordings: tuple[DeadlineRule, ...] = (self, *self.former)
        starts = [wording.effective_from for wording in wordings]
        if len(set(starts)) != len(starts):
            raise ValueError("two wordings of the deadline have the same effective_from")
        if self.former and self.effective_from is None:
            raise ValueError("effective_from is needed when there are former wordings")
        if any(start and self.effective_from and start > self.effective_from for start in starts):
            raise ValueError("a former wording starts after the one in force")
        return self


class UrgentSettings(Section):
    """Late, but for a reason that a person may let pass (V07)."""

    reasons: tuple[str, ...] = ("濃厚接触者", "本人・家族の感染疑い", "災害", "交通途絶", "学級閉鎖")
    """Reasons that are held for an operator in place of being refused as late."""
    cutoff: ClockTime = time(12, 0)
    """Until this time of the telework day itself."""
    needs: str = "所属長からの電話または承認"
    """What the operator waits for; shown in the notice."""
    needs_en: str = "a call or approval by the supervisor"
    """The same in English."""
