"""What the bot talks to in the simulated year, with its delays and outages: they outlive it, as it is killed."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.clock import Clock
from bot.errors import OutcomeUnknown, Transient, Unusable
from tests.scenario.year.weather import Outage, Weather, What

#: Seconds that a call takes; one that makes many takes it for each.
_TAKES = {"probe": 2.0, "create": 0.6, "create_many": 0.05, "send": 0.05}
_OTHERWISE = 0.1
#: What changes something: cut off half-way, nobody knows whether it did.
_CHANGING = frozenset({"create", "create_many", "reset_password", "set_window", "enable", "disable", "send"})
#: What the port answers without asking anybody.
_LOCAL = frozenset({"close"})


@dataclass(kw_only=True)
class Line:
    """The way to a server, and what it was like: asked by everything that goes over it."""

    what: What
    weather: Weather
    clock: Clock
    #: Called before and after everything that has an effect: here the bot may be killed.
    boundary: Callable[[], None]
    #: Told of each outage that was met, when it is first met.
    met: Callable[[Outage], None]
    _met: set[Outage] = field(default_factory=set)

    async def over(self, name: str, act: Callable[[], Awaitable[Any]], *, many: int = 1) -> Any:  # noqa: ANN401 - passes everything on
        """Do something over it; raises what the ports raise when nobody answers."""
        self._must_be_up(name, before=True)
        took = _TAKES.get(name, _OTHERWISE) * many / 2
        await asyncio.sleep(took)
        self._must_be_up(name, before=True)
        began = self.clock.now()
        if name in _CHANGING:
            self.boundary()
        result = await act()
        if name in _CHANGING:
            self.boundary()
        await asyncio.sleep(took)
        self._must_be_up(name, before=False, since=began)
        return result

    def is_down(self) -> bool:
        """Tell whether nobody answers now: a clock that can't be asked is no outage that the bot has met."""
        return self.weather.out(self.what, self.clock.now()) is not None

    def _must_be_up(self, name: str, *, before: bool, since: datetime | None = None) -> None:
        outage = self.weather.out(self.what, self.clock.now())
        if outage is None or (since and since >= outage.start):
            return
        if outage not in self._met:
            self._met.add(outage)
            self.met(outage)
        if not before and name in _CHANGING:
            raise OutcomeUnknown(name, "the connection broke")
        if name == "send":
            raise Transient("SMTP: the server does not answer")
        raise Unusable(f"the {self.what} does not answer")


class Far:
    """A port whose coroutines go over a line; everything else it answers itself."""

    def __init__(self, port: Any, line: Line) -> None:  # noqa: ANN401 - stands in for any port
        self._port, self._line = port, line

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the port has
        found = getattr(self._port, name)
        if name in _LOCAL or not inspect.iscoroutinefunction(found):
            return found

        async def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - passes everything on
            if name == "ask_clock":
                return None if self._line.is_down() else await found()
            many = len(arguments[0]) if name == "create_many" else 1
            return await self._line.over(name, lambda: found(*arguments, **named), many=many)

        return call
