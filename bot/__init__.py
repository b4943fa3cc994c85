"""An RPA bot that issues telework IDs: from the application mail to a working login, on the record."""

from __future__ import annotations

__version__ = "0.1.0"
