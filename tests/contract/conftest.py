"""One embedded Exchange endpoint for a module's tests; each test finds it empty and well."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from bot.mail.exchange import ExchangeMailbox
from bot.sandbox.ews.faults import EwsFaults
from bot.sandbox.ews.server import EwsServer
from tests.postoffice_kit import exchange_mailbox


@pytest.fixture(scope="module")
def running() -> Iterator[EwsServer]:
    """One endpoint for all tests."""
    with EwsServer() as server:
        yield server


@pytest.fixture
def server(running: EwsServer) -> EwsServer:
    """The endpoint, empty and well."""
    running.store.__init__()  # type: ignore[misc] # a mailbox as on the first day
    running.calls.clear()
    for name, value in vars(EwsFaults()).items():
        if name != "_lock":
            setattr(running.faults, name, value)
    return running


@pytest.fixture
async def mailbox(server: EwsServer) -> AsyncIterator[ExchangeMailbox]:
    """The adapter."""
    made = exchange_mailbox(server)
    yield made
    await made.close()
