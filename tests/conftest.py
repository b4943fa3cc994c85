"""What all tests may ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bot.errors import Unusable
from bot.sandbox.meshcentral import MeshCentral
from bot.sandbox.meshcentral_install import ensure_meshcentral
from bot.sandbox.postoffice import PostOffice


@pytest.fixture(scope="session")
def office() -> Iterator[PostOffice]:
    """A real mail server for the whole run; each test uses a mailbox of its own, or cleans the bot's."""
    with PostOffice() as running:
        yield running


@pytest.fixture(scope="session")
def mesh() -> Iterator[MeshCentral]:
    """A real third-party console for the whole run, with more users than its list shows."""
    with _meshcentral(1) as running:
        yield running


@pytest.fixture(scope="session")
def mesh_3() -> Iterator[MeshCentral]:
    """The same in its other skin."""
    with _meshcentral(3) as running:
        yield running


@contextmanager
def _meshcentral(style: int) -> Iterator[MeshCentral]:
    """Start one; where it can't be had its tests alone are left out, but never under ``CI=true``."""
    try:
        ensure_meshcentral(lambda _: None)
    except Unusable as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
    with MeshCentral(style=style, others=130) as running:
        yield running
