"""What issuing needs of the staff directory."""

from __future__ import annotations

from typing import Protocol

from bot.model import Employee


class Staff(Protocol):
    """Knows every employee by number."""

    def find(self, employee_no: str) -> Employee | None:
        """Return the employee with this number."""
        ...
