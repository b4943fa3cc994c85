"""Stands in between the bot and its ledger, mailbox and console, and kills the pass at a chosen boundary."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

#: What changes nothing is no boundary.
_READS = frozenset({"take_evidence", "close", "find", "probe", "list_new", "senders", "fetch", "was_sent"})


class Killed(BaseException):
    """The process is gone: nothing in the bot may catch this."""


@dataclass(kw_only=True)
class Boundaries:
    """Counts the acts with an effect; at number ``at`` the pass dies, before the act or after it."""

    at: int = -1
    after: bool = False
    passed: list[str] = field(default_factory=list)

    def around(self, name: str, thing: Any) -> Any:  # noqa: ANN401 - stands in for any port
        """Return ``thing`` with a boundary at each of its acts."""
        return _Watched(self, name, thing)

    def reached(self, name: str) -> bool:
        """Note an act; tells whether it is the fatal one."""
        self.passed.append(name)
        return len(self.passed) - 1 == self.at


class _Watched:
    def __init__(self, boundaries: Boundaries, name: str, thing: Any) -> None:  # noqa: ANN401 - stands in for any port
        self._boundaries, self._name, self._thing = boundaries, name, thing

    def __getattr__(self, method: str) -> Any:  # noqa: ANN401 - whatever the port has
        found = getattr(self._thing, method)
        acts = inspect.iscoroutinefunction(found) and method not in _READS and not _only_asks(self._name, method)
        return self._guarded(f"{self._name}.{method}", found) if acts else found

    def _guarded(self, name: str, act: Callable[..., Any]) -> Callable[..., Any]:
        async def guarded(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - passes everything on
            fatal = self._boundaries.reached(name)
            if fatal and not self._boundaries.after:
                raise Killed(name)
            result = await act(*arguments, **named)
            if fatal:
                raise Killed(name)
            return result

        return guarded


def _only_asks(name: str, method: str) -> bool:
    return name == "ledger" and method not in {"begin_reading", "record", "advance", "note", "assign", "change"}
