"""Tells APScheduler when a job of the plan is due next."""

from __future__ import annotations

from datetime import datetime, timedelta

from apscheduler.triggers.base import BaseTrigger

from bot.operation.schedule.plan import Planner, Task, next_due

_MOMENT = timedelta(microseconds=1)


class PlanTrigger(BaseTrigger):  # type: ignore[misc] # APScheduler 3 ships no types
    """The moments of one job, day by day as the plan has them."""

    def __init__(self, planner: Planner, task: Task) -> None:
        self._planner, self._task = planner, task

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """Return the first moment after the one before, or where there was none from now on; ``None`` when it is never due again."""
        after = previous_fire_time or now - _MOMENT
        return next((due.at for due in next_due(self._planner, after) if due.job is self._task), None)
