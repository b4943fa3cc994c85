"""What all tests may ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.sandbox.meshcentral import MeshCentral
from bot.sandbox.postoffice import PostOffice


@pytest.fixture(scope="session")
def office() -> Iterator[PostOffice]:
    """A real mail server for the whole run; each test uses a mailbox of its own, or cleans the bot's."""
    with PostOffice() as running:
        yield running


@pytest.fixture(scope="session")
def mesh() -> Iterator[MeshCentral]:
    """A real third-party console for the whole run, with more users than its list shows."""
    with MeshCentral(others=130) as running:
        yield running


@pytest.fixture(scope="session")
def mesh_3() -> Iterator[MeshCentral]:
    """The same in its other skin."""
    with MeshCentral(style=3, others=130) as running:
        yield running
