"""What all tests may ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.sandbox.postoffice import PostOffice


@pytest.fixture(scope="session")
def office() -> Iterator[PostOffice]:
    """A real mail server for the whole run; each test uses a mailbox of its own, or cleans the bot's."""
    with PostOffice() as running:
        yield running
