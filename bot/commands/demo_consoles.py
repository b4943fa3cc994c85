"""The consoles that the demo can run on: the embedded one, or MeshCentral, which nobody here has written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.clock import FixedClock
from bot.commands.output import say
from bot.sandbox.meshcentral import MeshCentral
from bot.sandbox.meshcentral_install import ensure_meshcentral
from bot.sandbox.server import SandboxServer

CONSOLES = ("sandbox", "meshcentral")
#: More than MeshCentral lists at a time.
_OTHERS = 120


@dataclass(frozen=True, kw_only=True)
class DemoConsole:
    """A console that runs: its part of the ``console:`` section, its admin's password, what it holds, where to log in."""

    section: Mapping[str, Any]
    password: str
    #: How many accounts were created, by the console's own record.
    accounts: Callable[[], int]
    #: Prepares a visit on the first telework day, and says where to go.
    visit: Callable[[datetime], str]


@contextmanager
def running_console(kind: str, clock: FixedClock) -> Iterator[DemoConsole]:
    """Give a console of this kind. Raises ``Unusable`` where MeshCentral can't run."""
    if kind == "meshcentral":
        ensure_meshcentral(say)
        with MeshCentral(others=_OTHERS) as mesh:
            section = {"flow": "meshcentral", "url": mesh.url, "certificate": mesh.pin, "user": mesh.admin}
            yield DemoConsole(
                section=section,
                password=mesh.password,
                accounts=lambda: mesh.recorded("accountcreate"),
                visit=lambda _: f"\nuser and admin side  {mesh.url}  {mesh.admin} / {mesh.password}",
            )
        return
    with SandboxServer(clock) as server:

        def visit(day: datetime) -> str:
            clock.set(day)
            return (
                f"\nuser side   {server.url}login   (the console's clock now says {day:%Y-%m-%d %H:%M})\n"
                f"admin side  {server.url}admin/login   {server.admin.name} / {server.password}"
            )

        yield DemoConsole(
            section={"url": server.url},
            password=server.password,
            accounts=lambda: server.users.writes["create"],
            visit=visit,
        )
