"""What all tests may ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from bot.errors import Unusable
from bot.sandbox.meshcentral import MeshCentral
from bot.sandbox.meshcentral_install import ensure_meshcentral
from bot.sandbox.postgres import ROLE, Postgres, ensure_postgres
from bot.sandbox.postoffice import PostOffice
from tests.ledger_kit import Server, open_ledger

_NUMBERS = count(1)


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


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A real database server for the whole run, with a database `ready` that has a new ledger in it.

    Where it can't be had its tests alone are left out, but never under ``CI=true``.
    """
    try:
        ensure_postgres(lambda _: None)
    except Unusable as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
    with Postgres() as running:
        running.sql(f"CREATE DATABASE ready OWNER {ROLE}")
        folder = tmp_path_factory.mktemp("ready")
        Server(url=running.url("ready"), password=running.password).put_into(folder)
        open_ledger(folder).close()
        yield running


@pytest.fixture
def database(postgres: Postgres) -> Iterator[Server]:
    """A new ledger on the database server."""
    name = f"ledger_{next(_NUMBERS)}"
    postgres.sql(f"CREATE DATABASE {name} TEMPLATE ready OWNER {ROLE}")
    yield Server(url=postgres.url(name), password=postgres.password)
    postgres.sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder in which a ledger is opened: in a file of it, and on a server to which it leads."""
    if request.param == "postgresql":
        request.getfixturevalue("database").put_into(tmp_path)
    return tmp_path
